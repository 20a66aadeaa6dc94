"""Emergencies that nobody has reviewed in time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from knowledge.ports import Approvals, Outbox
from knowledge.promotion import Policy
from knowledge.records import Approval, ApprovalStatus, Purpose

UNREVIEWED = "unreviewed"
"""The delivery that reminds of it: "unreviewed:APR-3"."""
MOST = 200


@dataclass(frozen=True)
class Reviews:
    """`work` is a job of the schedule. A reminder is sent once; its message is edited when the
    review came."""

    approvals: Approvals
    outbox: Outbox
    policy: Callable[[str], Policy]
    now: Callable[[], datetime]

    def work(self) -> int:
        """Remind of what is late; returns how many are."""
        late = [
            approval
            for approval in self.approvals.find(status=ApprovalStatus.APPROVED, limit=MOST)
            if is_late(approval, self.policy(approval.model), self.now())
        ]
        for approval in late:
            key = f"{UNREVIEWED}:{approval.id}"
            if self.outbox.posted(key) is None:
                self.outbox.put(key, self.now())
        return len(late)


def is_late(approval: Approval, policy: Policy, now: datetime) -> bool:
    """Made in an emergency, longer ago than the policy gives for a review, and not reviewed."""
    return (
        approval.purpose is Purpose.EMERGENCY
        and approval.status is ApprovalStatus.APPROVED
        and not approval.reviewed_by
        and approval.decided_at is not None
        and now >= approval.decided_at + policy.review_within
    )
