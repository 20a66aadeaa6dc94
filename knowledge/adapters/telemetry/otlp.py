"""OpenTelemetry's JSON, read: spans, log lines and points of metrics.

The shapes are those of opentelemetry-proto in OTLP's JSON encoding (ids in hexadecimal, 64-bit
numbers as text, enumerations as numbers). Tempo answers in Protobuf's own (ids in base64,
enumerations by name), which is read as well.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.adapters.telemetry.levels import level_of, level_of_number
from knowledge.adapters.telemetry.times import from_nanoseconds
from knowledge.records import LogLine, Span

MOST_LABELS = 40
LONGEST_LABEL = 500
"""Of the attributes that are kept as labels; some SDKs put whole stack traces there."""
_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_BASE64_IDS = (12, 24)
"""Characters of 8 and 16 bytes in base64; in hexadecimal they are 16 and 32."""
_SERVICE = "service.name"
_PODS = ("k8s.pod.name", "pod", "service.instance.id", "host.name")


@dataclass(frozen=True)
class Point:
    """One point of a metric: `value` of a number, or `count`, `sum` and buckets of a histogram."""

    service: str
    metric: str
    unit: str
    labels: Mapping[str, str]
    at: float
    """Epoch seconds."""
    value: float = 0.0
    count: float = 0.0
    sum: float = 0.0
    bounds: tuple[float, ...] = ()
    buckets: tuple[float, ...] = ()
    """One more than `bounds`; empty where it is no histogram."""
    is_sum: bool = False
    """A counter, not a gauge."""
    is_delta: bool = False
    """Counted since the point before, not since the beginning."""


Wanted = Callable[[str, Mapping[str, Any]], bool]
"""By the service's name and a span as it stands in the JSON: most are sorted out before they are
read, which takes much longer than to look at them."""


def read_spans(batches: Any, wanted: Wanted = lambda service, span: True) -> Iterator[Span]:
    """Of "resourceSpans" (Tempo: "batches")."""
    for batch in _dicts(batches):
        resource = _resource(batch)
        service = resource.get(_SERVICE, "")
        scopes = batch.get("scopeSpans") or batch.get("instrumentationLibrarySpans")
        for scope in _dicts(scopes):
            for span in _dicts(scope.get("spans")):
                if wanted(service, span):
                    yield _span(span, resource)


def read_lines(batches: Any) -> Iterator[LogLine]:
    """Of "resourceLogs"."""
    for batch in _dicts(batches):
        resource = _resource(batch)
        for scope in _dicts(batch.get("scopeLogs")):
            for record in _dicts(scope.get("logRecords")):
                yield _line(record, resource)


def read_points(batches: Any) -> Iterator[Point]:
    """Of "resourceMetrics": gauges, sums and histograms; other kinds are left out."""
    for batch in _dicts(batches):
        resource = _resource(batch)
        for scope in _dicts(batch.get("scopeMetrics")):
            for metric in _dicts(scope.get("metrics")):
                yield from _points(metric, resource)


def id_of(text: object) -> str:
    """A trace's or span's id in lower case hexadecimal; empty for none."""
    plain = str(text or "")
    if len(plain) in _BASE64_IDS:
        try:
            plain = base64.b64decode(plain, validate=True).hex()
        except ValueError:
            return plain
    return "" if not plain.strip("0") else plain.lower()


def _span(span: Mapping[str, Any], resource: Mapping[str, str]) -> Span:
    start, end = _number(span.get("startTimeUnixNano")), _number(span.get("endTimeUnixNano"))
    status = span.get("status")
    code = status.get("code") if isinstance(status, Mapping) else None
    return Span(
        trace=id_of(span.get("traceId")),
        id=id_of(span.get("spanId")),
        parent=id_of(span.get("parentSpanId")),
        service=resource.get(_SERVICE, ""),
        operation=str(span.get("name") or ""),
        start=from_nanoseconds(start),
        seconds=max(0, end - start) / 1e9,
        failed=code in (2, "STATUS_CODE_ERROR"),
        kind=_kind(span.get("kind")),
        pod=_pod(resource),
        labels=_attributes(span.get("attributes")),
    )


def _line(record: Mapping[str, Any], resource: Mapping[str, str]) -> LogLine:
    at = _number(record.get("timeUnixNano")) or _number(record.get("observedTimeUnixNano"))
    level = level_of(record.get("severityText"))
    return LogLine(
        at=from_nanoseconds(at),
        service=resource.get(_SERVICE, ""),
        text=_text(record.get("body")),
        level=level or level_of_number(_number(record.get("severityNumber"))),
        pod=_pod(resource),
        trace=id_of(record.get("traceId")),
        labels=_attributes(record.get("attributes")),
    )


def _points(metric: Mapping[str, Any], resource: Mapping[str, str]) -> Iterator[Point]:
    for kind in ("gauge", "sum", "histogram"):
        data = metric.get(kind)
        if not isinstance(data, Mapping):
            continue
        is_delta = data.get("aggregationTemporality") in (1, "AGGREGATION_TEMPORALITY_DELTA")
        for point in _dicts(data.get("dataPoints")):
            yield Point(
                service=resource.get(_SERVICE, ""),
                metric=str(metric.get("name") or ""),
                unit=str(metric.get("unit") or ""),
                labels={**_attributes(point.get("attributes")), "": _pod(resource)},
                at=_number(point.get("timeUnixNano")) / 1e9,
                value=_float(point.get("asDouble", point.get("asInt"))),
                count=_float(point.get("count")),
                sum=_float(point.get("sum")),
                bounds=_floats(point.get("explicitBounds")),
                buckets=_floats(point.get("bucketCounts")),
                is_sum=kind == "histogram" or (kind == "sum" and bool(data.get("isMonotonic"))),
                is_delta=is_delta,
            )


def _resource(batch: Mapping[str, Any]) -> dict[str, str]:
    resource = batch.get("resource")
    return _attributes(resource.get("attributes")) if isinstance(resource, Mapping) else {}


def _attributes(listed: Any) -> dict[str, str]:
    pairs = list(_dicts(listed))[:MOST_LABELS]
    return {str(p.get("key") or ""): _text(p.get("value"))[:LONGEST_LABEL] for p in pairs}


def _text(value: Any) -> str:
    """An AnyValue as people would write it."""
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if not isinstance(value, Mapping) or not value:
        return ""
    kind, inner = next(iter(value.items()))
    match kind:
        case "arrayValue":
            return [_plain(v) for v in _dicts(_values(inner))]
        case "kvlistValue":
            pairs = _dicts(_values(inner))
            return {str(p.get("key") or ""): _plain(p.get("value")) for p in pairs}
        case "intValue":
            return _number(inner)
        case _:
            return inner


def _values(inner: Any) -> Any:
    return inner.get("values") if isinstance(inner, Mapping) else None


def _pod(resource: Mapping[str, str]) -> str:
    return next((resource[name] for name in _PODS if resource.get(name)), "")


def _kind(kind: Any) -> str:
    if isinstance(kind, str):
        word = kind.removeprefix("SPAN_KIND_").lower()
        return word if word in _KINDS.values() else ""
    return _KINDS.get(kind, "") if isinstance(kind, int) else ""


def _number(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def _float(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _floats(listed: Any) -> tuple[float, ...]:
    return tuple(map(_float, listed)) if isinstance(listed, list) else ()


def _dicts(listed: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, Mapping))
