"""What the correlation made of alerts, and what people taught it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.records.incidents import Signal


@dataclass(frozen=True)
class Term:
    """One reason for or against a decision, as a log-likelihood ratio in nats: above 0 speaks for
    it. The terms of a decision add up to its score."""

    name: str
    value: float
    says: str
    """The reason in words: "calls payment, which failed 20 s before"."""


class Verdict(StrEnum):
    """What the correlation made of an alert."""

    OPENED = "opened"
    """It is one of the alerts on which an incident was opened."""
    ATTACHED = "attached"
    """It belongs to an incident that was there already."""
    WAITING = "waiting"
    """One sign alone: it opens nothing until another one comes or it lasts."""
    CHRONIC = "chronic"
    """Its series fires so often or so long that it says nothing new."""
    UNIMPORTANT = "unimportant"
    """A heartbeat, or what its sender calls information."""
    SILENCED = "silenced"


@dataclass(frozen=True)
class AlertRecord:
    """One alert instance as the history keeps it, with what became of it."""

    signal: Signal
    """Its latest state."""
    first_received_at: datetime
    deliveries: int = 1
    """How often it was sent to us: repeats and replicas."""
    incident: str = ""
    verdict: Verdict = Verdict.WAITING
    why: tuple[Term, ...] = ()
    silence: str = ""
    """The silence that hid it."""


@dataclass(frozen=True)
class Tally:
    """Alerts of one rule on one service over a span of time; from the history, also where it has
    been compacted."""

    name: str
    service: str
    severity: str
    source: str
    instances: int
    deliveries: int
    in_incidents: int
    """Instances that belong to an incident."""
    silenced: int
    firing_s: float
    """Seconds during which it fired, over all instances that have ended."""


@dataclass(frozen=True)
class Matcher:
    """One condition on an alert. `label` is a label's name or one of "name", "service", "severity",
    "source" and "team"; `op` is "=", "!=", "=~" or "!~" (whole-string regular expressions)."""

    label: str
    op: str
    value: str


@dataclass(frozen=True)
class Silence:
    """Alerts that match all of `matchers` open nothing between the two times."""

    id: str
    """"SIL-3"; empty in a draft that the store has not numbered yet."""
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    created_at: datetime
    reason: str = ""
    kind: str = "silence"
    """"silence" or "maintenance"."""
    ended_by: str = ""
    """Who ended it before its time."""


class Teaching(StrEnum):
    NOT_RELATED = "not related"
    SAME_INCIDENT = "same incident"


@dataclass(frozen=True)
class Lesson:
    """What a person taught: two kinds of alert do, or do not, belong together.

    `one` and `other` are (alert name, service); what is learned holds for later incidents too."""

    at: datetime
    by: str
    teaching: Teaching
    one: tuple[str, str]
    other: tuple[str, str]
    incident: str = ""
