"""Tables that are larger than one machine: counted where they live, through Ibis.

The same code speaks to DuckDB, PostgreSQL, BigQuery, Snowflake, Spark and whatever else Ibis has a
backend for. Of a column of numbers come back its counts and sums between the points of a grid of
the reference (`NumericProfile.lattice`), of a column of categories its counts. No row does, but for
pictures and performance, and then a random sample.

Ibis is imported when a lake is used: the bot starts without it, and most teams have none.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.adapters.frames.arrays import from_arrow
from knowledge.adapters.frames.sql import without_password
from knowledge.adapters.frames.times import (
    TimeColumn,
    Window,
    moment_of,
    to_epoch,
    unit_by_size,
    wall_time,
)
from knowledge.drift import Categories, Column, Columns, Histogram, Profile
from knowledge.drift.measures import Binned, Floats
from knowledge.drift.profile import (
    DECILES,
    LATTICE,
    ColumnProfile,
    NumericProfile,
    lattice_of,
    profile_column,
    profile_histogram,
)
from knowledge.drift.readings import (
    CATEGORICAL,
    DATETIME,
    NUMERIC,
    count_categories,
    outlier_bounds,
)
from knowledge.errors import Unavailable, UserError
from knowledge.quality import Tally
from knowledge.records import ColumnRoles, Frame

MOST_ROWS = 500_000
"""Rows that are read at most where rows are wanted; more are sampled."""
MOST_CATEGORIES = 20_000
"""Of one column; rarer ones are counted together."""
_QUARTILES = (0.25, 0.75)
_BISECTIONS = {"postgres": "width_bucket", "bigquery": "range_bucket"}
"""Engines with a function of (number, ascending numbers) that counts those at or below."""
_MISSING, _INFINITE = -2, -1
"""Cells beside those of the grid."""
_DRIVERS = {
    "duckdb": "Error",
    "psycopg": "Error",
    "google.api_core.exceptions": "GoogleAPIError",
    "snowflake.connector.errors": "Error",
    "pyspark.errors": "PySparkException",
}
"""What the drivers below Ibis raise: their module and the root of their errors."""


class LakeTable:
    """One table of a backend of Ibis. On DuckDB `name` may also be files: "log/*.parquet"."""

    def __init__(self, url: str, name: str, folder: Path = Path()) -> None:
        self._url = url
        self._name = name
        self._folder = folder

    def read(self, window: Window | None = None, names: Collection[str] = ()) -> Frame:
        with self._opened() as (ibis, table):
            rows = _inside(ibis, table, window)
            wanted = [name for name in rows.columns if not names or name in names]
            count = int(rows.count().to_pyarrow().as_py())
            if count > MOST_ROWS:
                rows = rows.filter(ibis.random() < MOST_ROWS / count)
            return _frame(rows.select(*wanted).to_pyarrow())

    def columns(self, window: Window | None = None, against: Profile | None = None) -> Columns:
        if against is None:
            frame = self.read(window)
            rows = max((len(values) for values in frame.values()), default=0)
            return Columns(rows, {name: values.view for name, values in frame.items()})
        with self._opened() as (ibis, table):
            table = _inside(ibis, table, window)
            rows = int(table.count().to_pyarrow().as_py())
            found: dict[str, Column] = dict.fromkeys(table.columns, Categories({}, Tally(rows)))
            if rows:
                found |= _count(ibis, table, against.columns, rows)
        return Columns(rows, {name: partial(found.__getitem__, name) for name in table.columns})

    def profile(
        self, roles: ColumnRoles, exclude: Collection[str], window: Window | None = None
    ) -> Profile:
        out = frozenset({*exclude, roles.label, roles.version} - {""})
        answers = frozenset({roles.prediction, roles.probability} - {""})
        with self._opened() as (ibis, table):
            table = _inside(ibis, table, window)
            rows = int(table.count().to_pyarrow().as_py())
            kinds = {
                name: CATEGORICAL if name in roles.categorical else _kind(table[name].type())
                for name in table.columns
                if name not in out
            }
            columns = _profile(ibis, table, kinds, rows) if rows else {}
        return Profile(rows, columns, out, answers)

    def span(self, time: TimeColumn) -> tuple[datetime, datetime] | None:
        with self._opened() as (_, table):
            column = _time(table, time)
            ends = table.aggregate(first=column.min(), last=column.max()).to_pyarrow().to_pylist()
        first, last = (moment_of(ends[0][name], time) for name in ("first", "last"))
        return (first, last) if first and last else None

    def last(self, time: TimeColumn, rows: int) -> Frame:
        with self._opened() as (ibis, table):
            newest = table.order_by(ibis.desc(_time(table, time))).limit(rows)
            return {name: values[::-1] for name, values in _frame(newest.to_pyarrow()).items()}

    def stamp(self) -> object:
        """A lake's reference is held to be as it was until the next start."""
        return (self._url, self._name)

    def has(self, column: str) -> bool:
        with self._opened() as (_, table):
            return column in table.columns

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        """Ibis itself and the table; its errors and those of its drivers as ours."""
        try:
            import ibis  # type: ignore[import-untyped,unused-ignore]
            from ibis.common import exceptions  # type: ignore[import-untyped,unused-ignore]
        except ImportError as error:
            raise UserError(
                f"{self._where} needs Ibis, which is not installed; "
                "install tandem[lakes] and Ibis's backend for it."
            ) from error
        backend = None
        try:
            backend = self._connect(ibis)
            yield ibis, self._table(backend)
        except exceptions.TableNotFound as error:
            raise UserError(f"{self._where} has no table {self._name!r}.") from error
        except (exceptions.IbisError, ImportError, OSError, NotImplementedError) as error:
            raise Unavailable(self._where, _first(error), retry=False) from error
        except _driver_errors() as error:
            raise Unavailable(self._where, _first(error)) from error
        finally:
            if backend is not None:
                backend.disconnect()

    @property
    def _where(self) -> str:
        return without_password(self._url)

    def _connect(self, ibis: Any) -> Any:
        try:
            return ibis.connect(self._url)
        except ValueError as error:
            raise UserError(f"{self._where} is no usable URL of Ibis: {_first(error)}") from error

    def _table(self, backend: Any) -> Any:
        if backend.name == "duckdb" and Path(self._name).suffix in (".parquet", ".csv"):
            backend.raw_sql("SET TimeZone = 'UTC'")
            path = str(self._folder / self._name)
            read = backend.read_csv if path.endswith(".csv") else backend.read_parquet
            return read(path)
        schema, _, name = self._name.rpartition(".")
        return backend.table(name, database=schema or None)


def _driver_errors() -> tuple[type[Exception], ...]:
    """Those of the drivers that have been loaded: the others cannot have raised."""
    loaded = ((sys.modules.get(module), name) for module, name in _DRIVERS.items())
    return tuple(getattr(module, name) for module, name in loaded if hasattr(module, name))


def _first(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _frame(table: Any) -> Frame:
    return {name: from_arrow(table.column(name)) for name in table.column_names}


def _kind(kind: Any) -> str:
    if kind.is_numeric() and not kind.is_boolean():
        return NUMERIC
    return DATETIME if kind.is_timestamp() or kind.is_date() else CATEGORICAL


# Windows


def _time(table: Any, time: TimeColumn) -> Any:
    if time.name not in table.columns:
        names = ", ".join(table.columns[:12])
        raise UserError(f"There is no time column {time.name!r}; the columns are {names}.")
    return table[time.name]


def _inside(ibis: Any, table: Any, window: Window | None) -> Any:
    if window is None:
        return table
    column, time = _time(table, window.time), window.time
    kind = column.type()
    if kind.is_date():
        column, kind = column.cast("timestamp"), ibis.dtype("timestamp")
    if kind.is_timestamp():
        zone = kind.timezone
        ends = [
            ibis.literal(end if zone else wall_time(end, time.zone), type=kind)
            for end in (window.start, window.end)
        ]
    elif kind.is_numeric() and time.epoch:
        unit = time.epoch
        if unit == "auto":
            newest = column.max().to_pyarrow().as_py()
            unit = unit_by_size(float(newest or 0))
        ends = [to_epoch(end, unit) for end in (window.start, window.end)]
    else:
        raise UserError(
            f"Time column {time.name!r} is of type {kind}, not a time. "
            'Seconds since 1970 need time_format = "epoch".'
        )
    return table.filter((column >= ends[0]) & (column < ends[1]))


# Counts


def _count(
    ibis: Any, table: Any, against: Mapping[str, ColumnProfile], rows: int
) -> dict[str, Column]:
    """What is needed to compare the columns of `table` with those of a reference."""
    grids: dict[str, Floats] = {}
    outliers: dict[str, tuple[float, float]] = {}
    texts = []
    for name, known in against.items():
        if name not in table.columns:
            continue
        numbers = _kind(table[name].type()) == known.kind or table[name].type().is_boolean()
        if isinstance(known, NumericProfile) and numbers:
            grids[name] = known.lattice()
            outliers[name] = known.quartiles
        else:
            texts.append(name)
    counted = _histograms(ibis, table, grids, outliers)
    return {**counted, **_categories(ibis, table, texts, rows)}


def _profile(
    ibis: Any, table: Any, kinds: Mapping[str, str], rows: int
) -> dict[str, ColumnProfile]:
    texts = [name for name, kind in kinds.items() if kind == CATEGORICAL]
    numbers = [name for name, kind in kinds.items() if kind != CATEGORICAL]
    points = _quantiles(ibis, table, numbers)
    edges = {name: np.unique(at[len(LATTICE) : -2]) for name, at in points.items()}
    quartiles = {name: (float(at[-2]), float(at[-1])) for name, at in points.items()}
    grids = {name: lattice_of(at, edges[name], quartiles[name]) for name, at in points.items()}
    counted = _histograms(ibis, table, grids, quartiles)
    found: dict[str, ColumnProfile] = {}
    for name, column in counted.items():
        made = profile_histogram(column, edges[name], quartiles[name])
        found[name] = replace(made, kind=kinds[name])
    for name, categories in _categories(ibis, table, texts, rows).items():
        found[name] = profile_column(categories)
    return {name: found[name] for name in kinds if name in found}


def _quantiles(ibis: Any, table: Any, names: Sequence[str]) -> dict[str, Floats]:
    """The points of LATTICE, the deciles and the quartiles of each column, in one query; a single
    0 for what holds no value."""
    from ibis.common.exceptions import (  # type: ignore[import-untyped,unused-ignore]
        OperationNotDefinedError,
    )

    if not names:
        return {}
    at = [*LATTICE.tolist(), *DECILES.tolist(), *_QUARTILES]
    plain = table.select(**{f"x{i}": _finite(ibis, table[name]) for i, name in enumerate(names)})
    try:
        asked = plain.aggregate(**{f"q{i}": plain[f"x{i}"].quantile(at) for i in range(len(names))})
        found = asked.to_pyarrow().to_pylist()[0]
    except OperationNotDefinedError:
        # BigQuery, for one, has approximate quantiles only: a grid as good, and deciles that hold
        # a tenth of the rows nearly.
        asked = plain.aggregate(
            **{f"q{i}": plain[f"x{i}"].approx_quantile(at) for i in range(len(names))}
        )
        found = asked.to_pyarrow().to_pylist()[0]
    none = [0.0] * len(at)
    return {
        name: np.array(found[f"q{i}"] or none, dtype=np.float64) for i, name in enumerate(names)
    }


def _histograms(
    ibis: Any,
    table: Any,
    grids: Mapping[str, Floats],
    quartiles: Mapping[str, tuple[float, float]],
) -> dict[str, Histogram]:
    """Counts, sums and ends of every cell of every column, in one query."""
    if not grids:
        return {}
    engine = table.get_backend().name
    parts = []
    for i, (name, grid) in enumerate(grids.items()):
        cell = _cell(ibis, engine, i, table[name], grid)
        cells = table.select(c=cell, x=_finite(ibis, table[name]))
        parts.append(
            cells.group_by("c")
            .aggregate(n=cells.count(), s=cells.x.sum(), low=cells.x.min(), high=cells.x.max())
            .mutate(i=ibis.literal(i, type="int32"))
        )
    found = _frame(_all(ibis, parts).to_pyarrow())
    return {
        name: _histogram(
            {key: v[found["i"] == i] for key, v in found.items()}, grid, quartiles[name]
        )
        for i, (name, grid) in enumerate(grids.items())
    }


def _histogram(
    cells: Mapping[str, NDArray[Any]], grid: Floats, quartiles: tuple[float, float]
) -> Histogram:
    """From cells that are numbered 0 (before the grid), 1 (at its first point), 2 (between) ..."""
    counts = np.zeros(2 * len(grid) + 1, dtype=np.int64)
    sums = np.zeros(2 * len(grid) + 1)
    place = cells["c"].astype(np.int64)
    held = place >= 0
    counts[place[held]] = cells["n"][held]
    sums[place[held]] = cells["s"][held]
    reached = np.cumsum(counts)
    below, upto = reached[:-1:2], reached[1::2]
    rows = int(reached[-1])
    binned = Binned(grid, below, upto, sums[::2], rows)
    missing, infinite = (int(cells["n"][place == c].sum()) for c in (_MISSING, _INFINITE))
    bounds = outlier_bounds(quartiles)
    outliers = 0
    if bounds is not None and rows:
        first, last = below[np.searchsorted(grid, bounds)]
        outliers = int(first + rows - last)
    low = float(cells["low"][held].min()) if rows else 0.0
    high = float(cells["high"][held].max()) if rows else 0.0
    tally = Tally(rows + missing + infinite, missing, infinite, outliers)
    return Histogram(binned, tally, low, high)


def _number(ibis: Any, column: Any) -> Any:
    kind = column.type()
    if kind.is_date():
        column = column.cast("timestamp")
    if kind.is_timestamp() or kind.is_date():
        column = column.epoch_seconds()
    return ibis.ifelse(column, 1.0, 0.0) if kind.is_boolean() else column.cast("float64")


def _finite(ibis: Any, column: Any) -> Any:
    """The number, or null where it is none."""
    number = _number(ibis, column)
    if not column.type().is_floating():
        return number
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)


def _cell(ibis: Any, engine: str, place: int, column: Any, grid: Floats) -> Any:
    """The number of the cell that a value lies in: 0 before the grid, 1 at its first point, 2
    between the first and the second, and so on."""
    number = _number(ibis, column)
    found = _searched(ibis, engine, place, grid)(number)
    if column.type().is_floating():
        found = ibis.ifelse(number.isinf(), _INFINITE, found)
        number = ibis.ifelse(number.isnan(), ibis.null("float64"), number)
    return ibis.ifelse(number.isnull(), _MISSING, found).cast("int32")


def _searched(ibis: Any, engine: str, place: int, grid: Floats) -> Callable[[Any], Any]:
    """A search in the grid, by the engine's own function where it has one: a search written out
    as CASE works everywhere and takes ten times as long."""
    points = np.stack((grid, np.nextafter(grid, np.inf)), axis=1).ravel()
    real = ibis.dtype("float64")
    if engine == "duckdb":

        def cells(numbers: Any) -> Any:
            found = np.searchsorted(points, numbers.fill_null(np.nan).to_numpy(), side="right")
            # pyarrow is loaded: Ibis has just given one of its arrays.
            return sys.modules["pyarrow"].array(found, type="int32")

        return ibis.udf.scalar.pyarrow(  # type: ignore[no-any-return]
            cells, name=f"tandem_cell_{place}", signature=((real,), ibis.dtype("int32"))
        )
    if engine in _BISECTIONS:
        made = ibis.udf.scalar.builtin(
            _bisection,
            name=_BISECTIONS[engine],
            signature=((real, ibis.dtype("array<float64>")), ibis.dtype("int64")),
        )
        return lambda number: made(number, points.tolist())
    return partial(_written_out, ibis, grid.tolist())


def _bisection(number: float, points: list[float]) -> int:
    """Stands for the engine's function; Ibis takes its name and types only."""
    raise NotImplementedError


def _written_out(ibis: Any, points: list[float], number: Any) -> Any:
    def among(first: int, after: int) -> Any:
        middle = (first + after) // 2
        if middle == first:
            point = points[first]
            beyond = ibis.ifelse(number == point, 2 * first + 1, 2 * first + 2)
            return ibis.ifelse(number < point, 0, beyond) if first == 0 else beyond
        return ibis.ifelse(number < points[middle], among(first, middle), among(middle, after))

    return among(0, len(points))


def _categories(ibis: Any, table: Any, names: Sequence[str], rows: int) -> dict[str, Categories]:
    """Counts of every value of every column, the commonest first."""
    if not names:
        return {}
    parts = []
    for i, name in enumerate(names):
        texts = table.select(v=_as_text(ibis, table[name]))
        counted = texts.group_by("v").aggregate(n=texts.count())
        most = counted.order_by(ibis.desc("n")).limit(MOST_CATEGORIES)
        parts.append(most.mutate(i=ibis.literal(i, type="int32")))
    found = _all(ibis, parts).to_pyarrow().to_pylist()
    made = {}
    for i, name in enumerate(names):
        counted = [(row["v"], int(row["n"])) for row in found if row["i"] == i]
        kind = _kind(table[name].type())
        rest = rows - sum(times for _, times in counted)
        made[name] = count_categories(counted, rows, kind, rest)
    return made


def _as_text(ibis: Any, column: Any) -> Any:
    """A value as `read_categories` writes it: whole floats without a fraction."""
    kind = column.type()
    if kind.is_boolean():
        return ibis.ifelse(column, "true", "false")
    if kind.is_floating() or kind.is_decimal():
        whole = (column == column.round(0)) & (column.abs() < 1e15)
        plain = column.cast("string")
        text = ibis.ifelse(whole, column.cast("int64").cast("string"), plain)
        return (
            ibis.ifelse(column.isnan(), ibis.null("string"), text) if kind.is_floating() else text
        )
    return column.cast("string")


def _all(ibis: Any, parts: Iterable[Any]) -> Any:
    first, *more = parts
    return ibis.union(first, *more) if more else first
