from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, Denied, Unavailable
from knowledge.records import Approval, ApprovalStatus, Incident, ModelVersion, Severity, Status
from skills.contract import Audience, Button, Context, Reply, Role, User
from skills.promotion import (
    UNDER_WAY,
    DecisionArgs,
    PromotionArgs,
    approve,
    promotion,
    reject,
)
from skills.testing import NOON, context

ADA = User("U1", "ada", Role.READ)
GRACE = User("U2", "grace", Role.APPROVE)
JOAN = User("U3", "joan", Role.APPROVE)


def version(number: str, digest: str = "d1", **metrics: float) -> ModelVersion:
    return ModelVersion(
        "eta-model",
        number,
        NOON - timedelta(days=1),
        metrics=metrics,
        dataset="holdout",
        dataset_digest=digest,
        tags={"service": "eta"},
    )


class World:
    """A registry and a store in memory, and people who act on them."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.models = MemoryModels(
            [
                version("2", rmse=14.0, mae=9.0),
                replace(version("3", rmse=12.0, mae=8.0), aliases=("champion",)),
                version("4", "d2", rmse=5.0, mae=4.0),
                version("5", rmse=10.0, mae=7.5),
            ],
            names=["empty-model"],
        )

    def as_(self, user: User, *, now: datetime = NOON, click: bool = True) -> Context:
        return context(
            user=user,
            now=now,
            models=self.models,
            approvals=self.store.approvals,
            incidents=self.store.incidents,
            via_button=click,
        )

    def ask(self, model: str = "eta-model", number: str = "v5", reason: str = "") -> Reply:
        args = PromotionArgs(model=model, version=number, reason=reason)
        return promotion.run(self.as_(ADA, click=False), args)

    def approve(self, user: User = GRACE, *, now: datetime = NOON) -> Reply:
        return approve.run(self.as_(user, now=now), DecisionArgs(approval=self.only().id))

    def reject(self, reason: str = "too early", user: User = GRACE) -> Reply:
        args = DecisionArgs(approval=self.only().id, reason=reason)
        return reject.run(self.as_(user), args)

    def only(self) -> Approval:
        (approval,) = self.store.approvals.find()
        return approval

    def champion(self) -> str:
        champion = self.models.champion("eta-model")
        return champion.version if champion else ""


@pytest.fixture
def world() -> World:
    return World()


def labels(reply: Reply) -> list[str]:
    return [b.label for b in reply.buttons]


def button(reply: Reply, label: str) -> Button:
    return next(b for b in reply.buttons if b.label == label)


def test_a_request_shows_the_evidence_and_waits(world: World) -> None:
    card = world.ask(reason="better on long routes")
    assert card.title == "Promote eta-model v5?"
    assert "better on long routes" in card.text
    assert card.table is not None
    assert card.table.rows[0] == ("rmse", "12", "10", "16.7% better")
    assert labels(card) == ["Approve", "Reject"]
    assert card.audience is Audience.PLACE
    assert "someone else with the approve right" in card.footer
    assert world.only().status is ApprovalStatus.PENDING
    assert world.champion() == "3"


def test_buttons_ask_first_and_carry_only_the_id(world: World) -> None:
    card = world.ask()
    accept, refuse = button(card, "Approve"), button(card, "Reject")
    assert accept.call is not None
    assert accept.call.args == {"approval": world.only().id}
    assert "from v3 to v5" in accept.confirm
    assert refuse.form is not None
    assert [f.name for f in refuse.form.fields] == ["reason"]


def test_another_person_approves_and_the_champion_moves(world: World) -> None:
    world.ask()
    card = world.approve()
    assert world.champion() == "5"
    assert card.replace
    assert card.title == "eta-model v5: approved"
    assert "*grace* at 2026-03-05 12:00 UTC" in card.text
    assert "hampion of eta-model moved from v3 to v5" in card.text
    assert "Approve" not in labels(card)


def test_the_requester_cannot_approve(world: World) -> None:
    world.ask()
    with pytest.raises(Denied, match="somebody else"):
        world.approve(replace(ADA, role=Role.APPROVE))
    assert world.champion() == "3"


def test_without_the_right_one_is_told_who_may(world: World) -> None:
    world.ask()
    with pytest.raises(Denied, match="approver"):
        world.approve(User("U9", "bob", Role.OPERATE))


@pytest.mark.parametrize("skill", [approve, reject])
def test_words_alone_decide_nothing(world: World, skill) -> None:  # type: ignore[no-untyped-def]
    world.ask()
    with pytest.raises(Denied, match="click"):
        skill.run(world.as_(GRACE, click=False), DecisionArgs(approval="1", reason="x"))
    assert world.only().status is ApprovalStatus.PENDING


def test_a_rejection_keeps_its_reason_and_moves_nothing(world: World) -> None:
    world.ask()
    card = world.reject("wait for the freeze to end")
    assert (card.title, card.replace) == ("eta-model v5: rejected", True)
    assert "wait for the freeze to end" in card.text
    assert world.champion() == "3"


def test_a_rejection_needs_a_reason(world: World) -> None:
    world.ask()
    with pytest.raises(BadArgs, match="reason"):
        world.reject("  ")


def test_a_late_clicker_is_told_who_decided(world: World) -> None:
    world.ask()
    world.approve(GRACE)
    for card in (world.approve(JOAN), world.reject("no", JOAN)):
        assert card.title == "eta-model v5: already approved"
        assert "*grace*" in card.text
        assert card.replace
    assert world.only().decided_by == "U2"


def test_asking_twice_shows_the_same_request(world: World) -> None:
    world.ask()
    card = world.ask()
    assert "asked already" in card.text
    assert labels(card) == ["Approve", "Reject"]
    assert world.only().id


def test_a_worse_version_is_not_asked_for(world: World) -> None:
    card = world.ask(number="2")
    assert "rmse" in card.text
    assert "Approve" not in labels(card)
    assert not world.store.approvals.find()


def test_metrics_of_other_data_are_not_compared(world: World) -> None:
    card = world.ask(number="4")
    assert "same data" in card.text
    assert card.table is not None
    assert {row[3] for row in card.table.rows} == {"other data"}


def test_open_incidents_on_the_service_are_a_warning(world: World) -> None:
    draft = Incident("", "slow", "eta", Severity.SEV2, Status.OPEN, NOON, NOON)
    world.store.incidents.open(draft)
    card = world.ask()
    gates = card.sections[0]
    assert any("*warning* incidents" in line.text for line in gates.lines)
    assert "Approve" in labels(card)


def test_no_model_offers_models(world: World) -> None:
    assert labels(world.ask("", "")) == ["empty-model", "eta-model"]


@pytest.mark.parametrize("number", ["", "v9", "newest"])
def test_a_missing_or_unknown_version_offers_the_newest(world: World, number: str) -> None:
    card = world.ask(number=number)
    assert [label.split(",")[0] for label in labels(card)] == ["v5", "v4", "v2"]
    first = card.buttons[0].call
    assert first is not None
    assert first.args == {"model": "eta-model", "version": "5"}


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


def _delete(world: World) -> None:
    world.models.remove("eta-model", "5")


def _move_elsewhere(world: World) -> None:
    world.models.set_champion("eta-model", "2")


def _move_by_hand(world: World) -> None:
    world.models.set_champion("eta-model", "5")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_delete, "no longer in the registry"),
        (_move_elsewhere, "changed from v3 to v2"),
        (_move_by_hand, "by another way"),
    ],
)
def test_what_changed_since_the_request_closes_it(
    world: World, change: Callable[[World], None], words: str
) -> None:
    world.ask()
    change(world)
    before = world.champion()
    card = world.approve()
    assert words in card.text
    assert "Ask again" in labels(card)
    assert (world.only().status, world.champion()) == (ApprovalStatus.EXPIRED, before)


def test_a_gate_that_fails_since_the_request_prevents_approval(world: World) -> None:
    world.ask()
    world.models.remove("eta-model", "5")
    world.models.add(version("5", rmse=13.0, mae=7.5))
    card = world.approve()
    assert "since it was asked, rmse fails" in card.text
    assert (labels(card), card.replace) == (["Reject"], True)
    assert (world.only().status, world.champion()) == (ApprovalStatus.PENDING, "3")


def test_a_request_expires(world: World) -> None:
    world.ask()
    card = world.approve(now=NOON + timedelta(hours=25))
    assert "obody decided before" in card.text
    assert (world.only().status, world.champion()) == (ApprovalStatus.EXPIRED, "3")


def test_a_request_compared_with_an_earlier_champion_is_asked_anew(world: World) -> None:
    world.ask()
    world.models.set_champion("eta-model", "2")
    world.ask()
    newest, older = world.store.approvals.find()
    assert (newest.champion, newest.status) == ("2", ApprovalStatus.PENDING)
    assert older.status is ApprovalStatus.EXPIRED


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


def test_two_who_click_at_once_move_it_once(world: World) -> None:
    counting = Counting([*reversed(world.models.versions("eta-model"))])
    world.models = counting
    world.ask()
    cards: list[Reply] = []
    # Both have checked everything before either decides. The loser asks once more afterwards.
    counting.meet = Barrier(2, action=lambda: setattr(counting, "meet", None))
    threads = [
        Thread(target=lambda who=who: cards.append(world.approve(who))) for who in (GRACE, JOAN)
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
def test_a_registry_that_fails_leaves_a_state_that_can_be_repaired(world: World, when: str) -> None:
    failing = Failing([*reversed(world.models.versions("eta-model"))])
    world.models = failing
    world.ask()
    failing.fails = when
    card = world.approve()
    assert card.title == "eta-model v5: approved, not moved"
    assert "no answer within 5 s" in card.text
    assert labels(card)[0] == "Try again"
    assert world.only().status is ApprovalStatus.FAILED

    failing.fails = ""
    # A day later: what was decided in time may still be finished.
    card = world.approve(JOAN, now=NOON + timedelta(days=2))
    assert card.title == "eta-model v5: approved"
    assert world.champion() == "5"
    assert world.only().decided_by == "U2"


def test_trying_again_needs_the_right_too(world: World) -> None:
    failing = Failing([*reversed(world.models.versions("eta-model"))])
    world.models = failing
    world.ask()
    failing.fails = "before"
    world.approve()
    with pytest.raises(Denied):
        world.approve(replace(ADA, role=Role.APPROVE))


def _crash_after_decision(world: World) -> None:
    """What the store holds when the process died between decision and move."""
    world.store.approvals.decide(
        world.only().id,
        ApprovalStatus.PENDING,
        lambda a: replace(
            a,
            status=ApprovalStatus.APPROVED,
            decided_by="U2",
            decided_by_name="grace",
            decided_at=NOON,
        ),
    )


def test_while_a_move_is_under_way_the_card_is_left_alone(world: World) -> None:
    world.ask()
    _crash_after_decision(world)
    card = world.approve(JOAN)
    assert "already approved by grace" in card.title
    assert (card.replace, card.audience) == (False, Audience.ASKER)


def test_an_interrupted_move_can_be_finished(world: World) -> None:
    world.ask()
    _crash_after_decision(world)
    card = world.approve(JOAN, now=NOON + UNDER_WAY)
    assert "interrupted" in card.text
    assert world.champion() == "3"
    world.approve(JOAN, now=NOON + UNDER_WAY)
    assert (world.champion(), world.only().status) == ("5", ApprovalStatus.APPROVED)


def test_an_interruption_after_the_move_is_found_out(world: World) -> None:
    world.ask()
    _crash_after_decision(world)
    world.models.set_champion("eta-model", "5")
    card = world.approve(JOAN)
    assert "hampion of eta-model moved from v3 to v5" in card.text
    assert world.only().status is ApprovalStatus.APPROVED
