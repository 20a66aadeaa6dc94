from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.monitors import backtest, traces
from knowledge.records import Series

Make = Callable[..., Any]
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

KINDS = [
    {"above": 100, "for": "3m"},
    {"normal": "auto"},
    {"normal": "seasonal"},
    {"normal": "novelty"},
    {"normal": "level shift"},
    {"normal": "rate of change", "above": 50},
    {"normal": "forecast", "above": 200, "within": "1h"},
]


@pytest.mark.parametrize("fields", KINDS, ids=lambda fields: str(fields.get("normal", "limit")))
def test_it_decides_as_the_running_monitor_does(
    polled: Make, series: Callable[..., Series], fields: dict[str, Any]
) -> None:
    rng = np.random.default_rng(4)
    values = 50 + rng.normal(0, 1, 900)
    values[500:530] = 160
    values[700:702] = 170
    values[800:] += np.arange(100)
    live = polled(**fields)
    live(values)
    end = NOON + 899 * MINUTE
    found = backtest(live.monitor, [series(values)], NOON, end)
    (lived,) = traces(live.state)
    (seen,) = found.traces
    assert len(found.episodes) == sum(s.firing for s in live.told)
    # Half a day shows no season; the others must find something to agree on.
    assert found.episodes or fields.get("normal") == "seasonal"
    starts = [s.starts_at for s in live.told if s.firing]
    assert [episode.starts_at for episode in found.episodes] == starts
    ends = [s.ends_at for s in live.told if not s.firing]
    assert [e.ends_at for e in found.episodes if e.ends_at] == ends
    assert seen.scores[-len(lived.scores) :].tolist() == lived.scores.tolist()
    says = [s.summary for s in live.told if s.firing]
    assert [episode.says for episode in found.episodes] == says


def test_it_learns_from_what_was_before(polled: Make, series: Callable[..., Series]) -> None:
    values = 50 + np.random.default_rng(1).normal(0, 1, 1000)
    values[300:310] = 90
    values[900:905] = 150
    one = series(values, pod="a")
    start, end = NOON + 800 * MINUTE, NOON + 999 * MINUTE
    found = backtest(polled(normal="auto").monitor, [one], start, end)
    (episode,) = found.episodes
    assert episode.starts_at == NOON + 900 * MINUTE
    assert episode.labels == {"pod": "a"}
    assert 0.5 <= episode.score <= 1
    assert found.traces[0].times[0] == start.timestamp()
    assert found.problem == ""


def test_an_episode_that_lasts_has_no_end(polled: Make, series: Callable[..., Series]) -> None:
    found = backtest(polled(above=5).monitor, [series([1, 1, 9, 9])], NOON, NOON + 3 * MINUTE)
    assert [(e.starts_at, e.ends_at, e.score) for e in found.episodes] == [
        (NOON + 2 * MINUTE, None, 1.0)
    ]


def test_holes_are_silence(polled: Make, series: Callable[..., Series]) -> None:
    one = series([1.0] * 60)
    kept = (np.arange(60) < 20) | (np.arange(60) >= 40)
    holed = Series({}, one.times[kept], one.values[kept])
    found = backtest(polled(above=5).monitor, [holed], NOON, NOON + 59 * MINUTE)
    (episode,) = found.episodes
    assert episode.says == "m has given no data for 5 min"
    assert episode.ends_at == NOON + 40 * MINUTE


def test_data_coarser_than_the_polls_is_no_silence(polled: Make) -> None:
    times = NOON.timestamp() + np.arange(0, 60_000.0, 600.0)
    one = Series({}, times, np.ones(100))
    found = backtest(polled(above=5).monitor, [one], NOON, NOON + timedelta(hours=16))
    assert found.episodes == ()


def test_no_data_is_said(polled: Make) -> None:
    found = backtest(polled(above=5).monitor, [], NOON, NOON + MINUTE)
    assert found.problem == "There is no data in that time."


def test_data_that_begins_late_is_said(polled: Make, series: Callable[..., Series]) -> None:
    start = NOON - timedelta(hours=3)
    found = backtest(polled(above=5).monitor, [series([1.0] * 9)], start, NOON + 9 * MINUTE)
    assert found.problem == "The data begins 3 h later."


def test_too_many_series_are_cut_and_it_is_said(
    polled: Make, series: Callable[..., Series]
) -> None:
    many = [series(np.ones(60), pod=str(n)) for n in range(300)]
    end = NOON + timedelta(days=20)
    found = backtest(polled(above=5, silence="30d").monitor, many, NOON, end)
    assert found.problem == f"Only {len(found.traces)} of 300 series were looked at."


def test_times_out_of_order_and_twice_are_put_in_order(polled: Make) -> None:
    times = NOON.timestamp() + 60.0 * np.array([3, 1, 2, 2, 0])
    one = Series({}, times, np.array([9.0, 1, 1, 2, 1]))
    found = backtest(polled(above=5).monitor, [one], NOON, NOON + 3 * MINUTE)
    assert found.traces[0].values.tolist() == [1, 1, 2, 9]
    assert len(found.episodes) == 1
