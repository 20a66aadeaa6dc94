"""Cases from JSON documents ("rca-case/1"): pure, whoever opened the files."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.causes.case import (
    Case,
    Flow,
    Hop,
    LogCount,
    Logs,
    Operation,
    Readings,
    Symptom,
)
from knowledge.errors import BadArgs
from knowledge.records import Series

SCHEMA = "rca-case/1"
_MICRO = 1e-6


def parse_case(
    document: Any,
    calm: Any,
    traces: Any = None,
    calm_traces: Any = None,
) -> Case:
    """Build a case from its document, that of its calm data, and those of the traces of both.

    Raises BadArgs that names the field.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BadArgs("schema", f"is not {SCHEMA!r}", "Give a file of one failure.")
    target = _mapping(document, "target")
    edges = tuple((str(a), str(b)) for a, b in _rows(document, "edges", 2))
    return Case(
        id=_text(document, "case_id"),
        at=_moment(document, "failure_time"),
        step=timedelta(seconds=_number(document, "step_s")),
        symptom=Symptom(_text(target, "service"), str(target.get("metric", ""))),
        window=readings(_mapping(document, "window"), "window"),
        calm=readings(calm, "normal"),
        edges=edges,
        flow=parse_flow(traces),
        calm_flow=parse_flow(calm_traces),
        logs=parse_logs(traces),
        calm_logs=parse_logs(calm_traces),
    )


def readings(document: Any, field: str) -> Readings:
    """{"timestamps": [...], "series": {service: {signal: [value or null]}}}."""
    if not isinstance(document, dict):
        raise BadArgs(field, "is not an object with timestamps and series")
    times = _floats(document.get("timestamps"), f"{field}.timestamps")
    series = _mapping(document, "series", field)
    return {
        str(service): {
            str(name): _series(values, times, f"{field}.series.{service}.{name}")
            for name, values in _mapping(series, service, f"{field}.series").items()
        }
        for service in series
    }


def parse_flow(document: Any) -> Flow | None:
    """What traces say; None where they cover no minute."""
    if not isinstance(document, dict) or not document.get("minutes"):
        return None
    operations = tuple(
        Operation(str(service), str(name), int(n), *(float(us) * _MICRO for us in times))
        for service, name, n, *times in _rows(document, "ops", 7)
    )
    hops = tuple(
        Hop(str(caller), str(callee), int(n), float(p50) * _MICRO, float(p95) * _MICRO)
        for caller, callee, n, p50, p95 in _rows(document, "edges", 5)
    )
    return Flow(_number(document, "minutes"), operations, hops)


def parse_logs(document: Any) -> Logs | None:
    """What was logged; None where it covers no minute."""
    if not isinstance(document, dict) or not document.get("log_minutes"):
        return None
    counts = tuple(
        LogCount(str(service), str(level).lower(), str(line), int(n))
        for service, level, line, n in _rows(document, "logs", 4)
    )
    return Logs(_number(document, "log_minutes"), counts)


def _series(values: Any, times: NDArray[np.float64], field: str) -> Series:
    found = _floats(values, field)
    if len(found) != len(times):
        raise BadArgs(field, f"has {len(found)} values for {len(times)} timestamps")
    return Series({}, times, found)


def _floats(values: Any, field: str) -> NDArray[np.float64]:
    if not isinstance(values, list):
        raise BadArgs(field, "is missing, or not a list of numbers")
    try:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadArgs(field, "holds something that is neither a number nor null") from error


def _mapping(document: Mapping[str, Any], key: str, within: str = "") -> Mapping[str, Any]:
    found = document.get(key)
    if not isinstance(found, dict):
        raise BadArgs(f"{within}.{key}" if within else key, "is missing, or not an object")
    return found


def _rows(document: Mapping[str, Any], key: str, width: int) -> Sequence[Sequence[Any]]:
    rows = document.get(key, [])
    if not isinstance(rows, list) or any(
        not isinstance(row, list) or len(row) != width for row in rows
    ):
        raise BadArgs(key, f"is not a list of rows of {width}")
    return rows


def _text(document: Mapping[str, Any], key: str) -> str:
    found = document.get(key)
    if not isinstance(found, str) or not found:
        raise BadArgs(key, "is missing, or not a text")
    return found


def _number(document: Mapping[str, Any], key: str) -> float:
    found = document.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float) or found <= 0:
        raise BadArgs(key, "is missing, or not a positive number")
    return float(found)


def _moment(document: Mapping[str, Any], key: str) -> datetime:
    return datetime.fromtimestamp(_number(document, key), UTC)
