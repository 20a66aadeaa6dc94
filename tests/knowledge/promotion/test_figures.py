from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from knowledge.promotion.figures import (
    RULES,
    FigureRule,
    Judged,
    combine,
    judge,
)
from knowledge.records import Series

MOMENT = datetime(2026, 3, 5, 12, tzinfo=UTC)
START = MOMENT.timestamp()
SETTLED = MOMENT + timedelta(minutes=5)
DAY = 1440
SLOTS = 288
SURE = 2_000.0


def world(seed: int, days: int = 14, hours: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Minutes from the moment, and a noisy figure that follows the time of day."""
    rng = np.random.default_rng(seed)
    minutes = np.arange(-days * DAY, hours * 60, dtype=np.float64)
    season = 1 + 0.5 * np.sin(2 * np.pi * minutes / DAY)
    return minutes, 20 * season * np.exp(rng.normal(0, 0.05, len(minutes)))


def judged(rule: FigureRule, minutes: np.ndarray, values: np.ndarray, upto: float = 240) -> Judged:
    past, since = minutes < 0, (minutes >= 0) & (minutes < upto)
    return judge(
        rule,
        Series({}, START + 60 * minutes[past], values[past]),
        Series({}, START + 60 * minutes[since], values[since]),
        MOMENT,
        SETTLED,
        SLOTS,
    )


@pytest.mark.parametrize("name", RULES)
def test_nothing_changed_and_nothing_is_found(name: str) -> None:
    found = judged(RULES[name], *world(1))
    assert found.evidence < 10
    assert found.slots == 47
    assert found.value == pytest.approx(found.expected, rel=0.1)


@pytest.mark.parametrize(("name", "factor"), [("errors", 2.0), ("latency", 1.5), ("volume", 0.5)])
def test_what_is_worse_is_found_within_twenty_minutes(name: str, factor: float) -> None:
    minutes, values = world(2)
    values[minutes >= 0] *= factor
    assert judged(RULES[name], minutes, values, upto=21).evidence >= SURE


@pytest.mark.parametrize(("name", "factor"), [("errors", 0.5), ("latency", 0.7), ("volume", 2.0)])
def test_better_is_never_worse(name: str, factor: float) -> None:
    minutes, values = world(3)
    values[minutes >= 0] *= factor
    assert judged(RULES[name], minutes, values).evidence < 1


def test_what_begins_hours_later_is_found_too() -> None:
    minutes, values = world(4)
    values[minutes >= 180] *= 1.5
    assert judged(RULES["latency"], minutes, values, upto=180).evidence < 10
    assert judged(RULES["latency"], minutes, values).evidence >= SURE


def test_certain_but_small_is_not_worse() -> None:
    minutes, values = world(5)
    values[minutes >= 0] *= 1.1
    assert judged(RULES["latency"], minutes, values).evidence < 1


def test_two_minutes_of_outburst_decide_nothing() -> None:
    minutes, values = world(6)
    values[(minutes >= 60) & (minutes < 62)] *= 20
    assert judged(RULES["errors"], minutes, values, upto=65).evidence < SURE


def test_a_day_that_is_higher_than_the_others_is_expected_to_stay_so() -> None:
    minutes, values = world(7)
    values[minutes >= -180] *= 1.6
    found = judged(RULES["latency"], minutes, values)
    assert found.evidence < 10
    assert found.value == pytest.approx(found.expected, rel=0.15)


def test_the_first_moments_are_not_judged() -> None:
    minutes, values = world(8)
    values[(minutes >= 0) & (minutes < 5)] *= 50
    assert judged(RULES["latency"], minutes, values).evidence < 10


def test_without_earlier_days_the_first_two_hours_are_judged_by_the_hours_before() -> None:
    minutes, values = world(9, days=1)
    calm = judged(RULES["latency"], minutes, values)
    assert calm.slots == 24
    assert calm.evidence < 10
    values[minutes >= 0] *= 2
    assert judged(RULES["latency"], minutes, values, upto=45).evidence >= SURE


def test_where_nothing_was_before_nothing_is_compared() -> None:
    minutes, values = world(10)
    found = judged(RULES["latency"], minutes[minutes >= 0], values[minutes >= 0])
    assert found.slots == 0
    assert found.evidence == 0


def test_errors_that_matter_to_nobody_are_not_worse() -> None:
    minutes, _ = world(11)
    rare = np.where(minutes < 0, 0.0, 0.0002)
    assert judged(RULES["errors"], minutes, rare).evidence < 1
    many = np.where(minutes < 0, 0.0, 0.02)
    assert judged(RULES["errors"], minutes, many).evidence >= SURE


def test_a_night_of_traffic_is_not_less_traffic() -> None:
    minutes, values = world(12, hours=24)
    past, since = minutes < 0, minutes >= 0
    found = judge(
        RULES["volume"],
        Series({}, START + 60 * minutes[past], values[past]),
        Series({}, START + 60 * minutes[since], values[since]),
        MOMENT,
        SETTLED,
        SLOTS,
    )
    assert found.evidence < 10


def test_gaps_and_missing_values_are_left_out() -> None:
    minutes, values = world(13)
    values[::7] = np.nan
    values[(minutes > -3 * DAY) & (minutes < -2 * DAY)] = np.nan
    assert judged(RULES["latency"], minutes, values).evidence < 10
    values[minutes >= 0] *= 2
    assert judged(RULES["latency"], minutes, values).evidence >= SURE


def test_several_series_add_up_where_they_are_traffic_and_else_the_worst_counts() -> None:
    old = Series({"version": "6"}, np.array([0.0, 60.0]), np.array([5.0, 1.0]))
    new = Series({"version": "7"}, np.array([60.0, 120.0]), np.array([4.0, np.nan]))
    assert combine("volume", [old, new]).values.tolist() == [5.0, 5.0]
    assert combine("latency", [old, new]).values.tolist() == [5.0, 4.0]
    assert combine("latency", []).values.tolist() == []


@pytest.mark.parametrize(("days", "short"), [(14, False), (1, True)])
def test_without_earlier_days_only_the_first_hours_are_judged_and_that_is_told(
    days: int, short: bool
) -> None:
    found = judged(RULES["latency"], *world(12, days=days))
    assert found.short is short
    assert (found.slots <= 24) is short
