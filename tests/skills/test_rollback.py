from datetime import timedelta

import pytest

from knowledge.errors import Denied, NotFound
from knowledge.records import Approval, ApprovalStatus, Purpose
from skills.contract import Call, Reply, Tone
from skills.rollback import Args
from skills.testing import NOON
from tests.skills.asking import ADA, GRACE, JOAN, MODEL, World, button, labels


@pytest.fixture
def world() -> World:
    """v5 is champion, v3 was before."""
    made = World()
    made.press(made.ask(), "Approve")
    made.at += timedelta(minutes=5)
    return made


def ask(world: World, number: str = "", model: str = MODEL, reason: str = "ETAs are off") -> Reply:
    call = Call("rollback", {"model": model, "version": number, "reason": reason})
    return world.run(call, ADA, click=False)


def test_it_asks_for_the_previous_champion_though_its_metrics_are_worse(world: World) -> None:
    card = ask(world)
    assert card.title == "Roll eta-model back to v3?"
    assert "ETAs are off" in card.text
    assert "comes from v3 again instead of v5" in card.text
    assert labels(card) == ["Approve", "Reject", "Ask for changes", "Details"]
    assert world.champion() == "5"


def test_another_person_approves_and_it_goes_back(world: World) -> None:
    card = ask(world)
    with pytest.raises(Denied):
        world.press(card, "Approve", ADA)
    card = world.press(card, "Approve", GRACE)
    assert card.title == "eta-model: rolled back to v3"
    assert "moved from v5 to v3" in card.text
    assert world.champion() == "3"


def test_after_going_back_the_way_forward_is_known(world: World) -> None:
    world.press(ask(world), "Approve", GRACE)
    assert ask(world).title == "Roll eta-model back to v5?"


def test_the_button_of_a_decided_promotion_asks_for_it(world: World) -> None:
    card = world.run(Call("request", {"approval": "APR-1"}), JOAN)
    assert world.press(card, "Roll back", JOAN).title == "Roll eta-model back to v3?"


def test_a_version_that_served_by_record_may_be_named(world: World) -> None:
    world.store.approvals.add(
        Approval("", MODEL, "3", "2", "U1", "ada", NOON, status=ApprovalStatus.APPROVED)
    )
    assert ask(world, "v2").title == "Roll eta-model back to v2?"


def test_a_version_that_never_served_is_offered_for_promotion(world: World) -> None:
    card = ask(world, "2")
    assert "v2 is not recorded as champion" in card.text
    calls = [b.call for b in card.buttons]
    assert {c.skill for c in calls if c is not None} == {"promotion"}
    assert world.only().purpose is Purpose.PROMOTION


def test_an_unknown_version_gets_the_nearest(world: World) -> None:
    with pytest.raises(NotFound, match="v5"):
        ask(world, "v55")


def test_the_champion_is_no_way_back(world: World) -> None:
    assert "champion" in ask(world, "5").text
    assert world.only().purpose is Purpose.PROMOTION


def test_no_champion_nothing_to_roll_back(world: World) -> None:
    assert ask(world, model="empty-model").title == "empty-model has no champion"


def test_no_model_offers_models(world: World) -> None:
    assert labels(ask(world, model="")) == ["empty-model", "eta-model"]


@pytest.mark.parametrize(
    ("version", "reason"),
    [("emergency", "because scores are 0"), ("3", "emergency: because scores are 0")],
)
def test_an_emergency_is_loud_and_takes_one_approver(
    world: World, version: str, reason: str
) -> None:
    card = ask(world, version, reason=reason)
    assert (card.title, card.tone) == ("EMERGENCY: roll eta-model back to v3?", Tone.BAD)
    assert "*ada* asks: scores are 0" in card.text
    assert "somebody reviews it afterwards" in card.fields["Who decides"]
    card = world.press(card, "Approve", GRACE)
    assert card.title == "eta-model: rolled back to v3 in an emergency"
    assert card.tone is Tone.WARNING
    assert card.fields["Review"] == "by somebody else, before 2026-03-06 12:05 UTC"
    assert labels(card)[0] == "Reviewed"
    assert world.champion() == "3"

    world.promoting.review("APR-2", by=JOAN.id, by_name="joan")
    seen = world.run(Call("request", {"approval": "APR-2"}), JOAN)
    assert seen.fields["Reviewed by"] == "joan"
    assert "Reviewed" not in labels(seen)


def test_an_emergency_without_a_reason_is_asked_for_one(world: World) -> None:
    reply = ask(world, "emergency", reason="")
    form = button(reply, "Say why and ask").form
    assert form is not None
    card = world.press(reply, "Say why and ask", ADA, "scores are 0")
    assert card.title == "EMERGENCY: roll eta-model back to v3?"


def test_an_emergency_is_heard_in_the_arguments() -> None:
    heard = Args(model=MODEL, version="Emergency", reason="because x")
    assert (heard.emergency, heard.version) == (True, "")
    assert not Args(model=MODEL, reason="no emergency, but slow").emergency
