from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Overtaken, Unavailable
from knowledge.promoting.outside import Heard, OutsideMoves, answer
from knowledge.promotion import Policy
from knowledge.records import ApprovalStatus, ModelVersion, Move
from tests.knowledge.promoting.conftest import Ask
from tests.knowledge.promoting.world import MODEL, NOON, World, click

MINUTE = timedelta(minutes=1)


class Outages:
    """The registry of a world, which may be away."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.away = False

    def __getattr__(self, name: str) -> object:
        if self.away:
            raise Unavailable("mlflow", "it is down")
        return getattr(self._world.models, name)


@pytest.fixture
def outside(world: World) -> OutsideMoves:
    """It has looked once."""
    assert isinstance(world.store, MemoryStore)
    found = OutsideMoves(world.store, world.store.seen, world.models, world.service(), world.clock)
    assert found.poll() == []
    world.clock.pass_(MINUTE)
    return found


def announced(world: World) -> list[str]:
    due = world.store.outbox.due(world.clock() + MINUTE)
    return [d.key for d in due if d.kind == "move"]


def alias(world: World, version: str, **more: Any) -> Heard:
    heard = Heard("D1", MODEL, version, world.clock(), alias="champion")
    return replace(heard, **more)


def test_the_first_look_announces_nothing(world: World, outside: OutsideMoves) -> None:
    assert announced(world) == []
    assert world.store.moves.seen()[MODEL] == ("3", NOON)


def test_a_champion_that_nobody_asked_for_is_announced_once(
    world: World, outside: OutsideMoves
) -> None:
    world.models.set_champion(MODEL, "4")
    [move] = outside.poll()
    at = NOON + MINUTE
    assert move == Move("MOV-1", MODEL, "4", "3", at, at, NOON, how="poll")
    assert announced(world) == ["move:MOV-1"]
    world.clock.pass_(MINUTE)
    assert outside.poll() == []
    assert len(world.store.moves.find()) == 1


def test_the_time_is_narrowed_by_every_look(world: World, outside: OutsideMoves) -> None:
    outside.poll()
    world.clock.pass_(MINUTE)
    world.models.set_champion(MODEL, "4")
    [move] = outside.poll()
    assert (move.since, move.at) == (NOON + MINUTE, NOON + 2 * MINUTE)


def test_what_tandem_moved_is_no_news(world: World, outside: OutsideMoves, ask: Ask) -> None:
    click(world.service(), ask("5"), "ann")
    assert world.champion == "5"
    world.clock.pass_(MINUTE)
    assert outside.poll() == []
    assert announced(world) == []


def test_a_move_that_tandem_is_just_making_is_no_news(
    world: World, outside: OutsideMoves, ask: Ask
) -> None:
    """Killed between the registry's answer and the record of it."""

    def killed(step: str) -> None:
        if step == "alias moved":
            raise KeyboardInterrupt

    approval = ask("5")
    with pytest.raises(KeyboardInterrupt):
        click(world.service(killed), approval, "ann")
    assert world.champion == "5"
    outside.heard(alias(world, "5"))
    assert outside.poll() == []
    world.clock.pass_(timedelta(minutes=5))
    world.service().reconcile()
    assert outside.poll() == []
    assert announced(world) == []


def test_an_alias_that_is_taken_away_and_a_version_that_is_deleted(
    world: World, outside: OutsideMoves
) -> None:
    world.models.remove(MODEL, "3")
    [move] = outside.poll()
    assert (move.before, move.version) == ("3", "")
    world.clock.pass_(MINUTE)
    assert outside.poll() == []
    world.models.set_champion(MODEL, "4")
    [again] = outside.poll()
    assert (again.before, again.version) == ("", "4")


def test_a_model_that_comes_later_is_first_seen_without_a_word(
    world: World, outside: OutsideMoves
) -> None:
    world.models.add(ModelVersion("eta", "1", NOON))
    assert outside.poll() == []
    world.clock.pass_(MINUTE)
    world.models.set_champion("eta", "1")
    [move] = outside.poll()
    assert (move.model, move.before, move.version) == ("eta", "", "1")


def test_a_registry_that_is_away_is_no_move(world: World) -> None:
    assert isinstance(world.store, MemoryStore)
    models = Outages(world)
    outside = OutsideMoves(
        world.store,
        world.store.seen,
        models,  # type: ignore[arg-type]
        world.service(),
        world.clock,
    )
    outside.poll()
    models.away = True
    world.models.set_champion(MODEL, "4")
    with pytest.raises(Unavailable):
        outside.poll()
    with pytest.raises(Unavailable):
        outside.heard(alias(world, "4"))
    assert announced(world) == []
    models.away = False
    assert len(outside.poll()) == 1


def test_a_webhook_says_it_sooner_and_to_the_second(world: World, outside: OutsideMoves) -> None:
    world.models.set_champion(MODEL, "4")
    event = alias(world, "4", at=NOON + timedelta(seconds=30))
    outside.heard(event)
    outside.heard(event)
    [move] = world.store.moves.find()
    assert (move.at, move.since, move.how) == (event.at, NOON, "webhook")
    assert outside.poll() == []
    assert announced(world) == ["move:MOV-1"]


def test_there_and_back_between_two_looks_is_heard(world: World, outside: OutsideMoves) -> None:
    first = NOON + timedelta(seconds=20)
    world.models.set_champion(MODEL, "4")
    world.models.set_champion(MODEL, "3")
    outside.heard(alias(world, "4", at=first))
    outside.heard(alias(world, "3", at=first + timedelta(seconds=5)))
    world.clock.pass_(MINUTE)
    outside.poll()
    moves = world.store.moves.find()
    assert [(m.before, m.version) for m in reversed(moves)] == [("3", "4"), ("4", "3")]
    assert world.store.moves.seen()[MODEL][0] == "3"


@pytest.mark.parametrize(
    "event",
    [
        {"alias": "shadow"},
        {"alias": "", "tag": "note", "value": "nice"},
        {"alias": "champion", "version": "3"},
    ],
)
def test_other_events_are_no_moves(
    world: World, outside: OutsideMoves, event: dict[str, Any]
) -> None:
    outside.heard(replace(alias(world, "4"), **event))
    assert world.store.moves.find() == []
    assert world.store.approvals.find() == []


def test_a_late_webhook_about_a_move_of_tandem_is_no_news(
    world: World, outside: OutsideMoves, ask: Ask
) -> None:
    click(world.service(), ask("5"), "ann")
    first = alias(world, "5")
    click(world.service(), ask("6"), "ann")
    world.clock.pass_(MINUTE)
    outside.heard(first)
    assert announced(world) == []
    assert outside.poll() == []


def test_the_tag_that_the_policy_names_asks_once(world: World) -> None:
    assert isinstance(world.store, MemoryStore)
    world.policy = Policy(ask_when=("stage", "ready"))
    outside = OutsideMoves(
        world.store, world.store.seen, world.models, world.service(), world.clock
    )
    event = alias(world, "5", alias="", tag="stage", value="ready")
    outside.heard(replace(event, value="draft"))
    assert world.store.approvals.find() == []
    outside.heard(event)
    outside.heard(event)
    [approval] = world.store.approvals.find()
    assert (approval.requester, approval.version) == ("mlflow", "5")
    assert approval.reason == "the version got the tag stage = ready"
    assert approval.status is ApprovalStatus.PENDING
    assert world.champion == "3"


def test_a_tag_of_a_version_that_is_gone_is_not_asked_for(world: World) -> None:
    assert isinstance(world.store, MemoryStore)
    world.policy = Policy(ask_when=("stage", ""))
    outside = OutsideMoves(
        world.store, world.store.seen, world.models, world.service(), world.clock
    )
    outside.heard(alias(world, "99", alias="", tag="stage", value="ready"))
    assert world.store.approvals.find() == []


def test_an_answer_is_given_once() -> None:
    move = Move("MOV-1", MODEL, "4", "3", NOON, NOON)
    accepted = answer(move, "accepted by Ann: a hotfix")
    assert accepted.answered == "accepted by Ann: a hotfix"
    with pytest.raises(Overtaken, match="answered already"):
        answer(accepted, "accepted by Bob: too")
    with pytest.raises(Overtaken, match="made by APR-1"):
        answer(replace(move, approval="APR-1"), "accepted by Bob: too")
