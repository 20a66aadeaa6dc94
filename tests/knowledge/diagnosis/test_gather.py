from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.telemetry import open_telemetry
from knowledge.adapters.telemetry.file import parse_telemetry
from knowledge.catalogue import Catalogue
from knowledge.diagnosis import Ports, diagnose, from_incident, gather
from knowledge.diagnosis.gather import MOVE
from knowledge.incidents import declare, open_from
from knowledge.records import AlertRecord, Change, Incident, Move, Severity, Signal, Verdict
from tests.knowledge.diagnosis.conftest import Given

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def alert(name: str, service: str, at: datetime) -> Signal:
    return Signal(f"{name}-{service}", name, at, at, service=service, id=f"{name}-{service}")


def came(store: MemoryStore, signal: Signal, incident: str = "") -> None:
    record = AlertRecord(signal, signal.received_at, incident=incident, verdict=Verdict.WAITING)
    store.alerts.record([record])


def opened(store: MemoryStore, *signals: Signal) -> Incident:
    return store.incidents.open(open_from(signals, signals[0].starts_at + MINUTE))


def test_an_incident_with_what_is_around_it(store: MemoryStore, given: Ports) -> None:
    incident = opened(store, alert("Slow", "shop", NOON - MINUTE), alert("Slow", "checkout", NOON))
    came(store, alert("Disk", "n1", NOON - 3 * MINUTE))
    came(store, alert("Else", "mail", NOON), incident="INC-99")
    came(store, alert("Slow", "shop", NOON - timedelta(days=2)))
    store.changes.add(Change("C1", NOON - timedelta(hours=2), "deploy", "payment", "retries"))
    store.changes.add(Change("C0", NOON - timedelta(days=3), "deploy", "payment", "old"))
    store.moves.add(Move("", "fraud", "7", "6", NOON - 9 * MINUTE, NOON - 8 * MINUTE))
    found = gather(given, NOON + 20 * MINUTE, incident)
    assert (found.about, found.service) == ("INC-1", "shop")
    assert found.onset == NOON - MINUTE
    assert [s.id for s in found.signals] == ["Slow-shop", "Slow-checkout", "Disk-n1"]
    assert [s.starts_at for s in found.history] == [NOON - timedelta(days=2)]
    assert [(c.kind, c.service) for c in found.changes] == [(MOVE, "fraud"), ("deploy", "payment")]
    assert "v6 → v7" in found.changes[0].summary
    assert found.looked_at == (
        "3 alerts",
        "1 earlier alert",
        "2 changes",
        "2 calls of the catalogue",
    )
    assert found.missing == ("metrics, logs and traces: none are connected (TANDEM_TELEMETRY)",)


def test_a_service_right_now_with_all_that_it_needs(store: MemoryStore, given: Ports) -> None:
    for name in ("checkout", "payment", "shop"):
        came(store, alert("Slow", name, NOON - 5 * MINUTE))
    found = gather(given, NOON, service="Checkout")
    assert found.about == "checkout"
    assert [s.service for s in found.signals] == ["checkout", "payment"]
    assert found.onset == NOON - 5 * MINUTE
    assert found.incident is None


def test_what_does_not_answer_is_told_and_the_rest_is_there(
    store: MemoryStore, without_changes: Ports
) -> None:
    incident = opened(store, alert("Slow", "shop", NOON))
    found = gather(without_changes, NOON, incident)
    assert "changes: changes: the database is away" in found.missing
    assert len(found.signals) == 1


def test_an_incident_of_a_file_is_all_there_is(catalogue: Catalogue) -> None:
    change = Change("C1", NOON - 4 * MINUTE, "deploy", "payment", "retries")
    old = Change("C0", NOON - timedelta(days=9), "deploy", "payment", "old")
    incident = open_from([alert("Slow", "shop", NOON)], NOON, [old, change])
    found = from_incident(replace(incident, id="X-1"), NOON + timedelta(hours=5), catalogue)
    assert found.changes == (change,)
    assert found.until == NOON + 30 * MINUTE
    assert found.looked_at == ("1 alert", "1 change", "2 calls of the catalogue")


@pytest.mark.parametrize("service", ["", "shop"])
def test_without_alerts_it_began_when_it_was_opened(given: Ports, service: str) -> None:
    draft = declare("all is slow", service, Severity.SEV2, "U1", NOON)
    found = gather(given, NOON + MINUTE, replace(draft, id="INC-7"))
    assert (found.onset, found.service, found.signals) == (NOON, service, ())


def test_telemetry_that_is_down_is_named(given: Ports) -> None:
    down = parse_telemetry(
        '[[loki]]\nname = "eu"\nurl = "http://127.0.0.1:9"\n'
        '[[loki]]\nname = "us"\nurl = "http://127.0.0.1:9"\n'
        '[tempo]\nurl = "http://127.0.0.1:9"'
    )
    with closing(open_telemetry(down, lambda name: "")) as telemetry:
        with_it = Given(
            given.alerts,
            given.changes,
            given.moves,
            given.library,
            telemetry=telemetry,
            catalogue=given.catalogue,
        )
        found = gather(with_it, NOON, service="payment")
    assert found.case is None
    for source in ("Loki eu", "Loki us", "Tempo"):
        assert len([line for line in found.missing if line.startswith(f"{source}: http")]) == 1
    assert set(found.missing) <= set(diagnose(found).missing)
