"""The card of an execution: what it says at each stage, and what its buttons carry."""

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.records import Document, DocumentKind, Execution
from knowledge.remediation import Remediations
from knowledge.runbooks.actions import Ansible
from skills.cards.card import incident_card
from skills.cards.execution import (
    execution_card,
    execution_update,
    open_executions,
    run_buttons,
)
from skills.contract import Button, Call, Reply, Style
from tests.knowledge.remediation.world import ADA, BOB, LAG, World, begin, click

NAMES = {ADA: "ada", BOB: "bob"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(MemoryStore(), tmp_path / "runs")


def card(service: Remediations, execution: Execution) -> Reply:
    return execution_card(service.view(execution.id), lambda user: NAMES.get(user, user))


def labels(reply: Reply) -> list[str]:
    return [button.label for button in reply.buttons]


def button(reply: Reply, label: str) -> Button:
    return next(b for b in reply.buttons if b.label == label)


def lines(reply: Reply, section: int) -> list[str]:
    return [line.text for line in reply.sections[section].lines]


def test_a_new_one_offers_its_first_step(world: World) -> None:
    service = world.service()
    opened = begin(service)
    shown = card(service, opened)
    assert shown.title == "EXE-1 · Kafka consumer lag"
    assert shown.text == "0 of 3 steps done."
    assert shown.fields == {
        "Runbook": "kafka-lag",
        "Begun by": "ada",
        "Filled in": "group = writer, count = 3",
    }
    assert lines(shown, 0) == [
        "1. Look at the lag (shell, only looks): waiting",
        "2. Restart the consumers (shell): waiting",
        "3. Tell the others (shell): waiting",
    ]
    assert lines(shown, 1)[:2] == [
        "`/bin/look writer`",
        "It changes nothing; ended after 5 min at most.",
    ]
    assert labels(shown) == ["Run step 1", "Skip step 1", "End"]
    digest = service.view(opened.id).steps[0].digest
    args = {"execution": "EXE-1", "step": 1, "saw": digest}
    assert button(shown, "Run step 1").call == Call("runbook_step", args)


def test_a_change_is_tried_before_it_can_be_run(world: World) -> None:
    service = world.service()
    opened = begin(service)
    click(service, service.run, opened, 1)
    shown = card(service, opened)
    assert labels(shown) == ["Dry run of step 2", "Skip step 2", "End"]
    assert "To take it back: Start them again." in lines(shown, 1)
    click(service, service.try_out, opened, 2)
    shown = card(service, opened)
    assert labels(shown) == ["Run step 2", "Skip step 2", "End"]
    assert lines(shown, 0)[1].endswith("dry run done by ada")
    assert lines(shown, 1)[-1] == "```\nok: /bin/restart --dry writer\n```"
    pressed = button(shown, "Run step 2")
    assert pressed.style is Style.DANGER
    assert pressed.confirm == "Restart them? /bin/restart writer 3"


def test_what_went_wrong_can_be_tried_again_or_left(world: World) -> None:
    service = world.service()
    opened = begin(service, world.runbook('argv = ["/bin/break"]'))
    click(service, service.run, opened, 1)
    shown = card(service, opened)
    assert lines(shown, 0)[0].endswith("failed by ada 12:00 (3)")
    assert labels(shown) == ["Run step 1 again", "End"]


def test_two_people_see_whose_turn_it_is(world: World) -> None:
    world.groups.table = {"@sre": frozenset({BOB})}
    service = world.service()
    text = '```toml tandem=shell\nargv = ["/bin/go"]\n```'
    world.library.add([Document("guarded", "x", text, DocumentKind.RUNBOOK)])
    opened = begin(service, "guarded")
    assert labels(card(service, opened))[0] == "Run step 1 (first of two)"
    click(service, service.run, opened, 1)
    assert labels(card(service, opened))[0] == "Run step 1 (second of two)"


def test_while_a_step_runs_it_can_be_cancelled(world: World) -> None:
    service = world.service(spawn=lambda work: None)
    opened = begin(service)
    click(service, service.run, opened, 1)
    shown = card(service, opened)
    assert shown.text == "Step 1 runs. Its output comes into the thread."
    assert labels(shown) == ["Cancel the step", "Look again"]


def test_after_a_crash_it_says_what_is_not_known(world: World) -> None:
    service = world.service(spawn=lambda work: None)
    opened = begin(service)
    click(service, service.run, opened, 1)
    world.later(minutes=5)
    service.reconcile()
    shown = card(service, opened)
    assert "1. Look at the lag (shell, only looks): unknown by ada 12:05" in lines(shown, 0)
    assert any("Find out whether it had its effect" in line for line in lines(shown, 1))
    assert labels(shown)[0] == "Run step 1 again"


def test_a_changed_runbook_leaves_only_the_end(world: World) -> None:
    service = world.service()
    opened = begin(service)
    world.library.add([Document(LAG.id, "x", "Other.", DocumentKind.RUNBOOK)])
    shown = card(service, opened)
    assert shown.text.startswith("Nothing of it can be run: the runbook was changed")
    assert labels(shown) == ["Skip step 1", "End"]


def test_an_ended_one_has_no_buttons(world: World) -> None:
    service = world.service()
    ended = service.end(begin(service).id, by=ADA, by_name="ada")
    shown = card(service, ended)
    assert shown.text == "Ended: 0 of 3 steps done."
    assert shown.buttons == ()
    assert "ended 2026-03-05 12:00 UTC" in shown.footer


def test_output_is_told_in_the_thread(world: World) -> None:
    service = world.service()
    world.machine.output = "\n".join(f"line `{n}`" for n in range(40))
    opened = begin(service)
    click(service, service.run, opened, 1)
    events = world.store.executions.get(opened.id).timeline
    told = execution_update(opened, events, lambda user: NAMES.get(user, user))
    assert told.title == "EXE-1: step 1: done"
    shown = [line.text for line in told.sections[0].lines]
    assert shown[0] == "12:00 step 1: started (ada)"
    assert shown[1] == "12:00 step 1: done (ada)"
    assert shown[2] == "[10 lines before]"
    block = shown[3].split("\n")
    assert (block[0], block[1], block[-1]) == ("```", "line '10'", "```")
    assert block[-2] == "line '39': /bin/look writer"


def test_long_output_is_cut_from_its_beginning_and_rules_are_short(world: World) -> None:
    service = world.service()
    world.machine.output = "\n".join(
        [*("x" * 150 for _ in range(28)), "PLAY RECAP " + "*" * 70, ""]
    )
    opened = begin(service)
    click(service, service.run, opened, 1)
    events = world.store.executions.get(opened.id).timeline
    shown = [x.text for x in execution_update(opened, events, str).sections[0].lines]
    assert shown[2].endswith(" lines before]")
    assert len(shown[3]) < 2_100
    assert "PLAY RECAP ********\n" in shown[3]


def test_one_line_on_the_card_of_the_incident(world: World) -> None:
    opened = begin(world.service())
    wanted = ("EXE-1 Kafka consumer lag: 0 of 3 steps done, begun by ada",)
    assert open_executions([opened], lambda user: NAMES.get(user, user)) == wanted


def test_the_card_of_an_incident_offers_what_fits_and_is_not_begun(world: World) -> None:
    service = world.service()
    incident = world.incident(group="writer")
    offers = service.offers(incident)
    shown = incident_card(incident, offers=offers)
    (section,) = [s for s in shown.sections if s.heading == "Runbooks to run"]
    wanted = Call("runbook_run", {"name": LAG.id, "incident": incident.id})
    assert [(b.label, b.call) for b in section.buttons] == [("Run: Kafka consumer lag", wanted)]
    opened = service.begin(LAG.id, {}, by=ADA, by_name="ada", incident=incident.id)
    shown = incident_card(incident, offers=offers, executions=[opened])
    (section,) = [s for s in shown.sections if s.heading == "Runbooks to run"]
    assert section.buttons == ()
    assert [line.text for line in section.lines] == [
        "EXE-1 Kafka consumer lag: 0 of 3 steps done, begun by U1"
    ]


def test_one_that_may_only_be_read_is_not_offered(world: World) -> None:
    world.file = ""
    offers = world.service().offers(world.incident())
    assert [offer.runnable for offer in offers] == [False]
    assert run_buttons(offers, "INC-1") == ()


def test_a_step_with_variables_of_its_own_has_a_card_too(world: World) -> None:
    service = world.service()
    view = service.view(begin(service).id)
    told = Ansible(playbook="tell.yml", vars={"group": "writer"})
    steps = tuple(replace(step, action=told) for step in view.steps)
    shown = execution_card(replace(view, steps=steps), str)
    assert labels(shown) == ["Run step 1", "Skip step 1", "End"]
