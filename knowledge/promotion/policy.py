"""What a team asks of a promotion: gates, people, times. One policy for each model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """What a gate that does not hold may do."""

    PREVENT = "prevent"
    WARN = "warn"
    OFF = "off"


@dataclass(frozen=True)
class GateRule:
    """How one gate is used for one model."""

    mode: Mode | None = None
    """None: as the gate itself says (`knowledge.promotion.gates`)."""
    unknown: Mode = Mode.WARN
    """What it does where it cannot be told."""
    override: tuple[str, ...] = ()
    """Who may approve although it fails: users and groups, like `Policy.approvers`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The gate's own limits, checked by the gate."""


@dataclass(frozen=True)
class QuietHours:
    """A part of each named day in which no champion is moved. `end` before `start` runs into the
    next day; equal ones are a whole day. `days` 0-6, Monday first."""

    days: frozenset[int]
    start: time
    end: time
    zone: str = "UTC"


@dataclass(frozen=True)
class Freeze:
    """A span in which no champion is moved."""

    start: datetime
    end: datetime
    reason: str = ""


class OnWorse(StrEnum):
    OFFER = "offer"
    """A card with a button."""
    ROLL_BACK = "roll back"
    """At once, by Tandem, told loudly. The file that says so is the person's consent."""


@dataclass(frozen=True)
class CanaryRule:
    """How a new champion is watched. `watch` 0: not at all."""

    watch: timedelta = timedelta(hours=24)
    on_worse: OnWorse = OnWorse.OFFER
    settle: timedelta = timedelta(minutes=5)
    """The first moments after a move are not judged: processes restart, caches are cold."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """By reading: how much worse, relatively, is too much; the watch has a default for each."""


@dataclass(frozen=True)
class Policy:
    """What a team asks of a promotion. People are Slack user ids ("U01ABC"), user group ids
    ("S01ABC") or a group's handle ("@ml-leads")."""

    primary: str = ""
    """The metric that must improve; empty: the first of PRIMARY_METRICS that the champion has."""
    min_gain: float = 0.0
    """Relative improvement of the primary metric that must be exceeded: 0.01 is one percent."""
    tolerance: float = 0.02
    """Relative worsening that any other metric may show (non-inferiority)."""
    max_age: timedelta = timedelta(days=180)
    expires_after: timedelta = timedelta(hours=24)
    failing_gate_prevents: bool = True
    direction: Mapping[str, bool] = field(default_factory=dict)
    """Metrics whose name does not tell: True where more is better, False where less is."""

    approvers: tuple[str, ...] = ()
    """Who may approve. Empty: those with the approve right (TANDEM_APPROVERS)."""
    needed: int = 1
    """How many of them must."""
    veto: tuple[str, ...] = ()
    """Whose rejection ends a request at once, and whose word counts as a needed sign-off in no
    other way. Empty: any approver's rejection does."""
    sign_offs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Roles of which one person each must be among those who approve: {"risk": ("@risk",)}."""
    emergency: tuple[str, ...] = ()
    """Who may approve an emergency rollback alone. Empty: any approver."""
    emergency_alone: bool = False
    """Whether the one who asks for an emergency rollback may approve it too."""
    review_within: timedelta = timedelta(hours=24)
    """An emergency is looked at by a second person in this time."""
    quiet: tuple[QuietHours, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    gates: Mapping[str, GateRule] = field(default_factory=dict)
    """By the gate's name; gates that are not named are used as they are by default."""
    canary: CanaryRule = CanaryRule()
    channel: str = ""
    """Where requests are shown; empty: where it was asked, else TANDEM_CHANNEL."""
    ask_when: tuple[str, str] = ("", "")
    """A tag and its value ("" for any): a version that gets it in the registry is asked for."""
    service: str = ""
    """The service that serves the model; empty: the version's tag `service`, `ModelFacts.service`
    or the model's name."""


DEFAULT_POLICY = Policy()
