"""The facts everything else is about: frozen values, no behaviour beyond small derived properties.

Times are aware datetimes in UTC. Text that came from outside (alerts, threads, runbooks) is data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Frame = Mapping[str, NDArray[Any]]
"""Columns by name, each of shape (rows,): float, int, bool, datetime64 or object (str or None)."""


@dataclass(frozen=True)
class ColumnRoles:
    """What is known of a model's columns beyond their values."""

    categorical: tuple[str, ...] = ()
    """Columns of numbers that are codes."""
    prediction: str = ""
    """The column that holds what the model answered."""
    probability: str = ""
    """The column of the positive class's probability, for a binary classifier."""
    probabilities: Mapping[str, str] = field(default_factory=dict)
    """For several classes: the column of each class's probability, by class."""
    label: str = ""
    """The column of the truth, missing until it is known."""
    positive: str = ""
    """The label of a binary classifier's positive class, as text; empty: 1, true or yes."""
    task: str = ""
    """"binary", "multiclass" or "regression"; empty where it is not known."""
    version: str = ""
    """The column that names the model version that answered."""
    slices: tuple[str, ...] = ()
    """Columns whose values make segments that are looked at on their own."""
    groups: tuple[str, ...] = ()
    """Columns whose values name groups that must be treated alike."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """How much a column matters to the model; 1 where nothing is said."""


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model beside its data."""

    owners: tuple[str, ...] = ()
    """Slack ids, names or teams."""
    service: str = ""
    """The service that serves it, as alerts and the catalogue name it."""
    endpoint: Mapping[str, str] = field(default_factory=dict)
    """PromQL of what its endpoint does, by figure: "latency", "errors", "volume", "cost",
    "tokens"."""
    label_delay: timedelta = timedelta(0)
    """How long the truth usually takes to come."""


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


class DocumentKind(StrEnum):
    INCIDENT = "incident"
    RUNBOOK = "runbook"


@dataclass(frozen=True)
class Document:
    """A past incident or a runbook, as the search library keeps it."""

    id: str
    title: str
    text: str
    kind: DocumentKind = DocumentKind.INCIDENT
    service: str = ""
    date: str = ""
    """yyyy-mm-dd, or empty where nobody wrote it down."""
    severity: str = ""
    root_cause: str = ""
    resolution: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()


class Band(StrEnum):
    """How alike, by the raw cosine (docs/decisions: never by a fused score)."""

    SIMILAR = "similar"
    POSSIBLE = "possibly related"
    NONE = "nothing"


@dataclass(frozen=True)
class Hit:
    """One document found. `score` orders hits of one query; `cosine` decides the band."""

    document: Document
    score: float
    cosine: float
    band: Band
    matched: tuple[str, ...] = ()
    """The query's words that the document holds, most telling first."""
    passage: str = ""
    """The part of the document that is nearest to the query."""


@dataclass(frozen=True)
class Sample:
    """One value of one series."""

    labels: Mapping[str, str]
    at: datetime
    value: float


@dataclass(frozen=True)
class Series:
    """One series over time: `times` epoch seconds and `values`, both of shape (n,)."""

    labels: Mapping[str, str]
    times: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """What a monitor saw of one series, as it saw it: all arrays of shape (n,), `times` epoch
    seconds, `low` and `high` the band it held to be normal (NaN where it had none), `scores` in
    0-1."""

    labels: Mapping[str, str]
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class Episode:
    """One time that a monitor found something wrong."""

    starts_at: datetime
    ends_at: datetime | None
    """None while it lasts."""
    labels: Mapping[str, str]
    score: float
    """How sure, 0-1: the highest while it lasted."""
    says: str
    """Why, in one sentence."""


@dataclass(frozen=True)
class Backtest:
    """What a monitor would have found in the past."""

    start: datetime
    end: datetime
    traces: tuple[Trace, ...]
    episodes: tuple[Episode, ...]
    problem: str = ""
    """Why there is less than was asked for: no data, a query that fails."""


@dataclass(frozen=True)
class Look:
    """One look of a model monitor at one window of a model's log."""

    model: str
    at: datetime
    start: datetime
    end: datetime
    rows: int
    verdict: str
    """As in `knowledge.drift`, or "performing worse"."""
    version: str = ""
    """The version that answered, where that is known."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """By name: "drift" (largest adjusted PSI), "columns drifted", "prediction drift", "missing",
    "realised auc", "estimated auc", "latency p99", "errors", "cost per inference", ..."""
    findings: tuple[str, ...] = ()
    """What is wrong, a sentence each, worst first."""


@dataclass(frozen=True)
class KeptMonitor:
    """What people changed about a monitor in chat."""

    key: str
    """"metric:checkout-p99", "model:fraud"."""
    changed_by: str
    changed_at: datetime
    spec: str = ""
    """Its JSON; empty where the one of the file holds."""
    removed: bool = False
    paused_until: datetime | None = None
    sure: float | None = None
    """The raised bar, in place of the spec's."""
    paused: bool = False
    """Paused: until `paused_until`, or where that is None until somebody resumes it."""


@dataclass(frozen=True)
class Opinion:
    """What a person thought of one finding of a monitor."""

    key: str
    at: datetime
    by: str
    useful: bool
    fingerprint: str
    starts_at: datetime
    score: float = 0.0
    """How sure the monitor was."""
    note: str = ""


@dataclass(frozen=True)
class Evaluation:
    """What a version scored on one data set; `digest` tells data sets apart, or is empty."""

    dataset: str
    digest: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class ModelVersion:
    """One version in the registry. `metrics` are those logged on `dataset_digest`."""

    model: str
    version: str
    created_at: datetime
    aliases: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    dataset: str = ""
    dataset_digest: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""
    description: str = ""
    url: str = ""
    evaluations: tuple[Evaluation, ...] = ()
    """Every data set it was measured on, newest first; `metrics` repeats the first."""


class GateResult(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Gate:
    """One check of a promotion and what it found."""

    name: str
    result: GateResult
    detail: str


class ApprovalStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    FAILED = "failed"
    """Approved, but the registry did not take the move; `outcome` says why."""
    EXPIRED = "expired"


@dataclass(frozen=True)
class Approval:
    """One request to promote a version, and its decision when there is one."""

    id: str
    model: str
    version: str
    champion: str
    """The champion's version when it was asked, or empty where there was none."""
    requester: str
    requester_name: str
    created_at: datetime
    reason: str = ""
    status: ApprovalStatus = ApprovalStatus.PENDING
    gates: tuple[Gate, ...] = ()
    decided_by: str = ""
    decided_by_name: str = ""
    decided_at: datetime | None = None
    decision_reason: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Training:
    """A training run that a person asks for."""

    id: str
    """Ours; whoever starts it uses it to start it once."""
    model: str
    champion: str
    """The version that serves while it is asked, or empty."""
    reason: str
    parameters: Mapping[str, str]
    by: str
    by_name: str
    at: datetime


@dataclass(frozen=True)
class AuditEntry:
    """One line of the record: who asked for what, and what came of it."""

    at: datetime
    actor: str
    skill: str
    args: Mapping[str, Any]
    outcome: str
    detail: str = ""
    place: str = ""
    saw: str = ""
    """The hash of the message whose button was pressed."""
    number: int = field(default=0, compare=False)
    """Its place in the chain (`knowledge.audit_chain`), from 1; the store gives it."""
    previous: str = field(default="", compare=False)
    hash: str = field(default="", compare=False)


@dataclass(frozen=True)
class Delivery:
    """Something Slack must be told. The key names what; the state is read when it is sent.

    Putting the same key again while it waits merges: `revision` grows and one send serves all.
    Keys: "card:INC-12" (post or edit the card), "thread:INC-12" (post new time line entries).
    """

    key: str
    revision: int
    due_at: datetime
    attempts: int = 0

    @property
    def kind(self) -> str:
        return self.key.partition(":")[0]

    @property
    def subject(self) -> str:
        return self.key.partition(":")[2]


@dataclass(frozen=True)
class Posted:
    """Where a delivery stands in Slack: the message, and a digest or watermark of what it shows."""

    key: str
    channel: str
    ts: str
    shows: str = ""


@dataclass(frozen=True)
class Batch:
    """One accepted webhook in the inbox, kept as it came until its signals are dealt with."""

    id: int
    source: str
    received_at: datetime
    body: bytes


REMEMBER_DELIVERIES = timedelta(minutes=15)
"""Slack repeats an event for about five minutes, so remember ids longer than that."""
