"""How far two samples are apart: measures on counts and on sorted values, and their p-values.

Nothing here decides anything; the gate is in `knowledge.drift.compare`. Sources of the formulas:
PSI as in credit scoring; Kolmogorov-Smirnov, Wasserstein-1 and Jensen-Shannon as scipy defines
them (`ks_2samp`, `wasserstein_distance`, `spatial.distance.jensenshannon`).

scipy is imported where a p-value is computed: every start of the bot would pay for it otherwise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

SMOOTHING = 0.5
"""Added to each bin's count, so that an empty bin gives a large PSI and not an infinite one."""
_CELLS = 32_768
"""Cells of the grid that `distances` starts from: finer ones cost more searches, coarser ones
leave more values to look at one by one."""
_ROUNDING = 1e-12


def psi(reference: Counts, current: Counts) -> float:
    """Population stability index of two counts over the same bins, both of shape (bins,)."""
    p = (reference + SMOOTHING) / (reference.sum() + SMOOTHING * len(reference))
    q = (current + SMOOTHING) / (current.sum() + SMOOTHING * len(current))
    return float(np.sum((q - p) * np.log(q / p)))


def expected_psi(bins: int, rows: int, other_rows: int) -> float:
    """What PSI is on average when nothing moved: (B-1)(1/n + 1/m)."""
    return (bins - 1) * (1 / rows + 1 / other_rows)


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance (the root of the divergence), natural logarithm, no smoothing.

    0 for equal shares, at most sqrt(ln 2) = 0.833.
    """
    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def total_variation(reference: Counts, current: Counts) -> float:
    """Half the summed difference of shares: the share of rows that would have to change."""
    return float(np.abs(reference / reference.sum() - current / current.sum()).sum() / 2)


def _relative_entropy(p: Floats, q: Floats) -> float:
    held = p > 0
    return float(np.sum(p[held] * np.log(p[held] / q[held])))


def ks_p(statistic: float, rows: int, other_rows: int) -> float:
    """Asymptotic two-sided p-value of a two-sample KS statistic; errs on the high side for ties."""
    from scipy.special import kolmogorov

    return float(kolmogorov(np.sqrt(rows * other_rows / (rows + other_rows)) * statistic))


def categories_p(reference: Counts, current: Counts) -> float:
    """P-value that two counts over the same categories come from one distribution.

    Where every expected count is at least five it is Pearson's chi-square. Where categories are
    rare that is wrong by orders of magnitude, so the statistic's exact mean and variance under
    permutation are matched by a gamma distribution. Identifiers, each seen once, give 1: they
    hold no evidence either way.
    """
    from scipy.special import chdtrc, gammaincc

    total = (reference + current).astype(np.float64)
    held = total > 0
    total, drawn = total[held], current[held].astype(np.float64)
    rows, m = float(total.sum()), float(drawn.sum())
    if len(total) < 2 or m in (0.0, rows):
        return 1.0
    share = m / rows
    statistic = float(np.sum((drawn - total * share) ** 2 / total)) / (share * (1 - share))
    if total.min() * min(share, 1 - share) >= 5:
        return float(chdtrc(len(total) - 1, statistic))
    mean, variance = _permuted_moments(total, rows, m)
    if variance <= 1e-9 * mean:
        return 1.0
    return float(gammaincc(mean * mean / variance, statistic * mean / variance))


def _permuted_moments(total: Floats, rows: float, m: float) -> tuple[float, float]:
    """Mean and variance of the statistic above when m of `rows` are drawn at random.

    The counts drawn are multivariate hypergeometric, whose factorial moments are products of
    falling factorials: E[a_i^(r) a_j^(s)] = t_i^(r) t_j^(s) q_(r+s), q_r = m^(r) / rows^(r).
    """
    steps = np.arange(4.0)
    q1, q2, q3, q4 = np.cumprod((m - steps) / np.maximum(rows - steps, 1.0))
    k, less = len(total), total - 1
    one, two = float(less.sum()), float((less * less).sum())
    mean = one * q2 + k * q1
    # Pairs i != j of (a_i^2 / t_i)(a_j^2 / t_j), then the terms of i = j.
    pairs = (one * one - two) * q4 + 2 * (k - 1) * one * q3 + k * (k - 1) * q2
    fourth = less * (total - 2) * (total - 3) * q4
    selves = np.sum((fourth + 6 * less * (total - 2) * q3 + 7 * less * q2 + q1) / total)
    variance = float(pairs + selves) - mean * mean
    share = m / rows
    scale = share * (1 - share)
    return float(mean - share * share * rows) / scale, variance / scale**2


@dataclass(frozen=True, eq=False)
class Sorted:
    """A sorted sample with what `distances` needs of it, computed once.

    `grid` holds distinct values of the sample, first and last included; `below` and `upto` count
    the values < and <= each of them; `sums` adds up the values strictly between neighbours.
    """

    values: Floats
    grid: Floats
    below: Counts
    upto: Counts
    sums: Floats

    @classmethod
    def of(cls, values: Floats) -> "Sorted":
        """`values`: sorted, finite, at least one."""
        step = max(1, len(values) // _CELLS)
        grid = np.unique(np.append(values[::step], values[-1]))
        below = np.searchsorted(values, grid, side="left")
        upto = np.searchsorted(values, grid, side="right")
        return cls(values, grid, below, upto, _sums(values, upto[:-1], below[1:]))

    def __len__(self) -> int:
        return len(self.values)


def distances(reference: Sorted, current: Floats) -> tuple[float, float]:
    """KS statistic and Wasserstein-1 distance, both exact; `current` is sorted and finite.

    F and G, the distribution functions, are known at the grid. Between two of its points a cell
    holds values of both samples, and their order matters only where the cell could raise the KS
    statistic or where F - G could change its sign: elsewhere the integral of |F - G| is the
    difference of two sums. Only those few cells are merged value by value.
    """
    n, m = len(reference), len(current)
    grid = reference.grid
    upto = np.searchsorted(current, grid, side="right")
    below = _count_below(current, grid, upto)
    f, g = reference.upto / n, upto / m
    # Left limits at the grid count too: an atom at a grid point hides what lies before it.
    f_left, g_left = reference.below / n, below / m
    ks = float(max(np.abs(f - g).max(), np.abs(f_left - g_left).max()))

    low = f[:-1] - g_left[1:]
    high = f_left[1:] - g[:-1]
    mixed = (low < 0) & (high > 0)
    raises = np.maximum(-low, high) > ks + _ROUNDING
    own = reference.below[1:] - reference.upto[:-1]
    others = below[1:] - upto[:-1]
    open_cells = np.flatnonzero((mixed | raises) & ((own > 0) | (others > 0)))

    left, right = grid[:-1], grid[1:]
    area_f = (reference.upto[:-1] * (right - left) + right * own - reference.sums) / n
    sums = _sums(current, upto[:-1], below[1:])
    area_g = (upto[:-1] * (right - left) + right * others - sums) / m
    area = np.abs(area_f - area_g)
    tails = (
        float(np.sum(grid[0] - current[: below[0]]) + np.sum(current[upto[-1] :] - grid[-1])) / m
    )
    if not len(open_cells):
        return ks, float(area.sum()) + tails
    area[open_cells] = 0.0
    merged_ks, merged_area = _merge(reference, current, open_cells, upto, below)
    return max(ks, merged_ks), float(area.sum()) + tails + merged_area


def _count_below(ordered: Floats, grid: Floats, upto: Counts) -> Counts:
    """How many values lie strictly below each grid point, from how many lie at or below it."""
    below = upto.copy()
    hit = np.flatnonzero((upto > 0) & (ordered[upto - 1] == grid))
    below[hit] = np.searchsorted(ordered, grid[hit], side="left")
    return below


def _merge(
    reference: Sorted, current: Floats, cells: Counts, upto: Counts, below: Counts
) -> tuple[float, float]:
    """KS statistic and area of |F - G| within some cells of the grid, value by value."""
    own = reference.values[_ranges(reference.upto[cells], reference.below[cells + 1])]
    others = current[_ranges(upto[cells], below[cells + 1])]
    left, right = reference.grid[cells], reference.grid[cells + 1]
    points = np.concatenate((left, own, others))
    points.sort()
    own_sizes = reference.below[cells + 1] - reference.upto[cells]
    other_sizes = below[cells + 1] - upto[cells]
    sizes = 1 + own_sizes + other_sizes
    cell = np.repeat(np.arange(len(cells)), sizes)
    # Ranks among the values of these cells, and from them ranks in the whole samples. Of equal
    # points only the last has the right rank, and only that one has a length.
    own_rank = np.searchsorted(own, points, side="right")
    other_rank = np.arange(1, len(points) + 1) - own_rank - (cell + 1)
    own_offset = reference.upto[cells] - (np.cumsum(own_sizes) - own_sizes)
    other_offset = upto[cells] - (np.cumsum(other_sizes) - other_sizes)
    f = (own_rank + own_offset[cell]) / len(reference)
    g = (other_rank + other_offset[cell]) / len(current)
    ends = np.append(points[1:], right[-1])
    ends[np.cumsum(sizes) - 1] = right
    gap = np.where(ends > points, np.abs(f - g), 0.0)
    return float(gap.max()), float(np.sum(gap * (ends - points)))


def _ranges(starts: Counts, ends: Counts) -> Counts:
    """The indices start..end-1 of every pair, one after the other."""
    lengths = ends - starts
    shift = np.repeat(starts - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
    return np.asarray(shift + np.arange(lengths.sum()), dtype=np.int64)


def _sums(values: Floats, starts: Counts, ends: Counts) -> Floats:
    """Sum of values[start:end] for every pair; the pairs ascend and do not overlap."""
    if not len(starts):
        return np.zeros(0)
    pairs = np.stack((starts, ends), axis=1).ravel()
    # reduceat cannot be told "up to the end": a pair that ends there is summed apart.
    inside = np.minimum(pairs, len(values) - 1)
    sums = np.add.reduceat(values, inside)[::2]
    short = (ends == len(values)) & (starts < ends)
    if short.any():
        sums[short] = [values[a:b].sum() for a, b in zip(starts[short], ends[short], strict=True)]
    sums[starts >= ends] = 0.0
    return np.asarray(sums, dtype=np.float64)
