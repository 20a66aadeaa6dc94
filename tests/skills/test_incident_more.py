from dataclasses import replace

import pytest

from knowledge.adapters.absent import AbsentFrames
from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import acknowledge, open_from, resolve
from knowledge.records import Signal
from skills.contract import Audience, Reply
from skills.incident_more import Args, skill
from skills.registry import BUILTIN
from skills.testing import NOON, context
from tests.skills.side_world import MODEL, SideWorld


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    signals = [Signal(key, "Down", NOON, NOON, service=key) for key in ("a", "b")]
    store.incidents.open(open_from(signals, NOON))
    return store


def labels(store: MemoryStore) -> dict[str, list[str]]:
    reply = ask(store)
    return {s.heading: [b.label for b in s.buttons] for s in reply.sections}


def ask(store: MemoryStore) -> Reply:
    ctx = context(incidents=store.incidents, frames=AbsentFrames(), skills=BUILTIN)
    return skill.run(ctx, Args(incident="1"))


def test_it_shows_all_else_to_the_one_who_asks(store: MemoryStore) -> None:
    assert ask(store).audience is Audience.ASKER
    shown = labels(store)
    assert {"Acknowledge", "Assign to me", "Assign"} <= set(shown["Who is on it"])
    assert {"Why these alerts?", "Silence", "Merge", "Split"} <= set(shown["Its alerts"])
    assert {"Runbook", "Time line", "Export"} <= set(shown["What is known"])
    assert "Add a note" in shown["Tell others"]


def test_what_it_shows_follows_the_state(store: MemoryStore) -> None:
    store.incidents.change("INC-1", lambda i: acknowledge(i, "U1", NOON))
    shown = labels(store)
    assert "Acknowledge" not in shown["Who is on it"]
    assert "Take over" in shown["Who is on it"]
    store.incidents.change("INC-1", lambda i: resolve(i, "U1", NOON))
    assert "Who is on it" not in labels(store)


def test_only_what_is_installed_is_offered(store: MemoryStore) -> None:
    few = tuple(s for s in BUILTIN if s.name == "incident_update")
    ctx = context(incidents=store.incidents, frames=AbsentFrames(), skills=few)
    reply = skill.run(ctx, Args(incident="1"))
    buttons = [b for s in reply.sections for b in s.buttons]
    assert {b.call.skill for b in buttons if b.call} == {"incident_update"}


def test_the_incident_of_a_service_that_answers_for_a_model_asks_which_side() -> None:
    world = SideWorld()
    slow = Signal("s", "LatencyP99High", NOON, NOON, service=MODEL)
    incident = world.incident(signals=(slow,))
    reply = skill.run(replace(world.ctx(), skills=BUILTIN), Args(incident=incident.id))
    shown = {button.label for section in reply.sections for button in section.buttons}
    assert "Model or infrastructure?" in shown
