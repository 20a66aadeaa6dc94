"""Beginning a runbook from a button, and the window that asks for its values."""

from pathlib import Path
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, NotConnected, UserError
from skills.contract import Audience, Call, Context, Role, User
from skills.runbook import Args as ShowArgs
from skills.runbook import run as show
from skills.runbook_run import Args, form, run, skill
from skills.testing import context
from tests.knowledge.remediation.world import ADA, LAG, NOON, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(MemoryStore(), tmp_path / "runs")


def ctx(world: World, **given: Any) -> Context:
    values = {
        "user": User(ADA, "ada", Role.OPERATE),
        "now": NOON,
        "incidents": world.store.incidents,
        "library": world.library,
        "remediation": world.service(),
        "via_button": True,
    }
    return context(**{**values, **given})


def test_the_window_is_filled_in_from_the_incident(world: World) -> None:
    incident = world.incident(group="writer")
    asked = form(ctx(world), Args(name=LAG.id, incident=incident.id))
    assert [(f.name, f.initial) for f in asked.fields] == [
        ("set.group", "writer"),
        ("set.count", "3"),
    ]
    assert "each step waits for its own click" in asked.text


def test_what_the_window_says_begins_it(world: World) -> None:
    args = Args.model_validate({"name": LAG.id, "set.group": "reader", "set.count": "5"})
    reply = run(ctx(world), args)
    assert reply.title == "EXE-1 · Kafka consumer lag"
    assert reply.fields["Filled in"] == "group = reader, count = 5"
    assert world.machine.done == []


def test_in_a_channel_a_word_is_enough(world: World) -> None:
    args = Args.model_validate({"name": LAG.id, "set.group": "reader"})
    here = ctx(world, channel="C1", card_link=lambda subject: f"https://chat.example/{subject}")
    reply = run(here, args)
    assert (reply.audience, reply.about) == (Audience.ASKER, "EXE-1")
    assert reply.buttons[0].url == "https://chat.example/EXE-1"
    assert world.store.executions.get("EXE-1").channel == "C1"


@pytest.mark.parametrize("value", ["$(reboot)", "a b", "--all"])
def test_a_bad_value_begins_nothing(world: World, value: str) -> None:
    with pytest.raises(BadArgs, match="group"):
        run(ctx(world), Args.model_validate({"name": LAG.id, "set.group": value}))
    assert world.store.executions.find() == []


def test_words_begin_nothing(world: World) -> None:
    reply = run(ctx(world, via_button=False), Args(name=LAG.id))
    assert reply.buttons[0].call == Call("runbook_run", {"name": LAG.id})
    assert reply.buttons[0].asks
    assert world.store.executions.find() == []


def test_without_runners_nothing_can_be_run(world: World) -> None:
    with pytest.raises(NotConnected, match="TANDEM_RUNNERS"):
        run(ctx(world, remediation=None), Args(name=LAG.id))
    shown = show(ctx(world, remediation=None), ShowArgs(name=LAG.id))
    assert "no runners are configured" in shown.footer
    assert shown.buttons == ()


def test_a_runbook_is_shown_with_what_its_steps_run(world: World) -> None:
    reply = show(ctx(world), ShowArgs(name=LAG.id))
    text = [line.text for section in reply.sections for line in section.lines]
    assert "→ step 1 (shell, only looks): `/bin/look {group}`" in text
    assert not any("argv" in line for line in text)
    assert reply.buttons[0].call == Call("runbook_run", {"name": LAG.id})
    assert "Each step waits for a click" in reply.footer


def test_the_runbook_of_an_incident_is_the_one_meant_for_its_alerts(world: World) -> None:
    incident = world.incident(group="writer")
    reply = show(ctx(world), ShowArgs(incident=incident.id))
    assert reply.title == LAG.title
    wanted = Call("runbook_run", {"name": LAG.id, "incident": incident.id})
    assert reply.buttons[0].call == wanted


def test_nothing_to_fill_in_is_no_window(world: World) -> None:
    name = world.runbook('argv = ["/bin/go"]')
    with pytest.raises(UserError, match="asks for nothing"):
        form(ctx(world), Args(name=name))
    assert not run(ctx(world, via_button=False), Args(name=name)).buttons[0].asks
    assert (skill.hidden, skill.needs) == (True, Role.OPERATE)
