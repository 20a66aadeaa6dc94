"""Telemetry around an onset, as a case for `causes.search`: the stretch around it, and a calm one
before."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from knowledge.catalogue import Catalogue
from knowledge.causes.case import Case, Symptom
from knowledge.causes.observed import calls_in, count_lines, flow_of
from knowledge.ports import Telemetry
from knowledge.records import Span
from knowledge.together import ask_together

STEP = timedelta(minutes=1)
LEAD = timedelta(minutes=10)
"""An alert comes some minutes after what it tells of; so much before the onset is looked at."""
SHORT_LEAD = timedelta(minutes=2)
"""The same for logs and traces, which are counted over all of their stretch: what was calm in it
dilutes a short failure."""
CALM = timedelta(minutes=60)
MOST_SERVICES = 30
MOST_TALKERS = 6
"""Logs and traces are read of so many services, the nearest first."""
DEADLINE_S = 20.0
"""All that is asked has so long together; what comes later is told as missing."""
AT_ONCE = 4
"""Questions of one kind at a time."""


@dataclass(frozen=True)
class Measured:
    """What telemetry tells of one moment."""

    case: Case | None = None
    """None where nothing is measured of the service or of those around it."""
    missing: tuple[str, ...] = ()
    """What could not be had, and why: a source that is down, an answer that came too late."""


class _Question(NamedTuple):
    kind: str
    """"metrics", "logs" or "traces"."""
    calm: bool
    service: str = ""


def measure(
    telemetry: Telemetry,
    service: str,
    onset: datetime,
    until: datetime,
    catalogue: Catalogue,
    seconds: float = DEADLINE_S,
) -> Measured:
    """All questions are asked side by side and have `seconds` together."""
    services = around(service, catalogue)
    if not services:
        return Measured()
    noted: list[str] = []
    searched = telemetry.for_search(noted.append)
    asked = _questions(searched, services, onset, until)
    answers = ask_together(asked, seconds, AT_ONCE, lane=lambda question: question.kind)
    failed = (str(failure) for failure in answers.failed.values())
    missing = tuple(dict.fromkeys((*noted, *failed, *_late(answers.late, seconds))))
    given = answers.given
    return Measured(_case(service, services, onset, until, catalogue, given, telemetry), missing)


def _questions(
    telemetry: Telemetry, services: Sequence[str], onset: datetime, until: datetime
) -> dict[_Question, Callable[[], Any]]:
    """Metrics from some minutes before the onset, logs and traces from nearer, and each of a calm
    stretch that ends before either."""
    began, step_s = onset - LEAD, STEP.total_seconds()
    calm = began - CALM, began
    now = onset - SHORT_LEAD, until
    asked: dict[_Question, Callable[[], Any]] = {
        _Question("metrics", calm=False): partial(
            telemetry.signals, services, began, until, step_s
        ),
        _Question("metrics", calm=True): partial(telemetry.signals, services, *calm, step_s),
    }
    for talker in services[:MOST_TALKERS]:
        for is_calm, stretch in ((False, now), (True, calm)):
            asked[_Question("traces", is_calm, talker)] = partial(telemetry.spans, talker, *stretch)
            asked[_Question("logs", is_calm, talker)] = partial(telemetry.lines, talker, *stretch)
    return asked


def _case(
    service: str,
    services: Sequence[str],
    onset: datetime,
    until: datetime,
    catalogue: Catalogue,
    given: Mapping[_Question, Any],
    telemetry: Telemetry,
) -> Case | None:
    window = given.get(_Question("metrics", calm=False), {})
    spans, calm_spans = (_spans(_of_both(given, "traces", calm)) for calm in (False, True))
    lines, calm_lines = (list(_of_both(given, "logs", calm)) for calm in (False, True))
    if not window and not spans and not lines:
        return None
    lasting = until - (onset - SHORT_LEAD)
    now, before = count_lines(lines, lasting, calm_lines, CALM)
    inside = set(services)
    edges = {e for e in catalogue.edges if inside.issuperset(e)}
    return Case(
        id=service,
        at=onset,
        step=STEP,
        symptom=Symptom(service),
        window=window,
        calm=given.get(_Question("metrics", calm=True), {}),
        edges=tuple(sorted(edges.union(calls_in(spans), calls_in(calm_spans)))),
        flow=flow_of(spans, lasting) if spans else None,
        calm_flow=flow_of(calm_spans, CALM) if calm_spans else None,
        logs=now if lines else None,
        calm_logs=before if calm_lines else None,
        sources=dict.fromkeys(("metrics", "traces", "logs"), ", ".join(telemetry.sources)),
    )


def _late(questions: Iterable[_Question], seconds: float) -> Iterator[str]:
    """ "logs of checkout, payment: not read within 20 s"."""
    services: dict[str, dict[str, None]] = {}
    for question in questions:
        services.setdefault(question.kind, {})[question.service] = None
    for kind, named in services.items():
        of = ", ".join(filter(None, named))
        yield f"{kind}{' of ' + of if of else ''}: not read within {seconds:g} s"


def around(service: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The service, what it depends on (nearest first), then who depends on it; at most
    MOST_SERVICES."""
    if not service:
        return ()
    needs = [(hops, s) for s in catalogue.services if (hops := catalogue.hops(service, s))]
    below = [s for _, s in sorted(needs)]
    return tuple(dict.fromkeys((service, *below, *catalogue.impact(service))))[:MOST_SERVICES]


def _of_both(given: Mapping[_Question, Any], kind: str, calm: bool) -> Iterator[Any]:
    """Of those services of which both stretches came: with one alone a service would seem to have
    fallen silent, or to have begun to talk."""
    for question, answer in given.items():
        wanted = question.kind == kind and question.calm == calm
        if wanted and question._replace(calm=not calm) in given:
            yield from answer


def _spans(found: Iterable[Span]) -> list[Span]:
    """Whole traces; one that touches several services counts once."""
    return list({(span.trace, span.id): span for span in found}.values())
