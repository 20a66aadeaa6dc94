from datetime import timedelta

from knowledge.records import Status
from skills.contract import Call, Reply
from skills.model_or_infra import skill
from skills.testing import NOON
from tests.skills.side_world import BROKE, MODEL, SideWorld, SteadyTelemetry

STORE_SLOW = SteadyTelemetry({("feature-store", "latency_p95"): 9.0})


def ask(world: SideWorld, thread: str = "", **args: str) -> Reply:
    return skill.run(world.ctx(thread=thread), skill.args.model_validate(args))


def slow_store() -> SideWorld:
    return SideWorld({"latency": 9.0, "errors": 60.0, "orders": 0.6}, STORE_SLOW)


def new_version() -> SideWorld:
    world = SideWorld({"realised rmse": 2.0, "prediction drift": 20.0, "orders": 0.7})
    world.moved(BROKE - timedelta(minutes=2))
    return world


def button(reply: Reply, label: str) -> Call:
    return next(b.call for b in reply.buttons if b.label.startswith(label) and b.call)


def headings(reply: Reply) -> list[str]:
    return [section.heading for section in reply.sections]


def test_the_card_names_the_side_the_team_and_three_reasons() -> None:
    world = slow_store()
    world.incident()
    reply = ask(world, incident="INC-1")
    assert "the infrastructure" in reply.title
    assert reply.text.endswith("*Acts next:* data."), "the team of what is called"
    why = reply.sections[0]
    assert why.heading == "Why"
    assert 1 <= len(why.lines) <= 3
    assert any("feature-store" in line.text for line in why.lines)
    assert reply.about == "INC-1"
    assert reply.fields["How likely"].startswith("infrastructure")


def test_the_table_has_each_signal_the_first_to_leave_first() -> None:
    reply = ask(slow_store(), model=MODEL)
    assert reply.table is not None
    assert reply.table.header == ("Signal", "Now", "Usual", "Since", "Speaks for")
    states = [row[3] for row in reply.table.rows]
    assert states == sorted(states, key=lambda state: state == "as usual")
    (picture,) = reply.pictures
    assert picture.png.startswith(b"\x89PNG")
    assert "latency p99 since 11:0" in picture.alt


def test_it_hands_over_with_the_verdict() -> None:
    world = slow_store()
    world.incident()
    over = button(ask(world, incident="INC-1"), "Hand over to data")
    assert (over.skill, over.args["to"], over.args["side"]) == (
        "handover",
        "data",
        "infrastructure",
    )
    assert "the infrastructure" in over.args["summary"]
    assert len(str(over.args)) < 1900, "a button of Slack holds 2,000 characters"


def test_a_new_version_that_is_blamed_can_be_rolled_back() -> None:
    reply = ask(new_version(), model=MODEL)
    assert "the model" in reply.title
    assert button(reply, "Roll back") == Call("rollback", {"model": MODEL})
    assert button(reply, "Show drift") == Call("model_drift", {"model": MODEL})
    assert "risk-ml" in reply.text
    labels = [b.label for b in ask(slow_store(), model=MODEL).buttons]
    assert "Roll back" not in labels


def test_without_an_incident_one_can_be_opened_and_an_open_one_is_found() -> None:
    world = new_version()
    assert button(ask(world, model=MODEL), "Open an incident").args["service"] == MODEL
    world.incident()
    reply = ask(world, model="eta")
    assert reply.about == "INC-1"
    assert button(reply, "Hand over")


def test_a_resolved_incident_is_not_handed_over() -> None:
    world = slow_store()
    world.incident(status=Status.RESOLVED, resolved_at=NOON)
    assert not [b for b in ask(world, incident="INC-1").buttons if b.label.startswith("Hand")]


def test_in_a_thread_it_is_about_that_incident() -> None:
    world = slow_store()
    world.incident()
    assert ask(world, thread="INC-1").about == "INC-1"


def test_what_was_not_looked_at_is_said() -> None:
    reply = ask(new_version(), model=MODEL)
    assert "Not looked at" in headings(reply)
    assert "no telemetry is connected" in reply.sections[-1].lines[0].text


def test_calm_is_neither_and_names_nobody() -> None:
    reply = ask(SideWorld(), model=MODEL)
    assert "neither" in reply.title
    assert "Acts next" not in reply.text
    assert not reply.pictures


def test_it_asks_which_model() -> None:
    world = SideWorld()
    reply = ask(world)
    assert reply.title == "Which model?"
    assert button(reply, MODEL) == Call("model_or_infra", {"model": MODEL})
    other = world.incident(service="payments", signals=())
    assert "No model is known to be behind INC-1" in ask(world, incident=other.id).title
