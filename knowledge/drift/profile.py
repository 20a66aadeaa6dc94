"""What is kept of a reference: computed once, compared with many windows.

Kinds of column
- numeric: floats and integers, also integers with few values. Codes that only look like numbers
  belong into `categorical`.
- categorical: text and booleans, and what `categorical` names.
- datetime: measured in epoch seconds, never judged, since dates move by nature.

Missing is None, NaN and NaT. Infinite values are counted and left out of the measures.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.drift.measures import Counts, Floats, Sorted
from knowledge.quality import Tally
from knowledge.records import Frame

NUMERIC, CATEGORICAL, DATETIME = "numeric", "categorical", "datetime"
DECILES = np.linspace(0.1, 0.9, 9)
CENTILES = np.linspace(0.01, 0.99, 99)


@dataclass(frozen=True, eq=False)
class Numbers:
    """A numeric column sorted, and its tally. `values` are finite."""

    values: Floats
    tally: Tally

    @property
    def constant(self) -> bool:
        return len(self.values) > 0 and bool(self.values[0] == self.values[-1])


@dataclass(frozen=True, eq=False)
class Categories:
    """A categorical column counted, and its tally."""

    counts: Mapping[str, int]
    tally: Tally


@dataclass(frozen=True, eq=False)
class NumericProfile:
    """`bins` counts the values at or below each decile and above the last: (a, b], open ends."""

    kind: str
    tally: Tally
    sample: Sorted | None
    """None where the reference holds no value."""
    edges: Floats
    bins: Counts
    centiles: Floats
    scale: float
    """IQR / 1.349: the standard deviation, were it normal; 0 where half the values are equal."""
    quartiles: tuple[float, float]


@dataclass(frozen=True, eq=False)
class CategoryProfile:
    kind: str
    tally: Tally
    counts: Mapping[str, int]


ColumnProfile = NumericProfile | CategoryProfile


@dataclass(frozen=True, eq=False)
class Profile:
    """A reference, ready to be compared with."""

    rows: int
    columns: Mapping[str, ColumnProfile]
    exclude: frozenset[str] = frozenset()


def profile(
    reference: Frame, *, exclude: Collection[str] = (), categorical: Collection[str] = ()
) -> Profile:
    """Sort and count every column of a reference once.

    `exclude` names columns to leave out on both sides; `categorical` those whose numbers are
    codes. Names that are not there are ignored.
    """
    kept = {name: values for name, values in reference.items() if name not in set(exclude)}
    columns = {
        name: _profile_column(values, CATEGORICAL if name in categorical else kind_of(values))
        for name, values in kept.items()
    }
    rows = max((len(values) for values in kept.values()), default=0)
    return Profile(rows, columns, frozenset(exclude))


def kind_of(values: NDArray[Any]) -> str:
    """The kind of a column by its type; columns of Python objects by what they hold."""
    if values.dtype.kind in "iuf":
        return NUMERIC
    if values.dtype.kind == "M":
        return DATETIME
    if values.dtype.kind == "O":
        kinds = set(map(type, values.tolist())) - {type(None)}
        numbers = {k for k in kinds if issubclass(k, int | float | np.number) and k is not bool}
        if kinds and kinds == numbers and kinds != {np.bool_}:
            return NUMERIC
    return CATEGORICAL


def read_numbers(values: NDArray[Any], quartiles: tuple[float, float] | None = None) -> Numbers:
    """Sort a numeric or datetime column; outliers are counted against `quartiles`."""
    rows = len(values)
    if values.dtype.kind == "M":
        # numpy sorts NaT last, as it does NaN.
        missing = int(np.isnat(values).sum())
        plain = np.sort(values)[: rows - missing]
        seconds = plain.astype("datetime64[us]").astype(np.int64) / 1e6
        return Numbers(seconds, Tally(rows, missing))
    if values.dtype.kind not in "iuf":
        values = np.array([np.nan if v is None else v for v in values.tolist()], dtype=np.float64)
    ordered = np.sort(values)
    if values.dtype.kind == "f":
        start = int(np.searchsorted(ordered, -np.inf, side="right"))
        stop = int(np.searchsorted(ordered, np.inf, side="left"))
        missing = rows - int(np.searchsorted(ordered, np.inf, side="right"))
        ordered = ordered[start:stop]
    else:
        missing = 0
    finite = ordered.astype(np.float64, copy=False)
    infinite = rows - missing - len(finite)
    return Numbers(finite, Tally(rows, missing, infinite, _outliers(finite, quartiles)))


def read_categories(values: NDArray[Any]) -> Categories:
    """Count a categorical column. None, NaN and NaT are missing; the rest goes by its text.

    Booleans are "false" and "true".
    """
    rows = len(values)
    if values.dtype.kind == "b":
        true = int(values.sum())
        return Categories(
            {k: n for k, n in (("false", rows - true), ("true", true)) if n}, Tally(rows)
        )
    if values.dtype.kind in "iuUS":
        found, times = np.unique(values, return_counts=True)
        counted = dict(zip(found.tolist(), times.tolist(), strict=True))
    else:
        counted = Counter(values.tolist())
    counts: Counter[str] = Counter()
    missing = 0
    for value, times in counted.items():
        if value is None or value != value:
            missing += times
        else:
            counts[_text(value)] += times
    return Categories(counts, Tally(rows, missing))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _outliers(ordered: Floats, quartiles: tuple[float, float] | None) -> int:
    if quartiles is None or quartiles[0] == quartiles[1]:
        return 0
    reach = 10 * (quartiles[1] - quartiles[0])
    low, high = np.searchsorted(ordered, (quartiles[0] - reach, quartiles[1] + reach))
    return int(low + len(ordered) - high)


def _profile_column(values: NDArray[Any], kind: str) -> ColumnProfile:
    if kind == CATEGORICAL:
        categories = read_categories(values)
        return CategoryProfile(kind, categories.tally, categories.counts)
    numbers = read_numbers(values)
    if not len(numbers.values):
        none = np.zeros(0)
        counts = np.zeros(0, dtype=np.int64)
        return NumericProfile(kind, numbers.tally, None, none, counts, none, 0.0, (0.0, 0.0))
    low, high = (float(q) for q in sorted_quantiles(numbers.values, np.array((0.25, 0.75))))
    tally = numbers.tally
    outliers = _outliers(numbers.values, (low, high))
    edges = np.unique(sorted_quantiles(numbers.values, DECILES))
    return NumericProfile(
        kind,
        Tally(tally.rows, tally.missing, tally.infinite, outliers),
        Sorted.of(numbers.values),
        edges,
        bin_counts(numbers.values, edges),
        sorted_quantiles(numbers.values, CENTILES),
        (high - low) / 1.349,
        (low, high),
    )


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
    return np.asarray(ordered[low] * (1 - step) + ordered[high] * step, dtype=np.float64)
