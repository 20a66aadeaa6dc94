"""Signals, changes, and the incidents they become."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"


class Status(StrEnum):
    """Where an incident stands. Everything but RESOLVED is open to a person on call."""

    OPEN = "open"
    MITIGATED = "mitigated"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class SignalKind(StrEnum):
    ALERT = "alert"
    METRIC = "metric"
    DRIFT = "drift"
    QUALITY = "quality"
    PERFORMANCE = "performance"
    """A model's answers got worse, realised or estimated; or its endpoint did."""


@dataclass(frozen=True)
class Signal:
    """Something a machine noticed. `fingerprint` and `starts_at` together name one instance."""

    fingerprint: str
    name: str
    starts_at: datetime
    received_at: datetime
    source: str = ""
    """Where it came in: "alertmanager", "monitor", ..."""
    kind: SignalKind = SignalKind.ALERT
    ends_at: datetime | None = None
    """None while it fires."""
    service: str = ""
    severity: str = ""
    """As the sender wrote it: "critical", "page", ...; `knowledge.incidents` maps it to SEV1-4."""
    summary: str = ""
    description: str = ""
    value: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    """The sender's own page on it."""
    runbook_url: str = ""
    id: str = ""

    @property
    def firing(self) -> bool:
        return self.ends_at is None


@dataclass(frozen=True)
class Change:
    """A deploy, flag, config change, model promotion or other act that may explain trouble."""

    id: str
    at: datetime
    kind: str
    service: str
    summary: str
    version: str = ""
    author: str = ""
    url: str = ""


@dataclass(frozen=True)
class Message:
    """One message of an incident's thread."""

    id: str
    at: datetime
    user: str
    text: str
    reactions: tuple[str, ...] = ()
    url: str = ""
    thread: str = ""
    """The id of the message that heads its thread, where it is a reply and that is known."""


@dataclass(frozen=True)
class Event:
    """One recorded step of an incident: opened, alert, acknowledged, note, resolved ..."""

    id: str
    at: datetime
    kind: str
    actor: str
    text: str
    url: str = ""


@dataclass(frozen=True)
class Incident:
    """Signals that belong together, with a time line and one card in Slack.

    `signals` holds the latest state of each instance; `thread` is filled by whoever reads Slack
    (it is not stored). A summary may be made from any Incident, also one read from a file.
    """

    id: str
    """"INC-12"; empty in a draft that the store has not numbered yet."""
    title: str
    service: str
    severity: Severity
    status: Status
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    signals: tuple[Signal, ...] = ()
    changes: tuple[Change, ...] = ()
    timeline: tuple[Event, ...] = ()
    thread: tuple[Message, ...] = ()
    owner: str = ""
    acknowledged_by: str = ""
    channel: str = ""
    """The incident's own channel, where somebody opened one."""
    cause: str = ""
    resolution: str = ""
    suspects: tuple[str, ...] = ()
    """Services, nodes or zones that the correlation holds to be at fault, likeliest first."""
    merged_into: str = ""
    """The incident that went on with this one's alerts; this one is resolved then."""
    tickets: tuple["Ticket", ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status is not Status.RESOLVED

    @property
    def firing(self) -> tuple[Signal, ...]:
        return tuple(s for s in self.signals if s.firing)


@dataclass(frozen=True)
class Ticket:
    """An incident's ticket in another system."""

    system: str
    """"jira", "servicenow" or "github"."""
    key: str
    url: str = ""
    status: str = ""
    """As Tandem set it last."""
