"""What comes in and must go out: webhooks, messages, the audit record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


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
