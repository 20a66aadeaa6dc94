"""What is kept of a reference: computed once, compared with many windows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.drift.measures import Binned, Counts, Floats, Sorted
from knowledge.drift.readings import (
    CATEGORICAL,
    NUMERIC,
    Categories,
    Column,
    Histogram,
    count_outliers,
    kind_of,
    outlier_bounds,
    read_categories,
    read_numbers,
    row_count,
)
from knowledge.quality import Tally
from knowledge.records import ColumnRoles

DECILES = np.linspace(0.1, 0.9, 9)
CENTILES = np.linspace(0.01, 0.99, 99)
LATTICE = np.linspace(0.0, 1.0, 257)
"""Quantiles of a reference on which data that stays where it lives is counted: KS is known to
about 1/256 then."""


@dataclass(frozen=True, eq=False)
class NumericProfile:
    """`bins` counts the values at or below each decile and above the last: (a, b], open ends."""

    kind: str
    tally: Tally
    sample: Sorted | Binned | None
    """None where the reference holds no value; Binned where it was counted where it lives."""
    edges: Floats
    bins: Counts
    centiles: Floats
    scale: float
    """IQR / 1.349: the standard deviation, were it normal; 0 where half the values are equal."""
    quartiles: tuple[float, float]

    def lattice(self) -> Floats:
        """The grid on which a column is counted where it lives to be compared with this one."""
        if isinstance(self.sample, Binned):
            return self.sample.grid
        if self.sample is None:
            return np.zeros(1)
        points = sorted_quantiles(self.sample.values, LATTICE)
        return lattice_of(points, self.edges, self.quartiles)


@dataclass(frozen=True, eq=False)
class CategoryProfile:
    kind: str
    tally: Tally
    counts: Mapping[str, int]
    rest: int = 0
    """Rows of rare categories that are not listed."""


ColumnProfile = NumericProfile | CategoryProfile


@dataclass(frozen=True, eq=False)
class Profile:
    """A reference, ready to be compared with."""

    rows: int
    columns: Mapping[str, ColumnProfile]
    exclude: frozenset[str] = frozenset()
    predictions: frozenset[str] = frozenset()
    """Columns that the model answers, told apart from what it was asked."""


def profile(
    reference: Mapping[str, Column],
    *,
    exclude: Collection[str] = (),
    categorical: Collection[str] = (),
    predictions: Collection[str] = (),
) -> Profile:
    """Sort and count every column of a reference once.

    `exclude` names columns to leave out on both sides; `categorical` those whose numbers are
    codes; `predictions` what the model answered. Names that are not there are ignored.
    """
    out = frozenset(exclude)
    columns = {
        name: profile_column(reference[name], categorical=name in categorical)
        for name in reference
        if name not in out
    }
    return Profile(row_count(reference), columns, out, frozenset(predictions))


def profile_for(
    reference: Mapping[str, Column], roles: ColumnRoles, exclude: Collection[str] = ()
) -> Profile:
    """The profile of a model's reference: labels and versions are no drift, and answers are told
    apart from inputs."""
    return profile(
        reference,
        exclude={*exclude, roles.label, roles.version} - {""},
        categorical=roles.categorical,
        predictions={roles.prediction, roles.probability} - {""},
    )


def profile_column(column: Column, *, categorical: bool = False) -> ColumnProfile:
    if isinstance(column, Histogram):
        raise TypeError("a column counted on another's grid is no reference")
    if isinstance(column, Categories):
        return CategoryProfile(CATEGORICAL, column.tally, column.counts, column.rest)
    kind = CATEGORICAL if categorical else kind_of(column)
    if kind == CATEGORICAL:
        categories = read_categories(column)
        return CategoryProfile(kind, categories.tally, categories.counts)
    return _profile_numbers(column, kind)


def _profile_numbers(column: NDArray[Any], kind: str) -> NumericProfile:
    numbers = read_numbers(column)
    values = numbers.values
    if not len(values):
        return _empty(kind, numbers.tally)
    low, high = (float(q) for q in sorted_quantiles(values, np.array((0.25, 0.75))))
    edges = np.unique(sorted_quantiles(values, DECILES))
    return NumericProfile(
        kind,
        replace(numbers.tally, outliers=count_outliers(values, (low, high))),
        Sorted.of(values),
        edges,
        bin_counts(values, edges),
        sorted_quantiles(values, CENTILES),
        (high - low) / 1.349,
        (low, high),
    )


def profile_histogram(
    column: Histogram, edges: Floats, quartiles: tuple[float, float]
) -> NumericProfile:
    """A column that was counted where it lives; deciles and quartiles are known exactly there."""
    binned = column.binned
    if not binned.rows:
        return _empty(NUMERIC, column.tally)
    return NumericProfile(
        NUMERIC,
        column.tally,
        binned,
        edges,
        binned.bins(edges),
        binned.quantiles(CENTILES),
        (quartiles[1] - quartiles[0]) / 1.349,
        quartiles,
    )


def _empty(kind: str, tally: Tally) -> NumericProfile:
    none = np.zeros(0)
    return NumericProfile(
        kind, tally, None, none, np.zeros(0, dtype=np.int64), none, 0.0, (0.0, 0.0)
    )


def lattice_of(points: Floats, edges: Floats, quartiles: tuple[float, float]) -> Floats:
    """Quantiles, decile edges, and the bounds beyond which a value is an outlier."""
    return np.unique(np.concatenate((points, edges, outlier_bounds(quartiles) or ())))


def bin_counts(ordered: Floats, edges: Floats) -> Counts:
    """How many sorted values lie in (-inf, e1], (e1, e2], ..., (ek, inf)."""
    upto = np.searchsorted(ordered, edges, side="right")
    return np.diff(np.concatenate(([0], upto, [len(ordered)])))


def sorted_quantiles(ordered: Floats, at: Floats) -> Floats:
    """Quantiles of sorted values by linear interpolation, as `numpy.quantile` gives them."""
    position = at * (len(ordered) - 1)
    low = position.astype(np.int64)
    high = np.minimum(low + 1, len(ordered) - 1)
    step = position - low
    a, b = ordered[low], ordered[high]
    # From the nearer end, as numpy does: between equal values the quantile is that value exactly.
    return np.where(step < 0.5, a + (b - a) * step, b - (b - a) * (1 - step))
