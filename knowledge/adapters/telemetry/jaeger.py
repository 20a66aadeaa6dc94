"""Traces of a Jaeger, by the JSON that its own pages read: GET /api/traces."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from knowledge.adapters.telemetry.asking import Asker, known_shape
from knowledge.adapters.telemetry.otlp import LONGEST_LABEL, MOST_LABELS
from knowledge.adapters.telemetry.template import is_name
from knowledge.adapters.telemetry.traces import whole_traces
from knowledge.records import Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PODS = ("k8s.pod.name", "pod", "hostname", "host.name")


class Jaeger:
    """`ports.Traces`."""

    def __init__(self, asker: Asker, traces: int = 100) -> None:
        """`traces` are asked for at most."""
        self._asker = asker
        self.name = asker.system
        self._traces = traces

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        if not is_name(service):
            return []
        answer = self._asker.get(
            "/api/traces",
            {
                "service": service,
                "start": (start - _EPOCH) // _MICROSECOND,
                "end": (end - _EPOCH) // _MICROSECOND,
                "limit": self._traces,
            },
        )
        with known_shape(self._asker.system):
            found = [span for trace in _dicts(answer.get("data")) for span in _spans(trace)]
        return whole_traces(found, service, start, end, limit)

    def check(self, at: datetime) -> None:
        self._asker.get("/api/services")

    def close(self) -> None:
        self._asker.close()


def _spans(trace: Mapping[str, Any]) -> Iterator[Span]:
    processes = trace.get("processes")
    known = processes if isinstance(processes, Mapping) else {}
    for span in _dicts(trace.get("spans")):
        process = known.get(span.get("processID"))
        yield _span(span, process if isinstance(process, Mapping) else {})


def _span(span: Mapping[str, Any], process: Mapping[str, Any]) -> Span:
    labels, of_process = _tags(span.get("tags")), _tags(process.get("tags"))
    return Span(
        trace=str(span.get("traceID") or ""),
        id=str(span.get("spanID") or ""),
        parent=_parent(span),
        service=str(process.get("serviceName") or ""),
        operation=str(span.get("operationName") or ""),
        start=_EPOCH + int(span.get("startTime") or 0) * _MICROSECOND,
        seconds=float(span.get("duration") or 0) / 1e6,
        failed=labels.get("error") == "true" or labels.get("otel.status_code") == "ERROR",
        kind=labels.get("span.kind", ""),
        pod=next((of_process[name] for name in _PODS if of_process.get(name)), ""),
        labels=labels,
    )


def _parent(span: Mapping[str, Any]) -> str:
    """The span it is a child of, before one that it only follows; of its own trace."""
    references = [r for r in _dicts(span.get("references")) if r.get("traceID") == span["traceID"]]
    references.sort(key=lambda r: r.get("refType") != "CHILD_OF")
    named = [str(r.get("spanID") or "") for r in references]
    return next(iter(named), str(span.get("parentSpanID") or ""))


def _tags(listed: Any) -> dict[str, str]:
    return {
        str(tag.get("key") or ""): _word(tag.get("value"))[:LONGEST_LABEL]
        for tag in list(_dicts(listed))[:MOST_LABELS]
    }


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dicts(listed: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, Mapping))
