"""Parquet, CSV and JSON-lines files, folders of them, and globs."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.adapters.frames.arrays import from_arrow, is_text, read_column
from knowledge.adapters.frames.times import (
    TimeColumn,
    Window,
    epoch_unit,
    from_epoch,
    local_to_utc,
    parse_times,
    to_epoch,
    utc64,
    wall_time,
)
from knowledge.drift import Column, Columns, Profile, profile_for
from knowledge.errors import UserError
from knowledge.records import ColumnRoles, Frame

_FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
}
_KINDS = ", ".join(_FORMATS)
_SCHEMAS = 64
"""Of so many parts at most the columns are looked up; the newest may have new ones."""
_DST = timedelta(hours=3)
"""Wall times and UTC part by an offset that changes by less than this."""


class FileTable:
    """One file, a folder of files of one format, or a glob such as "log/*.parquet"."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, window: Window | None = None, names: Collection[str] = ()) -> Frame:
        with self._said():
            table = self._rows(self._open(), window, names)
            return {name: from_arrow(table.column(name)) for name in table.column_names}

    def columns(self, window: Window | None = None, against: Profile | None = None) -> Columns:
        with self._said():
            data = self._open(counted=True)
            if window is None and data.format.default_extname == "parquet":
                one: Callable[[str], Column] = partial(self._column, data)
                return Columns(data.count_rows(), {n: partial(one, n) for n in data.schema.names})
            table = self._rows(data, window, ())
        return Columns(
            table.num_rows,
            {name: partial(read_column, table.column(name)) for name in table.column_names},
        )

    def profile(
        self, roles: ColumnRoles, exclude: Collection[str], window: Window | None = None
    ) -> Profile:
        return profile_for(self.columns(window), roles, exclude)

    def span(self, time: TimeColumn) -> tuple[datetime, datetime] | None:
        times = self._times(time)
        times = times[~np.isnat(times)]
        if not len(times):
            return None
        first, last = times.min().item(), times.max().item()
        return first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)

    def last(self, time: TimeColumn, rows: int) -> Frame:
        times = self._times(time)
        held = times[~np.isnat(times)]
        if len(held) > rows > 0:
            since = np.partition(held, len(held) - rows)[len(held) - rows]
        else:
            since = held.min() if len(held) else np.datetime64(0, "us")
        start = since.item().replace(tzinfo=UTC)
        end = (held.max() if len(held) else since).item().replace(tzinfo=UTC)
        with self._said():
            window = Window(time, start, end + timedelta(microseconds=1))
            table = self._rows(self._open(), window, ())
            order = np.argsort(self._utc(table.column(time.name), time), kind="stable")
            newest = table.take(order[max(len(order) - rows, 0) :])
            return {name: from_arrow(newest.column(name)) for name in newest.column_names}

    def has(self, column: str) -> bool:
        with self._said():
            return column in self._open().schema.names

    def stamp(self) -> object:
        """Names, sizes and times of change of the files."""
        states = [(file, file.stat()) for file in self._files()]
        return tuple((str(file), state.st_mtime_ns, state.st_size) for file, state in states)

    # Files

    @contextmanager
    def _said(self) -> Iterator[None]:
        """pyarrow's errors as ours."""
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError) as error:
            why = str(error).splitlines()[0]
            raise UserError(
                f"{self._path} cannot be read: {why}. Is it the format its name says?"
            ) from error

    def _open(self, counted: bool = False) -> Any:
        """The files as one arrow dataset; `counted`: text is read as it was coded."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        files = self._files()
        formats = {_FORMATS[file.suffix.lower()] for file in files}
        if len(formats) > 1:
            raise UserError(
                f"{self._path} mixes {' and '.join(sorted(formats))} files; keep one format."
            )
        kind = formats.pop()
        names = [str(file) for file in files]
        some = names if len(names) <= _SCHEMAS else names[:1] + names[1 - _SCHEMAS :]
        schemas = [ds.dataset(name, format=kind).schema for name in some] if len(some) > 1 else []
        try:
            schema = pa.unify_schemas(schemas, promote_options="permissive") if schemas else None
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise UserError(
                f"{self._path}: its files disagree on a column's type: {_first(error)}. Write it "
                "with one type, or start a new folder."
            ) from error
        data = ds.dataset(names, schema=schema, format=kind)
        if not counted or kind != "parquet":
            return data
        text = {field.name for field in data.schema if is_text(field.type)}
        coded = ds.ParquetFileFormat(dictionary_columns=text)
        return ds.dataset(names, schema=schema and _coded(data.schema), format=coded)

    def _files(self) -> list[Path]:
        path = self._path
        if has_magic(str(path)) and not path.exists():
            found = sorted(Path(name) for name in glob(str(path), recursive=True))
            found = [f for f in found if f.suffix.lower() in _FORMATS and _finished(f)]
            if not found:
                raise UserError(f"{path} matches no data files; names must end in {_KINDS}.")
            return found
        if path.is_dir():
            found = sorted(f for f in path.rglob("*") if f.suffix.lower() in _FORMATS)
            found = [f for f in found if _finished(f)]
            if not found:
                raise UserError(f"{path} holds no data files; expected names that end in {_KINDS}.")
            return found
        if not path.exists():
            near = sorted(f.name for f in path.parent.glob("*") if f.suffix.lower() in _FORMATS)
            hint = f" Beside it are: {', '.join(near[:5])}." if near else ""
            raise UserError(f"{path} does not exist.{hint}")
        if path.suffix.lower() not in _FORMATS:
            raise UserError(f"{path} is of no known format; names must end in one of {_KINDS}.")
        return [path]

    def _column(self, data: Any, name: str) -> Column:
        with self._said():
            return read_column(data.to_table(columns=[name]).column(name))

    # Times

    def _rows(self, data: Any, window: Window | None, names: Collection[str]) -> Any:
        """An arrow table of the window; for Parquet, row groups outside are not read."""
        import pyarrow as pa

        wanted = [name for name in data.schema.names if not names or name in names]
        if window is None:
            return data.to_table(columns=wanted)
        time = window.time
        self._time_type(data, time)
        table = data.to_table(
            columns=list(dict.fromkeys((*wanted, time.name))), filter=self._roughly(data, window)
        )
        times = self._utc(table.column(time.name), time)
        inside = (times >= utc64(window.start)) & (times < utc64(window.end))
        kept = table if inside.all() else table.filter(pa.array(inside))
        return kept.select(wanted)

    def _roughly(self, data: Any, window: Window) -> Any:
        """A filter in the column's own type that no row of the window fails; None for text."""
        import pyarrow as pa
        import pyarrow.compute as pc

        time, field = window.time, pc.field(window.time.name)
        kind = self._time_type(data, time)
        if is_text(kind) or pa.types.is_dictionary(kind) or pa.types.is_null(kind):
            return None
        if pa.types.is_timestamp(kind):
            slack = _DST if time.zone and kind.tz is None else timedelta(0)
            ends = (window.start - slack, window.end + slack)
            zoned = ends if kind.tz else [wall_time(end, time.zone) for end in ends]
            low, high = (pa.scalar(end, pa.timestamp("us", kind.tz)) for end in zoned)
            # Bounds finer than the column's unit are rounded outwards: rows are looked at again.
            low, high = low.cast(kind, safe=False), high.cast(kind, safe=False)
            return (field >= low) & (field <= high)
        if pa.types.is_date(kind):
            day = timedelta(days=1)
            return (field >= pa.scalar((window.start - day).date(), kind)) & (
                field <= pa.scalar((window.end + day).date(), kind)
            )
        unit = epoch_unit(time, from_arrow(data.head(1000, columns=[time.name]).column(time.name)))
        low, high = to_epoch(window.start, unit), to_epoch(window.end, unit)
        return (field >= low) & (field <= high)

    def _times(self, time: TimeColumn) -> NDArray[np.datetime64]:
        with self._said():
            data = self._open()
            self._time_type(data, time)
            return self._utc(data.to_table(columns=[time.name]).column(time.name), time)

    def _utc(self, column: Any, time: TimeColumn) -> NDArray[np.datetime64]:
        import pyarrow as pa

        kind = column.type
        if pa.types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type
        if is_text(kind):
            return parse_times(column.to_pylist(), str(self._path), time)
        if pa.types.is_null(kind):
            return np.full(len(column), np.datetime64("NaT", "us"))
        values = from_arrow(column)
        if pa.types.is_timestamp(kind) and kind.tz:
            return values
        if values.dtype.kind == "M":
            return local_to_utc(values, time.zone)
        return from_epoch(values, epoch_unit(time, values))

    def _time_type(self, data: Any, time: TimeColumn) -> Any:
        import pyarrow as pa

        if time.name not in data.schema.names:
            names = ", ".join(data.schema.names[:12])
            raise UserError(
                f"{self._path} has no time column {time.name!r}; its columns are {names}."
            )
        kind = data.schema.field(time.name).type
        number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        timely = pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_null(kind)
        plain = kind.value_type if pa.types.is_dictionary(kind) else kind
        if timely or is_text(plain) or (number and time.epoch):
            return kind
        raise UserError(
            f"{self._path}: time column {time.name!r} is of type {kind}, not a time. "
            'Seconds since 1970 need time_format = "epoch".'
        )


def _coded(schema: Any) -> Any:
    """A schema whose text is dictionary coded."""
    import pyarrow as pa

    code = pa.int32()
    return pa.schema(
        [pa.field(f.name, pa.dictionary(code, f.type)) if is_text(f.type) else f for f in schema]
    )


def _finished(file: Path) -> bool:
    # Writers keep unfinished parts under names such as _tmp or .part.
    return file.is_file() and not file.name.startswith(("_", "."))


def _first(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
