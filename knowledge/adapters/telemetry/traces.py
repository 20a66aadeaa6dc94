"""Which spans of many are given back: whole traces, newest first."""

from collections.abc import Iterable
from datetime import datetime

from knowledge.records import Span


def whole_traces(
    spans: Iterable[Span], service: str, start: datetime, end: datetime, limit: int
) -> list[Span]:
    """Traces that the service takes part in within [start, end), the newest first, each in the
    order of time. A trace is cut only where it is the first and alone larger than `limit`."""
    traces: dict[str, dict[str, Span]] = {}
    for span in spans:
        traces.setdefault(span.trace, {})[span.id] = span
    touching = [
        sorted(trace.values(), key=lambda span: span.start)
        for trace in traces.values()
        if any(s.service == service and start <= s.start < end for s in trace.values())
    ]
    touching.sort(key=lambda trace: trace[0].start, reverse=True)
    found: list[Span] = []
    for trace in touching:
        if found and len(found) + len(trace) > limit:
            break
        found += trace
    return found[:limit]
