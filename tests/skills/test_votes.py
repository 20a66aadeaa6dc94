from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.errors import BadArgs, Denied, Unavailable
from knowledge.promotion.policy import GateRule, Policy
from knowledge.records import ApprovalStatus, ModelVersion
from skills.contract import Audience, Call, Reply, Role
from skills.votes import approve, ask_changes, override, reject
from tests.skills.asking import ADA, BOB, GRACE, JOAN, World, button, labels, version, words

SIGNATURE = Policy(gates={"signature": GateRule(override=("U2",))})


@pytest.fixture
def world() -> World:
    return World()


def test_buttons_ask_first_and_say_which_evidence_stood_on_the_card(world: World) -> None:
    card = world.ask()
    accept, refuse = button(card, "Approve"), button(card, "Reject")
    approval = world.only()
    assert accept.call == Call("approve", {"approval": "APR-1", "saw": approval.evidence_hash})
    assert "from v3 to v5" in accept.confirm
    assert refuse.form is not None
    assert [f.name for f in refuse.form.fields] == ["reason"]


def test_another_person_approves_and_the_champion_moves(world: World) -> None:
    card = world.press(world.ask(), "Approve")
    assert world.champion() == "5"
    assert (card.replace, card.about) == (True, "APR-1")
    assert card.title == "eta-model v5: approved"
    assert "Approved by *grace* at 2026-03-05 12:00 UTC" in card.text
    assert "Champion of eta-model moved from v3 to v5." in card.text
    assert labels(card) == ["Roll back", "Show model", "Details"]


def test_two_are_needed_and_the_first_vote_is_shown(world: World) -> None:
    world.policy = Policy(approvers=("@ml",), needed=2)
    asked = world.ask()
    assert asked.fields["Who decides"] == "2 of @ml"
    assert "This is vote 1 of 2" in button(asked, "Approve").confirm
    card = world.press(asked, "Approve")
    assert card.title == "Promote eta-model v5? 1 of 2 approved"
    assert card.fields["Approvals"] == "1 of 2: grace 12:00"
    assert "from v3 to v5" in button(card, "Approve").confirm
    assert world.champion() == "3"
    with pytest.raises(Denied, match="one vote"):
        world.press(card, "Approve")
    assert world.press(card, "Approve", JOAN).title == "eta-model v5: approved"
    assert world.champion() == "5"


def test_the_requester_cannot_approve(world: World) -> None:
    card = world.ask(user=GRACE)
    with pytest.raises(Denied, match="somebody else"):
        world.press(card, "Approve", GRACE)
    assert world.champion() == "3"


@pytest.mark.parametrize("label", ["Approve", "Reject", "Ask for changes"])
def test_without_the_right_one_is_told_who_may(world: World, label: str) -> None:
    card = world.ask()
    with pytest.raises(Denied, match="TANDEM_APPROVERS"):
        world.press(card, label, BOB, "x")
    assert world.only().status is ApprovalStatus.PENDING


@pytest.mark.parametrize("skill", [approve, reject, ask_changes, override])
def test_words_point_to_the_button(world: World, skill) -> None:  # type: ignore[no-untyped-def]
    world.ask()
    reply = world.run(Call(skill.name, {"approval": "apr-1", "reason": "x"}), GRACE, click=False)
    assert "takes a click" in reply.title
    assert "the card of APR-1" in reply.text
    assert reply.audience is Audience.ASKER
    shown = world.run(button(reply, "Show it").call or Call(""), GRACE)
    assert shown.title == "Promote eta-model v5?"
    assert world.only().status is ApprovalStatus.PENDING


def test_a_rejection_keeps_its_reason_and_moves_nothing(world: World) -> None:
    card = world.press(world.ask(), "Reject", reason="wait for the freeze to end")
    assert (card.title, card.replace) == ("eta-model v5: rejected", True)
    assert "Rejected by *grace*" in card.text
    assert "wait for the freeze to end" in card.text
    assert labels(card)[0] == "Ask again"
    assert world.champion() == "3"


@pytest.mark.parametrize("label", ["Reject", "Ask for changes"])
def test_stopping_it_needs_a_reason(world: World, label: str) -> None:
    with pytest.raises(BadArgs, match="reason"):
        world.press(world.ask(), label, reason="  ")


def test_asking_for_changes_sends_it_back(world: World) -> None:
    card = world.press(world.ask(), "Ask for changes", reason="add a model card")
    assert card.title == "eta-model v5: sent back for changes"
    assert "add a model card" in card.text
    assert world.champion() == "3"


def test_an_override_is_counted_with_its_reason(world: World) -> None:
    world.policy, world.failing = SIGNATURE, {"signature": "a column more"}
    card = world.ask()
    with pytest.raises(BadArgs, match="reason"):
        world.press(card, "Override")
    with pytest.raises(Denied, match="does not let you override"):
        world.press(card, "Override", JOAN, "it is optional")
    card = world.press(card, "Override", GRACE, "the column is optional")
    assert "Overridden by *grace*" in card.text
    assert "the column is optional" in card.text
    assert world.champion() == "5"


def test_a_late_clicker_is_told_who_decided(world: World) -> None:
    asked = world.ask()
    world.press(asked, "Approve", GRACE)
    for label in ("Approve", "Reject"):
        reply = world.press(asked, label, JOAN, "no")
        assert "already approved by grace" in reply.title
        assert (reply.audience, reply.replace) == (Audience.ASKER, False)
        assert reply.about == "APR-1"
    assert world.only().decided_by == "U2"


def test_a_button_of_another_message_decides_nothing(world: World) -> None:
    world.ask()
    call = Call("approve", {"approval": "APR-1", "saw": "0" * 64})
    reply = world.run(call, GRACE, channel="C1")
    assert reply.title == "Not counted: the facts are not those on the card you saw"
    assert reply.audience is Audience.ASKER
    with pytest.raises(Denied):
        world.run(Call("approve", {"approval": "APR-1"}), GRACE)
    assert (world.only().votes, world.champion()) == ((), "3")


def test_a_button_for_a_request_that_is_not_there_is_answered_clearly(world: World) -> None:
    reply = world.run(Call("approve", {"approval": "APR-99", "saw": "0" * 64}), GRACE)
    assert reply.title == "This request is not known"
    assert not reply.buttons


def _delete(world: World) -> None:
    world.models.remove("eta-model", "5")


def _move_by_hand(world: World) -> None:
    world.models.set_champion("eta-model", "5")


@pytest.mark.parametrize(
    ("change", "says"),
    [(_delete, "no model version 'eta-model v5'"), (_move_by_hand, "by another way")],
)
def test_what_is_gone_since_the_request_ends_it(
    world: World, change: Callable[[World], None], says: str
) -> None:
    asked = world.ask()
    change(world)
    before = world.champion()
    card = world.press(asked, "Approve")
    assert card.title == "eta-model v5: ended without a decision"
    assert "Ask again" in labels(card)
    assert (world.only().status, world.champion()) == (ApprovalStatus.EXPIRED, before)


def _other_champion(world: World) -> None:
    world.models.set_champion("eta-model", "2")


def _other_files(world: World) -> None:
    known = world.models.known["eta-model", "5"]
    world.models.known["eta-model", "5"] = replace(known, artifact="sha256:beef")


def _gate_fails(world: World) -> None:
    world.policy, world.failing = SIGNATURE, {"signature": "a column more"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_other_champion, "The champion was v3, and is v2 now"),
        (_other_files, "The files of v5 are not the ones on the card"),
        (_gate_fails, "signature fails now"),
    ],
)
def test_what_changed_since_the_request_is_said_and_asked_again(
    world: World, change: Callable[[World], None], says: str
) -> None:
    asked = world.ask()
    change(world)
    before = world.champion()
    private = world.run(button(asked, "Approve").call or Call(""), GRACE, channel="C1")
    assert "Not counted" in private.title
    assert says in words(private)
    card = world.run(Call("request", {"approval": "APR-1"}), GRACE)
    assert card.title == "Promote eta-model v5?"
    assert "Changed since it was asked" in card.text
    assert says in card.text
    assert (world.only().status, world.champion()) == (ApprovalStatus.PENDING, before)

    yes = "Override" if world.failing else "Approve"
    assert world.press(card, yes, reason="seen").title == "eta-model v5: approved"
    assert world.champion() == "5"


def test_in_the_terminal_the_changed_card_comes_at_once(world: World) -> None:
    asked = world.ask()
    _other_champion(world)
    card = world.press(asked, "Approve")
    assert card.text.startswith("Not counted, because the facts changed: The champion was v3")
    assert world.press(card, "Approve").title == "eta-model v5: approved"


def test_a_request_expires(world: World) -> None:
    asked = world.ask()
    world.at += timedelta(hours=25)
    card = world.press(asked, "Approve")
    assert "obody decided before" in card.text
    assert (world.only().status, world.champion()) == (ApprovalStatus.EXPIRED, "3")


class Counting(MemoryModels):
    """Counts moves of the alias, and waits so that clickers meet."""

    moves = 0
    meet: Barrier | None = None

    def champion(self, model: str) -> ModelVersion | None:
        found = super().champion(model)
        if self.meet is not None:
            self.meet.wait(timeout=10)
        return found

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        self.moves += 1
        return super().set_champion(model, version, expected=expected)


def test_two_who_click_at_once_move_it_once() -> None:
    counting = Counting()
    world = World(counting)
    asked = world.ask()
    cards: list[Reply] = []
    # Both have gathered everything before either decides.
    counting.meet = Barrier(2, action=lambda: setattr(counting, "meet", None))
    threads = [
        Thread(target=lambda who=who: cards.append(world.press(asked, "Approve", who)))
        for who in (GRACE, JOAN)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert counting.moves == 1
    assert len(cards) == 2
    assert world.champion() == "5"
    assert world.only().outcome == "champion of eta-model moved from v3 to v5"


class Failing(MemoryModels):
    """A registry that goes away in the middle: before the move, or after it."""

    fails = ""

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        if self.fails == "before":
            raise Unavailable("mlflow", "no answer within 5 s")
        moved = super().set_champion(model, version, expected=expected)
        if self.fails == "after":
            raise Unavailable("mlflow", "no answer within 5 s")
        return moved


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_registry_that_fails_leaves_a_card_that_repairs(when: str) -> None:
    failing = Failing()
    world = World(failing)
    asked = world.ask()
    failing.fails = when
    card = world.press(asked, "Approve")
    assert card.title == "eta-model v5: approved, not moved"
    assert "no answer within 5 s" in card.text
    assert labels(card)[0] == "Try again"
    assert world.only().status is ApprovalStatus.FAILED
    with pytest.raises(Denied):
        world.press(card, "Try again", replace(ADA, role=Role.APPROVE))

    failing.fails = ""
    world.at += timedelta(hours=2)
    card = world.press(card, "Try again", JOAN)
    assert card.title == "eta-model v5: approved"
    assert world.champion() == "5"
    assert world.only().decided_by == "U2"


def test_a_new_version_of_the_same_number_is_noticed(world: World) -> None:
    asked = world.ask()
    world.models.remove("eta-model", "5")
    world.add(version("5", rmse=10.0))
    world.models.known["eta-model", "5"] = replace(
        world.models.known["eta-model", "5"], artifact="sha256:0ther"
    )
    assert "Not counted" in world.press(asked, "Approve").text
    assert world.champion() == "3"
