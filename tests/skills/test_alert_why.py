from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.triage import MemoryTriage
from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import open_from, resolve
from knowledge.records import AlertRecord, Matcher, Signal, Silence, Term, Verdict
from skills.alert_why import Args, skill, weight
from skills.contract import Reply
from skills.testing import NOON, context

WHY = (
    Term("zone", -0.3, "another zone"),
    Term("hop", 2.4, "calls payment, which failed 20 s before"),
    Term("rare", 0.9, "fires twice a month"),
)


def signal(name: str, service: str = "cart", minutes: int = 0, ended: bool = False) -> Signal:
    at = NOON - timedelta(minutes=minutes)
    ends_at = at + timedelta(minutes=1) if ended else None
    key = f"{name}-{service}"
    return Signal(key, name, at, at, "alertmanager", service=service, ends_at=ends_at)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    first, second = signal("PoolExhausted", "payment", 2), signal("HighLatency", minutes=1)
    store.incidents.open(open_from((first, second), NOON))
    lone = signal("DiskFull", "kafka", 30)
    old = signal("HighLatency", minutes=600, ended=True)
    store.alerts.record(
        [
            AlertRecord(old, old.received_at, 1, "", Verdict.CHRONIC),
            AlertRecord(lone, lone.received_at, 4),
            AlertRecord(first, first.received_at, 2, "INC-1", Verdict.OPENED),
            AlertRecord(second, second.received_at, 3, "INC-1", Verdict.ATTACHED, WHY),
        ]
    )
    return store


def ask(store: MemoryStore, thread: str = "", **given: str) -> Reply:
    ctx = context(
        incidents=store.incidents,
        alerts=store.alerts,
        silences=store.silences,
        triage=MemoryTriage(store, lambda: NOON),
        people=lambda user_id: {"U7": "bob"}.get(user_id, user_id),
        thread=thread,
    )
    return skill.run(ctx, Args(**given))


def test_the_terms_are_told_as_reasons_heaviest_first(store: MemoryStore) -> None:
    reply = ask(store, alert="high latency", incident="INC-1")
    assert reply.title == "Why is HighLatency on cart in INC-1?"
    assert reply.text == "It was put to INC-1, which was there already."
    assert reply.table is not None
    assert reply.table.rows == (
        ("calls payment, which failed 20 s before", "strongly for it", "+2.4"),
        ("fires twice a month", "clearly for it", "+0.9"),
        ("another zone", "a little against it", "-0.3"),
    )
    assert reply.footer.startswith("score +3.0")
    assert reply.fields["Sent"] == "3 times"


def test_what_can_be_taught_is_offered_while_it_is_open(store: MemoryStore) -> None:
    reply = ask(store, alert="HighLatency", incident="INC-1")
    not_related, same, _ = reply.buttons
    assert not_related.call is not None
    assert dict(not_related.call.args) == {
        "incident": "INC-1",
        "alert": "HighLatency",
        "service": "cart",
    }
    assert not_related.confirm
    assert same.call is not None
    assert same.call.skill == "incident_merge"
    store.incidents.change("INC-1", lambda i: resolve(i, "U1", NOON))
    assert ask(store, alert="HighLatency", incident="INC-1").buttons == ()


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (Verdict.WAITING, "one sign alone"),
        (Verdict.CHRONIC, "fires so often"),
        (Verdict.UNIMPORTANT, "heartbeat"),
        (Verdict.SILENCED, "silenced by SIL-1 (bob, until 2026-03-05 13:00 UTC, deploy)."),
    ],
)
def test_an_alert_that_opened_nothing_is_told_why_not(
    store: MemoryStore, verdict: Verdict, said: str
) -> None:
    until = NOON + timedelta(hours=1)
    match = (Matcher("service", "=", "kafka"),)
    store.silences.add(Silence("", match, NOON, until, "U7", NOON, "deploy"))
    lone = signal("DiskFull", "kafka", 30)
    store.alerts.record([AlertRecord(lone, NOON, 0, "", verdict, silence="SIL-1")])
    reply = ask(store, alert="DiskFull")
    assert reply.title == "Why is DiskFull on kafka in no incident?"
    assert said in reply.text
    assert reply.text.startswith("It opened nothing")
    assert reply.buttons == ()


def test_the_latest_that_fires_is_meant(store: MemoryStore) -> None:
    assert "in INC-1" in ask(store, alert="HighLatency").title
    older = signal("HighLatency", minutes=600)
    by_key = ask(store, alert=older.fingerprint, start=older.starts_at.isoformat())
    assert "in no incident" in by_key.title


def test_an_incident_alone_lists_its_alerts_to_choose_from(store: MemoryStore) -> None:
    reply = ask(store, incident="INC-1")
    assert reply.table is not None
    assert reply.table.rows == (
        ("PoolExhausted", "payment", "1", "opened it"),
        ("HighLatency", "cart", "1", "attached: calls payment, which failed 20 s before"),
    )
    button = reply.buttons[1]
    assert button.label == "HighLatency on cart"
    assert button.call is not None
    chosen: dict[str, Any] = dict(button.call.args)
    assert ask(store, **chosen).title == "Why is HighLatency on cart in INC-1?"
    assert ask(store, thread="INC-1").title == reply.title


def test_an_incident_without_alerts(store: MemoryStore) -> None:
    store.incidents.change("INC-1", lambda i: replace(i, signals=()))
    reply = ask(store, incident="INC-1")
    assert (reply.text, reply.table) == ("INC-1 has no alerts.", None)


def test_unknown_alerts_and_times_get_a_remedy(store: MemoryStore) -> None:
    with pytest.raises(NotFound, match="HighLatency"):
        ask(store, alert="HighLatencey", incident="INC-1")
    with pytest.raises(NotFound, match="DiskFull"):
        ask(store, alert="DiskFul")
    with pytest.raises(BadArgs, match="no time"):
        ask(store, alert="x", start="noon")
    with pytest.raises(BadArgs, match="why is HighLatency"):
        ask(store)


@pytest.mark.parametrize(
    ("value", "said"),
    [(3.0, "strongly for it"), (-0.8, "clearly against it"), (0.2, "a little for it"),
     (0.01, "neither way")],
)  # fmt: skip
def test_weights_in_words(value: float, said: str) -> None:
    assert weight(value) == said
