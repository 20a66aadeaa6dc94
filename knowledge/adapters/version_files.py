"""A registry read from files: versions with what is known of each, for judging offline.

JSON and JSON lines hold an object a version: the fields of `ModelVersion`, and those of `Details`
under `details`. CSV and Parquet hold a row a version: `model`, `version`, `created_at`, `dataset`,
`dataset_digest`, `aliases` (spaces between), `description`, and columns like `metric.auc`,
`tag.service`, `param.depth`, `source.git commit`, `timing.p99`, `importance.amount`, `artifact`,
`size_bytes`, `card`, `trained_on`.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from knowledge.adapters.frames import read_frame
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.errors import UserError
from knowledge.records import Details, Frame, ModelVersion

_GROUPS = {
    "metric": ("", "metrics"),
    "tag": ("", "tags"),
    "param": ("", "params"),
    "source": ("details", "source"),
    "timing": ("details", "timings"),
    "importance": ("details", "importances"),
}
_OF_DETAILS = ("artifact", "size_bytes", "card", "trained_on", "text")
_VERSION = TypeAdapter(ModelVersion)
_DETAILS = TypeAdapter(Details)
_FIELDS = frozenset(ModelVersion.__dataclass_fields__)


def read_versions(path: Path) -> MemoryModels:
    """All versions of a file. Raises UserError that names file, line, field and remedy."""
    models = MemoryModels()
    for where, given in _objects(path):
        version, details = _read(where, given)
        models.add(version)
        models.known[version.model, version.version] = details
    if not models.names():
        raise UserError(f"{path}: it holds no version; write one JSON object a line.")
    return models


def read_predictions(models: MemoryModels, model: str, given: Iterable[str]) -> None:
    """Put tables of predictions beside their versions. Each is "VERSION=FILE", for the data of the
    version's own digest, or "VERSION@DIGEST=FILE". Raises UserError."""
    for text in given:
        name, sign, file = text.partition("=")
        number, _, digest = name.partition("@")
        if not (sign and number and file):
            raise UserError(f"--predictions {text!r}: write VERSION=FILE or VERSION@DIGEST=FILE.")
        version = models.version(model, number)
        table: Frame = read_frame(file)
        of = models.answers.setdefault((version.model, version.version), {})
        of[digest or version.dataset_digest] = table


def _objects(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.suffix.lower() in (".csv", ".parquet"):
        yield from _rows(path)
        return
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error
    whole = _json(text)
    if isinstance(whole, list):
        yield from ((f"{path} item {n}", item) for n, item in enumerate(whole, 1))
        return
    if isinstance(whole, dict):
        yield str(path), whole
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found = _json(line)
            if not isinstance(found, dict):
                raise UserError(f"{path} line {number}: it is no JSON object.")
            yield f"{path} line {number}", found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    table = read_frame(path)
    for number in range(len(next(iter(table.values()), ()))):
        row = {name: _plain(values[number]) for name, values in table.items()}
        yield f"{path} row {number + 1}", _nested(row)


def _plain(value: Any) -> Any:
    """A cell as JSON would have it; None where it is empty."""
    if hasattr(value, "astype") and str(getattr(value, "dtype", "")).startswith("datetime64"):
        return None if str(value) == "NaT" else f"{value.astype('datetime64[us]').item()}+00:00"
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and math.isnan(plain) else plain


def _nested(row: Mapping[str, Any]) -> Mapping[str, Any]:
    made: dict[str, Any] = {"details": {}}
    for name, value in row.items():
        group, dot, key = name.partition(".")
        if value is None:
            continue
        if dot and group in _GROUPS:
            outer, inner = _GROUPS[group]
            kept = value if group in ("metric", "timing", "importance") else _text(value)
            (made[outer] if outer else made).setdefault(inner, {})[key] = kept
        elif name in _OF_DETAILS:
            made["details"][name] = int(value) if name == "size_bytes" else _text(value)
        elif name == "aliases":
            made["aliases"] = str(value).split()
        else:
            made[name] = _text(value)
    return made


def _text(value: Any) -> str:
    """Whole numbers of a table come as floats: version 7 must not become "7.0"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _read(where: str, given: Mapping[str, Any]) -> tuple[ModelVersion, Details]:
    if not isinstance(given, dict):
        raise UserError(f"{where}: it is no JSON object.")
    fields = dict(given)
    details = fields.pop("details", {})
    unknown = sorted(set(fields) - _FIELDS)
    if unknown:
        known = ", ".join(sorted(_FIELDS | {"details"}))
        raise UserError(f"{where}: {unknown[0]}: no such field; there are {known}.")
    for name in ("version", "model"):
        if isinstance(fields.get(name), int):
            fields[name] = str(fields[name])
    try:
        version = _VERSION.validate_python(fields)
        at = version.created_at
        # A time without a zone is one in UTC.
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        return replace(version, created_at=at), _DETAILS.validate_python(details)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        problem = "it is missing" if first["type"] == "missing" else first["msg"]
        raise UserError(f"{where}: {place}: {problem}.") from None
