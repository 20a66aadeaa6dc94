from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.errors import BadArgs
from knowledge.feedback import (
    Effect,
    Setting,
    Tally,
    is_time,
    looks_found,
    settings_for,
    tally,
    value_of,
    windows_found,
    with_setting,
)
from knowledge.monitors import MetricMonitor, ModelMonitor
from knowledge.records import Episode, Look, Opinion, Trace

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def learned(**given: Any) -> MetricMonitor:
    return MetricMonitor(name="p99", query="p99", **given)


def limited(**given: Any) -> MetricMonitor:
    return MetricMonitor(name="disk", query="disk", **{"above": 90.0, **given})


def opinion(days_ago: float, useful: bool = False, score: float = 0.6) -> Opinion:
    at = NOON - days_ago * DAY
    return Opinion("metric:p99", at + HOUR, "U1", useful, f"f{days_ago}", at, score)


def episode(days_ago: float, lasts: timedelta | None = 5 * MINUTE, score: float = 0.0) -> Episode:
    at = NOON - days_ago * DAY
    return Episode(at, None if lasts is None else at + lasts, {}, score, "")


def trace(*peaks: tuple[float, float]) -> Trace:
    """A flat 50, but for (days ago, value) a minute after that time."""
    times = [NOON.timestamp() - n * 3600 for n in range(24 * 7)]
    values = [50.0] * len(times)
    for days_ago, value in peaks:
        times.append((NOON - days_ago * DAY + MINUTE).timestamp())
        values.append(value)
    order = np.argsort(times)
    zeros = np.zeros(len(times))
    return Trace({}, np.array(times)[order], np.array(values)[order], zeros, zeros, zeros)


# When it is time


def test_opinions_are_counted_apart() -> None:
    assert tally([opinion(1), opinion(2, useful=True), opinion(3)]) == Tally(1, 2)
    assert tally([]) == Tally(0, 0)


def test_it_is_time_from_the_second_not_useful_within_thirty_days() -> None:
    assert not is_time([opinion(1)], NOON)
    assert not is_time([opinion(1), opinion(2, useful=True)], NOON)
    assert not is_time([opinion(1), opinion(40)], NOON)
    assert is_time([opinion(1), opinion(29)], NOON)


# How sure


def test_the_bar_goes_just_above_what_was_not_useful() -> None:
    (found,) = settings_for(learned(), 0.5, [opinion(1, score=0.63), opinion(2, score=0.72)])
    assert found == Setting("sure", "0.8", "0.50")
    assert found.says == "sure 0.8 instead of 0.50"


def test_how_sure_it_became_counts_rather_than_how_sure_it_was_first() -> None:
    (found, _) = settings_for(
        learned(), 0.5, [opinion(1, score=0.55)], [episode(1, score=0.85), episode(3, score=0.97)]
    )
    assert found.value == "0.9"


def test_what_was_useful_is_not_given_up() -> None:
    opinions = [opinion(1, score=0.85), opinion(2, useful=True, score=0.75)]
    (found,) = settings_for(learned(), 0.5, opinions)
    assert found.value == "0.7"
    least = [opinion(1, score=0.85), opinion(2, useful=True, score=0.55)]
    assert settings_for(learned(), 0.5, least) == ()


def test_a_raised_bar_is_raised_further() -> None:
    (found,) = settings_for(learned(), 0.8, [opinion(1, score=0.82)])
    assert (found.was, found.value) == ("0.80", "0.9")
    assert settings_for(learned(), 0.98, [opinion(1, score=0.985)]) == ()


def test_being_surer_does_not_help_against_what_it_was_surest_of() -> None:
    assert settings_for(learned(), 0.5, [opinion(1, score=0.99)]) == ()


# Limits


def test_what_was_short_asks_for_a_longer_wait() -> None:
    episodes = [episode(1, 4 * MINUTE), episode(2, 7 * MINUTE), episode(3, 50 * MINUTE)]
    opinions = [opinion(1), opinion(2)]
    found = settings_for(limited(), 0.5, opinions, episodes)
    assert found == (Setting("for", "10m", "0 s"),)
    assert found[0].says == "for 10 min rather than at once"
    longer = settings_for(limited(**{"for": "5m"}), 0.5, opinions, episodes)
    assert longer[0].says == "for 10 min instead of 5 min"


def test_the_wait_stays_below_what_was_useful_and_is_no_answer_to_what_lasts() -> None:
    useful = [opinion(1), opinion(2, useful=True)]
    episodes = [episode(1, 7 * MINUTE), episode(2, 8 * MINUTE)]
    assert settings_for(limited(), 0.5, useful, episodes) == ()
    assert settings_for(limited(), 0.5, [opinion(1)], [episode(1, None)]) == ()
    assert settings_for(limited(), 0.5, [opinion(1)], [episode(1, 5 * HOUR)]) == ()


def test_the_limit_goes_just_beyond_the_worst_value_of_what_was_not_useful() -> None:
    episodes = [episode(1), episode(2), episode(3)]
    seen = [trace((1, 91.3), (2, 93.4), (3, 99.0))]
    _, limit = settings_for(limited(), 0.5, [opinion(1), opinion(2)], episodes, seen)
    assert limit == Setting("above", "94", "90")
    opinions = [opinion(1), opinion(3, useful=True)]
    found = settings_for(limited(), 0.5, opinions, episodes, seen)
    assert Setting("above", "92", "90") in found
    # What was useful was no worse: no limit tells the two apart.
    turned = [opinion(3), opinion(1, useful=True)]
    assert not any(s.field == "above" for s in settings_for(limited(), 0.5, turned, episodes, seen))


def test_a_lower_limit_goes_down() -> None:
    low = MetricMonitor(name="hits", query="hits", below=0.02)
    found = settings_for(low, 0.5, [opinion(1)], [episode(1)], [trace((1, 0.0134))])
    assert Setting("below", "0.013", "0.02") in found


def test_without_the_past_no_limit_is_made_up() -> None:
    assert settings_for(limited(), 0.5, [opinion(1), opinion(2)]) == ()


# Models


def test_a_model_asks_for_one_more_window() -> None:
    monitor = ModelMonitor(model="fraud", name="fraud")
    windows, sure = settings_for(monitor, 0.5, [opinion(1), opinion(2)])
    assert windows == Setting("needs", "3 of 4", "2 of 3")
    assert windows.says == "needs 3 of 4 windows instead of 2 of 3"
    assert sure.field == "sure"
    assert with_setting(monitor, windows).needs == "3 of 4"  # type: ignore[union-attr]


def test_windows_make_episodes_as_the_monitor_does() -> None:
    def look(hour: int, wrong: int) -> Look:
        at = NOON + hour * HOUR
        return Look("fraud", at, at - HOUR, at, 1000, "drifting" if wrong else "stable")

    looks = [look(h, w) for h, w in enumerate([0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1])]
    two = windows_found(looks, (2, 3), lambda k: k.verdict == "drifting")
    assert [(e.starts_at, e.ends_at) for e in two] == [
        (NOON + 3 * HOUR, NOON + 6 * HOUR),
        (NOON + 9 * HOUR, None),
    ]
    four = windows_found(looks, (4, 4), lambda k: k.verdict == "drifting")
    assert [e.starts_at for e in four] == [NOON + 11 * HOUR]


# Settings and effects


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        (Setting("sure", "0.8", "0.50"), lambda m: m.sure == 0.8),
        (Setting("for", "15m", "0 s"), lambda m: m.for_ == 15 * MINUTE),
        (Setting("above", "95", "90"), lambda m: m.above == 95.0 and m.below is None),
    ],
)
def test_a_setting_is_put_on_a_monitor(setting: Setting, read: Any) -> None:
    changed = with_setting(limited(summary="full"), setting)
    assert read(changed)
    assert changed.summary == "full"  # type: ignore[union-attr]


def test_a_setting_that_cannot_be_says_why() -> None:
    with pytest.raises(BadArgs, match="has no 'needs'"):
        with_setting(limited(), Setting("needs", "3 of 4", ""))
    with pytest.raises(BadArgs, match="value"):
        with_setting(limited(), Setting("sure", "1.5", ""))


def test_what_holds_now_is_said_as_in_the_setting() -> None:
    assert value_of(limited(), 0.5, "above") == "90"
    assert value_of(limited(), 0.5, "for") == "0 s"
    assert value_of(learned(), 0.8, "sure") == "0.80"
    assert value_of(ModelMonitor(model="fraud", name="fraud"), 0.5, "needs") == "2 of 3"


def test_what_would_have_been_missed_is_what_nothing_overlaps() -> None:
    before = (episode(1, HOUR), episode(2), episode(3))
    later = Episode(NOON - DAY + 10 * MINUTE, NOON - DAY + HOUR, {}, 0.9, "")
    other = Episode(NOON - 2 * DAY, NOON - DAY, {"zone": "b"}, 0.9, "")
    setting = Setting("sure", "0.8", "0.50")
    effect = Effect(setting, NOON - 7 * DAY, NOON, before, (later, other))
    assert effect.lost == (episode(2), episode(3))


def test_each_aspect_of_a_model_is_found_on_its_own() -> None:
    looks = [
        Look("fraud", NOON + n * HOUR, NOON, NOON, 1000, "", figures=figures)
        for n, figures in enumerate(
            [
                {"sure drift": 0.6},
                {"sure drift": 0.9, "sure quality": 0.8},
                {"sure drift": 0.9, "sure quality": 0.9, "drift": 0.4},
            ]
        )
    ]
    found = looks_found(looks, (2, 3), 0.5)
    assert [(e.starts_at, dict(e.labels)) for e in found] == [
        (NOON + HOUR, {"aspect": "drift"}),
        (NOON + 2 * HOUR, {"aspect": "quality"}),
    ]
    assert [dict(e.labels) for e in looks_found(looks, (2, 3), 0.85)] == [{"aspect": "drift"}]
    assert looks_found(looks, (2, 3), 0.95) == ()
