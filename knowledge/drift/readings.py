"""What is read of one column before it is compared: sorted numbers, or counts.

Kinds of column
- numeric: floats and integers, also integers with few values. Codes that only look like numbers
  are to be named as categorical.
- categorical: text and booleans, and what is named so.
- datetime: measured in epoch seconds, never judged, since dates move by nature.

Missing is None, NaN and NaT. Infinite values are counted and left out of the measures.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.drift.measures import Binned, Floats
from knowledge.quality import Tally

NUMERIC, CATEGORICAL, DATETIME = "numeric", "categorical", "datetime"
_BOOLEANS = {"0": "false", "1": "true", "0.0": "false", "1.0": "true"}


@dataclass(frozen=True, eq=False)
class Numbers:
    """A numeric column sorted, and its tally. `values` are finite."""

    values: Floats
    tally: Tally


@dataclass(frozen=True, eq=False)
class Histogram:
    """A numeric column counted where it lives, on the grid of the reference it is compared with.

    `low` and `high` are the smallest and the largest finite value.
    """

    binned: Binned
    tally: Tally
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Categories:
    """A column counted by its text, and its tally.

    `kind` is that of the values themselves: codes are numeric. `rest` counts rows of rare
    categories that are not listed.
    """

    counts: Mapping[str, int]
    tally: Tally
    kind: str = CATEGORICAL
    rest: int = 0

    def as_booleans(self) -> "Categories":
        """Databases without booleans give 0 and 1 for them."""
        if not self.counts.keys() <= _BOOLEANS.keys():
            return self
        counts: Counter[str] = Counter()
        for text, times in self.counts.items():
            counts[_BOOLEANS[text]] += times
        return Categories(counts, self.tally)


Column = NDArray[Any] | Categories | Histogram
"""One column as it was read: its values, or what was counted of them where they live."""


class Columns(Mapping[str, Column]):
    """Columns that are read one at a time, when they are asked for; `rows` is their length."""

    def __init__(self, rows: int, readers: Mapping[str, Callable[[], Column]]) -> None:
        self.rows = rows
        self._readers = readers

    def __getitem__(self, name: str) -> Column:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def row_count(columns: Mapping[str, Column]) -> int:
    if isinstance(columns, Columns):
        return columns.rows
    return max((_length(column) for column in columns.values()), default=0)


def kind_of(values: NDArray[Any]) -> str:
    """The kind of a column by its type; columns of Python objects by what they hold."""
    if values.dtype.kind in "iuf":
        return NUMERIC
    if values.dtype.kind == "M":
        return DATETIME
    if values.dtype.kind == "O":
        return _kind_of_types(map(type, values.tolist()))
    return CATEGORICAL


def is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number | Decimal) and not isinstance(value, bool)


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
        values = np.array([_as_float(value) for value in values.tolist()], dtype=np.float64)
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
    return Numbers(finite, Tally(rows, missing, infinite, count_outliers(finite, quartiles)))


def read_categories(values: NDArray[Any]) -> Categories:
    """Count a column by its text. None, NaN and NaT are missing; booleans are "false", "true"."""
    rows = len(values)
    if values.dtype.kind == "b":
        true = int(values.sum())
        counts = {k: n for k, n in (("false", rows - true), ("true", true)) if n}
        return Categories(counts, Tally(rows))
    kind = kind_of(values) if values.dtype.kind in "iufM" else CATEGORICAL
    if values.dtype.kind in "iuUS":
        found, times = np.unique(values, return_counts=True)
        return count_categories(zip(found.tolist(), times.tolist(), strict=True), rows, kind)
    counted = Counter(values.tolist())
    if values.dtype.kind != "O":
        return count_categories(counted.items(), rows, kind)
    kind = _kind_of_types(map(type, counted))
    if kind == CATEGORICAL and any(not isinstance(v, str) and v in (0, 1) for v in counted):
        # True is 1 and False is 0 to Python: tell them apart where a column may hold both.
        marked = Counter((isinstance(value, bool), value) for value in values.tolist())
        return count_categories(((v, n) for (_, v), n in marked.items()), rows, kind)
    return count_categories(counted.items(), rows, kind)


def count_categories(
    counted: Iterable[tuple[object, int]], rows: int, kind: str = CATEGORICAL, rest: int = 0
) -> Categories:
    """Categories of values that were counted already, missing ones among them."""
    counts: Counter[str] = Counter()
    missing = 0
    for value, times in counted:
        if value is None or value != value:
            missing += times
        else:
            counts[_text(value)] += times
    return Categories(counts, Tally(rows, missing), kind, rest)


def outlier_bounds(quartiles: tuple[float, float]) -> tuple[float, float] | None:
    """Ten interquartile ranges off either quartile; None where half the values are equal."""
    reach = 10 * (quartiles[1] - quartiles[0])
    return (quartiles[0] - reach, quartiles[1] + reach) if reach else None


def count_outliers(ordered: Floats, quartiles: tuple[float, float] | None) -> int:
    bounds = outlier_bounds(quartiles) if quartiles else None
    if bounds is None:
        return 0
    low, high = np.searchsorted(ordered, bounds)
    return int(low + len(ordered) - high)


def _length(column: Column) -> int:
    return len(column) if isinstance(column, np.ndarray) else column.tally.rows


def _kind_of_types(types: Iterable[type]) -> str:
    kinds = set(types) - {type(None)}
    numbers = {k for k in kinds if issubclass(k, int | float | np.number | Decimal)} - {bool}
    # A column of NaN alone is as empty as one of None.
    return NUMERIC if kinds and kinds == numbers else CATEGORICAL


def _as_float(value: Any) -> float:
    """NaN for None; infinite where an integer is larger than any float."""
    if value is None:
        return np.nan
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
