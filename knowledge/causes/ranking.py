"""What a search for the cause ends in: suspects, each with its clues.

The contract between those who rank (from telemetry, from alerts alone) and those who show it, weigh
it or ask about it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ClueKind(StrEnum):
    """Where a clue comes from."""

    METRIC = "metric"
    """A signal of the component's own is far from what is usual for it."""
    EXPLAINED = "explained"
    """What speaks against it: a component that it calls is as bad, so it may only suffer."""
    ONSET = "onset"
    """It began earlier, or later, than the others."""
    RESOURCE = "resource"
    """Its own CPU, memory, disk, restarts."""
    CHANGE = "change"
    """A deploy, flag, config change or alias move shortly before."""
    ALERT = "alert"
    """An alert on it, the more telling the rarer."""
    SYMPTOM = "symptom"
    """It moves with the symptom that was reported."""
    TRACE = "trace"
    LOG = "log"
    PAST = "past"
    """A past incident like this one was caused by it."""
    STRUCTURE = "structure"
    """Where it stands: all that suffers depends on it."""


@dataclass(frozen=True)
class Clue:
    """One piece of evidence for a suspect, or against it."""

    kind: ClueKind
    text: str
    """One sentence with the numbers: "p95 latency 0.84 s, usually 0.10-0.14 s"."""
    weight: float
    """What it adds to the suspect's score; negative speaks against."""
    at: datetime | None = None
    sources: tuple[str, ...] = ()
    """Ids of alerts, changes, events, incidents it rests on."""


@dataclass(frozen=True)
class Suspect:
    """A service, pod, node or other component."""

    component: str
    score: float
    """Orders suspects of one ranking; not comparable between rankings."""
    probability: float
    """Share of belief that this is the cause, 0-1; over all suspects and "none of these" it sums
    to 1."""
    clues: tuple[Clue, ...] = ()
    """The weightiest first."""
    kind: str = ""
    """ "service", "pod", "node", "database" ...; empty where it is not known."""
    part_of: str = ""
    """The service that a pod belongs to: belief in both is belief in the service."""


@dataclass(frozen=True)
class Ranking:
    """Suspects, likeliest first."""

    suspects: tuple[Suspect, ...]
    at: datetime
    """The moment that was looked at."""
    looked_at: tuple[str, ...] = ()
    """What the search had: "4 services' metrics (Prometheus)", "12 alerts", "3 changes"."""
    missing: tuple[str, ...] = ()
    """What it could not have, and why: "no traces: TANDEM_TELEMETRY names none"."""
