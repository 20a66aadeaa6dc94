"""A sample of lengths of time as mean, median and 90th percentile, silent where it is too small.

Times of incidents are skewed and few: a mean of one is an anecdote, and a 90th percentile of five
is their maximum. docs/reference/statistics.md has the limits and their sources.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

ENOUGH = 3
"""Fewer than this say nothing of a middle."""
ENOUGH_FOR_P90 = 10
"""With fewer, the 90th percentile lies beyond the last but one value."""
ENOUGH_TO_COMPARE = 8
"""On each side; the normal approximation of Mann and Whitney's U holds from about here."""
CLEAR = 1.96
"""Standard deviations: chance alone gives more in one comparison of twenty."""


@dataclass(frozen=True)
class Spread:
    """`count` lengths of time; a figure is None where there are too few for it."""

    count: int
    mean: timedelta | None = None
    median: timedelta | None = None
    p90: timedelta | None = None


def spread(lengths: Sequence[timedelta]) -> Spread:
    """Quantiles interpolate linearly between the two nearest values (Hyndman and Fan's type 7)."""
    count = len(lengths)
    if count < ENOUGH:
        return Spread(count)
    seconds = np.array([length.total_seconds() for length in lengths])
    middle, high = np.quantile(seconds, (0.5, 0.9))
    return Spread(
        count,
        timedelta(seconds=float(seconds.mean())),
        timedelta(seconds=float(middle)),
        timedelta(seconds=float(high)) if count >= ENOUGH_FOR_P90 else None,
    )


def clearly_differ(one: Sequence[timedelta], other: Sequence[timedelta]) -> bool:
    """Whether two samples differ by more than chance: Mann and Whitney's U test, two-sided at 5 %,
    normal approximation with the correction for ties. Too few on either side: False."""
    n, m = len(one), len(other)
    if min(n, m) < ENOUGH_TO_COMPARE:
        return False
    values = np.array([length.total_seconds() for length in (*one, *other)])
    distinct, where, ties = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) == 1:
        return False
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[where]
    u = float(ranks[:n].sum()) - n * (n + 1) / 2
    total = n + m
    tied = float((ties**3 - ties).sum()) / (total * (total - 1))
    deviation = math.sqrt(n * m / 12 * (total + 1 - tied))
    return abs(u - n * m / 2) > CLEAR * deviation


def upper_share(hits: int, of: int) -> float:
    """The largest true share that `hits` in `of` would still be likely for: the upper end of
    Wilson's 95 % interval (Wilson 1927). 1 when nothing was seen."""
    if of <= 0:
        return 1.0
    z2 = CLEAR**2
    share = min(hits, of) / of
    middle = share + z2 / (2 * of)
    margin = CLEAR * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return min(1.0, (middle + margin) / (1 + z2 / of))
