"""The tables. They are apart from the records: a store maps one to the other, in plain sight.

Change a table here and add a migration beside `knowledge/adapters/migrations/versions/0001_*.py`;
a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Dialect, MetaData, String, TypeDecorator
from sqlmodel import JSON, Field, SQLModel


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


class Words(TypeDecorator[str]):
    """Text from anywhere: what no database stores (NUL, half a surrogate pair) is replaced."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


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


class IncidentRow(Table, table=True):
    __tablename__ = "incident"
    __table_args__ = {"sqlite_autoincrement": True}

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


class PartRow(Table):
    """One element of one of an incident's tuples; `position` is its index there."""

    incident: int = Field(foreign_key="incident.number", primary_key=True)
    position: int = Field(primary_key=True)


class SignalRow(PartRow, table=True):
    __tablename__ = "incident_signal"

    fingerprint: str = Field(sa_type=Words, index=True)
    name: str = Field(sa_type=Words)
    starts_at: datetime = Field(sa_type=Utc)
    received_at: datetime = Field(sa_type=Utc)
    source: str = Field(sa_type=Words)
    kind: str
    ends_at: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    service: str = Field(sa_type=Words)
    severity: str = Field(sa_type=Words)
    summary: str = Field(sa_type=Words)
    description: str = Field(sa_type=Words)
    value: str = Field(sa_type=Words)
    labels: dict[str, str] = Field(sa_type=JSON)
    url: str = Field(sa_type=Words)
    runbook_url: str = Field(sa_type=Words)
    signal_id: str = Field(sa_type=Words)


class IncidentChangeRow(PartRow, table=True):
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
    __tablename__ = "incident_event"

    event_id: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Utc)
    kind: str = Field(sa_type=Words)
    actor: str = Field(sa_type=Words)
    text: str = Field(sa_type=Words)
    url: str = Field(sa_type=Words)


class ChangeRow(Table, table=True):
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
    __tablename__ = "inbox"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(sa_type=Words)
    received_at: datetime = Field(sa_type=Utc)
    signals: str = Field(sa_type=Words)
    """JSON; text, so that a row nobody can read is set aside and not an error of the query."""
    poison: str | None = Field(default=None, sa_type=Words, nullable=True, index=True)
    """Why it was set aside, or null while it waits."""


class OutboxRow(Table, table=True):
    __tablename__ = "outbox"

    key: str = Field(sa_type=Words, primary_key=True)
    revision: int
    due_at: datetime = Field(sa_type=Utc, index=True)
    attempts: int = 0


class PostedRow(Table, table=True):
    __tablename__ = "posted"

    key: str = Field(sa_type=Words, primary_key=True)
    channel: str = Field(sa_type=Words)
    ts: str = Field(sa_type=Words, index=True)
    shows: str = Field(sa_type=Words)


class SeenRow(Table, table=True):
    __tablename__ = "seen"

    key: str = Field(sa_type=Words, primary_key=True)
    at: datetime = Field(sa_type=Utc, index=True)


class AuditRow(Table, table=True):
    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Utc)
    actor: str = Field(sa_type=Words, index=True)
    skill: str = Field(sa_type=Words, index=True)
    args: dict[str, Any] = Field(sa_type=JSON)
    outcome: str = Field(sa_type=Words)
    detail: str = Field(sa_type=Words)
    place: str = Field(sa_type=Words)


class ApprovalRow(Table, table=True):
    __tablename__ = "approval"
    __table_args__ = {"sqlite_autoincrement": True}

    number: int | None = Field(default=None, primary_key=True)
    model: str = Field(sa_type=Words, index=True)
    version: str = Field(sa_type=Words)
    champion: str = Field(sa_type=Words)
    requester: str = Field(sa_type=Words)
    requester_name: str = Field(sa_type=Words)
    created_at: datetime = Field(sa_type=Utc)
    reason: str = Field(sa_type=Words)
    status: str = Field(index=True)
    gates: list[dict[str, str]] = Field(sa_type=JSON)
    decided_by: str = Field(sa_type=Words)
    decided_by_name: str = Field(sa_type=Words)
    decided_at: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    decision_reason: str = Field(sa_type=Words)
    outcome: str = Field(sa_type=Words)


class DocumentRow(Table, table=True):
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


class CounterRow(Table, table=True):
    __tablename__ = "counter"

    name: str = Field(sa_type=Words, primary_key=True)
    value: int
