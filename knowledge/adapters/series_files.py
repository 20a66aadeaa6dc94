"""One series from a file: CSV, JSON lines or Parquet with the columns timestamp and value."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from knowledge.errors import UserError

SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")
_COLUMNS = ("timestamp", "value")
_EPOCH_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From such a size on, an epoch is in nano-, micro- or milliseconds."""


@dataclass(frozen=True)
class SeriesFile:
    """The rows of a file in their order, which is the order of the stream."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """As text, for those who write them again."""
    stamps: tuple[str, ...]
    times: tuple[float, ...]
    """Epoch seconds; a stamp without a zone is UTC."""
    values: tuple[float, ...]
    """NaN where the file has nothing."""


def read_series(path: Path) -> SeriesFile:
    """Read a file. Raises UserError that names file, line, field and remedy."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: cannot be read as a series; give {', '.join(SUFFIXES)}.")
    try:
        rows = list({".csv": _csv, ".parquet": _parquet}.get(suffix, _json_lines)(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text; save it as UTF-8.") from error
    if not rows:
        raise UserError(f"{path}: has no rows; a row has a timestamp and a value.")
    columns = tuple(rows[0][1])
    return SeriesFile(
        columns,
        tuple(tuple(row.values()) for _, row in rows),
        tuple(row["timestamp"] for _, row in rows),
        tuple(_time(row["timestamp"], path, line) for line, row in rows),
        tuple(_value(row["value"], path, line) for line, row in rows),
    )


def _csv(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        names = [name.strip() for name in header]
        if names:
            _check(names, path)
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                raise UserError(
                    f"{path} line {reader.line_num}: {len(row)} fields where the header has "
                    f"{len(names)}; give each row one field for each column."
                )
            yield reader.line_num, dict(zip(names, row, strict=True))


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise UserError(f"{path} line {number}: is not JSON: {error.msg}.") from error
            if not isinstance(row, dict):
                raise UserError(
                    f'{path} line {number}: is no object; write {{"timestamp": ..., "value": ...}}.'
                )
            _check(list(row), path, number)
            yield number, {name: _text(row[name]) for name in _COLUMNS}


def _parquet(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
        _check(names, path)
        table = pq.read_table(path, columns=list(_COLUMNS))
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: is not Parquet: {error}.") from error
    stamps, values = (table.column(name).to_pylist() for name in _COLUMNS)
    for number, (stamp, value) in enumerate(zip(stamps, values, strict=True), 1):
        yield number, {"timestamp": _text(stamp), "value": _text(value)}


def _check(names: list[str], path: Path, line: int | None = None) -> None:
    where = f"{path} line {line}" if line else str(path)
    for column in _COLUMNS:
        if column not in names:
            raise UserError(
                f"{where}: {column}: no such column; there are {', '.join(names)}. "
                "Name the two columns timestamp and value."
            )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)


def _time(text: str, path: Path, line: int) -> float:
    try:
        epoch = float(text)
    except ValueError:
        return _iso(text, path, line)
    if not math.isfinite(epoch):
        raise UserError(f"{path} line {line}: timestamp: {text!r} is no time.")
    for size, unit in _EPOCH_UNITS:
        if abs(epoch) >= size:
            return epoch / unit
    return epoch


def _iso(text: str, path: Path, line: int) -> float:
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UserError(
            f"{path} line {line}: timestamp: {text!r} is no time; write epoch seconds or ISO 8601, "
            "as in 2026-03-01T08:00:00Z."
        ) from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _value(text: str, path: Path, line: int) -> float:
    if not text.strip():
        return math.nan
    try:
        return float(text)
    except ValueError:
        raise UserError(
            f"{path} line {line}: value: {text!r} is no number; write a number, or nothing where "
            "there is none."
        ) from None
