"""The life of a request: asked, voted on, moved or ended. Each step is a pure function from the
stored request to the next one and leaves an entry in its time line.

    PENDING --quorum--> MOVING --registry read back--> APPROVED
       |                  |  \\--registry did not answer--> FAILED --a click--> MOVING
       |                  \\--what it compared is gone--> EXPIRED
       |--a rejection--> REJECTED     |--what is to be mended--> CHANGES
       |--its time is over, or what it compared is gone--> EXPIRED
       \\--facts changed--> PENDING, with new evidence and no votes

Only PENDING takes votes. docs/decisions/0026 says why the rules are as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.errors import BadArgs, Denied, Overtaken
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.freezing import Frozen, champion_of
from knowledge.promotion.people import (
    APPROVING,
    STOPPING,
    Voters,
    groups_asked,
    overriders,
    preventing,
)
from knowledge.promotion.policy import DEFAULT_POLICY, Policy
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_time
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Ballot,
    Canary,
    Event,
    Gate,
    Purpose,
    Vote,
)

UNDER_WAY = timedelta(minutes=2)
"""How long a move may be without an outcome before it counts as interrupted: well over the
registry client's own time-outs."""

ASKED, VOTED, CHANGED, MOVING = "asked", "voted", "changed", "moving"
MOVED, FAILED, CLOSED, REVIEWED = "moved", "failed", "closed", "reviewed"
"""Kinds of entries in a request's time line."""

TANDEM = "tandem"
"""Who acted where no person did."""


# Asking --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asker:
    """Who asks, and with which words."""

    id: str
    name: str
    reason: str = ""


def asked(
    evidence: Evidence,
    gates: tuple[Gate, ...],
    frozen: Frozen,
    asker: Asker,
    *,
    channel: str = "",
    key: str = "",
) -> Approval:
    """A draft that the store has not numbered yet."""
    version = evidence.challenger.version
    draft = Approval(
        id="",
        model=version.model,
        version=version.version,
        champion=champion_of(evidence),
        requester=asker.id,
        requester_name=asker.name,
        created_at=evidence.at,
        reason=asker.reason,
        gates=gates,
        kind=evidence.kind,
        purpose=evidence.purpose,
        expires_at=evidence.at + evidence.policy.expires_after,
        evidence=frozen.text,
        evidence_hash=frozen.hash,
        channel=evidence.policy.channel or channel,
        key=key,
    )
    because = f": {asker.reason}" if asker.reason else ""
    text = f"asked to {say_intent(draft)}{because}"
    return told(draft, evidence.at, ASKED, asker.id, text)


def say_intent(approval: Approval) -> str:
    """ "move the champion of eta-model from v3 to v5"."""
    new, old = show_version(approval.version), show_version(approval.champion)
    if not approval.champion:
        return f"make {new} the first champion of {approval.model}"
    return f"move the champion of {approval.model} from {old} to {new}"


def told(approval: Approval, at: datetime, kind: str, actor: str, text: str) -> Approval:
    """The request with one more entry in its time line."""
    event = Event(f"E{len(approval.timeline) + 1}", at, kind, actor, text)
    return replace(approval, timeline=(*approval.timeline, event))


# Counting ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """How a request stands. Only votes of people count who may vote at this moment, and who saw
    the evidence that is on the card."""

    approvals: tuple[Vote, ...]
    """Those that count towards the quorum."""
    needed: int
    missing_roles: tuple[str, ...]
    """Sign-offs that nobody has given yet."""
    prevented: tuple[Gate, ...]
    """Failing gates that nobody has overridden."""
    against: tuple[Vote, ...]
    unasked: str = ""
    """Groups of the policy that could not be asked, in words: who is in them is not counted."""

    @property
    def missing(self) -> int:
        return max(self.needed - len(self.approvals), 0)

    @property
    def complete(self) -> bool:
        return not (self.missing or self.missing_roles or self.prevented)


def tally(approval: Approval, voters: Voters) -> Tally:
    votes = effective(approval)
    approving = [v for v in votes if v.ballot in APPROVING and voters.may_decide_own(v.by)]
    signed = {role for vote in approving for role in voters.signs(vote.by)}
    return Tally(
        approvals=tuple(v for v in approving if voters.is_approver(v.by)),
        needed=voters.needed,
        missing_roles=tuple(role for role in voters.roles if role not in signed),
        prevented=_not_overridden(approval, votes, voters),
        against=tuple(v for v in votes if v.ballot is Ballot.REJECT and voters.has_a_say(v.by)),
        unasked=voters.members.unasked(groups_asked(voters.policy, approval)),
    )


def effective(approval: Approval) -> tuple[Vote, ...]:
    """Each person's last vote among those on the present evidence; stopping may follow approving,
    never the other way round (`cast`)."""
    last = {v.by: v for v in approval.votes if v.saw == approval.evidence_hash}
    return tuple(last.values())


def _not_overridden(approval: Approval, votes: Sequence[Vote], voters: Voters) -> tuple[Gate, ...]:
    overriding = [v.by for v in votes if v.ballot is Ballot.OVERRIDE]
    return tuple(
        gate
        for gate in preventing(approval.gates, voters.policy)
        if not any(voters.may_override(by, gate.name) for by in overriding)
    )


def say_missing(found: Tally) -> str:
    """ "1 of 2 approvals; still missing: the sign-off of risk"; empty when nothing is."""
    parts = []
    if found.missing:
        parts.append(f"{len(found.approvals)} of {found.needed} approvals")
    if found.missing_roles:
        parts.append(f"the sign-off of {' and '.join(found.missing_roles)} is missing")
    if found.prevented:
        parts.append(f"prevented by {', '.join(gate.name for gate in found.prevented)}")
    return "; ".join(parts)


# Voting --------------------------------------------------------------------------------------


def may_cast(approval: Approval, ballot: Ballot, user: str, voters: Voters) -> None:
    """Raises Denied with the reason in words. Whether it is still open is asked elsewhere."""
    if ballot is Ballot.REJECT and user == approval.requester:
        return  # Taking back one's own request is no decision about it.
    if not voters.may_decide_own(user):
        raise Denied(
            f"You asked for {approval.model} {show_version(approval.version)} yourself; somebody "
            f"else must decide: {voters.say_approvers()}."
        )
    _once(approval, ballot, user)
    if ballot is Ballot.OVERRIDE:
        _may_override(approval, user, voters)
    elif ballot is Ballot.APPROVE:
        _may_approve(approval, user, voters)
    elif not voters.has_a_say(user):
        raise _not_you("stop this request", voters)


def _once(approval: Approval, ballot: Ballot, user: str) -> None:
    earlier = next((v for v in effective(approval) if v.by == user), None)
    if earlier is None or approval.status is ApprovalStatus.FAILED:
        return  # A failed move is tried again, which is no new vote.
    if earlier.ballot in APPROVING and ballot in STOPPING:
        return
    raise Denied(
        f"You voted already ({earlier.ballot.value}, {say_time(earlier.at)}); it is one vote for "
        "each person."
    )


def _may_approve(approval: Approval, user: str, voters: Voters) -> None:
    if not voters.is_approver(user) and not voters.signs(user):
        raise _not_you("approve this request", voters)
    open_gates = tally(approval, voters).prevented
    if open_gates:
        names = ", ".join(f"{gate.name}: {gate.detail}" for gate in open_gates)
        raise Denied(f"A failing gate prevents it ({names}). Somebody must override it first.")


def _may_override(approval: Approval, user: str, voters: Voters) -> None:
    gates = preventing(approval.gates, voters.policy)
    if not gates:
        raise Denied("No gate prevents this request; there is nothing to override.")
    if not any(voters.may_override(user, gate.name) for gate in gates):
        names = ", ".join(gate.name for gate in gates)
        unasked = voters.members.unasked(
            name for gate in gates for name in overriders(voters.policy, gate.name)
        )
        raise Denied(
            f"The policy of {approval.model} does not let you override {names}."
            + (f" {unasked}." if unasked else "")
        )


def _not_you(what: str, voters: Voters) -> Denied:
    unasked = voters.say_unasked()
    return Denied(
        f"You may not {what}; these may: {voters.say_approvers()}."
        + (f" {unasked}, so nobody is known to be in it." if unasked else "")
    )


def needs_reason(approval: Approval, vote: Vote) -> None:
    """Raises BadArgs. A withdrawal needs none."""
    if vote.reason.strip() or vote.ballot is Ballot.APPROVE or is_withdrawal(approval, vote):
        return
    wanted = {
        Ballot.REJECT: "a rejection needs one",
        Ballot.CHANGES: "say what is to be changed",
        Ballot.OVERRIDE: "an override needs one",
    }[vote.ballot]
    raise BadArgs("reason", wanted, "Press the button again and say why in a few words")


def is_withdrawal(approval: Approval, vote: Vote) -> bool:
    """Taking back one's own request."""
    return vote.ballot is Ballot.REJECT and vote.by == approval.requester


def cast(approval: Approval, vote: Vote, voters: Voters) -> Approval:
    """The request after this vote: still PENDING, MOVING when that was the last one needed,
    REJECTED or CHANGES. Raises Denied, BadArgs."""
    still_open(approval, vote.at)
    may_cast(approval, vote.ballot, vote.by, voters)
    needs_reason(approval, vote)
    voted = _with_vote(approval, vote, voters)
    if vote.ballot in APPROVING:
        return begin_move(voted, vote) if tally(voted, voters).complete else voted
    if vote.ballot is Ballot.CHANGES:
        return _ended(voted, vote, ApprovalStatus.CHANGES, "nothing was moved")
    if vote.by == approval.requester:
        return _ended(voted, vote, ApprovalStatus.REJECTED, "withdrawn; nothing was moved")
    if _ends_it(voted, vote, voters):
        return _ended(voted, vote, ApprovalStatus.REJECTED, "nothing was moved")
    return voted


def _ends_it(approval: Approval, vote: Vote, voters: Voters) -> bool:
    """Where the policy names who has a veto, a rejection of others is a vote against: it takes as
    many as approvals would be needed."""
    if not voters.policy.veto or voters.may_veto(vote.by):
        return True
    return len(tally(approval, voters).against) >= voters.needed


def still_open(approval: Approval, now: datetime) -> None:
    """Raises Denied where it takes no votes any more."""
    if approval.status is not ApprovalStatus.PENDING:
        raise Denied(f"This request is {say_decision(approval)}.")
    if is_expired(approval, now):
        hours = say_duration(expires_at(approval) - approval.created_at)
        raise Denied(f"This request expired {hours} after it was made. Ask again.")


_DEEDS = {
    Ballot.APPROVE: "approved",
    Ballot.REJECT: "rejected",
    Ballot.CHANGES: "asked for changes",
    Ballot.OVERRIDE: "overrode",
}


def _with_vote(approval: Approval, vote: Vote, voters: Voters) -> Approval:
    deed = _DEEDS[vote.ballot]
    if vote.ballot is Ballot.OVERRIDE:
        gates = preventing(approval.gates, voters.policy)
        lifted = (g.name for g in gates if voters.may_override(vote.by, g.name))
        deed = f"{deed} {', '.join(lifted)}"
    elif is_withdrawal(approval, vote):
        deed = "withdrew the request"
    because = f": {vote.reason}" if vote.reason else ""
    voted = replace(approval, votes=(*approval.votes, vote))
    return told(voted, vote.at, VOTED, vote.by, f"{deed}{because}")


def _ended(approval: Approval, vote: Vote, status: ApprovalStatus, outcome: str) -> Approval:
    return replace(_decided(approval, vote), status=status, outcome=outcome)


def _decided(approval: Approval, vote: Vote) -> Approval:
    return replace(
        approval,
        decided_by=vote.by,
        decided_by_name=vote.by_name,
        decided_at=vote.at,
        decision_reason=vote.reason,
    )


# The facts are others now --------------------------------------------------------------------


def asked_anew(
    approval: Approval,
    evidence: Evidence,
    gates: tuple[Gate, ...],
    frozen: Frozen,
    changes: Sequence[str],
) -> Approval:
    """The same request on the facts of now. Votes on the earlier ones fall, and that is said; its
    time goes on."""
    fallen = len(effective(approval))
    votes = "" if not fallen else f" {_count(fallen)} on the earlier facts no longer counts."
    again = replace(
        approval,
        champion=champion_of(evidence),
        gates=gates,
        votes=(),
        evidence=frozen.text,
        evidence_hash=frozen.hash,
    )
    return told(again, evidence.at, CHANGED, TANDEM, f"{' '.join(changes)}{votes}")


def _count(votes: int) -> str:
    return "The vote" if votes == 1 else f"Each of the {votes} votes"


def expires_at(approval: Approval) -> datetime:
    """Requests of before there were policies had the default's time."""
    return approval.expires_at or approval.created_at + DEFAULT_POLICY.expires_after


def is_expired(approval: Approval, now: datetime) -> bool:
    """Past its time without a decision. A failed move may be tried again for as long as people
    had for their decision, counted from that."""
    if approval.status is ApprovalStatus.PENDING:
        return now >= expires_at(approval)
    if approval.status is ApprovalStatus.FAILED:
        since = approval.decided_at or approval.created_at
        return now >= since + (expires_at(approval) - approval.created_at)
    return False


def say_expiry(approval: Approval) -> str:
    if approval.status is ApprovalStatus.FAILED:
        return "it was approved, but nobody tried the failed move again in time"
    return f"nobody decided before {say_time(expires_at(approval))}"


def close(approval: Approval, why: str, now: datetime) -> Approval:
    """End it without a decision: its time is over, or what it compared is gone. Votes stay in the
    record."""
    ended = replace(approval, status=ApprovalStatus.EXPIRED, outcome=why)
    return told(ended, now, CLOSED, TANDEM, f"ended: {why}")


# Moving --------------------------------------------------------------------------------------


def begin_move(approval: Approval, decider: Vote) -> Approval:
    """Written down before the registry is asked. Of a move that failed and is tried again, the
    decision and its decider stand."""
    first = approval.decided_at is None
    decided = _decided(approval, decider) if first else approval
    under_way = replace(decided, status=ApprovalStatus.MOVING, outcome="")
    text = f"began to {say_intent(approval)}" + ("" if first else ", once more")
    return told(under_way, decider.at, MOVING, decider.by, text)


def try_again(approval: Approval, vote: Vote, voters: Voters) -> Approval:
    """A FAILED request whose move is tried once more. The votes must still make a quorum of people
    who may vote now; somebody who had not voted joins them. Raises Denied."""
    may_cast(approval, vote.ballot, vote.by, voters)
    needs_reason(approval, vote)
    new = all(v.by != vote.by for v in effective(approval))
    voted = _with_vote(approval, vote, voters) if new else approval
    missing = say_missing(tally(voted, voters))
    if missing:
        raise Denied(f"Some who approved it may not any more ({missing}). Ask again.")
    return begin_move(voted, vote)


def being_moved(model: str) -> Overtaken:
    """Two requests of one model never move at the same time."""
    return Overtaken(
        f"Another request is moving the champion of {model} at this moment. Nothing was counted; "
        "look again in a minute."
    )


def attempt(approval: Approval) -> int:
    """How often its move was begun: tells one holder of the MOVING state from the next."""
    return sum(event.kind == MOVING for event in approval.timeline)


def moving_since(approval: Approval) -> datetime:
    begun = [event.at for event in approval.timeline if event.kind == MOVING]
    return begun[-1] if begun else approval.decided_at or approval.created_at


def is_interrupted(approval: Approval, now: datetime) -> bool:
    """Under way for longer than any move takes: whoever made it is gone."""
    return approval.status is ApprovalStatus.MOVING and now - moving_since(approval) >= UNDER_WAY


def moved(approval: Approval, now: datetime, policy: Policy, *, late: bool = False) -> Approval:
    """The registry took the move and has read back so; the watch over it begins. `late`: it was
    found out afterwards."""
    watched = approval.purpose is Purpose.PROMOTION and policy.canary.watch > timedelta()
    done = replace(
        approval,
        status=ApprovalStatus.APPROVED,
        outcome=say_move(approval),
        canary=Canary(now + policy.canary.watch) if watched else None,
    )
    found = ", found in the registry afterwards" if late else ""
    return told(done, now, MOVED, TANDEM, f"{say_move(approval)}{found}")


def not_moved(approval: Approval, why: str, now: datetime) -> Approval:
    """Decided in favour, but the registry did not confirm the move. The decision stands."""
    failed = replace(approval, status=ApprovalStatus.FAILED, outcome=why)
    return told(failed, now, FAILED, TANDEM, f"not moved: {why}")


def reviewed(approval: Approval, user: str, now: datetime, note: str, voters: Voters) -> Approval:
    """An emergency, looked at by somebody who neither asked for it nor approved it. A second
    review changes nothing. Raises Denied."""
    if approval.purpose is not Purpose.EMERGENCY or approval.status is not ApprovalStatus.APPROVED:
        raise Denied("Only an emergency rollback that was made is reviewed.")
    if approval.reviewed_by:
        return approval
    if user in (approval.requester, approval.decided_by):
        raise Denied("You asked for it or approved it; somebody else must review it.")
    if not voters.is_approver(user):
        raise _not_you("review this rollback", voters)
    text = "reviewed the emergency" + (f": {note}" if note else "")
    return told(replace(approval, reviewed_by=user), now, REVIEWED, user, text)


# Words ---------------------------------------------------------------------------------------


def say_decision(approval: Approval) -> str:
    """ "already approved by grace at 2026-03-05 12:00 UTC"."""
    by = f" by {approval.decided_by_name or approval.decided_by}" if approval.decided_by else ""
    at = f" at {say_time(approval.decided_at)}" if approval.decided_at else ""
    return f"already {approval.status.value}{by}{at}"


def say_move(approval: Approval) -> str:
    new = show_version(approval.version)
    if not approval.champion:
        return f"champion of {approval.model} is now {new}; there was none before"
    return f"champion of {approval.model} moved from {show_version(approval.champion)} to {new}"
