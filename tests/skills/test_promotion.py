from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.errors import Unavailable
from knowledge.promotion.policy import GateRule, Policy
from knowledge.records import ApprovalStatus
from skills.contract import Audience, Call
from skills.promotion import PromotionArgs
from tests.skills.asking import ADA, GRACE, MODEL, World, button, labels, version, words


@pytest.fixture
def world() -> World:
    return World()


def test_a_request_shows_the_evidence_and_waits(world: World) -> None:
    card = world.ask(reason="because it is better on long routes")
    assert card.title == "Promote eta-model v5?"
    assert "*ada* asks: it is better on long routes" in card.text
    assert "Every answer of eta comes from v5 instead of v3" in card.text
    assert "rmse 10 instead of 12 on the same data: 16.7% better" in card.text
    assert card.table is not None
    assert card.table.rows[0] == ("rmse", "12", "10", "16.7% better")
    assert labels(card) == ["Approve", "Reject", "Ask for changes", "Details"]
    assert card.fields["Approvals"] == "0 of 1"
    assert card.fields["Until"] == "2026-03-06 12:00 UTC"
    assert world.only().status is ApprovalStatus.PENDING
    assert world.champion() == "3"


def test_in_a_channel_the_asker_is_told_where_the_card_is(world: World) -> None:
    reply = world.ask(channel="C7")
    assert reply.audience is Audience.ASKER
    assert reply.title == "Asked: eta-model v5"
    assert "The card of APR-1 is in this channel" in reply.text
    assert (world.only().channel, labels(reply)) == ("C7", ["Withdraw"])


def test_a_direct_message_is_no_place_for_others_to_decide_in(world: World) -> None:
    world.ask(channel="D7")
    assert world.only().channel == ""


def test_the_policy_says_where_the_card_is(world: World) -> None:
    world.policy = Policy(channel="#ml-models")
    assert "in #ml-models" in world.ask(channel="C7").text


def test_the_asker_may_withdraw(world: World) -> None:
    reply = world.ask(channel="C7")
    card = world.press(reply, "Withdraw", ADA)
    assert card.title == "eta-model v5: rejected"
    assert "Withdrawn by *ada*" in card.text
    assert world.champion() == "3"


def test_asking_twice_shows_the_same_request(world: World) -> None:
    world.ask()
    assert "asked already" in world.ask().text
    private = world.ask(user=GRACE, channel="C7", card_link=lambda subject: f"https://x/{subject}")
    assert private.title == "Asked already: eta-model v5"
    assert (labels(private), private.buttons[0].url) == (["Open the card"], "https://x/APR-1")
    assert world.only().id == "APR-1"


def test_what_a_gate_prevents_is_not_asked_for(world: World) -> None:
    world.failing = {"signature": "v5 wants a column more"}
    card = world.ask(channel="C7")
    assert card.title == "eta-model v5: not ready to be asked for"
    assert "a gate fails that nobody may override: signature" in card.text
    assert "*fails* signature: v5 wants a column more" in words(card)
    assert "Approve" not in labels(card)
    assert card.audience is Audience.ASKER
    assert not world.store.approvals.find()


def test_a_failing_gate_that_may_be_overridden_is_asked_with_override(world: World) -> None:
    world.policy = Policy(gates={"signature": GateRule(override=("U2",))})
    world.failing = {"signature": "v5 wants a column more"}
    card = world.ask()
    assert labels(card) == ["Override", "Reject", "Ask for changes", "Details"]
    assert "cannot be approved as it is: signature fails" in card.text
    form = button(card, "Override").form
    assert form is not None
    assert "signature" in form.text


def test_metrics_of_other_data_are_not_compared(world: World) -> None:
    world.policy = Policy(failing_gate_prevents=False)
    card = world.ask(number="4")
    assert "cannot be compared" in card.text
    assert card.table is not None
    assert {row[3] for row in card.table.rows} == {"other data"}


def test_no_model_offers_models(world: World) -> None:
    assert labels(world.ask("", "")) == ["empty-model", "eta-model"]


@pytest.mark.parametrize("number", ["", "v9", "newest"])
def test_a_missing_or_unknown_version_offers_the_newest(world: World, number: str) -> None:
    card = world.ask(number=number)
    assert [label.split(",")[0] for label in labels(card)] == ["v5", "v4", "v2"]
    assert card.buttons[0].call == Call("promotion", {"model": MODEL, "version": "5"})


def test_a_model_without_versions_says_so(world: World) -> None:
    assert "no version" in world.ask("empty-model").text


def test_the_champion_itself_is_not_asked_for(world: World) -> None:
    card = world.ask(number="3")
    assert "champion already" in card.title
    assert not world.store.approvals.find()


@pytest.mark.parametrize("typed", ["eta-model:5", "eta-model/v5", "eta-model@5"])
def test_model_and_version_in_one_word(typed: str) -> None:
    args = PromotionArgs(model=typed)
    assert (args.model, args.version.removeprefix("v")) == ("eta-model", "5")


def test_a_request_compared_with_an_earlier_champion_is_asked_anew(world: World) -> None:
    world.ask()
    world.models.set_champion("eta-model", "2")
    world.at += timedelta(minutes=1)
    world.ask()
    newest, older = world.store.approvals.find()
    assert (newest.champion, newest.status) == ("2", ApprovalStatus.PENDING)
    assert older.status is ApprovalStatus.EXPIRED


class Away(MemoryModels):
    """A registry that answers nothing about versions."""

    def versions(self, model: str) -> Any:
        raise Unavailable("mlflow", "no answer within 5 s")


def test_a_registry_that_is_away_makes_no_request() -> None:
    world = World(Away())
    with pytest.raises(Unavailable, match="no answer"):
        world.ask()
    assert not world.store.approvals.find()


def test_the_first_champion_is_asked_for_without_a_comparison() -> None:
    world = World(MemoryModels())
    world.models.add(version("1"))
    world.models.remove("eta-model", "3")
    card = world.ask(reason="first")
    assert "its first champion" in card.text
    assert card.table is not None
    assert card.table.header == ("metric", "v5")
