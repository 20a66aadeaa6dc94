"""Tables of data from Parquet, CSV, JSON lines and SQL, and the models' data named in a TOML file.

A frame holds numpy columns: integers with gaps become floats with NaN, text becomes objects with
None, times are datetime64 in UTC. A time without a zone is taken as UTC.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from sqlalchemy import DateTime, Float, bindparam, create_engine, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from knowledge.drift import DriftReport, Profile, compare, profile_for
from knowledge.errors import NotFound, Unavailable, UserError
from knowledge.records import ColumnRoles, Frame, ModelFacts

_FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
}
_KINDS = ", ".join(_FORMATS)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """Rows whose `column` lies in [start, end). `epoch`: the column counts seconds since 1970."""

    column: str
    start: datetime
    end: datetime
    epoch: bool = False


def read_frame(
    source: str | Path,
    *,
    query: str = "",
    window: Window | None = None,
    exclude: Collection[str] = (),
) -> Frame:
    """Read a file, a folder of files of one format, or the answer to an SQL query.

    `source` is a path or an SQLAlchemy URL; a URL needs `query`, which is given :start and :end
    when there is a window. Raises UserError that names the source, the problem and the remedy;
    Unavailable when a database cannot be reached.
    """
    if "://" in str(source):
        frame = _read_sql(str(source), query, window)
    else:
        frame = _read_files(Path(source), window)
    return {name: values for name, values in frame.items() if name not in exclude}


# Files


def _read_files(path: Path, window: Window | None) -> Frame:
    import pyarrow as pa

    try:
        data = _open_dataset(path)
        table = data.to_table() if window is None else _read_window(data, path, window)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OSError) as error:
        why = str(error).splitlines()[0]
        raise UserError(f"{path} cannot be read: {why}. Is it the format its name says?") from error
    return {name: _to_numpy(table.column(name)) for name in table.column_names}


def _open_dataset(path: Path) -> Any:
    import pyarrow.dataset as ds

    files = _files(path)
    formats = {_FORMATS[file.suffix.lower()] for file in files}
    if len(formats) > 1:
        raise UserError(f"{path} mixes {' and '.join(sorted(formats))} files; keep one format.")
    return ds.dataset([str(file) for file in files], format=formats.pop())


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(f for f in path.rglob("*") if f.suffix.lower() in _FORMATS and f.is_file())
        # Writers keep unfinished parts under names such as _tmp or .part.
        found = [f for f in found if not f.name.startswith(("_", "."))]
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


def _read_window(data: Any, path: Path, window: Window) -> Any:
    """Only the rows of the window; for Parquet, parts and row groups outside are not read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = _time_type(data, path, window.column)
    time = pc.field(window.column)
    if window.epoch:
        low, high = window.start.timestamp(), window.end.timestamp()
    elif pa.types.is_timestamp(kind):
        zoned = kind.tz is not None
        low, high = (
            pa.scalar(t if zoned else t.astimezone(UTC).replace(tzinfo=None), type=kind)
            for t in (window.start, window.end)
        )
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        table = data.to_table()
        times = _parse_times(table.column(window.column), path, window.column)
        return table.filter(pa.array((times >= _utc(window.start)) & (times < _utc(window.end))))
    else:
        raise UserError(
            f"{path}: time column {window.column!r} is of type {kind}, not a time. "
            'Seconds since 1970 need time_format = "epoch".'
        )
    return data.to_table(filter=(time >= low) & (time < high))


def _time_type(data: Any, path: Path, column: str) -> Any:
    if column not in data.schema.names:
        names = ", ".join(data.schema.names[:12])
        raise UserError(f"{path} has no time column {column!r}; its columns are {names}.")
    return data.schema.field(column).type


def _parse_times(values: Any, path: Path, column: str) -> NDArray[Any]:
    try:
        return np.array(
            [_utc(datetime.fromisoformat(v)) if v else None for v in values.to_pylist()],
            dtype="datetime64[us]",
        )
    except ValueError as error:
        raise UserError(f"{path}: time column {column!r}: {error}; write ISO 8601.") from error


def _utc(moment: datetime) -> np.datetime64:
    naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return np.datetime64(naive, "us")


def _to_numpy(column: Any) -> NDArray[Any]:
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
    elif types.is_string(kind) or types.is_large_string(kind):
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


def _shared_text(column: Any) -> NDArray[Any]:
    """One Python string per category instead of one per row: less memory, faster to count."""
    coded = column.combine_chunks().dictionary_encode()
    names = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    codes = coded.indices.fill_null(len(names) - 1).to_numpy()
    return np.asarray(names[codes], dtype=object)


# SQL


def _read_sql(url: str, query: str, window: Window | None) -> Frame:
    if not query:
        raise UserError(f"{_without_password(url)} needs a query that says which rows to read.")
    statement = text(query)
    given: dict[str, Any] = {}
    if window is not None:
        epoch = window.epoch
        times = {"start": window.start.astimezone(UTC), "end": window.end.astimezone(UTC)}
        named = {name: time for name, time in times.items() if f":{name}" in query}
        if len(named) < 2:
            raise UserError("The query for current data must use :start and :end.")
        given = {n: t.timestamp() if epoch else t.replace(tzinfo=None) for n, t in named.items()}
        statement = statement.bindparams(
            *(bindparam(n, type_=Float() if epoch else DateTime()) for n in named)
        )
    try:
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise UserError(f"{_without_password(url)} is no usable database URL: {error}") from error
    try:
        with engine.connect() as connection:
            answer = connection.execute(statement, given)
            names, rows = list(answer.keys()), answer.fetchall()
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unavailable(_without_password(url), why) from error
    finally:
        engine.dispose()
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return {name: _column_of(values) for name, values in zip(names, columns, strict=True)}


def _column_of(values: Collection[Any]) -> NDArray[Any]:
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
        times = [_utc(v) if isinstance(v, datetime) else v for v in values]
        return np.array(times, dtype="datetime64[us]")
    kept = [v if v is None or isinstance(v, str | bool) else str(v) for v in values]
    return np.array(kept, dtype=object)


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


# The models' data, from TOML


class SqlSource(BaseModel):
    """Rows from a database. A query for current data uses :start and :end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    query: str
    span_query: str = ""
    """Gives the first and the last time; only needed to say which range there is."""


class ModelData(BaseModel):
    """One `[models.<name>]` table of the file that TANDEM_MODELS names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str | SqlSource
    current: str | SqlSource
    time: str = ""
    time_format: Literal["timestamp", "epoch"] = "timestamp"
    exclude: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    prediction: str = ""
    weights: dict[str, float] = {}

    @model_validator(mode="after")
    def _files_need_a_time(self) -> "ModelData":
        if isinstance(self.current, str) and not self.time:
            raise ValueError("time is missing; name the column of `current` that holds the time")
        return self


class _ModelsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    models: dict[str, ModelData]


@dataclass
class _Kept:
    """Profiles by model, with the state of the files they were made from."""

    stamps: dict[str, object] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)


class FileFrames:
    """The Frames port over files and databases; relative paths start at `folder`."""

    def __init__(self, models: Mapping[str, ModelData], folder: Path = Path()) -> None:
        self._models = dict(models)
        self._folder = folder
        self._kept = _Kept()
        self._lock = Lock()

    @classmethod
    def from_toml(cls, path: Path) -> "FileFrames":
        """Raises UserError that names the file, the field and what is wrong with it."""
        try:
            read = _ModelsFile.model_validate(tomllib.loads(path.read_text("utf-8")))
        except OSError as error:
            raise UserError(f"TANDEM_MODELS: {path} cannot be read: {error.strerror}.") from error
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{path} is not valid TOML: {error}.") from error
        except ValidationError as error:
            lines = "; ".join(_say(e) for e in error.errors())
            raise UserError(f"{path}: {lines}.") from None
        return cls(read.models, path.parent)

    def names(self) -> list[str]:
        return list(self._models)

    def reference(self, model: str) -> Frame:
        data = self._data(model)
        return self._read(data.reference, None, {*data.exclude, data.time})

    def current(self, model: str, start: datetime, end: datetime) -> Frame:
        data = self._data(model)
        window = Window(data.time, start, end, data.time_format == "epoch")
        return self._read(data.current, window, {*data.exclude, data.time})

    def profile(self, model: str) -> Profile:
        data = self._data(model)
        stamp = self._stamp(data.reference)
        with self._lock:
            if self._kept.stamps.get(model) != stamp:
                made = profile_for(self.reference(model), self.roles(model))
                self._kept.profiles[model] = made
                self._kept.stamps[model] = stamp
            return self._kept.profiles[model]

    def span(self, model: str) -> tuple[datetime, datetime] | None:
        data = self._data(model)
        if isinstance(data.current, SqlSource):
            if not data.current.span_query:
                return None
            frame = read_frame(data.current.url, query=data.current.span_query)
            ends = [values[0] for values in frame.values() if len(values)]
        else:
            path = self._folder / data.current
            times = _file_times(path, data.time)
            ends = [times.min(), times.max()] if len(times) else []
        moments = [_moment(end) for end in ends]
        return (moments[0], moments[1]) if len(moments) == 2 and all(moments) else None  # type: ignore[return-value]

    def roles(self, model: str) -> ColumnRoles:
        data = self._data(model)
        return ColumnRoles(data.categorical, data.prediction, weights=data.weights)

    def about(self, model: str) -> ModelFacts:
        self._data(model)
        return ModelFacts()

    def last(self, model: str, rows: int) -> Frame:
        span = self.span(model)
        if span is None:
            return self.current(model, EPOCH, EPOCH)
        frame = self.current(model, span[0], span[1] + timedelta(seconds=1))
        return {name: values[-rows:] for name, values in frame.items()}

    def report(
        self,
        model: str,
        start: datetime,
        end: datetime,
        *,
        against: tuple[datetime, datetime] | None = None,
        usual_rows: float = 0.0,
    ) -> DriftReport:
        roles = self.roles(model)
        known = (
            self.profile(model)
            if against is None
            else profile_for(self.current(model, *against), roles)
        )
        current = self.current(model, start, end)
        return compare(known, current, weights=roles.weights, usual_rows=usual_rows)

    def _data(self, model: str) -> ModelData:
        lower = {name.lower(): name for name in self._models}
        if model.lower() not in lower:
            raise NotFound.among("model with known data", model, self._models)
        return self._models[lower[model.lower()]]

    def _read(
        self, source: str | SqlSource, window: Window | None, exclude: Collection[str]
    ) -> Frame:
        if isinstance(source, SqlSource):
            return read_frame(source.url, query=source.query, window=window, exclude=exclude)
        return read_frame(self._folder / source, window=window, exclude=exclude)

    def _stamp(self, source: str | SqlSource) -> object:
        """Changes when a file of the source does; a database's answer is kept until restart."""
        if isinstance(source, SqlSource):
            return source
        states = [(file, file.stat()) for file in _files(self._folder / source)]
        return tuple((str(file), state.st_mtime_ns, state.st_size) for file, state in states)


def _file_times(path: Path, column: str) -> NDArray[Any]:
    """All times of the current data that are there, unordered."""
    import pyarrow as pa

    data = _open_dataset(path)
    kind = _time_type(data, path, column)
    values = data.to_table(columns=[column]).column(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        times = _parse_times(values, path, column)
    else:
        times = _to_numpy(values)
    # Gaps (NaN, NaT) are not equal to themselves.
    return np.asarray(times[times == times])


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        value = _utc(datetime.fromisoformat(value))
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[us]").item().replace(tzinfo=UTC)  # type: ignore[no-any-return]
    return datetime.fromtimestamp(float(value), UTC) if value is not None else None


def _say(error: Any) -> str:
    """One validation error as a person would say it: field, problem, what was found."""
    place = ".".join(str(part) for part in error["loc"] if part not in ("str", "SqlSource"))
    if error["type"] == "extra_forbidden":
        return f"{place}: no such field; see deploy/models.toml for those there are"
    if error["type"] == "missing":
        return f"{place}: missing"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"
