"""The deciding of issue 2; being replaced by `knowledge.promotion.deciding`."""

from dataclasses import dataclass, replace
from datetime import datetime

from knowledge.durations import say_duration
from knowledge.errors import Denied
from knowledge.promotion.basic_gates import prevented
from knowledge.promotion.policy import DEFAULT_POLICY, Policy
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_time
from knowledge.records import Approval, ApprovalStatus


@dataclass(frozen=True)
class Decider:
    """The person who presses Approve or Reject, as far as the rules care."""

    id: str
    name: str
    may_approve: bool


def expires_at(approval: Approval, policy: Policy = DEFAULT_POLICY) -> datetime:
    return approval.created_at + policy.expires_after


def is_expired(approval: Approval, now: datetime, policy: Policy = DEFAULT_POLICY) -> bool:
    """A request still pending after its time. One that failed in the registry does not expire:
    it was decided in time."""
    return approval.status is ApprovalStatus.PENDING and now >= expires_at(approval, policy)


def may_reject(
    approval: Approval, user: Decider, now: datetime, policy: Policy = DEFAULT_POLICY
) -> None:
    """Raises Denied. Taking back one's own request is no approval, so the requester may reject."""
    if user.id != approval.requester and not user.may_approve:
        raise Denied(
            "Rejecting needs the approve right, or to be the one who asked. "
            "Ask an approver (TANDEM_APPROVERS)."
        )
    _still_open(approval, now, policy)


def may_decide(
    approval: Approval, user: Decider, now: datetime, policy: Policy = DEFAULT_POLICY
) -> None:
    """May this person approve it now? Raises Denied with the reason in words.

    A request that FAILED in the registry may be approved again: that is the way to repair it.
    """
    if user.id == approval.requester:
        raise Denied(
            f"You asked for {approval.model} {show_version(approval.version)} yourself; somebody "
            "else with the approve right must decide."
        )
    if not user.may_approve:
        raise Denied(
            "Approving needs the approve right. Ask an approver (TANDEM_APPROVERS) to decide."
        )
    if approval.status is not ApprovalStatus.FAILED:
        _still_open(approval, now, policy)
    stopping = prevented(approval.gates, policy)
    if stopping:
        names = ", ".join(f"{g.name}: {g.detail}" for g in stopping)
        raise Denied(f"A failing gate prevents it ({names}).")


def _still_open(approval: Approval, now: datetime, policy: Policy) -> None:
    if approval.status is not ApprovalStatus.PENDING:
        raise Denied(f"This request is {say_decision(approval)}.")
    if is_expired(approval, now, policy):
        hours = say_duration(policy.expires_after)
        raise Denied(f"This request expired {hours} after it was made. Ask again.")


def say_decision(approval: Approval) -> str:
    """ "already approved by grace at 2026-03-05 12:00 UTC"."""
    by = f" by {approval.decided_by_name or approval.decided_by}" if approval.decided_by else ""
    at = f" at {say_time(approval.decided_at)}" if approval.decided_at else ""
    return f"already {approval.status.value}{by}{at}"


def decide(
    approval: Approval,
    user: Decider,
    now: datetime,
    *,
    approve: bool,
    reason: str = "",
    policy: Policy = DEFAULT_POLICY,
) -> Approval:
    """The decided request. Raises Denied. `outcome` stays empty until the registry answered."""
    (may_decide if approve else may_reject)(approval, user, now, policy)
    return replace(
        approval,
        status=ApprovalStatus.APPROVED if approve else ApprovalStatus.REJECTED,
        decided_by=user.id,
        decided_by_name=user.name,
        decided_at=now,
        decision_reason=reason,
        outcome="" if approve else "nothing was moved",
    )


def close(approval: Approval, why: str) -> Approval:
    """End a pending request without a decision: it expired, or what it compared is gone."""
    return replace(approval, status=ApprovalStatus.EXPIRED, outcome=why)


def moved(approval: Approval) -> Approval:
    """The registry took the move."""
    return replace(approval, status=ApprovalStatus.APPROVED, outcome=say_move(approval))


def not_moved(approval: Approval, why: str) -> Approval:
    """Approved, but the registry did not take the move. The decision stands; see `may_decide`."""
    return replace(approval, status=ApprovalStatus.FAILED, outcome=why)


def try_again(approval: Approval, user: Decider) -> Approval:
    """A failed move that is tried once more: the decision and its decider stand."""
    note = f"{approval.decision_reason} (tried again by {user.name})".strip()
    return replace(approval, status=ApprovalStatus.APPROVED, outcome="", decision_reason=note)


def say_move(approval: Approval) -> str:
    new = show_version(approval.version)
    if not approval.champion:
        return f"champion of {approval.model} is now {new}; there was none before"
    return f"champion of {approval.model} moved from {show_version(approval.champion)} to {new}"
