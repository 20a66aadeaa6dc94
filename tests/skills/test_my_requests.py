from datetime import timedelta

import pytest

from knowledge.promotion.policy import Policy
from skills.contract import Call, Reply, Tone, User
from tests.skills.asking import ADA, BOB, GRACE, JOAN, World, words


@pytest.fixture
def world() -> World:
    made = World(policy=Policy(approvers=("@ml",), needed=2))
    made.ask(number="5", user=GRACE)
    return made


def show(world: World, user: User) -> Reply:
    return world.run(Call("my_requests"), user, click=False)


def test_an_approver_sees_what_others_asked_for(world: World) -> None:
    reply = show(world, JOAN)
    assert (reply.title, reply.tone) == ("1 waiting for your decision", Tone.WARNING)
    (for_me,) = reply.sections
    assert for_me.heading == "Waiting for your decision"
    assert for_me.lines[0].text == (
        "eta-model v5, asked by grace; approvals 0 of 2; until 2026-03-06 12:00 UTC"
    )
    assert for_me.buttons[0].call == Call("request", {"approval": "APR-1"})
    assert world.run(for_me.buttons[0].call, JOAN).title == "Promote eta-model v5?"


def test_who_asked_sees_how_the_votes_stand(world: World) -> None:
    card = world.run(Call("request", {"approval": "APR-1"}), JOAN)
    world.press(card, "Approve", JOAN)
    assert "You asked for\neta-model v5, asked by grace; approvals 1 of 2: joan 12:00" in words(
        show(world, GRACE)
    )
    reply = show(world, JOAN)
    assert [section.heading for section in reply.sections] == ["You voted; others are missing"]


@pytest.mark.parametrize("user", [ADA, BOB])
def test_nothing_waits_for_those_who_may_not_decide(world: World, user: User) -> None:
    assert show(world, user).title == "No approvals wait for you"


def test_what_is_over_waits_for_nobody(world: World) -> None:
    world.at += timedelta(hours=25)
    assert show(world, JOAN).title == "No approvals wait for you"
