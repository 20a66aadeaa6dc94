from collections.abc import Callable

import pytest

from knowledge.errors import BadArgs, Denied, NotFound, Overtaken
from knowledge.records import ApprovalStatus, Move, Purpose
from skills.contract import Call, Reply
from skills.testing import NOON
from tests.skills.asking import ADA, GRACE, JOAN, MODEL, World

Run = Callable[..., Reply]


@pytest.fixture
def world() -> World:
    """Somebody moved the champion from v3 to v5 in the registry."""
    made = World()
    made.models.set_champion(MODEL, "5")
    made.store.moves.add(Move("", MODEL, "5", "3", NOON, NOON, how="poll"))
    return made


@pytest.fixture
def run(world: World) -> Run:
    def ran(skill: str, user: object = GRACE, click: bool = True, **args: str) -> Reply:
        call = Call(skill, {"move": "MOV-1", **args})
        return world.run(call, user, click=click, moves=world.store.moves)  # type: ignore[arg-type]

    return ran


def test_restoring_is_a_request_that_somebody_else_approves(world: World, run: Run) -> None:
    run("move_restore", ADA)
    request = world.only()
    assert (request.purpose, request.version, request.champion) == (Purpose.ROLLBACK, "3", "5")
    assert request.status is ApprovalStatus.PENDING
    assert world.champion() == "5"
    assert world.store.moves.get("MOV-1").answered == f"ada asks to restore v3 ({request.id})"
    assert "move:MOV-1" in [d.key for d in world.store.outbox.due(NOON)]


def test_restoring_twice_is_one_request(world: World, run: Run) -> None:
    run("move_restore", ADA)
    run("move_restore", GRACE)
    assert world.only().requester == ADA.id


def test_where_there_was_no_champion_nothing_is_restored(world: World, run: Run) -> None:
    world.store.moves.add(Move("", MODEL, "5", "", NOON, NOON))
    assert "no champion before" in run("move_restore", ADA, move="MOV-2").title
    assert world.store.approvals.find() == []


def test_a_version_that_is_gone_cannot_be_restored(world: World, run: Run) -> None:
    world.models.remove(MODEL, "3")
    with pytest.raises(NotFound):
        run("move_restore", ADA)
    assert world.store.moves.get("MOV-1").answered == ""


def test_an_approver_accepts_with_a_reason_once(world: World, run: Run) -> None:
    run("move_accept", GRACE, reason="because it is a hotfix")
    assert world.store.moves.get("MOV-1").answered == "accepted by grace: it is a hotfix"
    assert world.champion() == "5"
    with pytest.raises(Overtaken, match="answered already"):
        run("move_accept", JOAN, reason="me too")


def test_others_may_not_accept(world: World, run: Run) -> None:
    with pytest.raises(Denied):
        run("move_accept", ADA, reason="fine")
    with pytest.raises(BadArgs, match="reason"):
        run("move_accept", GRACE, reason=" ")
    assert world.store.moves.get("MOV-1").answered == ""


@pytest.mark.parametrize("skill", ["move_restore", "move_accept"])
def test_words_change_nothing(world: World, run: Run, skill: str) -> None:
    assert "takes a click" in run(skill, GRACE, click=False, reason="fine").title
    assert world.store.moves.get("MOV-1").answered == ""
    assert world.store.approvals.find() == []
