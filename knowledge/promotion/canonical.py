"""Frozen values as canonical JSON and back: the same value is the same text, on every machine.

Keys are sorted, nothing is spaced, all is ASCII, times are ISO 8601 with their offset, lengths of
time are seconds, sets are sorted, and what JSON has no number for is "NaN", "Infinity" or
"-Infinity". Reading is forgiving: a field that came later takes its default, and one that is gone
is left out, so that what was frozen years ago can still be shown.
"""

import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

ValueT = TypeVar("ValueT")


def to_json(value: object) -> str:
    """Raises TypeError for a value that is none of ours."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_json(kind: type[ValueT], text: str) -> ValueT:
    """Raises ValueError, KeyError or TypeError for what `to_json` did not write."""
    value: ValueT = _value(kind, json.loads(text))
    return value


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _unusual(value)
    if isinstance(value, datetime | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return str(value)


def _unusual(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _value(kind: Any, data: Any) -> Any:
    """The value of this annotated type that `_plain` made `data` of."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _either(get_args(kind), data)
    if origin is not None:
        return _collection(origin, get_args(kind), data)
    if not isinstance(kind, type):
        return data
    if is_dataclass(kind):
        return _instance(kind, data)
    return _scalar(kind, data)


def _either(kinds: tuple[Any, ...], data: Any) -> Any:
    """Ours are always "something or None"."""
    if data is None:
        return None
    return _value(next(kind for kind in kinds if kind is not types.NoneType), data)


def _collection(origin: Any, kinds: tuple[Any, ...], data: Any) -> Any:
    if origin is tuple and kinds[-1] is not Ellipsis:
        return tuple(_value(kind, item) for kind, item in zip(kinds, data, strict=True))
    if origin in (tuple, frozenset):
        return origin(_value(kinds[0], item) for item in data)
    return {key: _value(kinds[1], item) for key, item in data.items()}


def _scalar(kind: type, data: Any) -> Any:
    if issubclass(kind, Enum):
        return kind(data)
    if kind is timedelta:
        return timedelta(seconds=data)
    if kind in (datetime, time):
        return kind.fromisoformat(data)
    if kind is float:
        return float(data)
    return data


def _instance(kind: Any, data: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    given = {
        f.name: _value(hints[f.name], data[f.name])
        for f in fields(kind)
        if f.name in data or not _has_default(f)
    }
    return kind(**given)


def _has_default(field: "Field[Any]") -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
