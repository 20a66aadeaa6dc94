from datetime import timedelta

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from knowledge.statistics.spread import clearly_differ, spread, upper_share


def minutes(*numbers: float) -> list[timedelta]:
    return [timedelta(minutes=n) for n in numbers]


@pytest.mark.parametrize("lengths", [[], minutes(5), minutes(5, 9)])
def test_too_few_say_nothing(lengths: list[timedelta]) -> None:
    found = spread(lengths)
    assert found.count == len(lengths)
    assert (found.mean, found.median, found.p90) == (None, None, None)


def test_three_have_a_middle_and_no_tail() -> None:
    found = spread(minutes(1, 2, 30))
    assert found.mean == timedelta(minutes=11)
    assert found.median == timedelta(minutes=2)
    assert found.p90 is None


def test_ten_have_a_tail() -> None:
    assert spread(minutes(*range(1, 11))).p90 == timedelta(minutes=9.1)


def test_few_or_equal_values_never_differ() -> None:
    assert not clearly_differ(minutes(*[1] * 7), minutes(*[99] * 50))
    assert not clearly_differ(minutes(*[5] * 20), minutes(*[5] * 20))


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.8, 2.0])
@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_scipys_mann_whitney(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.lognormal(2, 1, 25).round(), rng.lognormal(2 + shift, 1, 31).round()
    p = mannwhitneyu(one, other, use_continuity=False, method="asymptotic").pvalue
    assert clearly_differ(minutes(*one), minutes(*other)) == bool(p < 0.05)


def test_the_upper_share_falls_as_evidence_grows() -> None:
    assert upper_share(0, 0) == 1
    assert upper_share(0, 11) > 0.25 > upper_share(0, 12)
    assert upper_share(1, 20) == pytest.approx(0.2361, abs=1e-4)
    assert upper_share(5, 5) == pytest.approx(1)
