import pytest

from knowledge.errors import Denied
from knowledge.records import Ballot, Move, Purpose
from skills.contract import Call, Reply, User
from skills.testing import NOON
from tests.skills.asking import ADA, GRACE, JOAN, MODEL, World


@pytest.fixture
def world() -> World:
    """Ada asked for an emergency rollback from v5 to v3, Grace approved it."""
    made = World()
    made.models.set_champion(MODEL, "5")
    made.store.moves.add(Move("", MODEL, "5", "3", NOON, NOON))
    asked = made.promoting.ask(
        MODEL, "3", by=ADA.id, by_name="ada", reason="errors", purpose=Purpose.EMERGENCY
    ).approval
    assert asked is not None
    made.promoting.vote(
        asked.id,
        Ballot.APPROVE,
        by=GRACE.id,
        by_name="grace",
        reason="",
        saw=asked.evidence_hash,
    )
    assert made.champion() == "3"
    return made


def review(world: World, user: User, *, click: bool = True, note: str = "") -> Reply:
    call = Call("review", {"approval": world.only().id, "note": note})
    return world.run(call, user, click=click)


def test_a_second_person_reviews_it(world: World) -> None:
    review(world, JOAN, note="the rollback was right")
    request = world.only()
    assert request.reviewed_by == JOAN.id
    assert request.timeline[-1].text == "reviewed the emergency: the rollback was right"
    assert "reviewed already by joan" in review(world, GRACE).title


@pytest.mark.parametrize("user", [ADA, GRACE])
def test_who_took_part_does_not_review(world: World, user: User) -> None:
    with pytest.raises(Denied):
        review(world, user)
    assert world.only().reviewed_by == ""


def test_words_review_nothing(world: World) -> None:
    assert "takes a click" in review(world, JOAN, click=False).title
    assert world.only().reviewed_by == ""
