"""A case from what a running system tells: series, spans and log lines around a moment."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

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
from knowledge.causes.drain import Drain
from knowledge.records import Change, LogLine, Series, Span

QUIET = timedelta(minutes=10)
"""So long before the failure nothing counts as calm: it may have been coming."""
LATE = timedelta(minutes=2)
"""What is noticed at a moment began so much earlier."""
LONGEST = timedelta(minutes=15)
"""Of a failure so much is looked at: later, everything is broken."""
_CALLING = ("client", "producer")
_STEP = timedelta(minutes=1)


def case_of(
    symptom: Symptom,
    at: datetime,
    *,
    id: str = "",
    signals: Readings | None = None,
    spans: Sequence[Span] = (),
    lines: Sequence[LogLine] = (),
    changes: Iterable[Change] = (),
    edges: Iterable[tuple[str, str]] = (),
    sources: Mapping[str, str] | None = None,
) -> Case:
    """Split what was read around `at`, when the failure was noticed, into calm and failure.

    `signals`, `spans` and `lines` hold both, an hour of calm or more. Who calls whom is taken from
    `edges` and from the spans.
    """
    known = {service: its for service, its in (signals or {}).items() if its}
    began = at - LATE
    flow, calm_flow = _flows(spans, began)
    logs, calm_logs = _logs(lines, began)
    return Case(
        id=id,
        at=at,
        step=step_of(known),
        symptom=symptom,
        window=_between(known, at - QUIET, at + LONGEST),
        calm=_between(known, None, at - QUIET),
        edges=tuple(dict.fromkeys([*edges, *calls_in(spans)])),
        flow=flow,
        calm_flow=calm_flow,
        logs=logs,
        calm_logs=calm_logs,
        changes=tuple(changes),
        sources=sources or {},
    )


def step_of(signals: Readings) -> timedelta:
    """The usual time between two rows; a minute where there are none."""
    steps = [
        float(np.median(np.diff(series.times)))
        for its in signals.values()
        for series in its.values()
        if len(series.times) > 1
    ]
    return timedelta(seconds=float(np.median(steps))) if steps else _STEP


def flow_of(spans: Iterable[Span]) -> Flow | None:
    """Count and time the spans of one stretch of time by operation, and the calls between
    services. None where there are none.

    A span's own time is what no child covers. The gap of a call is by how much the caller's client
    span outlasts the callee's: without a client span the network cannot be told from the caller's
    own work, and the call has no hop.
    """
    by_id = _by_id(spans)
    if not by_id:
        return None
    children: dict[tuple[str, str], list[Span]] = {}
    for span in by_id.values():
        children.setdefault((span.trace, span.parent), []).append(span)
    timed = [_Timed(s, _own_seconds(s, children.get((s.trace, s.id), []))) for s in by_id.values()]
    return Flow(_minutes([s.start for s in by_id.values()]), _operations(timed), _hops(by_id))


def calls_in(spans: Iterable[Span]) -> list[tuple[str, str]]:
    """Who calls whom: (caller, callee), each once."""
    return list(dict.fromkeys((a.service, b.service) for a, b in _calls(_by_id(spans))))


def logs_of(lines: Iterable[LogLine], minutes: float, templates: Mapping[str, Drain]) -> Logs:
    """Count lines by template; `templates` are those of each service, and learn on the way."""
    counts: dict[tuple[str, str, int], int] = {}
    for line in lines:
        number = templates[line.service].add(line.text).number
        key = (line.service, line.level, number)
        counts[key] = counts.get(key, 0) + 1
    named = {
        (service, template.number): template.text
        for service, drain in templates.items()
        for template in drain.templates()
    }
    rows = [
        LogCount(service, level, named[service, number], count)
        for (service, level, number), count in counts.items()
    ]
    return Logs(minutes, tuple(rows))


def _between(signals: Readings, start: datetime | None, end: datetime) -> Readings:
    low = start.timestamp() if start else -math.inf
    return {
        service: {name: _part(series, low, end.timestamp()) for name, series in its.items()}
        for service, its in signals.items()
    }


def _part(series: Series, low: float, high: float) -> Series:
    rows = (series.times >= low) & (series.times < high)
    return Series(series.labels, series.times[rows], series.values[rows])


def _flows(spans: Sequence[Span], began: datetime) -> tuple[Flow | None, Flow | None]:
    failing = [s for s in spans if began <= s.start <= began + LONGEST]
    calm = [s for s in spans if s.start < began - QUIET]
    return flow_of(failing), flow_of(calm)


def _logs(lines: Sequence[LogLine], began: datetime) -> tuple[Logs | None, Logs | None]:
    failing = [line for line in lines if began <= line.at <= began + LONGEST]
    calm = [line for line in lines if line.at < began - QUIET]
    if not failing or not calm:
        return None, None
    templates = {line.service: Drain() for line in (*failing, *calm)}
    # All lines teach the templates before any is counted, so that a statement has one name.
    for line in (*calm, *failing):
        templates[line.service].add(line.text)
    both = [
        logs_of(part, _minutes([line.at for line in part]), templates) for part in (failing, calm)
    ]
    return both[0], both[1]


def _minutes(times: Sequence[datetime]) -> float:
    return max((max(times) - min(times)) / timedelta(minutes=1), 1.0)


@dataclass(frozen=True)
class _Timed:
    span: Span
    own: float


def _own_seconds(span: Span, children: Iterable[Span]) -> float:
    """Its time without that of its children, which may run side by side."""
    starts = [((child.start - span.start).total_seconds(), child.seconds) for child in children]
    parts = sorted((max(at, 0.0), min(at + long, span.seconds)) for at, long in starts)
    covered, reached = 0.0, 0.0
    for low, high in parts:
        if high > reached:
            covered += high - max(low, reached)
            reached = high
    return max(span.seconds - covered, 0.0)


def _operations(timed: Iterable[_Timed]) -> tuple[Operation, ...]:
    groups: dict[tuple[str, str], list[_Timed]] = {}
    for one in timed:
        groups.setdefault((one.span.service, one.span.operation), []).append(one)
    return tuple(
        Operation(
            service,
            name,
            len(its),
            *_quantiles([one.span.seconds for one in its]),
            *_quantiles([one.own for one in its]),
        )
        for (service, name), its in groups.items()
    )


def _hops(by_id: Mapping[tuple[str, str], Span]) -> tuple[Hop, ...]:
    gaps: dict[tuple[str, str], list[float]] = {}
    for caller, callee in _calls(by_id):
        if caller.kind in _CALLING:
            gap = max(caller.seconds - callee.seconds, 0.0)
            gaps.setdefault((caller.service, callee.service), []).append(gap)
    return tuple(
        Hop(caller, callee, len(its), *_quantiles(its)) for (caller, callee), its in gaps.items()
    )


def _by_id(spans: Iterable[Span]) -> dict[tuple[str, str], Span]:
    return {(span.trace, span.id): span for span in spans}


def _calls(by_id: Mapping[tuple[str, str], Span]) -> Iterator[tuple[Span, Span]]:
    """Pairs of spans of which one service called and another was called."""
    for span in by_id.values():
        caller = by_id.get((span.trace, span.parent))
        if caller and caller.service != span.service:
            yield caller, span


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    p50, p95 = np.quantile(values, (0.5, 0.95))
    return float(p50), float(p95)
