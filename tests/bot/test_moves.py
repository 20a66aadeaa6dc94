from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.courier import Courier
from bot.moves import AfterMoves
from bot.testing import MemoryMessenger
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.promoting.outside import MOVE, answer
from knowledge.promotion import Policy
from knowledge.records import Approval, ApprovalStatus, ModelVersion, Move, Purpose

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
DRAFT = Move("", "fraud", "7", "6", NOON, NOON, how="poll")
EMERGENCY = Approval(
    "",
    "fraud",
    "6",
    "7",
    "U1",
    "ada",
    NOON,
    status=ApprovalStatus.APPROVED,
    purpose=Purpose.EMERGENCY,
    decided_by="U2",
    decided_at=NOON,
)


class World:
    def __init__(self) -> None:
        self.at = NOON
        self.store = MemoryStore()
        self.messenger = MemoryMessenger()
        self.models = MemoryModels([ModelVersion("fraud", v, NOON) for v in ("6", "7")])
        self.policy = Policy()
        self.groups = {"@ml-leads": "S0LEADS"}
        after = AfterMoves(
            self.store.moves,
            self.store.approvals,
            self.models,
            lambda model: self.policy,
            "#incidents",
            str,
            lambda subject: "",
            self.groups.__getitem__,
        )
        self.courier = Courier(
            outbox=self.store.outbox,
            messenger=self.messenger,
            subjects=after.subjects,
            started=NOON,
        )

    def work(self) -> None:
        """Until nothing is due any more."""
        for _ in range(5):
            self.at += timedelta(seconds=30)
            self.courier.work(self.at)
        assert self.store.outbox.due(self.at) == []

    def titles(self) -> list[str]:
        return [message.reply.title for message in self.messenger.shown]


@pytest.fixture
def world() -> World:
    return World()


def test_a_move_is_announced_once_and_its_answer_edits_the_card(world: World) -> None:
    move = world.store.moves.add(DRAFT, (MOVE,))
    world.work()
    world.store.outbox.put(f"move:{move.id}", world.at)
    world.work()
    [message] = world.messenger.shown
    assert message.channel == "#incidents"
    world.store.moves.change(move.id, lambda m: answer(m, "accepted by grace: fine"), (MOVE,))
    world.work()
    [message] = world.messenger.shown
    assert message.reply.fields == {"Answer": "accepted by grace: fine"}


def test_it_goes_to_the_policys_channel_where_the_bot_can_post_there(world: World) -> None:
    world.policy = Policy(channel="C1")
    world.store.moves.add(DRAFT, (MOVE,))
    world.work()
    assert [m.channel for m in world.messenger.shown] == ["C1"]


def test_a_version_that_is_gone_is_said_to_be_gone(world: World) -> None:
    world.models.remove("fraud", "6")
    world.store.moves.add(DRAFT, (MOVE,))
    world.work()
    [message] = world.messenger.shown
    texts = [line.text for section in message.reply.sections for line in section.lines]
    assert texts == ["v6 is not in the registry any more."]


def test_a_late_review_is_reminded_of_and_one_that_came_is_not(world: World) -> None:
    late = world.store.approvals.add(EMERGENCY)
    world.store.outbox.put(f"unreviewed:{late.id}", world.at)
    world.work()
    assert world.titles() == ["fraud: the emergency rollback to v6 is not reviewed yet"]


def test_a_review_that_came_before_the_reminder_needs_none(world: World) -> None:
    done = world.store.approvals.add(replace(EMERGENCY, reviewed_by="U3"))
    world.store.outbox.put(f"unreviewed:{done.id}", world.at)
    world.work()
    assert world.titles() == []


def test_the_policys_group_is_called_by_its_id_until_somebody_answers(world: World) -> None:
    world.policy = Policy(approvers=("@ml-leads",))
    move = world.store.moves.add(DRAFT, (MOVE,))
    world.work()
    [message] = world.messenger.shown
    assert message.reply.calls == ("S0LEADS",)
    world.store.moves.change(move.id, lambda m: answer(m, "accepted by grace: fine"), (MOVE,))
    world.work()
    [message] = world.messenger.shown
    assert message.reply.calls == ()
