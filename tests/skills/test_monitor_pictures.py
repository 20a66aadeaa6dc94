from datetime import UTC, datetime, timedelta
from io import BytesIO

import matplotlib.image
import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.records import Backtest, Episode, Trace
from skills.monitor_pictures import (
    ALARM_COLOUR,
    Mark,
    TracePanel,
    backtest_panels,
    draw_backtest,
    draw_traces,
    series_name,
)

END = datetime(2026, 3, 5, 12, tzinfo=UTC)
START = END - timedelta(days=7)


def pixels(png: bytes) -> NDArray[np.float64]:
    return np.asarray(matplotlib.image.imread(BytesIO(png)))[..., :3]


def share_of(colour: str, png: bytes) -> float:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return float(np.mean(np.all(np.abs(pixels(png) - rgb) < 0.02, axis=-1)))


def trace(service: str, *, size: float = 1.0, step_s: float = 600.0) -> Trace:
    times = np.arange(START.timestamp(), END.timestamp(), step_s)
    values = size * (2 + np.sin(times / 86400 * 2 * np.pi))
    band = np.full(len(times), 0.4 * size)
    labels = {"service": service, "cluster": "eu-1"}
    return Trace(labels, times, values, values - band, values + band, np.zeros(len(times)))


def episode(service: str, hours: float, score: float = 0.8, lasts_h: float = 2.0) -> Episode:
    starts = START + timedelta(hours=hours)
    labels = {"service": service, "cluster": "eu-1"}
    return Episode(starts, starts + timedelta(hours=lasts_h), labels, score, "far above its usual")


def backtest(*episodes: Episode, services: tuple[str, ...] = ("a", "b", "c")) -> Backtest:
    return Backtest(START, END, tuple(map(trace, services)), episodes)


def test_the_series_with_the_most_alarms_comes_first() -> None:
    found = backtest_panels(backtest(episode("b", 5), episode("c", 9), episode("c", 40)))
    assert [(p.name, p.caption) for p in found] == [
        ("c", "2 alarms"),
        ("b", "1 alarm"),
        ("a", "no alarm"),
    ]


def test_no_more_panels_than_asked_for() -> None:
    assert len(backtest_panels(backtest(episode("b", 5)), most=2)) == 2


def test_series_are_named_by_what_tells_them_apart() -> None:
    labels = {"__name__": "up", "service": "checkout", "pod": "p-1"}
    assert series_name(labels, {"service": "checkout"}) == "p-1"
    assert series_name(labels) == "checkout · p-1"
    assert series_name({}) == ""


def test_only_alarms_are_in_the_alarms_colour() -> None:
    quiet, alarmed = draw_backtest(backtest()), draw_backtest(backtest(episode("a", 30)))
    assert share_of(ALARM_COLOUR, quiet) == 0
    assert share_of(ALARM_COLOUR, alarmed) > 0


def test_an_alarm_of_one_moment_is_seen() -> None:
    assert share_of(ALARM_COLOUR, draw_backtest(backtest(episode("a", 30, lasts_h=0)))) > 0


def test_an_alarm_outside_of_the_span_is_not_drawn() -> None:
    panel = TracePanel(trace("a"), "a", "", (episode("a", 30),))
    assert share_of(ALARM_COLOUR, draw_traces([panel], END - timedelta(days=1), END)) == 0


def test_a_spike_of_one_point_survives_the_thinning() -> None:
    plain = trace("a", step_s=10)
    values = plain.values.copy()
    values[30_001] = 50
    spiked = Trace(plain.labels, plain.times, values, plain.low, plain.high, plain.scores)
    flat, high = (pixels(draw_traces([TracePanel(t, "a")], START, END)) for t in (plain, spiked))
    assert not np.array_equal(flat, high)


def test_marks_and_a_limit_are_drawn() -> None:
    panels = [TracePanel(trace("a"), "a")]
    bare = draw_traces(panels, START, END)
    marked = draw_traces(panels, START, END, marks=[Mark(END - timedelta(days=2), "deploy $4.1")])
    limited = draw_traces(panels, START, END, limit=2.5)
    assert not np.array_equal(pixels(bare), pixels(marked))
    assert not np.array_equal(pixels(bare), pixels(limited))


@pytest.mark.parametrize(
    "values",
    [
        [1.0],
        [0.0] * 50,
        [np.nan, np.inf, -np.inf, 3.0, 4.0],
        [1e18, -1e18, 5.0],
        [-5.0, -6.0, -5.5],
    ],
)
def test_any_values_can_be_drawn(values: list[float]) -> None:
    times = np.arange(len(values), dtype=np.float64) * 3600 + START.timestamp()
    unknown = np.full(len(values), np.nan)
    odd = Trace({"service": "$a"}, times, np.array(values), unknown, unknown, unknown)
    assert pixels(draw_backtest(Backtest(START, END, (odd,), ()))).shape[1] == 1200


def test_a_band_open_to_one_side_can_be_drawn() -> None:
    whole = trace("a")
    low = np.full(len(whole.times), -np.inf)
    opened = Trace(whole.labels, whole.times, whole.values, low, whole.high, whole.scores)
    assert draw_backtest(Backtest(START, END, (opened,), ()))


def test_without_a_value_there_is_no_picture() -> None:
    nothing = np.empty(0)
    empty = Trace({}, nothing, nothing, nothing, nothing, nothing)
    assert draw_backtest(Backtest(START, END, (empty,), ())) == b""
    assert draw_backtest(Backtest(START, END, (), ())) == b""
