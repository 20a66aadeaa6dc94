import numpy as np
import pytest

from knowledge.adapters.telemetry.signals import highest
from knowledge.records import Series


def series(times: list[float], values: list[float]) -> Series:
    return Series({"pod": "p"}, np.array(times), np.array(values))


def test_the_highest_of_several_at_each_moment() -> None:
    joined = highest([series([0, 60], [1, 5]), series([60, 120], [2, np.inf]), series([], [])])
    assert joined is not None
    assert joined.times.tolist() == [0, 60]
    assert joined.values.tolist() == [1, 5]
    several = highest([series([0, 60], [1, 5]), series([0, 120], [2, 3])])
    assert several is not None
    assert several.times.tolist() == [0, 60, 120]
    assert several.values.tolist() == [2, 5, 3]


@pytest.mark.parametrize("nothing", [[], [series([], [])], [series([0], [np.inf])]])
def test_nothing_is_none(nothing: list[Series]) -> None:
    assert highest(nothing) is None
