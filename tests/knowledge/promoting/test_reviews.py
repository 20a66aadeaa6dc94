from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.promoting.reviews import Reviews, is_late
from knowledge.promotion import Policy
from knowledge.records import Approval, ApprovalStatus, Posted, Purpose
from tests.knowledge.promoting.conftest import Ask
from tests.knowledge.promoting.world import MODEL, NOON, World, click

DAY = timedelta(days=1)
DONE = Approval(
    "APR-1",
    MODEL,
    "3",
    "5",
    "zoe",
    "Zoe",
    NOON,
    status=ApprovalStatus.APPROVED,
    purpose=Purpose.EMERGENCY,
    decided_at=NOON,
)


@pytest.mark.parametrize(
    ("approval", "late"),
    [
        (DONE, True),
        (replace(DONE, reviewed_by="ann"), False),
        (replace(DONE, purpose=Purpose.ROLLBACK), False),
        (replace(DONE, status=ApprovalStatus.FAILED), False),
        (replace(DONE, decided_at=NOON + timedelta(seconds=1)), False),
    ],
)
def test_late_is_an_emergency_that_was_made_and_not_reviewed_in_time(
    approval: Approval, late: bool
) -> None:
    assert is_late(approval, Policy(review_within=DAY), NOON + DAY) is late


def test_it_is_reminded_of_once(world: World, ask: Ask) -> None:
    approval = ask("5", purpose=Purpose.EMERGENCY)
    click(world.service(), approval, "ann")
    outbox = world.store.outbox
    reviews = Reviews(world.store.approvals, outbox, lambda model: world.policy, world.clock)
    assert reviews.work() == 0
    world.clock.pass_(DAY)
    assert reviews.work() == 1
    key = f"unreviewed:{approval.id}"
    waiting = [d for d in outbox.due(world.clock()) if d.key == key]
    assert len(waiting) == 1
    outbox.set_posted(Posted(key, "C1", "1.0"))
    outbox.done(waiting[0])
    assert reviews.work() == 1
    assert key not in [d.key for d in outbox.due(world.clock())]
    world.service().review(approval.id, by="bob", by_name="Bob")
    assert reviews.work() == 0
