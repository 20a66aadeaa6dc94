"""From the spans and log lines of a stretch of time to what the search for the cause weighs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import numpy as np

from knowledge.causes.case import Flow, Hop, LogCount, Logs, Operation
from knowledge.causes.drain import Drain
from knowledge.records import LogLine, Span

_MINUTE = timedelta(minutes=1)
_CALLING = ("client", "producer")


def flow_of(spans: Iterable[Span], lasting: timedelta) -> Flow:
    """Count and time spans by operation, and the calls between services.

    A span's own time is what no child covers. The gap of a call is by how much the caller's client
    span outlasts the callee's: without a client span the network cannot be told from the caller's
    own work, and the call has no hop.
    """
    by_id = _by_id(spans)
    children: dict[tuple[str, str], list[Span]] = {}
    for span in by_id.values():
        children.setdefault((span.trace, span.parent), []).append(span)
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for key, span in by_id.items():
        own = _own_seconds(span, children.get(key, ()))
        times.setdefault((span.service, span.operation), []).append((span.seconds, own))
    gaps: dict[tuple[str, str], list[float]] = {}
    for caller, callee in _calls(by_id):
        if caller.kind in _CALLING:
            gap = max(caller.seconds - callee.seconds, 0.0)
            gaps.setdefault((caller.service, callee.service), []).append(gap)
    return Flow(
        lasting / _MINUTE,
        tuple(_operation(*key, pairs) for key, pairs in times.items()),
        tuple(Hop(*key, len(waits), *_quantiles(waits)) for key, waits in gaps.items()),
    )


def calls_in(spans: Iterable[Span]) -> list[tuple[str, str]]:
    """Who calls whom: (caller, callee), each once."""
    return list(dict.fromkeys((a.service, b.service) for a, b in _calls(_by_id(spans))))


def count_lines(
    lines: Sequence[LogLine], lasting: timedelta, calm: Sequence[LogLine], calm_for: timedelta
) -> tuple[Logs, Logs]:
    """How often each statement was written now, and in calm times; the templates of a service are
    learnt from both, so that a statement has one name."""
    drains = {line.service: Drain() for line in (*calm, *lines)}
    found = [
        [(line.service, line.level, drains[line.service].add(line.text)) for line in each]
        for each in (calm, lines)
    ]
    # Templates become more general as they learn: their text is read when all lines were.
    before, now = (Counter((s, level, t.text) for s, level, t in each) for each in found)
    return _logs(now, lasting), _logs(before, calm_for)


def _logs(counts: Mapping[tuple[str, str, str], int], lasting: timedelta) -> Logs:
    rows = (LogCount(*key, count) for key, count in sorted(counts.items()))
    return Logs(lasting / _MINUTE, tuple(rows))


def _by_id(spans: Iterable[Span]) -> dict[tuple[str, str], Span]:
    return {(span.trace, span.id): span for span in spans}


def _calls(by_id: Mapping[tuple[str, str], Span]) -> Iterator[tuple[Span, Span]]:
    """Pairs of spans of which one service called and another was called."""
    for span in by_id.values():
        caller = by_id.get((span.trace, span.parent))
        if caller and caller.service != span.service:
            yield caller, span


def _own_seconds(span: Span, children: Iterable[Span]) -> float:
    """Its time without that of its children, which may run side by side."""
    begins = [((child.start - span.start).total_seconds(), child.seconds) for child in children]
    covered, reached = 0.0, 0.0
    for begin, seconds in sorted(begins):
        start, end = max(begin, reached), min(begin + seconds, span.seconds)
        if end > start:
            covered, reached = covered + end - start, end
    return max(span.seconds - covered, 0.0)


def _operation(service: str, name: str, pairs: Sequence[tuple[float, float]]) -> Operation:
    whole = _quantiles([seconds for seconds, _ in pairs])
    own = _quantiles([seconds for _, seconds in pairs])
    return Operation(service, name, len(pairs), *whole, *own)


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    p50, p95 = np.quantile(values, (0.5, 0.95))
    return float(p50), float(p95)
