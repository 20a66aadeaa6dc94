"""Telemetry around an onset, as a case for `causes.search`: the stretch around it, and a calm one
before."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from knowledge.catalogue import Catalogue
from knowledge.causes.case import Case, Flow, Hop, LogCount, Logs, Operation, Symptom
from knowledge.causes.drain import Drain
from knowledge.ports import Telemetry
from knowledge.records import LogLine, Span

STEP = timedelta(minutes=1)
LEAD = timedelta(minutes=10)
"""An alert comes some minutes after what it tells of; so much before the onset is looked at."""
CALM = timedelta(minutes=60)
MOST_SERVICES = 30
MOST_TALKERS = 6
"""Logs and traces are read of so many services, the nearest first."""


def measure(
    telemetry: Telemetry, service: str, onset: datetime, until: datetime, catalogue: Catalogue
) -> Case | None:
    """None where nothing is measured of the service or of those around it."""
    services = around(service, catalogue)
    if not services:
        return None
    began = onset - LEAD
    calm_from = began - CALM
    step_s = STEP.total_seconds()
    window = telemetry.signals(services, began, until, step_s)
    calm = telemetry.signals(services, calm_from, began, step_s)
    talkers = services[:MOST_TALKERS]
    spans = _spans(telemetry, talkers, began, until)
    lines = _lines(telemetry, talkers, began, until)
    if not window and not spans and not lines:
        return None
    calm_spans = _spans(telemetry, talkers, calm_from, began)
    calm_lines = _lines(telemetry, talkers, calm_from, began)
    now, before = count_lines(lines, until - began, calm_lines, CALM)
    inside = set(services)
    return Case(
        id=service,
        at=onset,
        step=STEP,
        symptom=Symptom(service),
        window=window,
        calm=calm,
        edges=tuple(sorted(e for e in catalogue.edges if inside.issuperset(e))),
        flow=flow_of(spans, until - began) if spans else None,
        calm_flow=flow_of(calm_spans, CALM) if calm_spans else None,
        logs=now if lines else None,
        calm_logs=before if calm_lines else None,
        sources=dict.fromkeys(("metrics", "traces", "logs"), ", ".join(telemetry.sources)),
    )


def around(service: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The service, what it depends on (nearest first), then who depends on it; at most
    MOST_SERVICES."""
    if not service:
        return ()
    needs = [(hops, s) for s in catalogue.services if (hops := catalogue.hops(service, s))]
    below = [s for _, s in sorted(needs)]
    return tuple(dict.fromkeys((service, *below, *catalogue.impact(service))))[:MOST_SERVICES]


def flow_of(spans: Sequence[Span], lasting: timedelta) -> Flow:
    """What spans say: how long operations take, by themselves, and what calls wait for."""
    known = {(span.trace, span.id): span for span in spans}
    children: dict[tuple[str, str], list[Span]] = defaultdict(list)
    gaps: dict[tuple[str, str], list[float]] = defaultdict(list)
    for span in spans:
        parent = known.get((span.trace, span.parent))
        if parent is None:
            continue
        children[parent.trace, parent.id].append(span)
        if parent.service != span.service:
            gap = max(parent.seconds - span.seconds, 0.0)
            gaps[parent.service, span.service].append(gap)
    times: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for span in spans:
        own = _self_time(span, children[span.trace, span.id])
        times[span.service, span.operation].append((span.seconds, own))
    return Flow(
        lasting.total_seconds() / 60,
        tuple(_operation(*key, pairs) for key, pairs in sorted(times.items())),
        tuple(Hop(*key, len(waits), *_quantiles(waits)) for key, waits in sorted(gaps.items())),
    )


def count_lines(
    lines: Iterable[LogLine], lasting: timedelta, calm: Iterable[LogLine], calm_for: timedelta
) -> tuple[Logs, Logs]:
    """How often each statement was written now, and in the calm stretch; the templates are learnt
    from both, so that they are the same."""
    drain = Drain()
    found = [
        [(line.service, line.level, drain.add(line.text)) for line in each]
        for each in (tuple(calm), tuple(lines))
    ]
    before, now = (Counter((s, level, t.text) for s, level, t in each) for each in found)
    return _logs(now, lasting), _logs(before, calm_for)


def _logs(counts: Mapping[tuple[str, str, str], int], lasting: timedelta) -> Logs:
    rows = (LogCount(*key, count) for key, count in sorted(counts.items()))
    return Logs(lasting.total_seconds() / 60, tuple(rows))


def _spans(
    telemetry: Telemetry, services: Iterable[str], start: datetime, end: datetime
) -> list[Span]:
    """Whole traces; one that touches several services counts once."""
    found = (span for s in services for span in telemetry.spans(s, start, end))
    return list({(span.trace, span.id): span for span in found}.values())


def _lines(
    telemetry: Telemetry, services: Iterable[str], start: datetime, end: datetime
) -> list[LogLine]:
    return [line for s in services for line in telemetry.lines(s, start, end)]


def _operation(service: str, name: str, pairs: Sequence[tuple[float, float]]) -> Operation:
    whole = _quantiles([seconds for seconds, _ in pairs])
    own = _quantiles([seconds for _, seconds in pairs])
    return Operation(service, name, len(pairs), *whole, *own)


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    p50, p95 = np.quantile(np.asarray(values, dtype=np.float64), (0.5, 0.95))
    return float(p50), float(p95)


def _self_time(span: Span, children: Iterable[Span]) -> float:
    """Seconds of the span in which no child runs."""
    covered, reached = 0.0, 0.0
    begins = [((c.start - span.start).total_seconds(), c.seconds) for c in children]
    for begin, seconds in sorted(begins):
        start, end = max(begin, reached, 0.0), min(begin + seconds, span.seconds)
        if end > start:
            covered += end - start
            reached = end
    return max(span.seconds - covered, 0.0)
