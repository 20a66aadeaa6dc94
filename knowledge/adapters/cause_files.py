"""Cases of a search for the cause, from files: JSON as it is, or gzipped.

A case names its calm data by a path within its data set: that is looked for beside the case file
and in the folders above it. What traces say is in `traces/` there, under the case's own file name,
with any calm stretch of the same system named `normal-<system>-<rest>`.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.causes import Case, Ranking, rank
from knowledge.causes.reading import parse_case
from knowledge.errors import UserError

_LEVELS = 3
"""So many folders up from a case the data set may begin."""


@dataclass(frozen=True)
class TelemetryCase:
    """A case that can be ranked, like those of alerts alone."""

    case: Case

    @property
    def id(self) -> str:
        return self.case.id

    def rank(self) -> Ranking:
        return rank(self.case)


def read_case(path: Path) -> Case:
    """Read a case and what belongs to it. Raises UserError that names the file and the field."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise UserError(f"{path}: is not a case: a JSON object with `schema`, `window` ...")
    normal = document.get("normal")
    calm = _beside(path, normal) if isinstance(normal, str) and normal else None
    if calm is None:
        raise UserError(
            f"{path}: normal: {normal!r} is not there; it is looked for from {path.parent} upwards."
        )
    traces, calm_traces = _traces(path, calm)
    try:
        return parse_case(
            document,
            _kept(calm),
            _kept(traces) if traces else None,
            _kept(calm_traces) if calm_traces else None,
        )
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def read_json(path: Path) -> Any:
    """Raises UserError."""
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise UserError(f"{path}: is not JSON ({error}).") from error


def read_text(path: Path) -> str:
    """A text, gzipped where its name says so. Raises UserError."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({error}).") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text.") from error


@lru_cache(maxsize=8)
def _kept(path: Path) -> Any:
    """Calm data are shared by many cases."""
    return read_json(path)


def _above(path: Path) -> Iterator[Path]:
    return iter(path.resolve().parents[:_LEVELS])


def _beside(path: Path, relative: str) -> Path | None:
    found = (folder / relative for folder in _above(path))
    return next((file for file in found if file.is_file()), None)


def _traces(path: Path, calm: Path) -> tuple[Path | None, Path | None]:
    """The traces of the case and of calm times. Both or none: one alone says nothing."""
    mine = _beside(path, f"traces/{path.name}")
    if mine is None:
        return None, None
    names = sorted(file for file in mine.parent.iterdir() if file.name.startswith("normal-"))
    ending = [file for file in names if calm.name.endswith(file.name.removeprefix("normal-"))]
    return (mine, ending[0]) if ending else (None, None)
