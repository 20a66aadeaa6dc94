"""Requests to change the champion, the votes on them, and every move that a champion made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.records.incidents import Event
from knowledge.records.registry import Kind


class GateResult(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion in the metric's own unit, with its 95% interval."""

    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Gate:
    """One check of a promotion and what it found. A FAIL prevents it unless it is overridden."""

    name: str
    result: GateResult
    detail: str
    more: tuple[str, ...] = ()
    """What a click shows: a line each."""
    difference: Difference | None = None
    """Where it weighed a metric of both on the same rows: what the card draws."""


class Purpose(StrEnum):
    """Why the champion is to be moved."""

    PROMOTION = "promotion"
    ROLLBACK = "rollback"
    EMERGENCY = "emergency rollback"
    """One approver is enough, loudly; somebody reviews it afterwards."""


class Ballot(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    CHANGES = "ask for changes"
    OVERRIDE = "override"
    """Approves although named gates fail; only for those whom the policy names, with a reason."""


@dataclass(frozen=True)
class Vote:
    """One person's click on a request."""

    by: str
    by_name: str
    at: datetime
    ballot: Ballot
    reason: str = ""
    saw: str = ""
    """The hash of the evidence that stood on the card."""


class ApprovalStatus(StrEnum):
    PENDING = "pending"
    MOVING = "moving"
    """Decided in favour, and written down before the registry is asked: whatever is found in this
    state after a crash is settled by looking at the registry."""
    APPROVED = "approved"
    """Decided in favour, and the registry has read back as asked."""
    REJECTED = "rejected"
    CHANGES = "changes asked"
    FAILED = "failed"
    """Decided in favour, but the registry did not take the move; `outcome` says why."""
    EXPIRED = "expired"
    """Nobody decided in time, or what it compared is gone; `outcome` says which."""


class CanaryState(StrEnum):
    WATCHING = "watching"
    FINE = "fine"
    WORSE = "worse"
    UNKNOWN = "unknown"
    """The time is over and there was nothing to compare: no traffic, no monitor, no data."""
    ENDED = "ended"
    """Another version took over before the time was over."""


@dataclass(frozen=True)
class Reading:
    """One figure of an endpoint or a model, before the move and since."""

    name: str
    """"errors", "latency", "volume", "cost", "drift", "estimated auc", "null share of amount"..."""
    before: float
    after: float
    worse: bool
    says: str
    """In words: "errors 0.2% before, 3.1% since"."""


@dataclass(frozen=True)
class Canary:
    """The watch over a champion that was just made."""

    until: datetime
    state: CanaryState = CanaryState.WATCHING
    readings: tuple[Reading, ...] = ()
    looked_at: datetime | None = None
    acted: str = ""
    """The rollback that followed: the request's id."""
    short: tuple[str, ...] = ()
    """Figures with too few earlier days: only their first hours could be judged closely."""


@dataclass(frozen=True)
class Approval:
    """One request to move a champion: what was shown, who voted, what came of it."""

    id: str
    """"APR-3"; empty in a draft that the store has not numbered yet."""
    model: str
    version: str
    champion: str
    """The champion's version when it was asked, or empty where there was none."""
    requester: str
    """A Slack id; or "mlflow", "canary" where a machine asked."""
    requester_name: str
    created_at: datetime
    reason: str = ""
    status: ApprovalStatus = ApprovalStatus.PENDING
    gates: tuple[Gate, ...] = ()
    decided_by: str = ""
    """Whose vote completed it."""
    decided_by_name: str = ""
    decided_at: datetime | None = None
    decision_reason: str = ""
    outcome: str = ""
    kind: Kind = Kind.MODEL
    purpose: Purpose = Purpose.PROMOTION
    votes: tuple[Vote, ...] = ()
    expires_at: datetime | None = None
    evidence: str = ""
    """What was known at the request, frozen (`knowledge.promotion.evidence`): canonical JSON."""
    evidence_hash: str = ""
    """Its SHA-256; what voters saw."""
    channel: str = ""
    """Where its card is: a channel's id or name."""
    timeline: tuple[Event, ...] = ()
    """What happened, told in the card's thread."""
    canary: Canary | None = None
    reviewed_by: str = ""
    """Of an emergency: who looked at it afterwards."""
    key: str = ""
    """What makes asking again the same request: a webhook's delivery, a canary's approval."""


@dataclass(frozen=True)
class Move:
    """A champion that changed, by Tandem or past it."""

    id: str
    """"MOV-3"; empty in a draft."""
    model: str
    version: str
    """The champion from then on; empty where the alias was taken away."""
    before: str
    """The champion until then, or empty."""
    at: datetime
    """When it was made, as nearly as that is known: not before `since`, not after `noticed_at`."""
    noticed_at: datetime
    since: datetime | None = None
    """Until then the earlier champion was seen."""
    approval: str = ""
    """The request that led to it; empty for a move past Tandem."""
    how: str = ""
    """"tandem", "poll" or "webhook": how Tandem knows."""
    announced: bool = False
    answered: str = ""
    """What people made of a move past Tandem: "accepted by ada", "restored by APR-7"."""
    kind: Kind = Kind.MODEL


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


class RunState(StrEnum):
    ASKED = "asked"
    """Sent; the system has not said anything since."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Its system does not know it any more, or has not said anything for too long."""

    @property
    def under_way(self) -> bool:
        return self in (RunState.ASKED, RunState.RUNNING)


@dataclass(frozen=True)
class Run:
    """A training run as its system tells it."""

    training: Training
    state: RunState
    system: str
    """"airflow", "argo", "kubeflow", "sagemaker", "github", "jenkins" or "webhook"."""
    handle: str = ""
    """What the system calls it: enough to ask for it again."""
    url: str = ""
    detail: str = ""
    """The step it is in, or why it failed."""
    version: str = ""
    """The version that it registered, once that is known."""
    updated_at: datetime | None = None
    channel: str = ""
    """Where its progress is told: the channel and the message it was asked under."""
    thread: str = ""
