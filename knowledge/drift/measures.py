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
_CELLS = 16_384
"""Cells of the grid that `distances` starts from: finer ones cost more searches, coarser ones
leave more values to look at one by one."""
_EXACT_UP_TO = 20_000
"""Values of a sample that are looked at one by one before `TOLERANCE` is made use of."""
TOLERANCE = 1e-4
"""How far `distances` may stay below the exact values on large samples: of KS; and of
Wasserstein, absolute and in interquartile ranges of the reference."""
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
class Binned:
    """A sample counted on a grid of ascending values, shape (g,).

    `below` and `upto` count the values < and <= each of them; `sums`, of shape (g + 1,), adds up
    the values before the first, strictly between neighbours, and after the last.
    """

    grid: Floats
    below: Counts
    upto: Counts
    sums: Floats
    rows: int

    @classmethod
    def of(cls, values: Floats, grid: Floats) -> "Binned":
        """`values`: sorted and finite, at least one."""
        upto = np.searchsorted(values, grid, side="right")
        below = _count_below(values, grid, upto)
        starts = np.concatenate(([0], upto))
        ends = np.append(below, len(values))
        return cls(grid, below, upto, _sums(values, starts, ends), len(values))

    def quantiles(self, at: Floats) -> Floats:
        """Quantiles, interpolated within the cells; exact where they fall on a grid point."""
        reached = np.stack((self.below, self.upto), axis=1).ravel() / self.rows
        return np.interp(at, reached, np.repeat(self.grid, 2))

    def within(self, low: float, high: float) -> "Binned":
        """The same with the sample's own smallest and largest value, so that quantiles are known
        outside the grid too."""
        inner = (self.grid > low) & (self.grid < high)
        grid = np.concatenate(([low], self.grid[inner], [high]))
        below = np.concatenate(([0], self.below[inner], [self.rows]))
        upto = np.concatenate(([0], self.upto[inner], [self.rows]))
        return Binned(grid, below, upto, np.zeros(len(grid) + 1), self.rows)

    def bins(self, edges: Floats) -> Counts:
        """Counts in (-inf, e1], (e1, e2], ..., (ek, inf); the edges are points of the grid."""
        upto = self.upto[np.searchsorted(self.grid, edges)]
        return np.diff(np.concatenate(([0], upto, [self.rows])))


@dataclass(frozen=True, eq=False)
class Sorted:
    """A sorted sample with what `distances` needs of it, computed once.

    The grid of `binned` holds distinct values of the sample, first and last included.
    """

    values: Floats
    binned: Binned

    @classmethod
    def of(cls, values: Floats) -> "Sorted":
        """`values`: sorted, finite, at least one."""
        step = max(1, len(values) // _CELLS)
        grid = np.unique(np.append(values[::step], values[-1]))
        return cls(values, Binned.of(values, grid))

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class _Coarse:
    """What two samples on one grid tell of |F - G|, cell by cell; arrays of shape (g - 1,)."""

    ks: float
    """The largest gap at a grid point, left limits included."""
    reach: Floats
    """No gap within the cell is larger."""
    area: Floats
    """|integral of F - G|: the area, unless F - G changes its sign within the cell."""
    doubt: Floats
    """What the area may be larger by."""
    tails: float
    """The area outside the grid."""


@dataclass(frozen=True)
class Distances:
    """KS statistic and Wasserstein-1 distance, and how far below the true values they may be."""

    ks: float
    wasserstein: float
    ks_error: float = 0.0
    wasserstein_error: float = 0.0


def distances(reference: Sorted, current: Floats) -> tuple[float, float]:
    """KS statistic and Wasserstein-1 distance; `current` is sorted and finite.

    F and G, the distribution functions, are known at the grid. Between two of its points a cell
    holds values of both samples, and their order matters only where the cell could raise the KS
    statistic or where F - G could change its sign: elsewhere the integral of |F - G| is the
    difference of two sums. Only those few cells are merged value by value. Exact, but for large
    samples, where cells are left as they are that cannot matter together: see TOLERANCE.
    """
    known, found = reference.binned, Binned.of(current, reference.binned.grid)
    coarse = _compare_cells(known, found)
    own = known.below[1:] - known.upto[:-1]
    others = found.below[1:] - found.upto[:-1]
    held = own + others
    cells = np.flatnonzero(
        ((coarse.doubt > 0) | (coarse.reach > coarse.ks + _ROUNDING)) & (held > 0)
    )
    if held[cells].sum() > _EXACT_UP_TO:
        spread = reference.values[3 * len(reference) // 4] - reference.values[len(reference) // 4]
        cells = _that_matter(coarse, cells, TOLERANCE * min(1.0, float(spread)))
    area = coarse.area.copy()
    if not len(cells):
        return coarse.ks, float(area.sum()) + coarse.tails
    area[cells] = 0.0
    merged_ks, merged_area = _merge(reference, current, cells, found.upto, found.below)
    return max(coarse.ks, merged_ks), float(area.sum()) + coarse.tails + merged_area


def distances_binned(reference: Binned, current: Binned) -> Distances:
    """The same of two samples that are known on one grid only; the grid spans the reference."""
    coarse = _compare_cells(reference, current)
    return Distances(
        coarse.ks,
        float(coarse.area.sum()) + coarse.tails,
        max(float(coarse.reach.max(initial=0.0)) - coarse.ks, 0.0),
        float(coarse.doubt.sum()),
    )


def _compare_cells(reference: Binned, current: Binned) -> _Coarse:
    n, m, grid = reference.rows, current.rows, reference.grid
    f, g = reference.upto / n, current.upto / m
    # Left limits at the grid count too: an atom at a grid point hides what lies before it.
    f_left, g_left = reference.below / n, current.below / m
    ks = float(max(np.abs(f - g).max(), np.abs(f_left - g_left).max()))
    low = f[:-1] - g_left[1:]
    high = f_left[1:] - g[:-1]
    reach = np.maximum(-low, high)
    width = np.diff(grid)
    area = np.abs(_areas(reference, width) - _areas(current, width))
    doubt = np.where((low < 0) & (high > 0), np.maximum(width * reach - area, 0.0), 0.0)
    before = grid[0] * current.below[0] - current.sums[0]
    after = current.sums[-1] - grid[-1] * (m - current.upto[-1])
    return _Coarse(ks, reach, area, doubt, float(before + after) / m)


def _areas(sample: Binned, width: Floats) -> Floats:
    """The integral of the distribution function over each cell."""
    held = sample.below[1:] - sample.upto[:-1]
    area = sample.upto[:-1] * width + sample.grid[1:] * held - sample.sums[1:-1]
    return np.asarray(area / sample.rows, dtype=np.float64)


def _that_matter(coarse: _Coarse, cells: Counts, tolerance: float) -> Counts:
    """Those of `cells` that could raise KS by more than TOLERANCE, and the widest in doubt, until
    the rest cannot add up to `tolerance`."""
    doubt = coarse.doubt[cells]
    order = np.argsort(-doubt)
    left = doubt.sum() - np.cumsum(doubt[order])
    few = int(np.searchsorted(-left, -tolerance)) + 1 if doubt.sum() > tolerance else 0
    chosen = coarse.reach[cells] > coarse.ks + TOLERANCE
    chosen[order[:few]] = True
    return cells[chosen]


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
    known = reference.binned
    own = reference.values[_ranges(known.upto[cells], known.below[cells + 1])]
    others = current[_ranges(upto[cells], below[cells + 1])]
    left, right = known.grid[cells], known.grid[cells + 1]
    points = np.concatenate((left, own, others))
    points.sort()
    own_sizes = known.below[cells + 1] - known.upto[cells]
    other_sizes = below[cells + 1] - upto[cells]
    sizes = 1 + own_sizes + other_sizes
    cell = np.repeat(np.arange(len(cells)), sizes)
    # Ranks among the values of these cells, and from them ranks in the whole samples. Of equal
    # points only the last has the right rank, and only that one has a length.
    own_rank = np.searchsorted(own, points, side="right")
    other_rank = np.arange(1, len(points) + 1) - own_rank - (cell + 1)
    own_offset = known.upto[cells] - (np.cumsum(own_sizes) - own_sizes)
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
