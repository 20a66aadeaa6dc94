"""Each button of an execution's card, pressed by people."""

from pathlib import Path
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import NotConnected, Overtaken
from knowledge.records import Execution
from skills.contract import Call, Reply, Role, Skill, User
from skills.runbook_steps import (
    runbook_cancel,
    runbook_dry,
    runbook_end,
    runbook_execution,
    runbook_skip,
    runbook_step,
)
from skills.testing import context
from tests.knowledge.remediation.world import ADA, World, begin

SKILLS: dict[str, Skill[Any]] = {
    skill.name: skill
    for skill in (
        runbook_dry,
        runbook_step,
        runbook_cancel,
        runbook_skip,
        runbook_end,
        runbook_execution,
    )
}
CHANGING = [skill for skill in SKILLS.values() if skill is not runbook_execution]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(MemoryStore(), tmp_path / "runs")


def make(world: World, call: Call | None, **given: Any) -> Reply:
    assert call is not None
    skill = SKILLS[call.skill]
    values = {"user": User(ADA, "ada", Role.OPERATE), "via_button": True}
    ctx = context(**{"remediation": world.service(), **values, **given})
    return skill.run(ctx, skill.args.model_validate(dict(call.args)))


def press(world: World, reply: Reply, label: str, **given: Any) -> Reply:
    return make(world, next(b for b in reply.buttons if b.label == label).call, **given)


def shown(world: World, execution: Execution) -> Reply:
    return make(world, Call("runbook_execution", {"execution": execution.id}), via_button=False)


def test_a_runbook_is_gone_through_by_its_buttons(world: World) -> None:
    """Each press answers with the card in the place of the one that was pressed; what was done
    behind shows when it is looked at again."""
    reply = shown(world, begin(world.service()))
    for label in ("Run step 1", "Dry run of step 2", "Run step 2", "Skip step 3", "End"):
        answer = press(world, reply, label)
        assert (answer.replace, answer.about) == (True, "EXE-1")
        reply = shown(world, world.store.executions.get("EXE-1"))
    assert reply.text == "Ended: 2 of 3 steps done, 1 skipped."
    assert [argv[0] for argv in world.machine.done] == ["/bin/look", "/bin/restart", "/bin/restart"]


def test_a_button_that_is_pressed_twice_counts_once(world: World) -> None:
    reply = shown(world, begin(world.service()))
    press(world, reply, "Run step 1")
    with pytest.raises(Overtaken, match="done already"):
        press(world, reply, "Run step 1")
    assert len(world.machine.done) == 1


@pytest.mark.parametrize("skill", CHANGING, ids=lambda skill: skill.name)
def test_words_do_nothing(world: World, skill: Skill[Any]) -> None:
    opened = begin(world.service())
    saw = world.service().view(opened.id).steps[0].digest
    known = {"execution": opened.id, "step": 1, "saw": saw}
    args = {name: known[name] for name in skill.args.model_fields}
    reply = make(world, Call(skill.name, args), via_button=False)
    assert reply.title == "That takes a click"
    assert world.store.executions.get(opened.id) == opened
    assert (skill.needs, skill.hidden) == (Role.OPERATE, True)


def test_without_runners_nothing_is_done(world: World) -> None:
    opened = begin(world.service())
    with pytest.raises(NotConnected, match="TANDEM_RUNNERS"):
        make(world, Call("runbook_end", {"execution": opened.id}), remediation=None)
