"""Who was woken, how often, and how often at night."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from knowledge.escalation import PAGED, told_in
from knowledge.records import Event, Incident

NIGHT_BEGINS, NIGHT_ENDS = 22, 8
"""Hours of the clock on the wall: the sleep hours of PagerDuty's operational reviews."""


@dataclass(frozen=True)
class Page:
    """`person` is the id of a person or channel, or the name of a service that wakes somebody."""

    person: str
    at: datetime
    incident: str


@dataclass(frozen=True)
class Load:
    """The pages of one person."""

    person: str
    pages: int
    at_night: int
    incidents: int


def pages_of(incident: Incident) -> list[Page]:
    """One for each person that a step of the escalation names."""
    return [
        Page(person, event.at, incident.id)
        for event in incident.timeline
        if event.kind == PAGED
        for person in _people(event)
    ]


def loads(pages: Iterable[Page], zone_of: Callable[[str], tzinfo] = lambda _: UTC) -> list[Load]:
    """By person, the most pages first; `zone_of` says where a person sleeps."""
    groups: defaultdict[str, list[Page]] = defaultdict(list)
    for page in pages:
        groups[page.person].append(page)
    found = [
        Load(
            person,
            len(theirs),
            sum(at_night(p.at, zone_of(person)) for p in theirs),
            len({p.incident for p in theirs}),
        )
        for person, theirs in groups.items()
    ]
    return sorted(found, key=lambda load: (-load.pages, load.person))


def at_night(moment: datetime, zone: tzinfo = UTC) -> bool:
    hour = moment.astimezone(zone).hour
    return hour >= NIGHT_BEGINS or hour < NIGHT_ENDS


def _people(event: Event) -> tuple[str, ...]:
    told = told_in(event.text)
    service = event.text.removeprefix("paged ").partition(":")[0].partition(" (")[0]
    return told or ((service,) if service != "nobody" else ())
