from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from knowledge.adapters.telemetry.otlp import Point
from knowledge.adapters.telemetry.otlp_signals import quantile, signals_of

DURATION = "http.server.request.duration"


def point(metric: str, at: float, labels: Mapping[str, str] | None = None, **more: Any) -> Point:
    return Point("shop", metric, more.pop("unit", ""), labels or {}, at, **more)


def requests(at: float, ok: float, failed: float, **more: Any) -> list[Point]:
    """Cumulative: what is ok takes up to 0.1 s, what failed up to 1 s."""
    bounds = (0.1, 1.0)
    return [
        point(
            DURATION,
            at,
            {"http.response.status_code": "200"},
            count=ok,
            bounds=bounds,
            buckets=(ok, 0.0, 0.0),
            **more,
        ),
        point(
            DURATION,
            at,
            {"http.response.status_code": "503"},
            count=failed,
            bounds=bounds,
            buckets=(0.0, failed, 0.0),
            **more,
        ),
    ]


def test_increases_of_cumulative_histograms() -> None:
    points = [*requests(-30, 100, 0), *requests(30, 160, 0), *requests(90, 190, 30)]
    found = signals_of(points, 0, 120, 60)
    assert set(found) == {"latency_p95", "error_rate", "requests"}
    assert found["requests"].times.tolist() == [60, 120]
    assert found["requests"].values.tolist() == [1, 1]
    assert found["error_rate"].values.tolist() == [0, 0.5]
    assert found["latency_p95"].values == pytest.approx([0.095, 0.1 + 0.9 * 27 / 30])


def test_increments_and_milliseconds() -> None:
    points = [*requests(30, 60, 0, is_delta=True, unit="ms"), *requests(90, 6, 6, is_delta=True)]
    found = signals_of(points, 0, 120, 60)
    assert found["requests"].values.tolist() == [1, 0.2]
    assert found["latency_p95"].values[0] == pytest.approx(0.000095)


def test_after_a_restart_the_count_begins_anew() -> None:
    points = [*requests(-30, 1000, 0), *requests(30, 60, 0), *requests(90, 120, 0)]
    assert signals_of(points, 0, 120, 60)["requests"].values.tolist() == [1, 1]


def test_levels_are_joined_over_pods() -> None:
    memory = "k8s.pod.memory.working_set"
    points = [
        point(memory, 10, {"": "p1"}, value=5.0),
        point(memory, 50, {"": "p1"}, value=7.0),
        point(memory, 50, {"": "p2"}, value=1.0),
        point(memory, 200, {"": "p2"}, value=9.0),
        point("hw.gpu.utilization", 50, {"": "p1"}, value=0.5),
        point("hw.gpu.utilization", 50, {"": "p2"}, value=1.0),
    ]
    found = signals_of(points, 0, 120, 60)
    assert found["memory"].values.tolist() == [8]
    assert found["gpu"].values.tolist() == [0.75]
    assert set(found) == {"memory", "gpu"}


def test_processor_time_is_a_rate() -> None:
    points = [point("process.cpu.time", at, value=at / 2 + 100) for at in (-30.0, 30.0, 90.0)]
    assert signals_of(points, 0, 120, 60)["cpu"].values.tolist() == [0.5, 0.5]
    restarted = [point("process.cpu.time", at, value=v) for at, v in ((-30.0, 900.0), (30.0, 6.0))]
    assert signals_of(restarted, 0, 120, 60)["cpu"].values.tolist() == [0.1]


def test_nothing_known_gives_nothing() -> None:
    assert signals_of([point("jvm.threads", 30, value=4.0)], 0, 120, 60) == {}
    assert signals_of([], 0, 120, 60) == {}


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ((10, 0, 0), 0.05),
        ((0, 10, 0), 0.55),
        ((0, 0, 10), 1.0),
        ((5, 5, 0), 0.1),
        ((0, 0, 0), np.nan),
        ((), np.nan),
    ],
)
def test_quantile(buckets: tuple[float, ...], expected: float) -> None:
    assert quantile(0.5, (0.1, 1.0), buckets) == pytest.approx(expected, nan_ok=True)
