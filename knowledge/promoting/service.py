"""Requests to move a champion: asked with their evidence frozen, voted on with everything checked
again, moved once.

A click is dealt with in this order: may this person do that at all; is it still open; did the
person see the evidence that stands; gather it again and compare; then, in one transaction of the
store on the locked request, count the vote if the request is still as it was checked and store
MOVING if that was the last vote needed. Only then the registry is asked (`mover`).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Protocol

from knowledge.errors import BadArgs, Denied, NotFound
from knowledge.ports import Groups, Models
from knowledge.promoting.mover import TELL, Mover, Probe, Records, no_probe
from knowledge.promotion import Policy, show_version
from knowledge.promotion.deciding import (
    TANDEM,
    Asker,
    Tally,
    asked,
    asked_anew,
    begin_move,
    cast,
    close,
    is_expired,
    is_interrupted,
    is_withdrawal,
    may_cast,
    needs_reason,
    reviewed,
    say_decision,
    say_expiry,
    tally,
    try_again,
)
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.freezing import (
    champion_of,
    differences,
    freeze,
    is_same,
    mended,
    thaw,
)
from knowledge.promotion.people import (
    APPROVING,
    Members,
    Voters,
    groups_asked,
    hopeless,
)
from knowledge.promotion.policy import OnWorse
from knowledge.promotion.ruling import Asked, Came, Ruling
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Ballot,
    Gate,
    Purpose,
    Vote,
)

CANARY = "canary"
"""Who asks for a rollback that the policy makes by itself."""
MOST = 200
"""Requests that are looked through."""


class Gatherer(Protocol):
    """Where evidence comes from: `knowledge.promoting.gather`."""

    def gather(self, model: str, version: str, purpose: Purpose) -> Evidence:
        """The facts of this moment. Raises NotFound for an unknown model or version, Unavailable
        where the registry is out of reach; what else cannot be asked is named in it."""
        ...


Judge = Callable[[Evidence], tuple[Gate, ...]]


class Promotions:
    """`ports.Promoting`. Safe to share by threads, and between replicas over one store."""

    def __init__(
        self,
        records: Records,
        models: Models,
        groups: Groups,
        gatherer: Gatherer,
        judge: Judge,
        policies: Callable[[str], Policy],
        may_approve: Callable[[str], bool],
        now: Callable[[], datetime],
        probe: Probe = no_probe,
    ) -> None:
        self._approvals = records.approvals
        self._records = records
        self._groups = groups
        self._gatherer = gatherer
        self._judge = judge
        self._policies = policies
        self._may_approve = may_approve
        self._now = now
        self._probe = probe
        self.mover = Mover(records, models, policies, now, probe)

    # What is asked ---------------------------------------------------------------------------

    def policy(self, model: str) -> Policy:
        return self._policies(model)

    def gather(self, model: str, version: str, purpose: Purpose) -> Evidence:
        return self._gatherer.gather(model, version, purpose)

    def judge(self, evidence: Evidence) -> tuple[Gate, ...]:
        return self._judge(evidence)

    def thaw(self, approval: Approval) -> Evidence | None:
        return thaw(approval.evidence)

    def undecided(self, model: str = "") -> list[Approval]:
        found = self._approvals.find(model=model, status=ApprovalStatus.PENDING, limit=MOST)
        return [approval for approval in found if self._waits(approval)]

    def may(self, approval: Approval, ballot: Ballot, user: str) -> str:
        """Asks the groups that the policy names."""
        return self._why_not(approval, ballot, user, self._voters(approval))

    def open_to(self, user: str) -> list[Approval]:
        """Asks each group once, however many requests there are: Slack takes some twenty questions
        about groups a minute."""
        waiting = [(a, self._policies(a.model)) for a in self.undecided()]
        groups = chain.from_iterable(groups_asked(policy, a) for a, policy in waiting)
        members = Members.ask(groups, self._groups.members)
        voters = [self._voters_of(a, policy, members) for a, policy in waiting]
        return [
            approval
            for (approval, _), theirs in zip(waiting, voters, strict=True)
            if not all(self._why_not(approval, ballot, user, theirs) for ballot in APPROVING)
        ]

    def _why_not(self, approval: Approval, ballot: Ballot, user: str, voters: Voters) -> str:
        try:
            self._refuse_closed(approval)
            may_cast(approval, ballot, user, voters)
        except Denied as error:
            return str(error)
        return ""

    def tally(self, approval: Approval) -> Tally:
        """How the votes stand under the policy of now. Asks the groups that it names."""
        return tally(approval, self._voters(approval))

    def _refuse_closed(self, approval: Approval) -> None:
        if approval.status not in (ApprovalStatus.PENDING, ApprovalStatus.FAILED):
            raise Denied(f"This request is {say_decision(approval)}.")
        if is_expired(approval, self._now()):
            raise Denied(f"This request is over: {say_expiry(approval)}.")

    def _voters(self, approval: Approval) -> Voters:
        policy = self._policies(approval.model)
        members = Members.ask(groups_asked(policy, approval), self._groups.members)
        return self._voters_of(approval, policy, members)

    def _voters_of(self, approval: Approval, policy: Policy, members: Members) -> Voters:
        return Voters(policy, approval.purpose, approval.requester, self._may_approve, members)

    # Asking ----------------------------------------------------------------------------------

    def ask(
        self,
        model: str,
        version: str,
        *,
        by: str,
        by_name: str,
        reason: str,
        purpose: Purpose = Purpose.PROMOTION,
        channel: str = "",
        key: str = "",
    ) -> Asked:
        asker = Asker(by, by_name, reason.strip())
        if purpose is Purpose.EMERGENCY and not asker.reason:
            raise BadArgs("reason", "an emergency needs one", "Say in a few words what is wrong")
        evidence = self._gatherer.gather(model, version, purpose)
        gates = self._judge(evidence)
        if _is_champion(evidence) or hopeless(gates, evidence.policy, by):
            return Asked(None, evidence, gates)
        return self._stored(evidence, gates, asker, channel, key)

    def _stored(
        self,
        evidence: Evidence,
        gates: tuple[Gate, ...],
        asker: Asker,
        channel: str,
        key: str,
    ) -> Asked:
        # In this order: whoever stores the same meanwhile is seen by its key or as waiting.
        once = key or self._key(evidence)
        same = [a for a in self._earlier(evidence) if self._waits(a)]
        waiting = [a for a in same if a.champion == champion_of(evidence)]
        if waiting:
            return Asked(waiting[0], evidence, gates, new=False)
        draft = asked(evidence, gates, freeze(evidence, gates), asker, channel=channel, key=once)
        with self._records.together():
            stored = self._approvals.add(draft, TELL)
            for old in same:
                self._end(old, f"it was asked for anew as {stored.id}")
        return Asked(stored, evidence, gates, new=stored == replace(draft, id=stored.id))

    def _earlier(self, evidence: Evidence) -> list[Approval]:
        """Requests for this version and the same purpose, newest first."""
        version = evidence.challenger.version
        return [
            approval
            for approval in self._approvals.find(model=version.model, limit=MOST)
            if approval.version == version.version and approval.purpose is evidence.purpose
        ]

    def _waits(self, approval: Approval) -> bool:
        pending = approval.status is ApprovalStatus.PENDING
        return pending and not is_expired(approval, self._now())

    def _key(self, evidence: Evidence) -> str:
        """Two who ask for the same at the same time make one request: they see the same earlier
        one, and the store keeps one draft of a key."""
        version = evidence.challenger.version
        earlier = next((a.id for a in self._earlier(evidence)), "none")
        return (
            f"{evidence.purpose.value} of {version.model} {version.version} over "
            f"{champion_of(evidence) or 'none'}, after {earlier}"
        )

    def _end(self, approval: Approval, why: str) -> Approval:
        """Close a request as it was read; one that changed meanwhile stays."""
        now = self._now()

        def by(stored: Approval) -> Approval:
            same = stored.evidence_hash == approval.evidence_hash
            return close(stored, why, now) if same else stored

        stored, _ = self._approvals.decide(approval.id, approval.status, by, TELL)
        return stored

    # Voting ----------------------------------------------------------------------------------

    def vote(
        self, approval_id: str, ballot: Ballot, *, by: str, by_name: str, reason: str, saw: str = ""
    ) -> Ruling:
        """`saw` is the hash of the evidence that stood on the card whose button was pressed, or
        its first characters (`freezing.SHORTEST`). A click on an earlier card is not counted, and
        approving takes one; only withdrawing is possible from any."""
        approval = self._approvals.get(approval_id)
        if not _takes(approval, ballot):
            return self._late(approval)
        if is_expired(approval, self._now()):
            return _closed(self.mover.end(approval))
        shown = not saw or is_same(saw, approval.evidence_hash)
        sees = approval.evidence_hash if shown else saw
        vote = Vote(by, by_name, self._now(), ballot, reason.strip(), sees)
        if not shown and not is_withdrawal(approval, vote):
            return Ruling(Came.CHANGED, approval, changes=(EARLIER_CARD,))
        voters = self._voters(approval)
        may_cast(approval, ballot, by, voters)
        needs_reason(approval, vote)
        if ballot not in APPROVING:
            return self._counted(approval, vote, voters)
        if not saw:
            raise Denied("Approving takes a click on the request's card.")
        return self._checked(approval, vote, voters)

    def _checked(self, approval: Approval, vote: Vote, voters: Voters) -> Ruling:
        """Everything once more, as it is now; then the vote."""
        self._probe("before gathering")
        try:
            evidence = self._gatherer.gather(approval.model, approval.version, approval.purpose)
        except NotFound as error:
            return _closed(self._end(approval, str(error).rstrip(".")))
        if evidence.challenger.version.model != approval.model:
            # Registries find a model by part of its name too; a renamed one is not this one.
            return _closed(self._end(approval, _say_gone(approval)))
        if _is_champion(evidence):
            return self._champion_already(approval, evidence)
        gates = self._judge(evidence)
        changes = self._changes(approval, evidence, gates, voters)
        if changes:
            return self._changed(approval, evidence, gates, changes)
        self._probe("checked")
        return replace(self._counted(approval, vote, voters), evidence=evidence)

    def _champion_already(self, approval: Approval, evidence: Evidence) -> Ruling:
        """Of a failed move it is what was missing; else somebody else was faster."""
        if approval.status is ApprovalStatus.FAILED:
            return replace(_ruling(self.mover.settle(approval)), evidence=evidence)
        why = f"{show_version(approval.version)} became champion by another way"
        return replace(_closed(self._end(approval, why)), evidence=evidence)

    def _changes(
        self,
        approval: Approval,
        evidence: Evidence,
        gates: tuple[Gate, ...],
        voters: Voters,
    ) -> tuple[str, ...]:
        frozen = thaw(approval.evidence)
        if frozen is None:
            return ("What was known at the request cannot be read, so it is gathered anew.",)
        found = differences(frozen, evidence, approval.gates, gates)
        # What nobody had to override needs no override now; votes on overridden ones stand.
        lifted = mended(tally(approval, voters).prevented, gates)
        return (*found, *lifted)

    def _changed(
        self,
        approval: Approval,
        evidence: Evidence,
        gates: tuple[Gate, ...],
        changes: tuple[str, ...],
    ) -> Ruling:
        """Nothing is counted: the card shows the new facts, and asks again."""
        if approval.status is ApprovalStatus.FAILED:
            why = f"since it was approved: {' '.join(changes)}".rstrip(".")
            return replace(_closed(self._end(approval, why)), evidence=evidence, changes=changes)
        frozen = freeze(evidence, gates)

        def by(stored: Approval) -> Approval:
            if stored.evidence_hash != approval.evidence_hash:
                return stored
            return asked_anew(stored, evidence, gates, frozen, changes)

        stored, was = self._approvals.decide(approval.id, ApprovalStatus.PENDING, by, TELL)
        if not was:
            return self._late(stored)
        return Ruling(Came.CHANGED, stored, evidence, changes)

    def _counted(self, approval: Approval, vote: Vote, voters: Voters) -> Ruling:
        """The vote, on the locked request as it is stored; the move, if that was the last."""

        def by(stored: Approval) -> Approval:
            same = stored.evidence_hash == approval.evidence_hash
            if not same and not is_withdrawal(stored, vote):
                raise _EarlierCardError
            step = try_again if stored.status is ApprovalStatus.FAILED else cast
            return step(stored, replace(vote, at=self._now()), voters)

        self._probe("before the vote")
        try:
            stored, was = self._approvals.decide(approval.id, approval.status, by, TELL)
        except _EarlierCardError:
            stored = self._approvals.get(approval.id)
            return Ruling(Came.CHANGED, stored, changes=(EARLIER_CARD,))
        if not was:
            return self._late(stored)
        if stored.status is ApprovalStatus.MOVING:
            return _ruling(self.mover.move(stored))
        return Ruling(_CAME.get(stored.status, Came.COUNTED), stored)

    def _late(self, approval: Approval) -> Ruling:
        """A click on what is decided. A move whose mover is gone is settled at this occasion."""
        if is_interrupted(approval, self._now()):
            return replace(_ruling(self.mover.settle(approval)), came=Came.LATE)
        return Ruling(Came.LATE, approval)

    # After -----------------------------------------------------------------------------------

    def review(self, approval_id: str, *, by: str, by_name: str, note: str = "") -> Approval:
        voters = self._voters(self._approvals.get(approval_id))
        now = self._now()
        return self._approvals.update(
            approval_id, lambda stored: reviewed(stored, by, now, note.strip(), voters), TELL
        )

    def roll_back_by_policy(self, approval_id: str, reason: str) -> Ruling:
        """Go back to the champion from before this promotion, at once and without votes: whoever
        wrote `on_worse = "roll back"` into the policy has agreed to it. Once for each promotion,
        however often it is called. Raises Denied where the policy does not say so or where it is
        not the champion any more, NotFound, Unavailable."""
        bad = self._approvals.get(approval_id)
        policy = self._policies(bad.model)
        _may_go_back(bad, policy)
        key = f"{CANARY}:{bad.id}"
        earlier = self._approvals.find(model=bad.model, limit=MOST)
        known = next((approval for approval in earlier if approval.key == key), None)
        if known is not None and known.status is not ApprovalStatus.PENDING:
            return self._late(known)
        evidence = self._gatherer.gather(bad.model, bad.champion, Purpose.ROLLBACK)
        if champion_of(evidence) != bad.version:
            raise Denied(f"{show_version(bad.version)} is not the champion any more.")
        gates = self._judge(evidence)
        asker = Asker(CANARY, "canary watch", reason)
        frozen = freeze(evidence, gates)
        draft = asked(evidence, gates, frozen, asker, channel=bad.channel, key=f"{CANARY}:{bad.id}")
        stored = self._approvals.add(draft, TELL)
        self._probe("rollback asked")
        decider = Vote(TANDEM, "the policy", self._now(), Ballot.APPROVE, reason, frozen.hash)

        moving, won = self._approvals.decide(
            stored.id, ApprovalStatus.PENDING, lambda a: begin_move(a, decider), TELL
        )
        return _ruling(self.mover.move(moving)) if won else self._late(moving)

    # The clock -------------------------------------------------------------------------------

    def reconcile(self) -> None:
        """Settle what was interrupted. For the start, and every minute."""
        self.mover.reconcile()

    def expire(self) -> None:
        self.mover.expire()


EARLIER_CARD = "The card whose button was pressed showed earlier facts; nothing was counted."


class _EarlierCardError(Exception):
    """The facts on the card changed since they were checked; the transaction is left."""


_CAME = {
    ApprovalStatus.APPROVED: Came.MOVED,
    ApprovalStatus.FAILED: Came.FAILED,
    ApprovalStatus.PENDING: Came.COUNTED,
    ApprovalStatus.MOVING: Came.LATE,
    ApprovalStatus.REJECTED: Came.CLOSED,
    ApprovalStatus.CHANGES: Came.CLOSED,
    ApprovalStatus.EXPIRED: Came.CLOSED,
}


def _ruling(approval: Approval) -> Ruling:
    return Ruling(_CAME[approval.status], approval)


def _closed(approval: Approval) -> Ruling:
    """What was to be ended, unless somebody was faster."""
    ended = approval.status is ApprovalStatus.EXPIRED
    return Ruling(Came.CLOSED if ended else Came.LATE, approval)


def _takes(approval: Approval, ballot: Ballot) -> bool:
    """Whether a click of this kind means anything now: a failed move can only be tried again."""
    if approval.status is ApprovalStatus.FAILED:
        return ballot in APPROVING
    return approval.status is ApprovalStatus.PENDING


def _say_gone(approval: Approval) -> str:
    return f"there is no model {approval.model} any more"


def _is_champion(evidence: Evidence) -> bool:
    return champion_of(evidence) == evidence.challenger.version.version


def _may_go_back(bad: Approval, policy: Policy) -> None:
    """Raises Denied."""
    if policy.canary.on_worse is not OnWorse.ROLL_BACK:
        raise Denied(f"The policy of {bad.model} does not roll back by itself.")
    if bad.status is not ApprovalStatus.APPROVED or bad.purpose is not Purpose.PROMOTION:
        raise Denied(f"{bad.id} is no promotion that was made.")
    if not bad.champion:
        raise Denied(f"{bad.model} had no champion before {bad.id}.")
