from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.errors import Overtaken, Unavailable
from knowledge.promotion.deciding import UNDER_WAY
from knowledge.promotion.ruling import Came
from knowledge.records import Approval, ApprovalStatus, ModelVersion, Move
from tests.knowledge.promoting.world import MODEL, NOON, World, click

Ask = Callable[..., Approval]
LATER = NOON + timedelta(seconds=1)
APPROVED, FAILED = ApprovalStatus.APPROVED, ApprovalStatus.FAILED
EXPIRED, MOVING = ApprovalStatus.EXPIRED, ApprovalStatus.MOVING


class Shaky(MemoryModels):
    """Moves as it is told: "before" and "after" lose the answer, "overtaken" and "gone" refuse."""

    how = "ok"

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        if self.how == "before":
            raise Unavailable("MLflow", "500")
        if self.how == "overtaken":
            super().set_champion(model, "6")
        if self.how == "gone":
            self.remove(model, version)
        after = super().set_champion(model, version, expected=expected)
        if self.how == "after":
            raise Unavailable("MLflow", "connection reset")
        return after


@pytest.fixture
def registry() -> Shaky:
    return Shaky()


@pytest.fixture
def world(registry: Shaky) -> World:
    return World(models=registry)


@pytest.mark.parametrize(
    ("how", "came", "status", "champion", "says"),
    [
        ("before", Came.FAILED, FAILED, "3", "the registry did not confirm the move (MLflow: 500)"),
        ("after", Came.FAILED, FAILED, "5", "the registry did not confirm the move"),
        ("overtaken", Came.CLOSED, EXPIRED, "6", "nothing was moved: the champion changed from v3"),
        ("gone", Came.CLOSED, EXPIRED, "3", "nothing was moved: There is no version of fraud '5'"),
    ],
)
def test_a_move_that_was_not_confirmed_says_what_is_left(
    world: World,
    registry: Shaky,
    ask: Ask,
    how: str,
    came: Came,
    status: ApprovalStatus,
    champion: str,
    says: str,
) -> None:
    approval = ask()
    registry.how = how
    ruling = click(world.service(), approval, "ann")
    assert (ruling.came, ruling.approval.status, world.champion) == (came, status, champion)
    assert ruling.approval.outcome.startswith(says)
    assert world.store.moves.find() == []


def failed(world: World, registry: Shaky, ask: Ask, how: str) -> Approval:
    approval = ask()
    registry.how = how
    click(world.service(), approval, "ann")
    registry.how = "ok"
    return world.store.approvals.get(approval.id)


def test_a_move_that_came_through_is_found_by_itself(
    world: World, registry: Shaky, ask: Ask
) -> None:
    approval = failed(world, registry, ask, "after")
    world.service().reconcile()
    stored = world.store.approvals.get(approval.id)
    assert (stored.status, stored.outcome) == (APPROVED, "champion of fraud moved from v3 to v5")
    assert stored.timeline[-1].text.endswith("found in the registry afterwards")
    assert [move.approval for move in world.store.moves.find()] == [approval.id]


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_click_finishes_only_what_is_missing(
    world: World, registry: Shaky, ask: Ask, how: str
) -> None:
    approval = failed(world, registry, ask, how)
    ruling = click(world.service(), approval, "bob")
    assert (ruling.came, world.champion) == (Came.MOVED, "5")
    assert ruling.approval.decided_by == "ann"
    assert len(world.store.moves.find()) == 1


def test_a_failed_move_on_other_facts_ends(world: World, registry: Shaky, ask: Ask) -> None:
    approval = failed(world, registry, ask, "before")
    registry.set_champion(MODEL, "4")
    ruling = click(world.service(), approval, "bob")
    assert (ruling.came, world.champion) == (Came.CLOSED, "4")
    assert ruling.approval.outcome == "since it was approved: The champion was v3, and is v4 now"


@pytest.mark.parametrize(("how", "status"), [("before", EXPIRED), ("after", APPROVED)])
def test_a_failed_move_is_looked_for_before_its_time_ends(
    world: World, registry: Shaky, ask: Ask, how: str, status: ApprovalStatus
) -> None:
    approval = failed(world, registry, ask, how)
    world.clock.pass_(timedelta(hours=24))
    world.service().expire()
    assert world.store.approvals.get(approval.id).status is status


@pytest.mark.parametrize("by", ["", "APR-9"])
def test_a_champion_that_others_are_on_record_for_is_not_its_own(
    world: World, registry: Shaky, ask: Ask, by: str
) -> None:
    approval = failed(world, registry, ask, "before")
    registry.set_champion(MODEL, "5")
    world.store.moves.add(Move("", MODEL, "5", "3", LATER, LATER, approval=by))
    world.service().reconcile()
    stored = world.store.approvals.get(approval.id)
    assert stored.status is EXPIRED
    assert stored.outcome == f"v5 is champion by {by or 'a move outside Tandem'}"


def interrupted(world: World, ask: Ask) -> Approval:
    """Left under way by a process that is gone."""
    approval = ask()

    class Kill(BaseException):
        pass

    def die(step: str) -> None:
        if step == "intent stored":
            raise Kill

    with pytest.raises(Kill):
        click(world.service(die), approval, "ann")
    return world.store.approvals.get(approval.id)


def test_an_interrupted_move_over_another_champion_says_that_it_is_not_known(
    world: World, registry: Shaky, ask: Ask
) -> None:
    approval = interrupted(world, ask)
    registry.set_champion(MODEL, "6")
    world.clock.pass_(UNDER_WAY)
    world.service().reconcile()
    stored = world.store.approvals.get(approval.id)
    assert stored.status is EXPIRED
    assert "the champion is v6 now; whether v5 was champion in between is not" in stored.outcome


def test_a_late_click_settles_what_was_interrupted(world: World, ask: Ask) -> None:
    approval = interrupted(world, ask)
    assert click(world.service(), approval, "bob").approval.status is MOVING
    world.clock.pass_(UNDER_WAY)
    ruling = click(world.service(), approval, "bob")
    assert (ruling.came, ruling.approval.status) == (Came.LATE, FAILED)


def test_a_process_that_slept_moves_nothing(world: World, registry: Shaky, ask: Ask) -> None:
    approval = ask()

    def sleep(step: str) -> None:
        if step == "intent stored":
            world.clock.pass_(UNDER_WAY)
            world.service().reconcile()

    ruling = click(world.service(sleep), approval, "ann")
    assert (ruling.came, world.champion) == (Came.FAILED, "3")


def test_another_request_waits_for_the_one_under_way(world: World, ask: Ask) -> None:
    interrupted(world, ask)
    other = ask("6")
    with pytest.raises(Overtaken, match="Another request is moving the champion of fraud"):
        click(world.service(), other, "ann")
    assert world.store.approvals.get(other.id) == other


def test_a_registry_that_is_out_of_reach_settles_nothing(
    world: World, registry: Shaky, ask: Ask
) -> None:
    class Dead(Shaky):
        def champion(self, model: str) -> ModelVersion | None:
            raise Unavailable("MLflow", "connection refused")

    approval = interrupted(world, ask)
    world.clock.pass_(UNDER_WAY)
    replace(world, models=Dead()).service().reconcile()
    assert world.store.approvals.get(approval.id) == approval
