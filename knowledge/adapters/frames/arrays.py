"""Columns of pyarrow and of databases as numpy arrays, or counted by category."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.adapters.frames.times import utc64
from knowledge.drift import Categories, Column
from knowledge.drift.readings import count_categories, is_number


def from_arrow(column: Any) -> NDArray[Any]:
    """The numpy array of an arrow column (a ChunkedArray)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    types = pa.types
    if types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if types.is_timestamp(kind) or types.is_date(kind):
        plain: NDArray[Any] = column.cast(pa.timestamp("us"), safe=False).to_numpy()
        return plain
    if types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif types.is_duration(kind):
        column = pc.divide(column.cast(pa.duration("us")).cast(pa.int64()).cast(pa.float64()), 1e6)
    elif is_text(kind):
        return _shared_text(column)
    elif not (
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_null(kind)
    ):
        return np.array([None if v is None else str(v) for v in column.to_pylist()], dtype=object)
    values: NDArray[Any] = column.to_numpy()
    return values.astype(np.float32) if values.dtype == np.float16 else values


def read_column(column: Any) -> Column:
    """The same, but text is counted where it is: no Python object per row is made."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.unify_dictionaries(), kind.value_type
    return _count_text(column) if is_text(kind) else from_arrow(column)


def is_text(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def from_values(values: Collection[Any]) -> NDArray[Any]:
    """The array that Python values of a database column make, by their types."""
    kinds = {type(value) for value in values if value is not None}
    gaps = any(value is None for value in values)
    if kinds == {bool} and not gaps:
        return np.array(values, dtype=bool)
    if kinds and kinds <= {int, float, Decimal} and bool not in kinds:
        if kinds == {int} and not gaps:
            return np.array(values, dtype=np.float64 if max(map(abs, values)) > 2**62 else np.int64)
        return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    if kinds and kinds <= {datetime, date}:
        times = [utc64(v) if isinstance(v, datetime) else v for v in values]
        return np.array(times, dtype="datetime64[us]")
    plain = (str, bool)
    kept = [v if v is None or isinstance(v, plain) or is_number(v) else str(v) for v in values]
    return np.array([*kept, None], dtype=object)[:-1]


def _count_text(column: Any) -> Categories:
    import pyarrow.compute as pc

    counted = pc.value_counts(column)
    names, times = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    return count_categories(zip(names, times, strict=True), len(column))


def _shared_text(column: Any) -> NDArray[Any]:
    """One Python string per category instead of one per row: less memory, faster to count."""
    coded = column.combine_chunks().dictionary_encode()
    names = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    codes = coded.indices.fill_null(len(names) - 1).to_numpy()
    return np.asarray(names[codes], dtype=object)
