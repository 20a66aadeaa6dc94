from datetime import date, timedelta
from io import BytesIO

import matplotlib.image
import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.statistics import Day, Spread, Summary
from skills.pictures import CURRENT_COLOUR, REFERENCE_COLOUR
from skills.stat_pictures import draw_alerts_and_cards, draw_times

MONDAY = date(2026, 3, 2)


def pixels(png: bytes) -> NDArray[np.float64]:
    return np.asarray(matplotlib.image.imread(BytesIO(png)))[..., :3]


def share_of(colour: str, png: bytes) -> float:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return float(np.mean(np.all(np.abs(pixels(png) - rgb) < 0.02, axis=-1)))


def week(minutes: float | None, count: int = 12) -> Summary:
    median = None if minutes is None else timedelta(minutes=minutes)
    p90 = median * 3 if median and count >= 10 else None
    told = Spread(count, median, median, p90)
    return Summary(count, told, told, told)


def test_bars_grow_with_the_counts() -> None:
    few = draw_alerts_and_cards([Day(MONDAY, 1000, 1), *days(6, alerts=10, cards=1)])
    many = draw_alerts_and_cards(days(7, alerts=1000, cards=1))
    assert 0 < share_of(REFERENCE_COLOUR, few) < share_of(REFERENCE_COLOUR, many)
    assert share_of(CURRENT_COLOUR, few) > 0


@pytest.mark.parametrize("count", [1, 3, 90, 366])
def test_any_number_of_days_can_be_drawn(count: int) -> None:
    assert pixels(draw_alerts_and_cards(days(count, alerts=5, cards=0))).shape[1] == 1600


def test_a_quiet_span_draws_no_bar() -> None:
    assert share_of(CURRENT_COLOUR, draw_alerts_and_cards(days(7, alerts=0, cards=0))) == 0


def test_weeks_without_a_median_have_no_dot() -> None:
    told = draw_times({MONDAY + timedelta(weeks=n): week(10 + n) for n in range(6)})
    untold = draw_times({MONDAY + timedelta(weeks=n): week(None, 1) for n in range(6)})
    assert share_of(CURRENT_COLOUR, told) > share_of(CURRENT_COLOUR, untold) == 0


def test_it_stands_on_a_ground_of_its_own() -> None:
    corner = pixels(draw_times({MONDAY: week(5)}))[0, 0]
    assert corner.tolist() == [1, 1, 1]


def days(count: int, alerts: int, cards: int) -> list[Day]:
    return [Day(MONDAY + timedelta(days=n), alerts, cards) for n in range(count)]
