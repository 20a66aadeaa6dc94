"""The checker finds what it is there to find."""

from datetime import UTC, datetime

from benchmarks.faults.ledger import Ledger, fingerprint
from benchmarks.faults.promise import check
from bot.playground.workspace import Message
from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import Incident, Signal

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def ledger(*services: str) -> Ledger:
    made = Ledger()
    for service in services:
        made.took(service, "errors", ended=False)
    return made


def opened(store: MemoryStore, service: str) -> Incident:
    mark = fingerprint(service, "errors")
    return store.incidents.open(
        open_from((Signal(mark, "errors", NOW, NOW, service=service, severity="P2"),), NOW)
    )


def said(ts: str, key: str, text: str = "") -> Message:
    payload = {"event_type": "tandem", "event_payload": {"key": key}}
    return Message(ts, "C1", "U0TANDEM00", text, metadata=payload)


def told(incident: Incident) -> list[Message]:
    """Its card and its thread, as they should be."""
    steps = len(incident.timeline)
    return [
        said(f"{incident.id}.1", f"card:{incident.id}"),
        said(
            f"{incident.id}.2", f"thread:{incident.id}#{steps}", f"{incident.id} · {steps} updates"
        ),
    ]


def test_all_in_its_place_is_kept() -> None:
    store = MemoryStore()
    incident = opened(store, "depot0")
    found = check(ledger("depot0"), store, told(incident))
    assert found.problems == ()
    assert (found.expected, found.incidents, found.doubled) == (1, 1, 0)


def test_an_alert_in_no_incident_is_lost() -> None:
    found = check(ledger("depot0"), MemoryStore(), [])
    assert found.problems == ("depot0-errors is in 0 incidents",)


def test_an_incident_of_nothing_that_was_accepted_is_too_much() -> None:
    store = MemoryStore()
    found = check(ledger(), store, told(opened(store, "depot0")))
    assert found.problems == ("depot0-errors was never accepted",)


def test_two_incidents_of_one_trouble_are_doubled() -> None:
    store = MemoryStore()
    both = [opened(store, "depot0"), opened(store, "depot0")]
    found = check(ledger("depot0"), store, [m for i in both for m in told(i)])
    assert found.doubled == 1
    assert any("depot0 has the incidents" in p for p in found.problems)


def test_a_card_that_stands_twice_and_one_that_is_missing_are_found() -> None:
    store = MemoryStore()
    one, other = opened(store, "depot0"), opened(store, "depot1")
    messages = [*told(one), said("9.9", f"card:{one.id}")]
    problems = check(ledger("depot0", "depot1"), store, messages).problems
    assert f"card:{one.id} was posted 2 times" in problems
    assert f"{other.id} of depot1 has no card" in problems


def test_a_step_that_is_told_twice_is_found() -> None:
    store = MemoryStore()
    incident = opened(store, "depot0")
    again = said("9.9", f"thread:{incident.id}#9", f"{incident.id} · 1 update")
    (problem,) = check(ledger("depot0"), store, [*told(incident), again]).problems
    assert problem.startswith(f"the thread of {incident.id} tells")


def test_what_waits_is_not_there_yet() -> None:
    store = MemoryStore()
    store.inbox.put("opsgenie", b"{}", NOW)
    store.outbox.put("card:INC-1", NOW)
    problems = check(ledger(), store, []).problems
    assert problems == ("1 webhooks wait in the inbox", "1 messages wait in the outbox")


def test_a_decision_that_is_gone_is_lost() -> None:
    store = MemoryStore()
    incident = opened(store, "depot0")
    book = ledger("depot0")
    book.stood.add("depot0")
    found = check(book, store, told(incident))
    assert (found.decisions, found.decisions_lost) == (1, 1)


def test_presses_beyond_the_first_are_counted_and_are_no_decision() -> None:
    store = MemoryStore()
    incident = opened(store, "depot0")
    book = ledger("depot0")
    book.pressed["depot0"] += 3
    book.unanswered = 1
    found = check(book, store, told(incident))
    assert (found.kept, found.decisions, found.again) == (True, 0, 3)
