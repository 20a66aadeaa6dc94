from datetime import timedelta
from math import pi, sin

import numpy as np
import pytest

from knowledge.adapters.absent import AbsentMetrics
from knowledge.adapters.memory.telemetry import Curve, MemoryMetrics
from knowledge.monitors.endpoint import EndpointFigure, read_endpoint
from skills.testing import NOON

DAY = 86_400.0
HOUR = timedelta(hours=1)


def daily(low: float, high: float, factor: float = 1.0) -> Curve:
    """A value that is highest at noon, and today `factor` times what it is on other days."""

    def curve(at: float) -> float:
        height = (1 + sin(2 * pi * (at - NOON.timestamp()) / DAY + pi / 2)) / 2
        noise = 0.02 * sin(at / 977)
        value = (low + (high - low) * height) * (1 + noise)
        return value * (factor if at > NOON.timestamp() - 10_000 else 1.0)

    return curve


def read(key: str, curve: Curve | float) -> EndpointFigure:
    metrics = MemoryMetrics()
    metrics.add("q", curve)
    (figure,), problems = read_endpoint({key: "q"}, metrics, NOON, HOUR)
    assert problems == []
    return figure


def test_a_busy_hour_that_is_busy_every_day_is_as_usual() -> None:
    figure = read("latency", daily(0.1, 0.9))
    assert figure.name == "latency p99"
    assert figure.usual == pytest.approx(figure.value, rel=0.05)
    assert figure.strength < 1


@pytest.mark.parametrize(
    ("key", "factor", "worse"),
    [
        ("latency", 2.0, True),
        ("latency", 1.2, False),
        ("latency", 0.2, False),
        ("cost", 1.5, True),
        ("tokens", 1.3, False),
        ("errors", 3.0, True),
        ("volume", 9.0, False),
    ],
)
def test_only_worse_by_a_factor_that_matters_counts(key: str, factor: float, worse: bool) -> None:
    assert (read(key, daily(0.1, 0.3, factor)).strength >= 1) == worse


def test_a_sentence_says_what_is_usual_at_this_hour() -> None:
    figure = read("latency", lambda at: 0.9 if at > NOON.timestamp() - 10_000 else 0.3)
    assert figure.sentence == "latency p99 is 0.9, 0.3 is usual at this hour"


def test_errors_from_none_to_some_count_and_a_trace_of_them_does_not() -> None:
    assert read("errors", lambda at: 0.05 * (at > NOON.timestamp() - 10_000)).strength >= 1
    assert read("errors", lambda at: 0.005 * (at > NOON.timestamp() - 10_000)).strength == 0


def test_the_change_of_clocks_is_no_surprise() -> None:
    """Since yesterday people come an hour earlier by UTC."""

    def curve(at: float) -> float:
        shifted = at + 3600 * (at > NOON.timestamp() - DAY)
        return 0.2 + 0.6 * (10 <= (shifted % DAY) / 3600 < 15)

    assert read("latency", curve).strength < 1


def test_a_short_past_is_said_and_not_judged() -> None:
    figure = read("latency", lambda at: 5.0 if at > NOON.timestamp() - DAY else np.nan)
    assert figure.usual is None
    assert figure.sentence == "latency p99 is 5; its past is too short to compare with"


def test_the_worst_of_several_series_is_named() -> None:
    metrics = MemoryMetrics()
    metrics.add("q", 0.2, {"pod": "a"})
    metrics.add("q", daily(0.2, 0.2, 5.0), {"pod": "b"})
    (figure,), _ = read_endpoint({"latency": "q"}, metrics, NOON, HOUR)
    assert figure.sentence.startswith("latency p99 of pod=b is ")


def test_what_cannot_be_read_is_said() -> None:
    _, problems = read_endpoint({"latency": "q", "cost": ""}, MemoryMetrics(), NOON, HOUR)
    assert problems == ["its endpoint's latency p99: the query gives no value now"]
    _, problems = read_endpoint({"errors": "q"}, AbsentMetrics(), NOON, HOUR)
    assert problems == [
        "its endpoint's errors cannot be read: Prometheus: it is not connected; "
        "set PROMETHEUS_URL to connect it"
    ]


def test_infinite_values_are_no_values() -> None:
    figure = read("latency", lambda at: np.inf if int(at) % 7200 else 0.3)
    assert figure.value == pytest.approx(0.3)
