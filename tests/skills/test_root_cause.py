from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from knowledge.adapters.absent import AbsentFrames, AbsentTelemetry
from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments, MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.incidents import open_from, resolve
from knowledge.library import SearchLibrary
from knowledge.records import AlertRecord, Change, Signal
from skills.contract import BadArgs, NotFound, Reply
from skills.root_cause import Args, skill
from skills.testing import NOON, context
from tests.knowledge.remediation.world import World as Remedies

MINUTE = timedelta(minutes=1)
CATALOGUE = Catalogue.from_topology({"edges": [["shop", "checkout"], ["checkout", "payment"]]})


def alert(name: str, service: str, minutes_ago: int) -> Signal:
    at = NOON - minutes_ago * MINUTE
    return Signal(f"{name}-{service}", name, at, at, service=service, severity="critical")


@dataclass(frozen=True)
class World:
    store: MemoryStore

    def ask(self, thread: str = "", **given: str) -> Reply:
        ports: dict[str, Any] = {
            "incidents": self.store.incidents,
            "alerts": self.store.alerts,
            "changes": self.store.changes,
            "moves": self.store.moves,
            "library": SearchLibrary(MemoryDocuments(), HashEmbedder(), FlatIndex),
            "telemetry": AbsentTelemetry(),
            "frames": AbsentFrames(),
            "catalogue": CATALOGUE,
        }
        return skill.run(context(**ports, thread=thread), Args(**given))

    def open(self, *alerts: Signal) -> str:
        return self.store.incidents.open(open_from(alerts, NOON - 5 * MINUTE)).id


@pytest.fixture
def world() -> World:
    return World(MemoryStore())


def test_an_incident_by_its_id_or_in_its_thread(world: World) -> None:
    opened = world.open(alert("Slow", "shop", 6), alert("Slow", "payment", 7))
    world.store.changes.add(Change("C1", NOON - 12 * MINUTE, "deploy", "payment", "retries"))
    for reply in (world.ask(incident="inc1"), world.ask(thread=opened), world.ask()):
        assert reply.title == "INC-1: probably payment"
        assert reply.about == "INC-1"
        assert "deploy payment, 5 min before" in reply.sections[0].lines[0].text


def test_a_service_leads_to_its_open_incident(world: World) -> None:
    world.open(alert("Slow", "payment", 7))
    world.open(alert("Down", "mail", 3))
    assert world.ask(service="Payment").about == "INC-1"
    assert world.ask(incident="mail").about == "INC-2"
    done = resolve(world.store.incidents.get("INC-1"), "U1", NOON)
    world.store.incidents.change("INC-1", lambda _: done)
    assert world.ask(service="payment").about == ""


def test_a_service_without_an_incident_is_looked_at_itself(world: World) -> None:
    waiting = alert("Slow", "payment", 9)
    world.store.alerts.record([AlertRecord(waiting, waiting.received_at)])
    reply = world.ask(service="checkout")
    assert reply.title == "checkout: probably payment"
    calls = [b.call.skill for b in reply.buttons if b.call]
    assert calls == ["runbook", "incident_list"]


def test_which_one_is_asked_for_must_be_known(world: World) -> None:
    with pytest.raises(BadArgs, match="INC-12"):
        world.ask()
    with pytest.raises(NotFound):
        world.ask(incident="INC-99")
    world.open(alert("Slow", "payment", 7))
    world.open(replace(alert("Down", "mail", 3), fingerprint="other"))
    with pytest.raises(BadArgs, match="INC-2, INC-1"):
        world.ask()


def test_nothing_is_found_where_nothing_is_known(world: World) -> None:
    reply = world.ask(service="mail")
    assert reply.title == "mail: no suspect"
    assert reply.text == "There is nothing to go by yet."


def test_a_runbook_for_its_alerts_can_be_begun_from_the_answer(tmp_path: Path) -> None:
    northwind = Remedies(MemoryStore(), tmp_path)
    incident = northwind.incident(group="writer")
    ctx = context(
        incidents=northwind.store.incidents,
        alerts=northwind.store.alerts,
        changes=northwind.store.changes,
        moves=northwind.store.moves,
        executions=northwind.store.executions,
        library=SearchLibrary(MemoryDocuments(), HashEmbedder(), FlatIndex),
        telemetry=AbsentTelemetry(),
        frames=AbsentFrames(),
        catalogue=CATALOGUE,
        remediation=northwind.service(),
    )
    reply = skill.run(ctx, Args(incident=incident.id))
    assert reply.buttons[-1].label == "Run: Kafka consumer lag"
