import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.monitors import MonitorState, problem_of, recall, trace, traces
from knowledge.monitors.metric import MOST_SERIES
from knowledge.records import SignalKind

Make = Callable[..., Any]
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def steady(n: int = 400, seed: int = 1) -> list[float]:
    return [float(v) for v in 50 + np.random.default_rng(seed).normal(0, 1, n)]


# What is told --------------------------------------------------------------------------------


def test_one_of_several_series_is_named_by_its_labels(polled: Make) -> None:
    one = polled(above=5, service="shop")
    (told,) = one([{"a": 1.0, "b": 1.0}, {"a": 9.0, "b": 1.0}])
    assert told.summary == "m (pod=a) is 9, above 5"


def test_a_limit_says_what_it_is_and_since_when(polled: Make) -> None:
    one = polled(above=5, **{"for": "2m"}, service="shop", runbook_url="https://x.test/r")
    (told,) = one([{"a": 1.0}, {"a": 7.0}, {"a": 8.0}, {"a": 9.0}])
    assert told.summary == "m is 9, above 5 for 2 min"
    assert told.description == "q gave 9. Normal is at most 5. Since 12:01 UTC."
    assert (told.starts_at, told.kind, told.service) == (
        NOON + MINUTE,
        SignalKind.METRIC,
        "shop",
    )
    assert told.labels == {"pod": "a", "monitor": "metric:m"}


@pytest.mark.parametrize("normal", ["auto", "novelty", "level shift"])
def test_what_is_learned_says_how_sure_and_what_was_usual(polled: Make, normal: str) -> None:
    one = polled(normal=normal, model="fraud")
    assert one(steady()) == []
    firing, *rest = one([150.0] * 20)
    assert rest == []
    assert firing.summary.startswith("m: ")
    assert "Normal is" in firing.description
    assert 0.5 <= float(firing.labels["sure"]) <= 0.99
    assert firing.labels["model"] == "fraud"


def test_a_season_is_known_by_its_hours(polled: Make) -> None:
    one = polled(normal="seasonal", every="10m")
    rng = np.random.default_rng(2)
    days = 6
    for n in range(days * 144):
        one.now = NOON + n * timedelta(minutes=10)
        one([100 + 80 * math.sin(2 * math.pi * n / 144) + float(rng.normal(0, 2))])
    before = len(one.told)
    # 100 is a usual value, but not at this hour, when it is 180.
    for n in range(days * 144 + 30, days * 144 + 44):
        one.now = NOON + n * timedelta(minutes=10)
        one([30.0])
    assert [s.firing for s in one.told[before:]][:1] == [True]


def test_a_rate_and_a_forecast_say_so(polled: Make) -> None:
    one = polled(normal="rate of change", above=50)
    (told,) = one([0.0] * 12 + [60.0])
    assert told.summary == "m: changed by +60 within 10 min, above 50"
    ahead = polled(normal="forecast", above=100, within="1h")
    (told, *_) = ahead([float(n) for n in range(80)])
    assert "at this rate it reaches 100 in" in told.summary
    assert float(told.labels["sure"]) > 0.9


def test_labels_are_data_and_never_templates(polled: Make) -> None:
    one = polled(above=5, summary="{pod} is {value}, limit {limit}, {nothing}")
    (told,) = one([{"{value}": 7.0}])
    assert told.summary == "{value} is 7, limit 5, {nothing}"


def test_a_raised_bar_fires_less(polled: Make) -> None:
    tame, strict = polled(normal="auto"), polled(normal="auto", sure=0.9)
    for one in (tame, strict):
        one(steady())
        one([60.0] * 10)
    assert len(tame.told) > 0
    assert strict.told == []


# Episodes ------------------------------------------------------------------------------------


def test_what_flaps_is_one_episode(polled: Make) -> None:
    one = polled(above=5)
    one([9.0, 1.0] * 100 + [1.0] * 120)
    assert len(one.told) <= 4
    assert not one.told[-1].firing
    assert one.state.watches == {}


def test_every_series_has_its_own_episode(polled: Make) -> None:
    one = polled(above=5)
    one([{"a": 9.0, "b": 1.0}, {"a": 9.0, "b": 9.0}, {"a": 1.0, "b": 9.0}])
    assert [(s.labels["pod"], s.firing) for s in one.told] == [
        ("a", True),
        ("b", True),
        ("a", False),
    ]


def test_a_series_that_ends_ends_its_episode(polled: Make) -> None:
    one = polled(above=5)
    one([{"a": 9.0, "b": 1.0}, {"b": 1.0}])
    assert [s.firing for s in one.told] == [True, False]


# Bad input -----------------------------------------------------------------------------------


def test_ten_thousand_series_are_cut_and_it_is_said(polled: Make) -> None:
    one = polled(above=5)
    many = {f"{n:05}": 1.0 for n in range(10_000)}
    one([many, {**many, "07777": 9.0}])
    (told,) = one.told
    assert told.labels["pod"] == "07777"
    assert len(one.state.series) <= MOST_SERIES
    assert problem_of(one.state) == (
        "The query gives 10,000 series and 200 are watched. "
        "Sum them up, for example with `sum by (service) (...)` or `topk(100, ...)`."
    )
    one([{**many, "07777": 1.0}])
    assert not one.told[-1].firing
    one([{"a": 1.0}])
    assert problem_of(one.state) == ""


def test_series_that_come_and_go_are_forgotten_longest_unseen_first(polled: Make) -> None:
    one = polled(above=5)
    one([{f"{n}": 1.0, "stays": 1.0} for n in range(3 * MOST_SERIES)])
    pods = {trace.labels["pod"] for trace in traces(one.state)}
    assert len(pods) == MOST_SERIES
    assert "stays" in pods
    assert str(3 * MOST_SERIES - 1) in pods


def test_nan_is_no_value(polled: Make) -> None:
    one = polled(above=5)
    one([1.0] + [math.nan] * 6)
    (told,) = one.told
    assert told.name == "m: no data"
    assert told.summary == "m has given no data for 5 min"


def test_infinity_is_beyond_any_limit_and_starts_nothing_that_is_learned(polled: Make) -> None:
    (told,) = polled(above=5)([1.0, math.inf])
    assert told.summary == "m is inf, above 5"
    one = polled(normal="auto")
    one(steady())
    assert one([math.inf, -math.inf, 50.0]) == []


@pytest.mark.parametrize("normal", ["auto", "seasonal", "novelty", "level shift"])
def test_a_constant_is_normal(polled: Make, normal: str) -> None:
    one = polled(normal=normal)
    assert one([7.0] * 1000) == []
    assert one([0.0] * 1) == [] or one.told[-1].firing


def test_time_that_goes_back_a_little_is_passed_over(polled: Make) -> None:
    one = polled(above=5)
    one([1.0] * 10)
    one.now -= 5 * MINUTE
    assert one([9.0] * 3) == []
    one.now += 10 * MINUTE
    assert len(one([9.0])) == 1


def test_a_clock_that_was_set_back_for_hours_does_not_stop_the_watch(polled: Make) -> None:
    one = polled(above=5)
    one.now += timedelta(hours=5)
    one([1.0] * 3)
    one.now -= timedelta(hours=5)
    assert len(one([9.0])) == 1


def test_a_counter_that_resets_is_no_anomaly_of_its_rate(polled: Make) -> None:
    one = polled(normal="rate of change", below=-10)
    assert one([float(6 * n) for n in range(60)] + [float(6 * n) for n in range(60)]) == []


@pytest.mark.parametrize("normal", ["auto", "seasonal"])
def test_daylight_saving_is_no_anomaly(polled: Make, normal: str) -> None:
    """A pattern that follows Berlin's clock, over the night of 29 March."""
    one = polled(normal=normal, every="10m", zone="Europe/Berlin")
    rng = np.random.default_rng(3)
    start = datetime(2026, 3, 15, tzinfo=UTC)
    from_change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    told_before = 0
    for n in range(17 * 144):
        one.now = start + n * timedelta(minutes=10)
        offset = 2 if one.now >= from_change else 1
        hour = (n / 6 + offset) % 24
        value = 100 + 60 * math.sin(2 * math.pi * hour / 24) + float(rng.normal(0, 4))
        one([value])
        if one.now < from_change:
            told_before = len(one.told)
    assert one.told[told_before:] == []


# Silence and gaps ----------------------------------------------------------------------------


def test_silence_counts_only_while_somebody_asked(polled: Make) -> None:
    one = polled(above=5)
    one([1.0] * 5)
    one.away(timedelta(hours=2))
    assert one([None] * 4) == []
    assert [s.name for s in one([None] * 3)] == ["m: no data"]


def test_what_was_pending_before_a_gap_starts_anew(polled: Make) -> None:
    one = polled(above=5, **{"for": "10m"})
    one([1.0, 9.0, 9.0])
    one.away(timedelta(hours=2))
    assert one([9.0] * 10) == []
    assert len(one([9.0])) == 1


def test_what_fired_before_a_gap_fires_on_and_resolves(polled: Make) -> None:
    one = polled(above=5)
    one([9.0])
    one.away(timedelta(hours=2))
    assert one([9.0, 9.0]) == []
    assert [s.firing for s in one([1.0])] == [False]


def test_holes_that_are_usual_are_no_silence(polled: Make) -> None:
    one = polled(above=5)
    hole = [1.0, *[None] * 9]
    one(hole * 3)
    assert [s.firing for s in one.told] == [True, False]
    assert one(hole * 10) == []
    assert [s.firing for s in one([None] * 30)] == [True]


def test_silence_that_was_asked_for_is_told_each_time(polled: Make) -> None:
    one = polled(above=5, silence="3m")
    one([1.0, *[None] * 9, 1.0, *[1.0] * 40, *[None] * 9])
    assert [s.firing for s in one.told] == [True, False, True]


def test_a_series_that_falls_silent_beside_others(polled: Make) -> None:
    one = polled(normal="silence", silence="3m", severity="critical")
    one([{"a": 1.0, "b": 1.0}] * 3)
    (told,) = one([{"a": 1.0}] * 6)
    assert told.summary == "m (pod=b) has given no data for 3 min"
    assert (told.severity, told.labels["pod"]) == ("critical", "b")
    assert trace(one.state, told.fingerprint) is not None
    (back,) = one([{"a": 1.0, "b": 1.0}])
    assert (back.fingerprint, back.firing) == (told.fingerprint, False)


def test_a_silent_series_that_never_comes_back_is_let_go(polled: Make) -> None:
    one = polled(normal="silence", silence="3m", every="10m")
    one([{"a": 1.0, "b": 1.0}])
    for _ in range(30 * 6):
        one.now += timedelta(minutes=9)
        one([{"a": 1.0}])
    assert [s.firing for s in one.told] == [True, False]


# Pictures and memory -------------------------------------------------------------------------


def test_a_picture_of_what_it_saw(polled: Make) -> None:
    one = polled(above=5)
    (told,) = one([{"a": 1.0}, {"a": 2.0}, {"a": 9.0}])
    seen = trace(one.state, told.fingerprint)
    assert seen is not None
    assert (seen.labels, seen.values.tolist()) == ({"pod": "a"}, [1, 2, 9])
    assert (seen.high.tolist(), seen.scores.tolist()) == ([5, 5, 5], [0, 0, 1])
    assert trace(one.state, "unknown") is None


def test_the_silence_of_an_only_series_has_its_picture(polled: Make) -> None:
    one = polled(above=5)
    (told,) = one([1.0] * 3 + [None] * 6)
    seen = trace(one.state, told.fingerprint)
    assert seen is not None
    assert len(seen.times) == 3


def test_a_lost_state_does_not_end_what_is_learned_of_at_once(polled: Make) -> None:
    one = polled(normal="auto")
    one(steady())
    (firing,) = one([150.0] * 3)
    one.state = recall(one.monitor, [firing])
    assert one([150.0] * 10) == []
    assert isinstance(one.state, MonitorState)
