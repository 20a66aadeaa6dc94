"""The clicks of people on an execution, and what may go wrong between them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from knowledge.errors import BadArgs, Denied, NotFound, Overtaken, Unavailable, UserError
from knowledge.records import Document, DocumentKind, Execution, StepState
from knowledge.remediation import TELL, Remediations, in_a_thread
from tests.knowledge.remediation.world import (
    ADA,
    BOB,
    EVE,
    LAG,
    RUNBOOK,
    World,
    begin,
    click,
)


def states(execution: Execution) -> list[str]:
    return [step.state.value for step in execution.steps]


def told(execution: Execution) -> list[str]:
    return [event.text.partition("\n")[0] for event in execution.timeline]


# Going through -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["world", "sqlite"])
def test_it_is_gone_through_step_by_step(kind: str, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(kind)
    service, store = world.service(), world.store
    incident = world.incident(group="writer")
    opened = service.begin(LAG.id, {}, by=ADA, by_name="ada", incident=incident.id, channel="C1")
    assert opened.values == (("group", "writer"), ("count", "3"))
    assert (opened.runbook, opened.incident, opened.channel) == (LAG.id, incident.id, "C1")

    click(service, service.run, opened, 1)
    click(service, service.try_out, opened, 2)
    tried = store.executions.get(opened.id)
    assert states(tried) == ["done", "dry run done", "waiting"]
    assert tried.steps[1].dry_output == "ok: /bin/restart --dry writer"
    click(service, service.run, opened, 2, by=BOB)
    service.skip(opened.id, 3, by=ADA, by_name="ada")
    ended = service.end(opened.id, by=ADA, by_name="ada")

    assert states(ended) == ["done", "done", "skipped"]
    assert not ended.is_open
    assert ended.steps[1].by == BOB
    assert world.machine.done == [
        ("/bin/look", "writer"),
        ("/bin/restart", "--dry", "writer"),
        ("/bin/restart", "writer", "3"),
    ]
    assert told(ended) == [
        "step 1: started",
        "step 1: done",
        "step 2: dry run started",
        "step 2: dry run done",
        "step 2: started",
        "step 2: done",
        "step 3: skipped",
        "ended",
    ]
    noted = [e.text for e in store.incidents.get(incident.id).timeline if e.kind == "runbook"]
    assert noted == [
        "began the runbook Kafka consumer lag (EXE-1)",
        "EXE-1 step 2: /bin/restart writer 3: done",
        "ended EXE-1: 2 of 3 steps done, 1 skipped",
    ]
    due = {delivery.key for delivery in store.outbox.due(world.now, 50)}
    assert {f"{kind}:{opened.id}" for kind in TELL} <= due
    entries = [e for e in store.audit.find(limit=20) if e.skill == "runbook_step"]
    assert [(e.actor, e.outcome, e.args["step"]) for e in entries] == [
        (BOB, "done", 2),
        (ADA, "done", 1),
    ]


def test_one_is_open_of_a_runbook_in_an_incident(world: World) -> None:
    service = world.service()
    one, two = world.incident(group="writer"), world.incident(group="writer")

    def start(incident: str) -> str:
        return service.begin(LAG.id, {}, by=ADA, by_name="ada", incident=incident).id

    assert start(one.id) == start(one.id) == "EXE-1"
    assert start(two.id) == "EXE-2"
    assert begin(service).id == "EXE-3"
    service.end("EXE-1", by=ADA, by_name="ada")
    assert start(one.id) == "EXE-4"


def test_of_two_replicas_that_begin_the_older_execution_stays(world: World) -> None:
    """The other replica opens one between our look and our opening."""
    service, other = world.service(), world.service()
    real = world.store.executions.open
    once = iter([True])

    def open_late(draft: Execution, tell: object = ()) -> Execution:
        if next(once, False):
            begin(other)
        return real(draft)

    world.store.executions.open = open_late  # type: ignore[method-assign]
    assert begin(service).id == "EXE-1"
    assert [e.id for e in world.store.executions.find(open_only=True)] == ["EXE-1"]


def test_what_the_incident_says_of_several_things_is_asked_for(world: World) -> None:
    service = world.service()
    incident = world.incident()
    with pytest.raises(BadArgs, match="group: it is missing"):
        service.begin(LAG.id, {}, by=ADA, by_name="ada", incident=incident.id)


@pytest.mark.parametrize(
    "value", ["", "-rf", "a b", "$(id)", "a;b", "a\nb", "../x", "{{ x }}", "@file", "ä", "x" * 300]
)
def test_a_value_that_is_none_begins_nothing(world: World, value: str) -> None:
    with pytest.raises(BadArgs, match="group"):
        begin(world.service(), group=value)
    with pytest.raises(BadArgs, match="no such parameter"):
        begin(world.service(), other="x")
    assert world.store.executions.find() == []


# What a click must carry ---------------------------------------------------------------------


def test_a_change_is_tried_first(world: World) -> None:
    service = world.service()
    opened = begin(service)
    click(service, service.run, opened, 1)
    with pytest.raises(UserError, match="make its dry run first"):
        click(service, service.run, opened, 2)


def test_a_failed_dry_run_is_no_dry_run(world: World) -> None:
    service = world.service()
    steps = 'argv = ["/bin/go"]\ndry_argv = ["/bin/break"]'
    world.library.add([Document("kafka-x", "x", block(steps), DocumentKind.RUNBOOK)])
    opened = begin(service, "kafka-x")
    click(service, service.try_out, opened, 1)
    assert world.store.executions.get(opened.id).timeline[-1].text == (
        "step 1: dry run failed (3)\nok"
    )
    with pytest.raises(UserError, match="make its dry run first"):
        click(service, service.run, opened, 1)


SQL = "\n```toml tandem=sql\ndatabase = 'a'\nquery = 'SELECT 1'\n```\n"


def block(steps: str) -> str:
    return f"```toml tandem=shell\n{steps}\n```"


def test_only_what_was_shown_is_run(world: World) -> None:
    """The playbook is another one since its dry run: neither the old button nor the old dry run
    counts."""
    service = world.service()
    opened = begin(service)
    click(service, service.run, opened, 1)
    click(service, service.try_out, opened, 2)
    shown = service.view(opened.id).steps[1].digest
    world.machine.fact = "v2"
    with pytest.raises(Overtaken, match="not as it was on the card"):
        click(service, service.run, opened, 2, saw=shown)
    with pytest.raises(UserError, match="make its dry run first"):
        click(service, service.run, opened, 2)
    with pytest.raises(BadArgs, match="saw"):
        click(service, service.run, opened, 2, saw="")
    assert len(world.machine.done) == 2


def test_a_digest_of_other_values_does_not_count(world: World) -> None:
    service = world.service()
    incident = world.incident(group="writer")
    one = begin(service, group="reader")
    other = service.begin(LAG.id, {}, by=ADA, by_name="ada", incident=incident.id)
    shown = service.view(one.id).steps[0]
    assert shown.action.shown == "/bin/look reader"
    with pytest.raises(Overtaken, match="not as it was"):
        click(service, service.run, other, 1, saw=shown.digest)
    assert world.machine.done == []


def test_a_runbook_that_was_changed_goes_no_further(world: World) -> None:
    service = world.service()
    opened = begin(service)
    shown = service.view(opened.id).steps[0].digest
    changed = Document(LAG.id, LAG.title, RUNBOOK + "\nMind the gap.\n", DocumentKind.RUNBOOK)
    world.library.add([changed])
    with pytest.raises(UserError, match="the runbook was changed"):
        click(service, service.run, opened, 1, saw=shown)
    del world.library.documents[LAG.id]
    assert service.view(opened.id).problem == "the runbook is not there any more"
    assert world.machine.done == []
    assert not service.end(opened.id, by=ADA, by_name="ada").is_open


def test_steps_go_in_their_order(world: World) -> None:
    service = world.service()
    opened = begin(service)
    with pytest.raises(Overtaken, match="Step 1 comes first"):
        click(service, service.try_out, opened, 2)
    with pytest.raises(BadArgs, match="there is no step 4"):
        service.run(opened.id, 4, saw="x", by=ADA, by_name="ada")
    with pytest.raises(BadArgs, match="there is no step 0"):
        service.skip(opened.id, 0, by=ADA, by_name="ada")


def test_a_step_that_failed_may_be_tried_again(world: World) -> None:
    service = world.service()
    opened = begin(service, world.runbook('argv = ["/bin/break"]'))
    for _ in range(2):
        click(service, service.run, opened, 1)
    stored = world.store.executions.get(opened.id)
    assert states(stored) == ["failed"]
    assert stored.steps[0].exit_code == 3
    assert len(world.machine.done) == 2


def test_what_is_refused_when_it_is_run_is_a_failed_step(world: World) -> None:
    service = world.service()
    opened = begin(service, world.runbook('argv = ["/bin/refuse"]'))
    click(service, service.run, opened, 1)
    stored = world.store.executions.get(opened.id).steps[0]
    assert (stored.state, stored.output) == (StepState.FAILED, "It may not be run.")


def test_secrets_do_not_reach_the_record(world: World) -> None:
    service = world.service()
    world.machine.output = "password: abcdef1 key hunter2! at 10.0.0.7"
    opened = begin(service)
    click(service, service.run, opened, 1)
    stored = world.store.executions.get(opened.id)
    for text in (stored.steps[0].output, stored.timeline[-1].text):
        assert "hunter2" not in text
        assert "abcdef1" not in text
        assert "10.0.0.7" in text


# Who -----------------------------------------------------------------------------------------


def everything(service: Remediations, opened: Execution) -> list[Callable[[], object]]:
    saw = service.view(opened.id).steps[0].digest
    return [
        lambda: service.begin(opened.runbook, {}, by=EVE, by_name="eve"),
        lambda: service.run(opened.id, 1, saw=saw, by=EVE, by_name="eve"),
        lambda: service.try_out(opened.id, 1, saw=saw, by=EVE, by_name="eve"),
        lambda: service.cancel(opened.id, by=EVE, by_name="eve"),
        lambda: service.skip(opened.id, 1, by=EVE, by_name="eve"),
        lambda: service.end(opened.id, by=EVE, by_name="eve"),
    ]


def test_nothing_is_done_for_who_may_not(world: World) -> None:
    service = world.service()
    opened = begin(service, world.runbook('argv = ["/bin/go"]'))
    for act in everything(service, opened):
        with pytest.raises(Denied):
            act()
    assert world.machine.done == []
    assert world.store.executions.get(opened.id) == opened


def test_people_of_a_runbook_are_looked_up_at_the_click(world: World) -> None:
    """EVE may operate, but is not among the runbook's people; then she is, and then not again."""
    world.operators |= {EVE}
    world.groups.table = {"@sre": frozenset({BOB})}
    service = world.service()
    id_ = world.runbook('argv = ["/bin/look"]\nreads_only = true', "guarded")
    world.library.add(
        [Document(id_, "x", block('argv = ["/bin/look"]\nreads_only = true'), DocumentKind.RUNBOOK)]
    )
    opened = begin(service, id_)
    for act in everything(service, opened):
        with pytest.raises(Denied, match=r"Only these may run this runbook: U1, @sre\."):
            act()
    world.groups.table = {"@sre": frozenset({EVE})}
    click(service, service.run, opened, 1, by=EVE)
    world.groups.table = {"@sre": frozenset()}
    with pytest.raises(Denied):
        service.end(opened.id, by=EVE, by_name="eve")
    assert world.machine.done == [("/bin/look",)]


def test_a_dangerous_step_takes_two_people(world: World) -> None:
    world.groups.table = {"@sre": frozenset({BOB})}
    service = world.service()
    world.library.add([Document("guarded", "x", block('argv = ["/bin/go"]'), DocumentKind.RUNBOOK)])
    opened = begin(service, "guarded")
    click(service, service.run, opened, 1)
    assert states(world.store.executions.get(opened.id)) == ["waiting"]
    with pytest.raises(UserError, match="takes two people"):
        click(service, service.run, opened, 1)
    assert world.machine.done == []
    world.machine.fact = "v2"
    click(service, service.run, opened, 1, by=BOB)
    assert world.machine.done == [], "what the first one agreed to was something else"
    click(service, service.run, opened, 1)
    assert world.machine.done == [("/bin/go",)]


def test_the_first_of_two_must_still_have_the_right(world: World) -> None:
    world.groups.table = {"@sre": frozenset({BOB})}
    service = world.service()
    world.library.add([Document("guarded", "x", block('argv = ["/bin/go"]'), DocumentKind.RUNBOOK)])
    opened = begin(service, "guarded")
    click(service, service.run, opened, 1, by=BOB)
    world.groups.table = {"@sre": frozenset()}
    with pytest.raises(Denied):
        click(service, service.run, opened, 1)
    assert world.machine.done == []


# At once, and interrupted --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["world", "sqlite"])
def test_of_many_clicks_at_once_one_runs(kind: str, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(kind)
    services = [world.service() for _ in range(4)]
    opened = begin(services[0])
    saw = services[0].view(opened.id).steps[0].digest
    gate = threading.Barrier(8)

    def press(number: int) -> bool:
        gate.wait()
        try:
            services[number % 4].run(opened.id, 1, saw=saw, by=ADA, by_name="ada")
        except Overtaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(press, range(8)))
    assert won.count(True) == 1
    assert world.machine.done == [("/bin/look", "writer")]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["intent stored", "step carried out"])
@pytest.mark.parametrize("kind", ["world", "sqlite"])
def test_after_a_crash_nobody_knows_and_nothing_is_repeated(
    kind: str, moment: str, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(kind)

    def die(step: str) -> None:
        if step == moment:
            raise Killed

    opened = begin(world.service())
    dying = world.service(probe=die)
    with pytest.raises(Killed):
        click(dying, dying.run, opened, 1)
    done = len(world.machine.done)
    assert states(world.store.executions.get(opened.id))[0] == "running"

    again = world.service()
    again.reconcile()
    assert states(world.store.executions.get(opened.id))[0] == "running", "it may be at it still"
    world.later(seconds=61)
    again.reconcile()
    stored = world.store.executions.get(opened.id)
    assert states(stored)[0] == "unknown"
    assert "not known: look before you go on" in stored.timeline[-1].text
    again.reconcile()
    assert len(world.machine.done) == done
    assert len(world.store.executions.get(opened.id).timeline) == len(stored.timeline)
    click(again, again.run, opened, 1)
    assert states(world.store.executions.get(opened.id))[0] == "done"


def test_a_dry_run_that_was_interrupted_is_made_again(world: World) -> None:
    def die(step: str) -> None:
        raise Killed

    service, dying = world.service(), world.service(probe=die)
    opened = begin(service)
    click(service, service.run, opened, 1)
    with pytest.raises(Killed):
        click(dying, dying.try_out, opened, 2)
    with pytest.raises(Overtaken, match="Step 2 is under way"):
        click(service, service.try_out, opened, 2)
    world.later(seconds=61)
    service.reconcile()
    click(service, service.try_out, opened, 2)
    assert states(world.store.executions.get(opened.id))[1] == "dry run done"


def test_who_slept_says_the_truth_when_it_wakes(world: World) -> None:
    """It was given up as unknown meanwhile; what it knows is better."""
    service = world.service(spawn=in_a_thread, beat_s=60)
    opened = begin(service, world.runbook('argv = ["/bin/wait"]'))
    click(service, service.run, opened, 1)
    assert world.machine.waiting.wait(10)
    world.later(minutes=5)
    world.service().reconcile()
    assert states(world.store.executions.get(opened.id)) == ["unknown"]
    world.machine.let_go.set()
    assert eventually(world, opened, "done")


def eventually(world: World, opened: Execution, wanted: str) -> bool:
    pause = threading.Event()
    for _ in range(500):
        if states(world.store.executions.get(opened.id)) == [wanted]:
            return True
        pause.wait(0.01)
    return False


def test_a_running_step_is_cancelled_by_another_replica(world: World) -> None:
    service, other = world.service(spawn=in_a_thread), world.service()
    opened = begin(service, world.runbook('argv = ["/bin/wait"]'))
    click(service, service.run, opened, 1)
    assert world.machine.waiting.wait(10)
    with pytest.raises(Overtaken, match="Cancel it first"):
        other.end(opened.id, by=ADA, by_name="ada")
    other.cancel(opened.id, by=BOB, by_name="bob")
    assert eventually(world, opened, "cancelled")
    stored = world.store.executions.get(opened.id)
    assert stored.steps[0].output == "half of it"
    assert told(stored) == ["step 1: started", "step 1: asked to end it", "step 1: cancelled"]
    with pytest.raises(Overtaken, match="Nothing of it is running"):
        other.cancel(opened.id, by=BOB, by_name="bob")


def test_only_so_many_at_once(world: World) -> None:
    world.file += "\n[limits]\nat_once = 1\n"
    service = world.service(spawn=in_a_thread)
    one = begin(service, world.runbook('argv = ["/bin/wait"]'))
    click(service, service.run, one, 1)
    assert world.machine.waiting.wait(10)
    two = begin(service)
    with pytest.raises(Unavailable, match="1 steps are under way"):
        click(service, service.run, two, 1)
    assert states(world.store.executions.get(two.id))[0] == "waiting"
    world.machine.let_go.set()
    assert eventually(world, one, "done")


def test_an_orderly_stop_ends_what_is_under_way(world: World) -> None:
    service = world.service(spawn=in_a_thread)
    opened = begin(service, world.runbook('argv = ["/bin/wait"]'))
    click(service, service.run, opened, 1)
    assert world.machine.waiting.wait(10)
    service.stop()
    stored = world.store.executions.get(opened.id).steps[0]
    assert (stored.state, stored.output) == (StepState.CANCELLED, "half of it")
    with pytest.raises(Unavailable, match="being stopped"):
        click(service, service.run, opened, 1)


# What is offered -----------------------------------------------------------------------------


def test_runbooks_are_offered_by_alert_and_label(world: World) -> None:
    service = world.service()
    assert [o.document.id for o in service.offers(world.incident())] == [LAG.id]
    assert service.offers(world.incident(team="shop")) == ()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (Document("kafka-a", "a", "Only prose."), ""),
        (Document("other", "a", block('argv = ["/bin/x"]')), "names it in no"),
        (Document("kafka-a", "a", block('argv = ["/bin/x"]') + SQL), "sql"),
        (Document("kafka-a", "a", block("argv = 3")), "steps are not right: kafka-a:2: "),
    ],
)
def test_why_a_runbook_is_shown_only(world: World, document: Document, why: str) -> None:
    kept = Document(document.id, document.title, document.text, DocumentKind.RUNBOOK)
    world.library.add([kept])
    offer = world.service().offer(kept.id)
    assert not offer.runnable
    assert why in offer.why_not
    with pytest.raises(UserError, match="cannot be run"):
        begin(world.service(), kept.id)


def test_a_past_incident_is_no_runbook(world: World) -> None:
    world.library.add([Document("kafka-past", "x", block('argv = ["/bin/x"]'))])
    with pytest.raises(NotFound):
        begin(world.service(), "kafka-past")
