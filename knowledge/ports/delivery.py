"""What came in, what must go out, what was done: in one transaction."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from knowledge.ports.incidents import Alerts, Changes, Incidents, Lessons, Silences
from knowledge.ports.leases import Rounds
from knowledge.ports.operations import Executions, Handovers, Judgements, Uses
from knowledge.ports.promotion import Approvals, Moves, Runs
from knowledge.ports.watching import Monitors
from knowledge.records import AuditEntry, Batch, Delivery, Posted


class Together(Protocol):
    """All writes of this thread inside the block are one transaction; an exception undoes them."""

    def __call__(self) -> AbstractContextManager[None]: ...


class Inbox(Protocol):
    """Webhooks are here before their sender is answered, and leave when they are dealt with."""

    def put(self, source: str, body: bytes, received_at: datetime) -> int:
        """Store durably, as it came; returns the batch's id. Callers at the same time share one
        commit."""
        ...

    def waiting(self, limit: int = 100) -> list[Batch]:
        """Oldest first; fewer where their bodies are large, but never none."""
        ...

    def count(self) -> int:
        """How many are waiting; cheap."""
        ...

    def still(self, batch_ids: Sequence[int]) -> set[int]:
        """Those of them that still wait: another replica may have dealt with them."""
        ...

    def done(self, batch_ids: Sequence[int]) -> None: ...

    def poison(self, batch_id: int, why: str) -> None:
        """Set a batch aside that cannot be dealt with, so that it blocks nothing; it is kept."""
        ...


class Outbox(Protocol):
    """What Slack must be told; see `Delivery`."""

    def put(self, key: str, due_at: datetime) -> None: ...

    def due(self, now: datetime, limit: int = 50) -> list[Delivery]:
        """Those whose time has come, oldest first."""
        ...

    def count_due(self, now: datetime) -> int: ...

    def begin(self, delivery: Delivery) -> None:
        """It is about to be sent; counts an attempt. Whoever finds it after a crash, or takes over
        while it is under way, knows by that count that it was perhaps sent."""
        ...

    def done(self, delivery: Delivery) -> None:
        """Forget it, unless its revision grew while it was being sent."""
        ...

    def retry(self, delivery: Delivery, due_at: datetime) -> None:
        """Try again then; what `begin` counted is the same attempt."""
        ...

    def posted(self, key: str) -> Posted | None: ...

    def set_posted(self, posted: Posted) -> None: ...

    def post_first(self, posted: Posted, over: str | None = None) -> Posted:
        """As `set_posted` where nothing is there, or what is there shows `over`; returns what is
        there afterwards. Of two who sent the same at once, one finds the other's."""
        ...

    def forget_posted(self, key: str) -> None:
        """The message is gone from Slack: the next delivery posts anew."""
        ...

    def find_posted(self, channel: str, ts: str) -> Posted | None:
        """Which delivery is this message? Used to know the incident of a thread."""
        ...


class Seen(Protocol):
    """Ids of things that must be done once only."""

    def first_time(self, key: str, now: datetime) -> bool:
        """True exactly once per key within REMEMBER_DELIVERIES, also across replicas."""
        ...

    def tidy(self, now: datetime) -> int: ...


class Audit(Protocol):
    """Append only; each entry is linked to the one before it (`knowledge.audit_chain`)."""

    def add(self, entry: AuditEntry) -> None: ...

    def chain(self, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        """Oldest first, by number; with `after` 0 those from before there was a chain come first,
        beyond the limit."""
        ...

    def find(self, *, actor: str = "", skill: str = "", limit: int = 50) -> list[AuditEntry]:
        """Newest first."""
        ...


class Archive(Protocol):
    """Where a head of the audit record is kept so that nobody can change it for a while."""

    @property
    def name(self) -> str: ...

    def keep(self, name: str, content: bytes, until: datetime) -> str:
        """Store under that name, unchangeable until then; returns its address. Storing the same
        again changes nothing."""
        ...


class Store(Protocol):
    """What the intake keeps, in one place: `together` makes it one transaction."""

    @property
    def inbox(self) -> Inbox: ...
    @property
    def incidents(self) -> Incidents: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def silences(self) -> Silences: ...
    @property
    def lessons(self) -> Lessons: ...
    @property
    def outbox(self) -> "Outbox": ...
    @property
    def monitors(self) -> Monitors: ...
    @property
    def approvals(self) -> "Approvals": ...
    @property
    def moves(self) -> "Moves": ...
    @property
    def runs(self) -> "Runs": ...
    @property
    def handovers(self) -> Handovers: ...
    @property
    def executions(self) -> Executions: ...
    @property
    def uses(self) -> Uses: ...
    @property
    def judgements(self) -> Judgements: ...
    @property
    def rounds(self) -> Rounds: ...
    @property
    def together(self) -> Together: ...
