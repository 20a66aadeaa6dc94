"""Pure: a request's card in words: what changes for users, who decides, what came of it."""

from collections.abc import Iterable, Iterator, Sequence

from knowledge.promotion.canary import say_canary
from knowledge.promotion.deciding import Tally, effective
from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.gates import overridable
from knowledge.promotion.people import APPROVING, is_group, preventing
from knowledge.promotion.policy import Policy
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_gain, say_number, say_time
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Ballot,
    Canary,
    Kind,
    Purpose,
    Vote,
)
from skills.cards.request_evidence import Comparison, side_by_side
from skills.cards.wording import People, listed


def name_of(approval: Approval) -> str:
    """ "fraud-model v7", "prompt greeting v3"."""
    lead = "prompt " if approval.kind is Kind.PROMPT else ""
    return f"{lead}{approval.model} {show_version(approval.version)}"


def question(approval: Approval) -> str:
    """The title while it waits."""
    version = show_version(approval.version)
    match approval.purpose:
        case Purpose.EMERGENCY:
            return f"EMERGENCY: roll {approval.model} back to {version}?"
        case Purpose.ROLLBACK:
            return f"Roll {approval.model} back to {version}?"
    return f"Promote {name_of(approval)}?"


def what_changes(approval: Approval, evidence: Evidence | None) -> str:
    """What becomes different for users, in one sentence, and by how much it is better."""
    new, old = show_version(approval.version), show_version(approval.champion)
    if approval.status is not ApprovalStatus.PENDING:
        return ""
    where = (evidence.service if evidence is not None else "") or approval.model
    if not old:
        return f"Every answer of {where} comes from {new}, its first champion, once it is approved."
    if approval.purpose is not Purpose.PROMOTION:
        first = f"Every answer of {where} comes from {new} again instead of {old}"
    elif approval.kind is Kind.PROMPT:
        first = f"Every answer of {where} is made with prompt {new} instead of {old}"
    else:
        first = f"Every answer of {where} comes from {new} instead of {old}"
    return f"{first}, as soon as it is approved{_by_how_much(approval, evidence)}."


def _by_how_much(approval: Approval, evidence: Evidence | None) -> str:
    if evidence is None or evidence.champion is None:
        return ""
    found = side_by_side(evidence, approval.gates)
    if not found.comparable:
        return ". Their metrics are of different data and cannot be compared"
    return _headline(found)


def _headline(found: Comparison) -> str:
    first = next(iter(found.rows), None)
    gain = first.change.gain if first is not None else None
    if first is None or gain is None:
        return ""
    change = first.change
    said = say_gain(gain)
    interval = first.interval.removeprefix(f"{said.rpartition(' ')[2]} ")
    span = f" ({interval} with 95% confidence)" if interval else ""
    same = " on the same data" if found.same_data else ""
    return (
        f"; {change.metric} {say_number(change.challenger)} instead of "
        f"{say_number(change.champion)}{same}: {said}{span}"
    )


def who_asks(approval: Approval) -> str:
    """ "*ada* asks: better on long routes"."""
    if not approval.reason:
        return f"*{approval.requester_name}* asks, without a reason."
    return f"*{approval.requester_name}* asks: {approval.reason}"


# Who decides ---------------------------------------------------------------------------------


def needed(approval: Approval, policy: Policy) -> int:
    return 1 if approval.purpose is Purpose.EMERGENCY else max(policy.needed, 1)


def approvals_of(approval: Approval) -> tuple[Vote, ...]:
    """Votes in favour that count: on the present evidence, each person's last."""
    return tuple(v for v in effective(approval) if v.ballot in APPROVING)


def against(approval: Approval) -> tuple[Vote, ...]:
    return tuple(v for v in effective(approval) if v.ballot not in APPROVING)


def unchecked(approval: Approval, policy: Policy) -> Tally:
    """How the votes stand where nobody asks who is in which group: each is taken to count."""
    return Tally(
        approvals_of(approval),
        needed(approval, policy),
        missing_roles=(),
        prevented=preventing(approval.gates, policy),
        against=against(approval),
    )


def say_votes(approval: Approval, policy: Policy, stand: Tally | None = None) -> str:
    """ "1 of 2: grace 12:04; risk's sign-off is missing". `stand` as `Promoting.tally` has it, for
    a request that waits; without it, it is said what is needed, and not what is missing."""
    if stand is not None:
        return "; ".join((_counted(approval, stand), *_lacking(stand, policy)))
    signed = policy.sign_offs if approval.purpose is not Purpose.EMERGENCY else {}
    also = f"; the sign-off of {listed(list(signed))} is needed as well" if signed else ""
    return f"{_counted(approval, unchecked(approval, policy))}{also}"


def _counted(approval: Approval, stand: Tally) -> str:
    """Where groups could not be asked, every vote is named, since none of them is known to fall."""
    there = approvals_of(approval) if stand.unasked else stand.approvals
    others = [v for v in approvals_of(approval) if v not in there]
    parts = [f"{len(there)} of {stand.needed}{_voters(': ', there)}"]
    also = (("also for it: ", others), ("against: ", against(approval)))
    parts += [said for lead, votes in also if (said := _voters(lead, votes))]
    return "; ".join(parts)


def _voters(lead: str, votes: Sequence[Vote]) -> str:
    said = ", ".join(f"{v.by_name} {v.at:%H:%M}" for v in votes)
    return f"{lead}{said}" if said else ""


def _lacking(stand: Tally, policy: Policy) -> Iterator[str]:
    """What else it waits for, and whether that is known."""
    if stand.missing_roles and not stand.unasked:
        yield f"{say_roles(stand.missing_roles)} missing"
    if stand.prevented:
        names = ", ".join(gate.name for gate in stand.prevented)
        until = " until somebody overrides" if overridable(stand.prevented, policy) else ""
        yield f"prevented by {names}{until}"
    if stand.unasked:
        yield f"who may approve could not be checked: {stand.unasked}"


def so_far(stand: Tally) -> str:
    """For the title: " 1 of 2 approved", " 2 of 2 approved, risk's sign-off is missing". Empty
    without votes, and where nobody knows which count."""
    if not stand.approvals or stand.unasked:
        return ""
    roles = stand.missing_roles if not stand.missing else ()
    also = f", {say_roles(roles)} missing" if roles else ""
    return f" {len(stand.approvals)} of {stand.needed} approved{also}"


def say_roles(roles: Sequence[str]) -> str:
    """ "risk's sign-off is", "the sign-offs of risk and legal are"."""
    if len(roles) == 1:
        return f"{roles[0]}'s sign-off is"
    return f"the sign-offs of {listed(roles)} are"


def deciders(approval: Approval, policy: Policy) -> tuple[str, ...]:
    """Users and groups whose approval counts; empty: those with the approve right."""
    if approval.purpose is Purpose.EMERGENCY:
        return policy.emergency or policy.approvers
    return policy.approvers


def callees(approval: Approval, policy: Policy) -> tuple[str, ...]:
    """Users and groups to be called by a request that waits; never the one who asks."""
    signing = (name for names in policy.sign_offs.values() for name in names)
    named = (*deciders(approval, policy), *signing)
    return tuple(dict.fromkeys(n for n in named if n != approval.requester))


def say_deciders(approval: Approval, policy: Policy, people: People) -> str:
    """ "1 of @ml-leads, with the sign-off of risk (@risk)"."""
    who = _names(deciders(approval, policy), people) or "those with the approve right"
    said = f"{needed(approval, policy)} of {who}"
    if approval.purpose is Purpose.EMERGENCY:
        return f"{said}, and somebody reviews it afterwards"
    signed = [f"{role} ({_names(of, people)})" for role, of in policy.sign_offs.items()]
    return f"{said}, with the sign-off of {listed(signed)}" if signed else said


def _names(names: Iterable[str], people: People) -> str:
    return ", ".join(n if is_group(n) else people(n) for n in names)


# What came of it -----------------------------------------------------------------------------


def story(approval: Approval) -> tuple[str, ...]:
    """Who decided when and why, and what came of it, a sentence each."""
    told = [*_deciding(approval)]
    if approval.outcome:
        told.append(f"{approval.outcome[0].upper()}{approval.outcome[1:].rstrip('.')}.")
    told.append(who_asked(approval))
    return tuple(told)


def who_asked(approval: Approval) -> str:
    because = f" because: {approval.reason}" if approval.reason else ", without a reason"
    return f"*{approval.requester_name}* asked{because}"


_DEEDS = {
    Ballot.APPROVE: "Approved",
    Ballot.OVERRIDE: "Overridden",
    Ballot.REJECT: "Rejected",
    Ballot.CHANGES: "Sent back for changes",
}
_ENDINGS = {
    ApprovalStatus.REJECTED: "Rejected",
    ApprovalStatus.CHANGES: "Sent back for changes",
}


def _deciding(approval: Approval) -> Iterable[str]:
    if approval.votes:
        for vote in approval.votes:
            yield _voted(approval, vote)
    elif approval.decided_by and approval.decided_at is not None:
        verb = _ENDINGS.get(approval.status, "Approved")
        who = approval.decided_by_name or approval.decided_by
        because = f": {approval.decision_reason}" if approval.decision_reason else "."
        yield f"{verb} by *{who}* at {say_time(approval.decided_at)}{because}"


def _voted(approval: Approval, vote: Vote) -> str:
    deed = _DEEDS[vote.ballot]
    if vote.ballot is Ballot.REJECT and vote.by == approval.requester:
        deed = "Withdrawn"
    because = f": {vote.reason}" if vote.reason else "."
    return f"{deed} by *{vote.by_name}* at {say_time(vote.at)}{because}"


def say_watch(approval: Approval, canary: Canary) -> str:
    """How the champion does since the move, as a sentence."""
    said = say_canary(approval, canary).rstrip(".")
    named = said.startswith(show_version(approval.version))
    return f"{said}." if named else f"{said[0].upper()}{said[1:]}."


def sides(evidence: Evidence) -> tuple[Side, ...]:
    """The versions a card speaks of, the champion first, each once."""
    champion = evidence.champion
    if champion is None or champion.version.version == evidence.challenger.version.version:
        return (evidence.challenger,)
    return (champion, evidence.challenger)
