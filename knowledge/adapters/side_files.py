"""One question "model or infrastructure?" from files: signals over time, and what happened.

A JSON file holds all of it. A CSV or Parquet file is a table: a column `timestamp`, and one column
for each signal, named after what it measures; what happened comes from a second file then.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from knowledge.errors import UserError
from knowledge.model_or_infra import Bad, Case, Happened, Kind, Watched, What
from knowledge.model_or_infra.kinds import kind_of, unit_of

TABLES = (".csv", ".parquet")
SUFFIXES = (".json", *TABLES)
TIME = "timestamp"
BEGAN_OF = 0.25
"""Where nobody says since when, the last quarter of the time is looked at."""

T = TypeVar("T")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Signal(_Strict):
    name: str = Field(min_length=1)
    times: tuple[datetime, ...]
    values: tuple[float | None, ...]
    kind: Kind | None = None
    bad: Bad | None = None
    unit: str | None = None
    breadth: float | None = Field(None, ge=0, le=1)


class _Event(_Strict):
    what: What
    at: datetime
    says: str = ""


class _File(_Strict):
    model: str = ""
    now: datetime | None = None
    began: datetime | None = None
    signals: tuple[_Signal, ...]
    happened: tuple[_Event, ...] = ()
    asked: tuple[What, ...] = tuple(What)


@dataclass(frozen=True)
class SideFile:
    case: Case
    left_out: tuple[str, ...] = ()
    """Names that do not say what they measure."""


def read_side(
    path: Path,
    events: Path | None = None,
    began: datetime | None = None,
    now: datetime | None = None,
) -> SideFile:
    """`began` and `now` go before what the file says. Raises UserError that names file, field and
    remedy."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: cannot be read; give {', '.join(SUFFIXES)}.")
    if suffix == ".json":
        found = _valid(TypeAdapter(_File), _json(path), path)
    else:
        found = _File(signals=_table(path))
    if events is not None:
        told = _valid(TypeAdapter(tuple[_Event, ...]), _json(events), events)
        found = found.model_copy(update={"happened": (*found.happened, *told)})
    return _case(path, found, began, now)


def _case(path: Path, found: _File, began: datetime | None, now: datetime | None) -> SideFile:
    seen, left_out = [], []
    for number, signal in enumerate(found.signals):
        if len(signal.times) != len(signal.values):
            raise UserError(
                f"{path}: signals[{number}].values: {len(signal.values)} values for "
                f"{len(signal.times)} times; give each time one value, null where there is none."
            )
        measured = (signal.kind, Bad.UP) if signal.kind else kind_of(signal.name)
        if measured is None:
            left_out.append(signal.name)
        elif signal.times:
            seen.append(_watched(signal, *measured))
    if not seen:
        raise UserError(
            f"{path}: no signal's name says what it measures ({', '.join(left_out) or 'none'}); "
            'name them after it, such as "latency p99" or "input drift", or give each its kind.'
        )
    first = min(float(one.times[0]) for one in seen)
    last = max(float(one.times[-1]) for one in seen)
    until = _aware(now or found.now) or datetime.fromtimestamp(last, UTC)
    start = datetime.fromtimestamp(first, UTC)
    since = _aware(began or found.began) or until - BEGAN_OF * (until - start)
    if not start < since < until:
        raise UserError(
            f"{path}: began: {since:%Y-%m-%d %H:%M} UTC is not within {start:%Y-%m-%d %H:%M} to "
            f"{until:%Y-%m-%d %H:%M} UTC; say when trouble began, with some usual time before it."
        )
    happened = tuple(
        Happened(e.what, _aware(e.at) or until, e.says or e.what.value)
        for e in sorted(found.happened, key=lambda e: _aware(e.at) or until)
    )
    case = Case(
        now=until + timedelta(seconds=1),
        began=since,
        watched=tuple(seen),
        happened=happened,
        asked=frozenset(found.asked),
        about=found.model or path.stem,
    )
    return SideFile(case, tuple(left_out))


def _watched(signal: _Signal, kind: Kind, bad: Bad) -> Watched:
    times = np.array([(_aware(at) or at).timestamp() for at in signal.times])
    values = np.array([math.nan if v is None else v for v in signal.values], dtype=np.float64)
    order = np.argsort(times, kind="stable")
    known = values[np.isfinite(values)]
    usual = unit_of(kind, float(np.max(np.abs(known)))) if len(known) else ""
    unit = usual if signal.unit is None else signal.unit
    worse = signal.bad or _USUALLY.get(kind, bad)
    return Watched(
        kind, signal.name, times[order], values[order], worse, unit, breadth=signal.breadth
    )


_USUALLY = {Kind.VOLUME: Bad.EITHER, Kind.BUSINESS: Bad.DOWN}


# Files ------------------------------------------------------------------------------------------


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text; save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: line {error.lineno} is not JSON: {error.msg}.") from error


def _valid(adapter: TypeAdapter[T], content: Any, path: Path) -> T:
    try:
        return adapter.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise UserError(f"{path}: {where}: {first['msg']}. See `tandem side --help`.") from error


def _table(path: Path) -> tuple[_Signal, ...]:
    columns = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    if TIME not in columns:
        raise UserError(
            f"{path}: {TIME}: no such column; there are {', '.join(columns) or 'none'}. "
            f"Name the column of the times {TIME}."
        )
    times = tuple(_moment(value, path, row) for row, value in enumerate(columns[TIME], 2))
    return tuple(
        _Signal(
            name=name,
            times=times,
            values=tuple(_number(value, path, name, row) for row, value in enumerate(values, 2)),
        )
        for name, values in columns.items()
        if name != TIME
    )


def _csv(path: Path) -> Mapping[str, Sequence[Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text; save it as UTF-8.") from error
    if not rows:
        raise UserError(f"{path}: has no rows.")
    return {str(name).strip(): [row[name] for row in rows] for name in rows[0]}


def _parquet(path: Path) -> Mapping[str, Sequence[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: is not Parquet: {error}.") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}.") from error
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _moment(value: Any, path: Path, row: int) -> datetime:
    if isinstance(value, datetime):
        return _aware(value) or value
    try:
        text = str(value).strip()
        number = float(text) if text.replace(".", "", 1).isdigit() else None
        read = datetime.fromtimestamp(number, UTC) if number else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise UserError(
            f"{path} row {row}: {TIME}: {value!r} is no time; write epoch seconds or ISO 8601, as "
            "in 2026-03-01T08:00:00Z."
        ) from None
    return _aware(read) or read


def _number(value: Any, path: Path, name: str, row: int) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise UserError(
            f"{path} row {row}: {name}: {value!r} is no number; write a number, or nothing where "
            "there is none."
        ) from None
    return number if math.isfinite(number) else None


def _aware(at: datetime | None) -> datetime | None:
    """A time without a zone is UTC."""
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
