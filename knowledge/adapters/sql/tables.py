"""The tables. They are apart from the records: a store maps one to the other, in plain sight.

Change a table here and add a migration beside `knowledge/adapters/migrations/versions/0001_*.py`;
a test compares the two.
"""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy import Table as SqlTable
from sqlmodel import JSON, Field, SQLModel

from knowledge.records import (
    ApprovalStatus,
    Canary,
    Event,
    Gate,
    Kind,
    Purpose,
    RunState,
    Vote,
)

EnumT = TypeVar("EnumT", bound=StrEnum)


class Utc(TypeDecorator[datetime]):
    """Aware times in UTC, also where the database forgets zones (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def storable(text: str) -> str:
    """Text from anywhere without what no database stores: NUL, half a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


class Words(TypeDecorator[str]):
    """Text from anywhere; see `storable`."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Choice(TypeDecorator[EnumT], Generic[EnumT]):
    """An enumeration by its values: a new one needs no change of the table."""

    impl = String
    cache_ok = True

    def __init__(self, of: type[EnumT]) -> None:
        super().__init__()
        self.of = of

    def process_bind_param(self, value: EnumT | None, dialect: Dialect) -> str | None:
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> EnumT | None:
        return None if value is None else self.of(value)


class Packed(TypeDecorator[Any]):
    """Records inside a record, as JSON text: what is read and written with it and never looked for.

    It is JSON as Python writes it, with NaN and Infinity: no database's own type holds those. A
    field that gets a default may be added to such a record without a migration.
    """

    impl = String
    cache_ok = True

    def __init__(self, of: Any) -> None:
        super().__init__()
        self.of = of
        self._adapter: TypeAdapter[Any] = TypeAdapter(of)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        plain = self._adapter.dump_python(value, mode="json")
        return storable(json.dumps(plain, ensure_ascii=False))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self._adapter.validate_python(json.loads(value))


class Exact(TypeDecorator[str]):
    """Large text of which a hash is kept: every character comes back as it was."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")


class Table(SQLModel):
    """The base of all tables, with metadata of its own: it holds nothing but these.

    Constraints get names, because a later migration must name what it changes.
    """

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(row: type[Table]) -> SqlTable:
    """The plain table behind a row's class, for statements without objects of the ORM."""
    return Table.metadata.tables[str(row.__tablename__)]


class NumberedRow(Table):
    """Something that people know by its number, which is never given twice."""

    number: int | None = Field(default=None, primary_key=True)


class IncidentRow(Table, table=True):
    """An `Incident` by its fields' names; what it holds in order is in `incident_*`."""

    __tablename__ = "incident"
    __table_args__ = (
        Index(
            "ix_incident_open",
            "opened_at",
            sqlite_where=text("status != 'resolved'"),
            postgresql_where=text("status != 'resolved'"),
        ),
        {"sqlite_autoincrement": True},
    )
    """Those that are open are few, however many there were."""

    number: int | None = Field(default=None, primary_key=True)
    version: int = 1
    """Grows with every change, so that a cached copy knows when it is stale."""
    title: str = Field(sa_type=Words)
    service: str = Field(sa_type=Words)
    service_key: str = Field(sa_type=Words, index=True)
    """`service` in lower case, for looking up."""
    severity: str
    status: str = Field(index=True)
    opened_at: datetime = Field(sa_type=Utc, index=True)
    updated_at: datetime = Field(sa_type=Utc)
    resolved_at: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    owner: str = Field(sa_type=Words)
    acknowledged_by: str = Field(sa_type=Words)
    channel: str = Field(sa_type=Words)
    cause: str = Field(sa_type=Words)
    resolution: str = Field(sa_type=Words)
    suspects: list[str] = Field(sa_type=JSON, sa_column_kwargs={"server_default": "[]"})
    merged_into: str = Field(sa_type=Words, sa_column_kwargs={"server_default": ""})
    tickets: list[dict[str, str]] = Field(sa_type=JSON, sa_column_kwargs={"server_default": "[]"})


class PartRow(Table):
    """One element of one of an incident's tuples; `position` gives their order."""

    incident: int = Field(foreign_key="incident.number", primary_key=True)
    position: int = Field(primary_key=True)


class SignalRow(PartRow, table=True):
    """A signal on an incident's card."""

    __tablename__ = "incident_signal"

    body: str
    """See `packing.pack_signal`."""


class IncidentChangeRow(PartRow, table=True):
    """A change that may explain an incident, as it was when it was found."""

    __tablename__ = "incident_change"

    change_id: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Utc)
    kind: str = Field(sa_type=Words)
    service: str = Field(sa_type=Words)
    summary: str = Field(sa_type=Words)
    version: str = Field(sa_type=Words)
    author: str = Field(sa_type=Words)
    url: str = Field(sa_type=Words)


class EventRow(PartRow, table=True):
    """An entry of an incident's time line."""

    __tablename__ = "incident_event"

    event_id: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Utc)
    kind: str = Field(sa_type=Words)
    actor: str = Field(sa_type=Words)
    text: str = Field(sa_type=Words)
    url: str = Field(sa_type=Words)


class ChangeRow(Table, table=True):
    """A deploy, a flag or another change that was reported, by its fields' names."""

    __tablename__ = "change"

    id: str = Field(sa_type=Words, primary_key=True)
    at: datetime = Field(sa_type=Utc, index=True)
    kind: str = Field(sa_type=Words)
    service: str = Field(sa_type=Words)
    service_key: str = Field(sa_type=Words)
    summary: str = Field(sa_type=Words)
    version: str = Field(sa_type=Words)
    author: str = Field(sa_type=Words)
    url: str = Field(sa_type=Words)


class InboxRow(Table, table=True):
    """A webhook that was accepted and waits for its correlation."""

    __tablename__ = "inbox"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(sa_type=Words)
    received_at: datetime = Field(sa_type=Utc)
    poison: str | None = Field(default=None, sa_type=Words, nullable=True, index=True)
    """Why it was set aside, or null while it waits."""
    body: bytes
    """As it came. The last column: SQLite then counts and skips rows without reading it."""


class AlertRow(Table, table=True):
    """One alert instance. Times are microseconds since 1970 in UTC: cheap to bind and compare.

    The indexes are made so that an alert costs the same whatever is stored already: what is new
    goes to the end of each of them, or near it, where the pages are in memory. `find` by
    fingerprint looks into one day after the other for that.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index("uq_alert_instance", "starts_at", "series", unique=True),
        Index("ix_alert_series", "day", "series"),
        Index("ix_alert_first_received_at", "first_received_at"),
        Index(
            "ix_alert_incident",
            "incident",
            "first_received_at",
            sqlite_where=text("incident != ''"),
            postgresql_where=text("incident != ''"),
        ),
    )

    id: int | None = Field(
        default=None,
        primary_key=True,
        # SQLite numbers rows by itself only where the key is called INTEGER.
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    series: int = Field(sa_type=BigInteger)
    """`packing.series_of` its fingerprint."""
    starts_at: int = Field(sa_type=BigInteger)
    ends_at: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    first_received_at: int = Field(sa_type=BigInteger)
    day: int
    """Of `first_received_at`, since 1970."""
    deliveries: int
    incident: str = Field(sa_type=String)
    verdict: str
    silence: str = Field(sa_type=String)
    name: str = Field(sa_type=String)
    service: str = Field(sa_type=String)
    severity: str = Field(sa_type=String)
    source: str = Field(sa_type=String)
    body: str
    """The signal; see `packing.pack_signal`."""
    why: str
    """See `packing.pack_terms`."""


class AlertDayRow(Table, table=True):
    """What came in on one day, by rule, service, severity and source; kept up to date with `alert`
    and kept when that is compacted."""

    __tablename__ = "alert_day"
    __table_args__ = {"sqlite_with_rowid": False}

    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(primary_key=True, sa_type=String)
    service: str = Field(primary_key=True, sa_type=String)
    severity: str = Field(primary_key=True, sa_type=String)
    source: str = Field(primary_key=True, sa_type=String)
    instances: int = Field(sa_type=BigInteger)
    deliveries: int = Field(sa_type=BigInteger)
    in_incidents: int = Field(sa_type=BigInteger)
    silenced: int = Field(sa_type=BigInteger)
    firing_us: int = Field(sa_type=BigInteger)


class SilenceRow(NumberedRow, table=True):
    """A `Silence` by its fields' names."""

    __tablename__ = "silence"
    __table_args__ = {"sqlite_autoincrement": True}

    matchers: list[list[str]] = Field(sa_type=JSON)
    """[label, op, value] each."""
    starts_at: datetime = Field(sa_type=Utc)
    ends_at: datetime = Field(sa_type=Utc, index=True)
    created_by: str = Field(sa_type=Words)
    created_at: datetime = Field(sa_type=Utc)
    reason: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    ended_by: str = Field(sa_type=Words)


class LessonRow(Table, table=True):
    """What people taught the correlation: two alerts that belong together, or do not."""

    __tablename__ = "lesson"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Utc)
    by: str = Field(sa_type=Words)
    teaching: str
    one_name: str = Field(sa_type=Words)
    one_service: str = Field(sa_type=Words)
    other_name: str = Field(sa_type=Words)
    other_service: str = Field(sa_type=Words)
    incident: str = Field(sa_type=Words)


class OutboxRow(Table, table=True):
    """Something that must be told in Slack, by key; what is told is read when it is sent."""

    __tablename__ = "outbox"

    key: str = Field(sa_type=Words, primary_key=True)
    revision: int
    due_at: datetime = Field(sa_type=Utc, index=True)
    attempts: int = 0


class PostedRow(Table, table=True):
    """Where the message of a key stands in Slack, and what it shows."""

    __tablename__ = "posted"

    key: str = Field(sa_type=Words, primary_key=True)
    channel: str = Field(sa_type=Words)
    ts: str = Field(sa_type=Words, index=True)
    shows: str = Field(sa_type=Words)


class SeenRow(Table, table=True):
    """An event's id that was seen, so that its repetition is dropped."""

    __tablename__ = "seen"

    key: str = Field(sa_type=Words, primary_key=True)
    at: datetime = Field(sa_type=Utc, index=True)


class AuditRow(Table, table=True):
    """One entry of the audit record; `digest` chains it to the one before."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Utc)
    actor: str = Field(sa_type=Words, index=True)
    skill: str = Field(sa_type=Words, index=True)
    args: dict[str, Any] = Field(sa_type=JSON)
    outcome: str = Field(sa_type=Words)
    detail: str = Field(sa_type=Words)
    place: str = Field(sa_type=Words)
    saw: str = Field(default="", sa_type=Words, sa_column_kwargs={"server_default": ""})
    number: int | None = Field(default=None, unique=True, sa_type=BigInteger)
    """None for entries from before there was a chain."""
    previous: str = Field(default="", sa_type=Words, sa_column_kwargs={"server_default": ""})
    hash: str = Field(default="", sa_type=Words, sa_column_kwargs={"server_default": ""})


class ApprovalRow(NumberedRow, table=True):
    """An `Approval` by its fields' names."""

    __tablename__ = "approval"
    __table_args__ = (
        Index(
            "ix_approval_moving",
            "model",
            unique=True,
            sqlite_where=text("status = 'moving'"),
            postgresql_where=text("status = 'moving'"),
        ),
        {"sqlite_autoincrement": True},
    )
    """One request of a model is under way at most."""

    model: str = Field(sa_type=Words, index=True)
    version: str = Field(sa_type=Words)
    champion: str = Field(sa_type=Words)
    requester: str = Field(sa_type=Words)
    requester_name: str = Field(sa_type=Words)
    created_at: datetime = Field(sa_type=Utc)
    reason: str = Field(sa_type=Words)
    status: ApprovalStatus = Field(sa_type=Choice(ApprovalStatus), index=True)
    gates: tuple[Gate, ...] = Field(sa_type=Packed(tuple[Gate, ...]))
    decided_by: str = Field(sa_type=Words)
    decided_by_name: str = Field(sa_type=Words)
    decided_at: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    decision_reason: str = Field(sa_type=Words)
    outcome: str = Field(sa_type=Words)
    kind: Kind = Field(sa_type=Choice(Kind))
    purpose: Purpose = Field(sa_type=Choice(Purpose))
    votes: tuple[Vote, ...] = Field(sa_type=Packed(tuple[Vote, ...]))
    expires_at: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    evidence_hash: str = Field(sa_type=Words)
    channel: str = Field(sa_type=Words)
    timeline: tuple[Event, ...] = Field(sa_type=Packed(tuple[Event, ...]))
    canary: Canary | None = Field(sa_type=Packed(Canary | None), nullable=False)
    watched: bool = Field(index=True)
    """Whether its canary is being watched."""
    reviewed_by: str = Field(sa_type=Words)
    key: str | None = Field(default=None, sa_type=Words, nullable=True, unique=True, index=True)
    """Null where there is none: only keys are unique."""
    evidence: str = Field(sa_type=Exact)
    """The last column, as it is the largest."""


class MoveRow(NumberedRow, table=True):
    """A `Move` by its fields' names."""

    __tablename__ = "move"
    __table_args__ = {"sqlite_autoincrement": True}

    model: str = Field(sa_type=Words, index=True)
    version: str = Field(sa_type=Words)
    before: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Utc)
    noticed_at: datetime = Field(sa_type=Utc)
    since: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    approval: str = Field(sa_type=Words, index=True)
    how: str = Field(sa_type=Words)
    announced: bool
    answered: str = Field(sa_type=Words)
    kind: Kind = Field(sa_type=Choice(Kind))


class ChampionSeenRow(Table, table=True):
    """The champion of a model as it was seen last."""

    __tablename__ = "champion_seen"

    model: str = Field(sa_type=Words, primary_key=True)
    version: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Utc)


class RunRow(Table, table=True):
    """A `Run` and its `Training` by their fields' names."""

    __tablename__ = "run"
    __table_args__ = (Index("ix_run_model", "model", "at"),)

    id: str = Field(sa_type=Words, primary_key=True)
    model: str = Field(sa_type=Words)
    champion: str = Field(sa_type=Words)
    reason: str = Field(sa_type=Words)
    parameters: dict[str, str] = Field(sa_type=Packed(dict[str, str]))
    by: str = Field(sa_type=Words)
    by_name: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Utc, index=True)
    state: RunState = Field(sa_type=Choice(RunState), index=True)
    system: str = Field(sa_type=Words)
    handle: str = Field(sa_type=Words)
    url: str = Field(sa_type=Words)
    detail: str = Field(sa_type=Words)
    version: str = Field(sa_type=Words)
    updated_at: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    channel: str = Field(sa_type=Words)
    thread: str = Field(sa_type=Words)


class DocumentRow(Table, table=True):
    """A past incident or a runbook of the search library."""

    __tablename__ = "document"

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(sa_type=Words, unique=True)
    title: str = Field(sa_type=Words)
    text: str = Field(sa_type=Words)
    kind: str = Field(index=True)
    service: str = Field(sa_type=Words)
    date: str = Field(sa_type=Words)
    severity: str = Field(sa_type=Words)
    root_cause: str = Field(sa_type=Words)
    resolution: str = Field(sa_type=Words)
    url: str = Field(sa_type=Words)
    tags: list[str] = Field(sa_type=JSON)
    revision: int = Field(index=True)
    """Of the store, when it was put."""


class RemovedDocumentRow(Table, table=True):
    """A document that is gone, so that an index built from the store forgets it too."""

    __tablename__ = "document_removed"

    id: str = Field(sa_type=Words, primary_key=True)
    revision: int = Field(index=True)


class CounterRow(Table, table=True):
    """The last number that was given, by what is numbered."""

    __tablename__ = "counter"

    name: str = Field(sa_type=Words, primary_key=True)
    value: int


class KeptMonitorRow(Table, table=True):
    """What people changed about a monitor; by key."""

    __tablename__ = "monitor"

    key: str = Field(sa_type=Words, primary_key=True)
    changed_by: str = Field(sa_type=Words)
    changed_at: datetime = Field(sa_type=Utc)
    spec: str = Field(sa_type=Words)
    removed: bool
    paused: bool
    paused_until: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    sure: float | None = None


class MonitorStateRow(Table, table=True):
    """What a monitor remembers between polls, as the engine packed it."""

    __tablename__ = "monitor_state"

    key: str = Field(sa_type=Words, primary_key=True)
    body: bytes


class LookRow(Table, table=True):
    """One look at one window of a model's log."""

    __tablename__ = "model_look"
    __table_args__ = (Index("ix_model_look_model", "model", "at"),)

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    model: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Utc, index=True)
    starts_at: datetime = Field(sa_type=Utc)
    ends_at: datetime = Field(sa_type=Utc)
    rows: int = Field(sa_type=BigInteger)
    verdict: str = Field(sa_type=Words)
    version: str = Field(sa_type=Words)
    figures: str
    """A JSON object as Python writes it, with NaN and Infinity: no database's own type holds
    those."""
    findings: list[str] = Field(sa_type=JSON)


class OpinionRow(Table, table=True):
    """A person's opinion of one finding, the latest of each."""

    __tablename__ = "monitor_opinion"

    key: str = Field(sa_type=Words, primary_key=True)
    fingerprint: str = Field(sa_type=Words, primary_key=True)
    starts_at: datetime = Field(sa_type=Utc, primary_key=True)
    by: str = Field(sa_type=Words, primary_key=True)
    at: datetime = Field(sa_type=Utc, index=True)
    useful: bool
    score: float
    note: str = Field(sa_type=Words)
