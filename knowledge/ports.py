"""What the rules and skills need from outside, as protocols. Adapters live in `knowledge.adapters`.

Every method may raise `Unavailable` where the thing behind it can be out of reach.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from knowledge.records import (
    AlertRecord,
    Approval,
    ApprovalStatus,
    AuditEntry,
    Backtest,
    Ballot,
    Batch,
    Change,
    ColumnRoles,
    Delivery,
    Details,
    Document,
    DocumentKind,
    Frame,
    Gate,
    Hit,
    Incident,
    KeptMonitor,
    Lesson,
    Look,
    ModelFacts,
    ModelVersion,
    Move,
    Opinion,
    Posted,
    Purpose,
    Run,
    Sample,
    Series,
    Signal,
    Silence,
    Status,
    Tally,
    Ticket,
    Trace,
    Training,
    Vector,
)

if TYPE_CHECKING:
    from knowledge.drift import DriftReport, Profile
    from knowledge.monitors import AnyMonitor, Watched
    from knowledge.promotion import Policy
    from knowledge.promotion.deciding import Tally as VoteTally
    from knowledge.promotion.evidence import Evidence
    from knowledge.promotion.ruling import Asked, Ruling
    from knowledge.training import Recipe


class Incidents(Protocol):
    """The store of incidents. `tell` names kinds of delivery ("card", "thread") that are put into
    the outbox in the same transaction, under the key "<kind>:<incident id>"."""

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        """Store a draft (its id is empty) and return it with the id the store gave it."""
        ...

    def get(self, incident_id: str) -> Incident:
        """Raises NotFound with the nearest ids. Accepts "INC-12", "inc12" and "12"."""
        ...

    def find(
        self,
        *,
        status: Status | None = None,
        open_only: bool = False,
        service: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> list[Incident]:
        """Newest first; `service` matches without regard to case; `since` bounds opened_at."""
        ...

    def change(
        self, incident_id: str, by: Callable[[Incident], Incident], tell: Sequence[str] = ()
    ) -> Incident:
        """Apply a pure function to the stored incident, atomically. Raises NotFound."""
        ...


class Changes(Protocol):
    """Deploys, flags and other changes of the world that Tandem was told of."""

    def add(self, change: Change) -> None: ...

    def between(self, start: datetime, end: datetime, service: str = "") -> list[Change]: ...


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

    def done(self, batch_ids: Sequence[int]) -> None: ...

    def poison(self, batch_id: int, why: str) -> None:
        """Set a batch aside that cannot be dealt with, so that it blocks nothing; it is kept."""
        ...


class Alerts(Protocol):
    """The history of alert instances, kept for TANDEM_KEEP_ALERTS days and then as daily counts."""

    def record(self, records: Sequence[AlertRecord]) -> None:
        """Add. Of an instance that is known: its signal becomes the later state (as
        `incidents.merge` has it), `deliveries` add up, incident, verdict, why and silence are
        replaced, and `first_received_at` stays."""
        ...

    def repeated(self, deliveries: Sequence[tuple[Signal, int]]) -> None:
        """Known instances were delivered again so many times: their signal becomes the later
        state, `deliveries` add up, everything else stays. Unknown ones are left out."""
        ...

    def get(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        """Raises NotFound."""
        ...

    def find(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str = "",
        fingerprint: str = "",
        limit: int = 1000,
    ) -> list[AlertRecord]:
        """The newest by arrival, oldest first; `first_received_at` lies in [since, until)."""
        ...

    def tally(self, since: datetime, until: datetime) -> list[Tally]:
        """Counts by rule, service, severity and source of what came in [since, until); whole days
        where it was compacted."""
        ...

    def compact(self, before: datetime, limit: int = 10_000) -> int:
        """Turn at most `limit` instances received before then into daily counts; returns how many.
        Those of open incidents stay."""
        ...


class Silences(Protocol):
    def add(self, draft: Silence) -> Silence:
        """Store a draft (its id is empty) and return it with its id."""
        ...

    def get(self, silence_id: str) -> Silence:
        """Raises NotFound. Accepts "SIL-3" and "3"."""
        ...

    def find(self, *, at: datetime | None = None, limit: int = 100) -> list[Silence]:
        """Newest first; `at` keeps those that hold or begin after then."""
        ...

    def end(self, silence_id: str, by: str, at: datetime) -> Silence:
        """End it before its time; one that is over stays as it is."""
        ...


class Lessons(Protocol):
    """What people taught the correlation."""

    def add(self, lesson: Lesson) -> None: ...

    def all(self) -> list[Lesson]:
        """Oldest first."""
        ...


class Triage(Protocol):
    """What people may do to the correlation of present incidents, and ask of it. Each change is
    stored, told on the cards, and taught where it says so."""

    def why(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        """The alert with the terms of its placement. Raises NotFound."""
        ...

    def not_related(self, incident_id: str, alerts: Sequence[tuple[str, datetime]], by: str) -> str:
        """Take these alerts (fingerprint, start) out of the incident and learn from it; returns
        the id of the incident they have now, or empty. Raises BadArgs, NotFound."""
        ...

    def split(self, incident_id: str, alerts: Sequence[tuple[str, datetime]], by: str) -> Incident:
        """Make these alerts an incident of their own; returns that. Raises BadArgs, NotFound."""
        ...

    def merge(self, incident_id: str, into: str, by: str) -> Incident:
        """ "Same incident": all of one goes over to the other, and is learned; returns `into`.
        Raises BadArgs, NotFound."""
        ...


class Monitors(Protocol):
    """What is kept of monitors: those made or changed in chat, what each remembers between polls,
    what they saw, and what people thought of their findings."""

    def kept(self) -> list[KeptMonitor]: ...

    def keep(self, monitor: KeptMonitor) -> None:
        """Add, or replace by key."""
        ...

    def states(self, keys: Sequence[str] | None = None) -> dict[str, bytes]:
        """By key; of all monitors where no keys are given."""
        ...

    def put_states(self, states: Mapping[str, bytes]) -> None:
        """One transaction."""
        ...

    def drop_states(self, keys: Sequence[str]) -> None: ...

    def add_look(self, look: Look) -> None: ...

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]:
        """Oldest first."""
        ...

    def last_look(self, model: str) -> Look | None: ...

    def say(self, opinion: Opinion) -> None:
        """A person's later opinion on the same finding replaces the earlier one."""
        ...

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]:
        """Oldest first."""
        ...

    def tidy(self, before: datetime) -> int:
        """Forget looks older than that; returns how many."""
        ...


class Watching(Protocol):
    """The monitors as they run: what people may ask of them and do to them."""

    def all(self) -> "list[Watched]":
        """By name, those of the file and those made in chat."""
        ...

    def get(self, name: str) -> "Watched":
        """By key or name. Raises NotFound with the nearest names."""
        ...

    def save(self, monitor: "AnyMonitor", by: str) -> "Watched":
        """Add, or replace the one of that key; it runs from now on. Raises BadArgs."""
        ...

    def remove(self, name: str, by: str) -> None: ...

    def pause(self, name: str, until: datetime | None, by: str) -> "Watched":
        """Not read until then; None: until it is resumed."""
        ...

    def resume(self, name: str, by: str) -> "Watched": ...

    def raise_bar(self, name: str, sure: float, by: str) -> "Watched":
        """From now on it fires only from this score on."""
        ...

    def backtest(self, monitor: "AnyMonitor", start: datetime, end: datetime) -> Backtest:
        """What it would have found between the two. Raises UserError where it cannot be asked."""
        ...

    def trace(self, signal: Signal) -> Trace | None:
        """What the monitor that gave this signal saw lately; None where that is not known."""
        ...

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]: ...

    def last_look(self, model: str) -> Look | None: ...

    def say(self, opinion: Opinion) -> None: ...

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]: ...


class Together(Protocol):
    """All writes of this thread inside the block are one transaction; an exception undoes them."""

    def __call__(self) -> AbstractContextManager[None]: ...


class Outbox(Protocol):
    """What Slack must be told; see `Delivery`."""

    def put(self, key: str, due_at: datetime) -> None: ...

    def due(self, now: datetime, limit: int = 50) -> list[Delivery]:
        """Those whose time has come, oldest first."""
        ...

    def count_due(self, now: datetime) -> int: ...

    def done(self, delivery: Delivery) -> None:
        """Forget it, unless its revision grew while it was being sent."""
        ...

    def retry(self, delivery: Delivery, due_at: datetime) -> None:
        """Try again then; counts an attempt."""
        ...

    def posted(self, key: str) -> Posted | None: ...

    def set_posted(self, posted: Posted) -> None: ...

    def forget_posted(self, key: str) -> None:
        """The message is gone from Slack: the next delivery posts anew."""
        ...

    def find_posted(self, channel: str, ts: str) -> Posted | None:
        """Which delivery is this message? Used to know the incident of a thread."""
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
    def together(self) -> Together: ...


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


class Approvals(Protocol):
    """Requests and their decisions. `tell` as in `Incidents`: kinds of delivery ("request",
    "request-thread") that are put into the outbox in the same transaction."""

    def add(self, draft: Approval, tell: Sequence[str] = ()) -> Approval:
        """Store a draft (its id is empty) and return it with its id. A draft with a key that is
        known already is not stored again: the known one is returned."""
        ...

    def get(self, approval_id: str) -> Approval: ...

    def find(
        self,
        *,
        model: str = "",
        status: ApprovalStatus | None = None,
        watched: bool = False,
        limit: int = 50,
    ) -> list[Approval]:
        """Newest first; `watched` keeps those whose canary is being watched."""
        ...

    def decide(
        self,
        approval_id: str,
        expected: ApprovalStatus,
        by: Callable[[Approval], Approval],
        tell: Sequence[str] = (),
    ) -> tuple[Approval, bool]:
        """Apply `by` if the stored status is still `expected`; the flag says whether it was.

        Exactly one of any number of simultaneous callers gets True; for the others nothing is
        told. Neither id nor key can be changed. At most one request of a model is MOVING: raises
        Overtaken for a second, and nothing is changed. Raises NotFound.
        """
        ...

    def update(
        self, approval_id: str, by: Callable[[Approval], Approval], tell: Sequence[str] = ()
    ) -> Approval:
        """Apply a pure function to the stored request whatever its status is, atomically: for
        votes that were counted, the canary, the time line. Raises NotFound."""
        ...


class Documents(Protocol):
    """Past incidents and runbooks. `revision` grows with every change, so that an index built
    from it knows when it is stale."""

    def put(self, documents: Sequence[Document]) -> None:
        """Add or replace by id."""
        ...

    def get(self, document_id: str) -> Document:
        """Raises NotFound with the nearest ids."""
        ...

    def all(self, kind: DocumentKind | None = None) -> list[Document]: ...

    def revision(self) -> int: ...


class Embedder(Protocol):
    """Texts to unit vectors. `name` tells one model's vectors from another's."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def ready(self) -> bool:
        """False until the model is in memory; encode() works anyway, after loading it."""
        ...

    def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), float32, rows of length 1."""
        ...


class VectorIndex(Protocol):
    def add(self, ids: Sequence[str], vectors: Vector) -> None:
        """Add or replace by id; vectors of shape (len(ids), dimensions), unit length."""
        ...

    def remove(self, ids: Sequence[str]) -> None: ...

    def search(self, vector: Vector, k: int) -> list[tuple[str, float]]:
        """The k nearest ids with their cosine, best first; vector of shape (dimensions,)."""
        ...

    def __len__(self) -> int: ...


class Library(Protocol):
    """The search library, as skills see it."""

    def similar(
        self,
        text: str,
        k: int = 5,
        kinds: Sequence[DocumentKind] = (DocumentKind.INCIDENT, DocumentKind.RUNBOOK),
        exclude: Sequence[str] = (),
    ) -> list[Hit]:
        """Best first; hits of band NONE are left out."""
        ...

    def get(self, document_id: str) -> Document: ...

    def add(self, documents: Sequence[Document]) -> None: ...

    @property
    def ready(self) -> bool:
        """False while the embedding model loads or texts are still being embedded: until then
        the search goes by words alone, and its hits carry a cosine of 0."""
        ...


class Metrics(Protocol):
    """A Prometheus, as Tandem needs it."""

    def instant(self, query: str, at: datetime) -> list[Sample]: ...

    def range(self, query: str, start: datetime, end: datetime, step_s: float) -> list[Series]: ...


class Models(Protocol):
    """A model registry. Raises NotFound with the nearest names for unknown models and versions."""

    def names(self) -> list[str]: ...

    def versions(self, model: str) -> list[ModelVersion]:
        """Newest first."""
        ...

    def version(self, model: str, version: str) -> ModelVersion: ...

    def champion(self, model: str) -> ModelVersion | None: ...

    def champions(self) -> dict[str, str]:
        """The champion's version of every model that has one: cheap, for polling."""
        ...

    def details(self, model: str, version: str) -> Details:
        """What is dearer to read; see `Details`. What cannot be read is named in it."""
        ...

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        """What it answered row by row, by the digest of the data; empty where nothing is kept.
        Columns as in `knowledge.promotion.evidence.Side`."""
        ...

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        """Move the `champion` alias, keep the old one as `previous_champion`, read it back.

        `expected` is the version that must be champion before ("" for none): raises Overtaken
        and changes nothing where another one is. Raises Unavailable naming the state that was left:
        doing it again repairs it. Setting the one that is champion already changes nothing. The
        model is named exactly: the nearest name is not good enough to be moved.
        """
        ...


class Frames(Protocol):
    """What a model sees: the data it was trained on, and what it was asked lately."""

    def names(self) -> list[str]:
        """Models whose data is known."""
        ...

    def reference(self, model: str) -> Frame: ...

    def current(self, model: str, start: datetime, end: datetime) -> Frame:
        """Rows whose time lies in [start, end)."""
        ...

    def last(self, model: str, rows: int) -> Frame:
        """The newest rows, at most so many."""
        ...

    def report(
        self,
        model: str,
        start: datetime,
        end: datetime,
        *,
        against: tuple[datetime, datetime] | None = None,
        usual_rows: float = 0.0,
    ) -> "DriftReport":
        """The rows in [start, end) compared with the reference, or with those of another span;
        computed where the log lives."""
        ...

    def profile(self, model: str) -> "Profile":
        """The reference, ready to be compared with; kept until the reference changes."""
        ...

    def span(self, model: str) -> tuple[datetime, datetime] | None:
        """Times of the first and the last row of the current data; None where there is none or
        where it cannot be told."""
        ...

    def roles(self, model: str) -> ColumnRoles: ...

    def about(self, model: str) -> ModelFacts: ...


class Pager(Protocol):
    """Wakes people outside Slack: PagerDuty, Opsgenie."""

    @property
    def name(self) -> str: ...

    def page(self, incident: Incident, key: str, text: str) -> str:
        """Raise (or repeat, by the same key) a page; returns where it can be seen, or empty."""
        ...

    def acknowledge(self, key: str) -> None:
        """Somebody has taken the incident: wake nobody else, but keep the page."""
        ...

    def end(self, key: str) -> None:
        """The incident is over."""
        ...


class Tickets(Protocol):
    """Jira, ServiceNow or GitHub issues."""

    @property
    def system(self) -> str: ...

    def create(self, incident: Incident, body: str) -> Ticket: ...

    def update(self, ticket: Ticket, incident: Incident, comment: str) -> Ticket:
        """Bring state and severity in step and add the comment, if any."""
        ...


class Trainer(Protocol):
    """Starts training runs in whatever trains models."""

    @property
    def name(self) -> str:
        """ "airflow", "argo", "kubeflow", "sagemaker", "github", "jenkins" or "webhook"."""
        ...

    def recipe(self, model: str) -> "Recipe":
        """How this model is trained, and what a person may choose. Raises NotFound where nobody
        said how."""
        ...

    def start(self, training: Training) -> Run:
        """Have it started, once per id, also when it is asked again after a failure."""
        ...

    def look(self, run: Run) -> Run:
        """How it stands now. A run that the system does not know any more is LOST."""
        ...

    def secret(self, run: Run) -> str:
        """What reports about this run are signed with; empty where none are taken."""
        ...


class Runs(Protocol):
    """Training runs that were asked for."""

    def put(self, run: Run, tell: Sequence[str] = ()) -> None:
        """Add, or replace by the training's id; `tell` as in `Incidents`, key "<kind>:<id>"."""
        ...

    def get(self, training_id: str) -> Run:
        """Raises NotFound."""
        ...

    def find(self, *, model: str = "", under_way: bool = False, limit: int = 50) -> list[Run]:
        """Newest first."""
        ...


class Moves(Protocol):
    """Every champion that Tandem saw come, by whom it may."""

    def add(self, draft: Move, tell: Sequence[str] = ()) -> Move:
        """Store a draft (its id is empty) and return it with its id; `tell` as in `Incidents`."""
        ...

    def get(self, move_id: str) -> Move:
        """Raises NotFound."""
        ...

    def find(self, *, model: str = "", outside: bool = False, limit: int = 50) -> list[Move]:
        """Newest first; `outside` keeps those past Tandem."""
        ...

    def change(self, move_id: str, by: Callable[[Move], Move], tell: Sequence[str] = ()) -> Move:
        """Apply a pure function to the stored move, atomically. Raises NotFound."""
        ...

    def seen(self) -> dict[str, tuple[str, datetime]]:
        """The champion of each model as it was seen last ("" for none), and when."""
        ...

    def see(self, champions: Mapping[str, str], at: datetime) -> None:
        """These were seen then: replaces the entries of these models, except those that were seen
        later."""
        ...


class Groups(Protocol):
    """Groups of people in the chat."""

    def members(self, group: str) -> frozenset[str]:
        """User ids, asked anew each time: rights are checked at the click. By a group's id or its
        handle ("@ml-leads"). Raises NotFound."""
        ...


class Archive(Protocol):
    """Where a head of the audit record is kept so that nobody can change it for a while."""

    @property
    def name(self) -> str: ...

    def keep(self, name: str, content: bytes, until: datetime) -> str:
        """Store under that name, unchangeable until then; returns its address. Storing the same
        again changes nothing."""
        ...


class Promoting(Protocol):
    """Requests to move a champion, as skills and jobs see them."""

    def policy(self, model: str) -> "Policy": ...

    def gather(self, model: str, version: str, purpose: Purpose) -> "Evidence":
        """The facts of this moment. Raises NotFound; what else cannot be asked is named in it."""
        ...

    def judge(self, evidence: "Evidence") -> tuple[Gate, ...]: ...

    def ask(
        self,
        model: str,
        version: str,
        *,
        by: str,
        by_name: str,
        reason: str,
        purpose: Purpose = Purpose.PROMOTION,
        channel: str = "",
        key: str = "",
    ) -> "Asked":
        """A request with its evidence frozen; one that waits for the same move from the same
        champion is returned as it is. No request is made where a gate prevents it that nobody may
        override. Raises NotFound, BadArgs."""
        ...

    def vote(
        self, approval_id: str, ballot: Ballot, *, by: str, by_name: str, reason: str, saw: str = ""
    ) -> "Ruling":
        """Count one click, with everything checked again, and move the champion if that completes
        it. `saw` is the hash of the evidence on the clicked card, or its first twelve characters.
        Raises Denied, BadArgs, and Overtaken while another request of the model is moved."""
        ...

    def review(self, approval_id: str, *, by: str, by_name: str, note: str = "") -> Approval:
        """A second person looked at an emergency afterwards. Raises Denied."""
        ...

    def undecided(self, model: str = "") -> list[Approval]:
        """Those that wait for a decision, newest first."""
        ...

    def open_to(self, user: str) -> list[Approval]:
        """Those of them that this person may approve now, if need be by an override; cheaper than
        asking `may` for each."""
        ...

    def may(self, approval: Approval, ballot: Ballot, user: str) -> str:
        """Why this person may not click that now; empty where they may."""
        ...

    def tally(self, approval: Approval) -> "VoteTally":
        """How the votes stand under the policy of now. Asks each group that it names once; one that
        cannot be asked is named in it."""
        ...

    def thaw(self, approval: Approval) -> "Evidence | None":
        """The evidence as it was frozen; None for requests of before there was any."""
        ...


class Rooms(Protocol):
    """Channels of the chat, opened for one incident."""

    def open(self, name: str, topic: str, people: Sequence[str]) -> str:
        """Make a channel (or take the one of that name), invite people; returns its id."""
        ...

    def topic(self, channel: str, topic: str) -> None: ...

    def say(self, channel: str, title: str, text: str, link: str = "") -> str:
        """Post a message in a channel, named by id or as "#status"; `link` leads to more. Returns
        the message's address, or empty."""
        ...


@dataclass(frozen=True)
class Tool:
    """One thing a language model may choose: a skill's name, summary and argument schema."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of an object."""


@dataclass(frozen=True)
class Choice:
    tool: str
    arguments: Mapping[str, Any]


class LLM(Protocol):
    """A language model. Its answers are proposals; callers check them."""

    @property
    def name(self) -> str: ...

    def choose(self, instructions: str, text: str, tools: Sequence[Tool]) -> Choice | None:
        """The tool it would use for `text`, or None. Never runs anything."""
        ...

    def write(self, instructions: str, text: str) -> str: ...
