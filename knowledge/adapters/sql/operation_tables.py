"""The tables of handovers, executions of runbooks, uses of language models and judgements.

As `knowledge.adapters.sql.tables`, whose metadata they join.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import Field

from knowledge.adapters.sql.tables import Choice, Exact, NumberedRow, Packed, Table, Utc, Words
from knowledge.records import Event, HandoverState, StepRun


class HandoverRow(NumberedRow, table=True):
    """A `Handover` by its fields' names."""

    __tablename__ = "handover"
    __table_args__ = ({"sqlite_autoincrement": True},)

    incident: str = Field(sa_type=Words, index=True)
    from_team: str = Field(sa_type=Words)
    to_team: str = Field(sa_type=Words)
    offered_at: datetime = Field(sa_type=Utc, index=True)
    offered_by: str = Field(sa_type=Words)
    summary: str = Field(sa_type=Words)
    model: str = Field(sa_type=Words)
    side: str = Field(sa_type=Words)
    state: HandoverState = Field(sa_type=Choice(HandoverState))
    answered_at: datetime | None = Field(default=None, sa_type=Utc, nullable=True)
    answered_by: str = Field(sa_type=Words)
    reason: str = Field(sa_type=Words)


class ExecutionRow(NumberedRow, table=True):
    """An `Execution` by its fields' names."""

    __tablename__ = "execution"
    __table_args__ = ({"sqlite_autoincrement": True},)

    runbook: str = Field(sa_type=Words, index=True)
    title: str = Field(sa_type=Words)
    digest: str = Field(sa_type=Words)
    started_at: datetime = Field(sa_type=Utc)
    started_by: str = Field(sa_type=Words)
    incident: str = Field(sa_type=Words, index=True)
    channel: str = Field(sa_type=Words)
    values: tuple[tuple[str, str], ...] = Field(sa_type=Packed(tuple[tuple[str, str], ...]))
    ended_at: datetime | None = Field(default=None, sa_type=Utc, nullable=True, index=True)
    steps: tuple[StepRun, ...] = Field(sa_type=Packed(tuple[StepRun, ...]))
    timeline: tuple[Event, ...] = Field(sa_type=Packed(tuple[Event, ...]))
    text: str = Field(sa_type=Exact)
    """`digest` is of it, so it comes back as it was."""


class UseRow(Table, table=True):
    """A `Use` by its fields' names. `at` is indexed: totals and searches read one span of time."""

    __tablename__ = "llm_use"

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    at: datetime = Field(sa_type=Utc, index=True)
    day: str
    """Of `at`, in UTC: 2026-03-05. Every database groups by it alike."""
    model: str = Field(sa_type=Words)
    purpose: str = Field(sa_type=Words)
    prompt: str = Field(sa_type=Words)
    user: str = Field(sa_type=Words)
    team: str = Field(sa_type=Words)
    tokens_in: int = Field(sa_type=BigInteger)
    tokens_out: int = Field(sa_type=BigInteger)
    cost: float
    seconds: float
    outcome: str = Field(sa_type=Words)
    turn: str = Field(sa_type=Words)


class JudgementRow(Table, table=True):
    """A `Judgement` by its fields' names."""

    __tablename__ = "judgement"
    __table_args__ = (Index("uq_judgement_key", "key", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    key: str
    """A hash of who judged which document for which query: a query may be longer than PostgreSQL
    lets an index hold."""
    at: datetime = Field(sa_type=Utc)
    by: str = Field(sa_type=Words)
    query: str = Field(sa_type=Words)
    document: str = Field(sa_type=Words)
    useful: bool
    incident: str = Field(sa_type=Words)
