import numpy as np
import pytest

from knowledge.promotion.figures import RULES, FigureRule
from knowledge.promotion.glaring import LEAST, MINUTES, NIGHTS, WEEK, glaring, limit_of
from knowledge.records import Series

ERRORS, LATENCY, VOLUME = RULES["errors"], RULES["latency"], RULES["volume"]


def past(*values: float, minutes: int = WEEK) -> Series:
    """So many minutes of these values, over and over."""
    return Series({}, np.arange(minutes) * 60.0, np.resize(values, minutes))


def test_far_beyond_anything_seen_is_glaring_after_minutes() -> None:
    limit = limit_of(ERRORS, past(0.002))
    assert limit == pytest.approx((0.002 + 0.001) * 2.5)
    assert glaring(ERRORS, limit, np.array([0.002, 0.06])) is None
    assert glaring(ERRORS, limit, np.array([0.002, 0.06, 0.08])) == pytest.approx(0.07)
    assert glaring(ERRORS, limit, np.array([0.06, 0.06, 0.002])) is None


def test_what_lasted_as_long_before_is_not() -> None:
    """A burst of one minute is no measure of what is usual; one that lasted is."""
    calm = np.full(WEEK, 0.1)
    burst, lasting = calm.copy(), calm.copy()
    burst[500] = 9.0
    lasting[500 : 500 + MINUTES] = 9.0
    since = np.array([1.0, 1.0])
    times = np.arange(WEEK) * 60.0
    assert glaring(LATENCY, limit_of(LATENCY, Series({}, times, burst)), since) == 1.0
    assert glaring(LATENCY, limit_of(LATENCY, Series({}, times, lasting)), since) is None


def test_a_short_past_has_seen_less_and_asks_for_more() -> None:
    long, short = limit_of(LATENCY, past(0.1)), limit_of(LATENCY, past(0.1, minutes=LEAST))
    assert long is not None
    assert short is not None
    assert short > long
    assert limit_of(LATENCY, past(0.1, minutes=LEAST - 1)) is None


def test_traffic_that_vanishes_after_some_nights() -> None:
    limit = limit_of(VOLUME, past(40.0, 90.0))
    assert glaring(VOLUME, limit, np.array([1.0, 2.0])) == 1.5
    assert glaring(VOLUME, limit, np.array([1.0, 60.0])) is None
    assert limit_of(VOLUME, past(40.0, minutes=NIGHTS - 1)) is None


def test_without_a_past_or_values_nothing_is_said() -> None:
    rule = FigureRule(0.5)
    assert limit_of(rule, past(1.0, minutes=0)) is None
    assert glaring(rule, None, np.array([9.0, 9.0])) is None
    assert glaring(rule, 1.0, np.array([])) is None
