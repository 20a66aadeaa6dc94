from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.monitors import MonitorState, catch_up, history, missed, recall, trace
from knowledge.records import Series, Signal

Make = Callable[..., Any]
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def gap(one: Any, values: Sequence[float | None], length: timedelta = 2 * HOUR) -> list[Signal]:
    """Nobody polls for a while; what the source says of that time, a value a minute, is read."""
    span = missed(one.monitor, one.state, one.now + length)
    assert span is not None
    kept = [(n, value) for n, value in enumerate(values) if value is not None]
    times = np.array([span.start.timestamp() + 60.0 * n for n, _ in kept])
    series = [Series({}, times, np.array([value for _, value in kept], dtype=float))]
    one.away(length)
    one.state, told = catch_up(one.monitor, one.state, series if kept else [], one.now)
    return told


def test_it_says_what_was_missed(polled: Make) -> None:
    one = polled(above=5)
    assert missed(one.monitor, one.state, NOON) is None
    one([1.0] * 3)
    assert missed(one.monitor, one.state, one.now + 2 * MINUTE) is None
    span = missed(one.monitor, one.state, one.now + HOUR)
    assert span is not None
    assert (span.start, span.end, span.step_s) == (one.now, one.now + HOUR - MINUTE, 60)


def test_an_episode_wholly_in_the_gap_is_not_told_late(polled: Make) -> None:
    one = polled(above=5)
    one([1.0] * 3)
    assert gap(one, [1.0] * 30 + [9.0] * 30 + [1.0] * 60) == []
    assert one([1.0] * 10) == []


def test_one_that_lasts_is_told_with_its_beginning(polled: Make) -> None:
    one = polled(above=5, **{"for": "5m"})
    one([1.0] * 3)
    (told,) = gap(one, [1.0] * 90 + [9.0] * 30)
    assert (told.firing, told.starts_at) == (True, NOON + 93 * MINUTE)
    assert one([9.0] * 10) == []
    assert [s.firing for s in one([1.0] * 10)] == [False]


def test_one_that_was_told_and_ended_in_the_gap_is_resolved_at_its_time(polled: Make) -> None:
    one = polled(above=5)
    (firing,) = one([1.0, 9.0, 9.0])
    (told,) = gap(one, [9.0] * 30 + [1.0] * 90)
    assert told == replace(firing, ends_at=NOON + 33 * MINUTE, received_at=told.received_at)


def test_a_hole_in_what_is_read_is_no_silence(polled: Make) -> None:
    one = polled(above=5)
    one([1.0] * 3)
    assert gap(one, [1.0] * 30 + [None] * 60 + [1.0] * 30) == []
    assert gap(one, []) == []
    assert one([1.0] * 10) == []


def test_a_pattern_goes_on_over_the_gap(polled: Make) -> None:
    one = polled(normal="auto", sure=0.7)
    rng = np.random.default_rng(1)
    one([float(v) for v in 50 + rng.normal(0, 1, 400)])
    assert gap(one, [float(v) for v in 50 + rng.normal(0, 1, 120)]) == []
    assert one([float(v) for v in 50 + rng.normal(0, 1, 100)]) == []


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"above": 5}, timedelta(0)),
        ({"normal": "silence"}, timedelta(0)),
        ({"normal": "rate of change", "above": 5}, timedelta(minutes=20)),
        ({"normal": "forecast", "above": 5}, timedelta(days=3)),
        ({"normal": "auto"}, 10_000 * MINUTE),
        ({"normal": "auto", "every": "10m"}, timedelta(days=14)),
    ],
)
def test_how_much_of_the_past_it_learns_from(
    polled: Make, fields: dict[str, Any], wanted: timedelta
) -> None:
    assert history(polled(**fields).monitor) == wanted


def test_a_new_monitor_learns_from_the_past_and_judges_at_once(polled: Make) -> None:
    one = polled(normal="auto")
    rng = np.random.default_rng(1)
    past = [float(v) for v in 50 + rng.normal(0, 1, 1000)]
    past[500:520] = [500.0] * 20
    assert gap(one, past, timedelta(0)) == []
    one.now = NOON + 2 * HOUR
    span = missed(one.monitor, one.state, one.now)
    assert span is None or span.end - span.start < 10_000 * MINUTE
    fresh = polled(normal="auto")
    times = NOON.timestamp() + np.arange(-60_000.0, 0, 60.0)
    fresh.state, told = catch_up(
        fresh.monitor, MonitorState(), [Series({}, times, np.array(past))], NOON
    )
    assert told == []
    assert [s.firing for s in fresh([150.0] * 5)] == [True]


def test_a_lost_state_keeps_the_name_of_an_episode_that_lasts(polled: Make) -> None:
    one = polled(normal="auto")
    rng = np.random.default_rng(1)
    past = [*(50 + rng.normal(0, 1, 1000)), *[150.0] * 10]
    firing = one(past)[-1]
    assert firing.firing
    times = NOON.timestamp() + np.arange(0, 60.0 * len(past), 60.0)
    series = [Series({}, times, np.array(past))]
    lost = recall(one.monitor, [firing])
    state, told = catch_up(one.monitor, lost, series, one.now)
    assert told == []
    assert state.watches[firing.fingerprint].fired == firing
    assert trace(state, firing.fingerprint) is not None


def test_a_lost_state_resolves_what_is_over(polled: Make) -> None:
    one = polled(normal="auto")
    rng = np.random.default_rng(1)
    past = [*(50 + rng.normal(0, 1, 1000)), *[150.0] * 10, *(50 + rng.normal(0, 1, 300))]
    firing = next(s for s in one(past) if s.starts_at >= NOON + 1000 * MINUTE)
    times = NOON.timestamp() + np.arange(0, 60.0 * len(past), 60.0)
    lost = recall(one.monitor, [firing])
    _, told = catch_up(one.monitor, lost, [Series({}, times, np.array(past))], one.now)
    assert [(s.fingerprint, s.starts_at, s.firing) for s in told] == [
        (firing.fingerprint, firing.starts_at, False)
    ]


def test_of_what_the_source_does_not_know_nothing_changes(polled: Make) -> None:
    one = polled(normal="auto")
    one([float(v) for v in 50 + np.random.default_rng(1).normal(0, 1, 400)])
    (firing,) = one([150.0] * 3)
    lost = recall(one.monitor, [firing])
    state, told = catch_up(one.monitor, lost, [], one.now)
    assert told == []
    assert state.watches[firing.fingerprint].fired == firing
