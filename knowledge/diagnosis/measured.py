"""Telemetry around an onset, as a case for `causes.search`: the stretch around it, and a calm one
before."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from knowledge.catalogue import Catalogue
from knowledge.causes.case import Case, Symptom
from knowledge.causes.observed import calls_in, count_lines, flow_of
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
    edges = {e for e in catalogue.edges if inside.issuperset(e)}
    return Case(
        id=service,
        at=onset,
        step=STEP,
        symptom=Symptom(service),
        window=window,
        calm=calm,
        edges=tuple(sorted(edges.union(calls_in(spans), calls_in(calm_spans)))),
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
