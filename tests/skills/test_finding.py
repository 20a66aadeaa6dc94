from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.incidents import open_from
from knowledge.monitors import MetricMonitor, ModelMonitor
from knowledge.records import AlertRecord, Change, Signal, SignalKind
from skills.contract import Audience, BadArgs, Call, Context, Reply
from skills.finding import Args, skill
from skills.testing import NOON, context
from tests.skills.watching_double import WatchingDouble

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SLOW = Signal(
    "slow",
    "p99",
    NOON,
    NOON,
    source="monitor",
    kind=SignalKind.METRIC,
    service="checkout",
    severity="warning",
    summary="p99 of checkout is far above its usual",
    description="2.1 s, where 0.2 to 0.3 is usual.",
    labels={"monitor": "metric:p99", "sure": "0.97"},
)


def world(store: MemoryStore) -> Context:
    double = WatchingDouble()
    double.add(MetricMonitor(name="p99", query="p99{job='checkout'}"))
    double.add(ModelMonitor(model="fraud", name="fraud"))
    return context(
        incidents=store.incidents,
        alerts=store.alerts,
        changes=store.changes,
        approvals=store.approvals,
        silences=store.silences,
        frames=MemoryFrames(),
        watching=double,
    )


def ask(store: MemoryStore, *signals: Signal) -> Reply:
    incident = store.incidents.open(open_from(signals, NOON))
    return skill.run(world(store), Args(incident=incident.id))


def lines(reply: Reply, heading: str) -> list[str]:
    return [line.text for s in reply.sections if s.heading == heading for line in s.lines]


def test_all_that_is_known_of_it_is_told() -> None:
    store = MemoryStore()
    store.changes.add(Change("c", NOON - 5 * MINUTE, "deploy", "checkout", "", "4.2"))
    reply = ask(store, SLOW)
    assert reply.title == "p99 of checkout is far above its usual"
    assert reply.text == "2.1 s, where 0.2 to 0.3 is usual."
    assert reply.fields == {
        "Since": "2026-03-05 12:00 UTC",
        "How sure": "very sure (0.97)",
        "Monitor": "p99",
        "Asks": "`p99{job='checkout'}`",
    }
    assert lines(reply, "Likely explanation") == [
        "Likely: 11:55 *deploy checkout 4.2*, 5 min before"
    ]
    assert [b.label for b in reply.buttons] == [
        "Catch me up",
        "Why these alerts?",
        "Similar incidents",
    ]
    assert reply.audience is Audience.ASKER


def test_the_same_found_before_is_listed_with_what_became_of_it() -> None:
    store = MemoryStore()
    for days, incident, silence in ((3, "INC-7", ""), (2, "", "SIL-1"), (1, "", "")):
        at = NOON - days * DAY
        past = replace(SLOW, starts_at=at, received_at=at, ends_at=at + 12 * MINUTE)
        store.alerts.record([AlertRecord(past, at, incident=incident, silence=silence)])
    assert lines(ask(store, SLOW), "Found before, in 30 days") == [
        "Wed 2026-03-04 12:00, 12 min: no card",
        "Tue 2026-03-03 12:00, 12 min: snoozed",
        "Mon 2026-03-02 12:00, 12 min: INC-7",
    ]


def test_of_a_model_its_drift_can_be_shown_over_the_same_window() -> None:
    drift = replace(
        SLOW,
        fingerprint="drift",
        kind=SignalKind.DRIFT,
        service="fraud-api",
        summary="fraud: inputs drift",
        labels={"monitor": "model:fraud", "model": "fraud", "window": "24h"},
    )
    reply = ask(MemoryStore(), drift)
    assert reply.fields["Fires on"] == "2 of 3 windows"
    assert reply.buttons[0].call == Call("model_drift", {"model": "fraud", "window": "24h"})
    assert reply.buttons[1].call == Call("model_status", {"model": "fraud"})


def test_a_monitor_that_is_gone_leaves_the_rest() -> None:
    reply = ask(MemoryStore(), replace(SLOW, labels={"monitor": "metric:gone"}))
    assert "Asks" not in reply.fields
    assert reply.title == "p99 of checkout is far above its usual"


def test_an_incident_without_findings_says_what_to_ask_instead() -> None:
    with pytest.raises(BadArgs, match="Ask to be caught up on it"):
        ask(MemoryStore(), replace(SLOW, kind=SignalKind.ALERT))
