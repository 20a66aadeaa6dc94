from datetime import UTC, datetime, timedelta

import numpy as np

from knowledge.monitors.replay import polls, usual_step
from knowledge.records import Series

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def series(minutes: list[float], **labels: str) -> Series:
    return Series(
        labels,
        NOON.timestamp() + 60 * np.array(minutes, dtype=np.float64),
        np.array(minutes, dtype=np.float64),
    )


def read(made: list[Series], step: timedelta | None = None) -> list[tuple[float, list[float]]]:
    found = polls(made, NOON, NOON + 10 * MINUTE, step)
    return [((at - NOON) / MINUTE, [s.value for s in samples]) for at, samples in found]


def test_every_time_that_any_series_has_is_a_poll() -> None:
    found = read([series([0, 1, 3], pod="a"), series([1, 2], pod="b")])
    assert found == [(0, [0]), (1, [1, 1]), (2, [2]), (3, [3])]


def test_holes_are_filled_with_empty_polls_up_to_the_end() -> None:
    found = read([series([0, 1, 4])], MINUTE)
    assert [minute for minute, _ in found] == list(range(11))
    assert [minute for minute, values in found if not values] == [2, 3, 5, 6, 7, 8, 9, 10]


def test_what_lies_outside_is_left_out() -> None:
    assert [minute for minute, _ in read([series([-5, 3, 50])])] == [3]
    assert read([]) == []


def test_the_step_of_the_data_counts_where_it_is_longer() -> None:
    end = NOON + 100 * MINUTE
    assert usual_step([series([0, 10, 20, 30, 80])], MINUTE, NOON, end) == 10 * MINUTE
    assert usual_step([series([0, 1, 2])], 5 * MINUTE, NOON, end) == 5 * MINUTE
    assert usual_step([series([0])], MINUTE, NOON, end) == MINUTE
