import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

from knowledge.drift.measures import (
    TOLERANCE,
    Binned,
    Sorted,
    categories_p,
    distances,
    distances_binned,
    jensen_shannon,
    psi,
    total_variation,
)

values = st.lists(
    st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6)), min_size=1, max_size=60
)


@given(values, values)
@settings(deadline=None)
def test_distances_are_scipys_on_any_values_with_ties(a: list[float], b: list[float]) -> None:
    x, y = np.sort(a), np.sort(b)
    ks, wasserstein = distances(Sorted.of(x), y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert ks == pytest.approx(ks_2samp(x, y, method="asymp").statistic, abs=1e-12)
    assert wasserstein == pytest.approx(wasserstein_distance(x, y), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.01, 0.5, 20.0])
@pytest.mark.parametrize("discrete", [False, True])
def test_distances_stay_exact_where_the_grid_is_coarser_than_the_data(
    shift: float, discrete: bool
) -> None:
    rng = np.random.default_rng(1)
    x, y = np.sort(rng.normal(size=150_000)), np.sort(rng.normal(size=90_000) + shift)
    if discrete:
        x, y = np.round(x, 1), np.round(y, 1)
    ks, wasserstein = distances(Sorted.of(x), y)
    assert ks == pytest.approx(ks_2samp(x, y, method="asymp").statistic, abs=1e-12)
    assert wasserstein == pytest.approx(wasserstein_distance(x, y), abs=1e-12)


def test_counts_by_hand() -> None:
    before, after = np.array([50, 50]), np.array([80, 20])
    p, q = np.array([50.5, 50.5]) / 101, np.array([80.5, 20.5]) / 101
    assert psi(before, after) == pytest.approx(float(np.sum((p - q) * np.log(p / q))))
    assert total_variation(before, after) == pytest.approx(0.3)
    assert jensen_shannon(before, after) == pytest.approx(jensenshannon(before, after))
    assert jensen_shannon(np.array([9, 0]), np.array([0, 9])) == pytest.approx(np.sqrt(np.log(2)))


@pytest.mark.parametrize(("categories", "rows"), [(3, 200), (200, 200), (5000, 1000)])
def test_p_of_categories_is_not_too_small_when_nothing_moved(categories: int, rows: int) -> None:
    rng = np.random.default_rng(2)
    shares = rng.dirichlet(np.full(categories, 0.5))
    found = np.array(
        [categories_p(*rng.multinomial(rows, shares, 2).astype(np.int64)) for _ in range(1000)]
    )
    assert 0.02 < (found < 0.05).mean() < 0.09
    assert (found < 1e-4).sum() <= 1


def test_identifiers_seen_once_are_no_evidence() -> None:
    before = np.repeat([1, 0], 500)
    assert categories_p(before, 1 - before) == 1.0


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_large_samples_stay_within_the_stated_tolerance(scale: float) -> None:
    rng = np.random.default_rng(4)
    x, y = (np.sort(rng.lognormal(0, 1, 400_000) * scale) for _ in range(2))
    ks, wasserstein = distances(Sorted.of(x), y)
    assert ks == pytest.approx(ks_2samp(x, y, method="asymp").statistic, abs=TOLERANCE)
    assert wasserstein == pytest.approx(wasserstein_distance(x, y), abs=TOLERANCE)


@given(values, values)
@settings(deadline=None)
def test_counts_on_a_grid_bound_the_distances(a: list[float], b: list[float]) -> None:
    x, y = np.sort(a), np.sort(b)
    grid = np.unique(np.append(x[::3], x[-1]))
    far = distances_binned(Binned.of(x, grid), Binned.of(y, grid))
    ks, wasserstein = distances(Sorted.of(x), y)
    assert far.ks - 1e-9 <= ks <= far.ks + far.ks_error + 1e-9
    slack = 1e-9 * max(1.0, wasserstein)
    assert far.wasserstein - slack <= wasserstein <= far.wasserstein + far.wasserstein_error + slack
