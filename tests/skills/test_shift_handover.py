"""The handover at the end of a shift, as it is asked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.incidents import acknowledge
from knowledge.records import Handover, Incident, Message, Severity, Status
from skills.contract import Audience, BadArgs, Reply
from skills.shift_handover import Args, run
from skills.testing import NOON, context

DRAFT = Incident(
    "", "Orders fail", "orders", Severity.SEV2, Status.OPEN, NOON - timedelta(hours=1),
    NOON - timedelta(hours=1),
)  # fmt: skip


def unread(incident: str) -> tuple[Message, ...]:
    raise Unavailable("Slack", "took too long")


def ask(store: MemoryStore, **args: Any) -> Reply:
    ctx = context(
        incidents=store.incidents,
        silences=store.silences,
        approvals=store.approvals,
        handovers=store.handovers,
        executions=store.executions,
        people=lambda user: {"U1": "ada"}.get(user, user),
        read_thread=unread,
    )
    return run(ctx, Args(**args))


def test_it_is_one_card_and_a_file_for_the_asker() -> None:
    store = MemoryStore()
    incident = store.incidents.open(DRAFT)
    store.incidents.change(
        incident.id, lambda i: acknowledge(i, "U1", NOON - timedelta(minutes=30))
    )
    store.handovers.open(
        Handover("", incident.id, "web", "ml", NOON - timedelta(minutes=10), "U1", "it is drift")
    )
    card = ask(store)
    assert card.audience is Audience.ASKER
    told = {s.heading: [line.text for line in s.lines] for s in card.sections}
    assert told["Open incidents"][0].endswith("owner ada.")
    assert told["Done this shift"] == [f"{incident.id}: 11:30 acknowledged (ada)."]
    assert "is offered to ml, for 10 min." in told["Waiting for somebody"][0]
    assert card.attachments[0].name == "shift-2026-03-05-1200.md"
    posted = ask(store, post=True)
    assert (posted.audience, posted.buttons) == (Audience.PLACE, ())


def test_what_was_before_the_shift_is_not_of_it() -> None:
    store = MemoryStore()
    over = replace(DRAFT, status=Status.RESOLVED, resolved_at=DRAFT.opened_at, title="Long ago")
    store.incidents.open(over)
    assert "Long ago" not in ask(store, since="10m").attachments[0].content.decode()


def test_a_shift_needs_a_length() -> None:
    with pytest.raises(BadArgs, match="since"):
        ask(MemoryStore(), since="since breakfast")
