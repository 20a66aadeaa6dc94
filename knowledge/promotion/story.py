"""Who put a version into production, on what evidence, and who agreed: one story for each move and
for each request that led to none, with every step tied to its entry in the audit record's chain.

Requests and moves are rows that whoever owns the database could change; the chain is not. So a
story says of each thing an auditor relies on whether the chain bears it out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from knowledge.promotion.deciding import TANDEM
from knowledge.promotion.freezing import SHORTEST, is_genuine
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_time
from knowledge.records import (
    Approval,
    ApprovalStatus,
    AuditEntry,
    Ballot,
    CanaryState,
    Move,
    Purpose,
    Vote,
)

NEAR = timedelta(minutes=2)
"""A step and the call that made it are told at most so far apart: a move may take a while."""
ASKING = ("promotion", "rollback")
"""Skills whose calls name a model; all later ones name the request."""
MOVE = "move"
"""The entry that every move gets in the chain (`bot.chained_moves`)."""
ANSWERS = ("move_restore", "move_accept")
"""Skills by which people answer a move past Tandem."""
FINE = ("ok", "done", "success", "")
MACHINES = (TANDEM, "canary", "mlflow", "")
"""Who acts without a call of their own."""


@dataclass(frozen=True)
class Step:
    """One thing that happened. `entry` is the call in the chain that it came from, where there is
    one: what Tandem did by itself has none."""

    at: datetime
    actor: str
    text: str
    entry: AuditEntry | None = None


@dataclass(frozen=True)
class Check:
    """Something an auditor relies on, and whether it is borne out."""

    holds: bool
    says: str


@dataclass(frozen=True)
class Story:
    title: str
    at: datetime
    model: str
    request: Approval | None
    move: Move | None
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


def stories(
    requests: Sequence[Approval], moves: Sequence[Move], entries: Sequence[AuditEntry]
) -> list[Story]:
    """Newest first. `entries` may be all of the record or only what concerns these requests."""
    by_request = {move.approval: move for move in moves if move.approval}
    calls = Calls(entries)
    told = [_of_request(r, by_request.get(r.id), calls.about(r)) for r in requests]
    known = {r.id for r in requests}
    told += [_of_move(move, calls.answering(move)) for move in moves if move.approval not in known]
    return sorted(told, key=lambda s: s.at, reverse=True)


class Calls:
    """The calls of a record, to be found by the request they were about."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        self._by_request: dict[str, list[AuditEntry]] = {}
        self._asking: dict[str, list[AuditEntry]] = {}
        self._by_move: dict[str, list[AuditEntry]] = {}
        for entry in entries:
            if entry.args.get("move"):
                self._by_move.setdefault(str(entry.args["move"]), []).append(entry)
            if entry.args.get("approval"):
                self._by_request.setdefault(str(entry.args["approval"]), []).append(entry)
            elif entry.skill in ASKING:
                self._asking.setdefault(entry.actor, []).append(entry)

    def about(self, request: Approval) -> list[AuditEntry]:
        """Those that asked for it, and those that name it."""
        asked = self._asking.get(request.requester, ())
        return [
            *(e for e in asked if abs(e.at - request.created_at) <= NEAR),
            *self._by_request.get(request.id, ()),
        ]

    def answering(self, move: Move) -> list[AuditEntry]:
        """The entry of a move, and what people answered to it."""
        found = self._by_move.get(move.id, ())
        return [e for e in found if e.skill in (MOVE, *ANSWERS) and e.outcome.lower() in FINE]


def names_of(requests: Iterable[Approval]) -> dict[str, str]:
    """Shown names by id, as the requests kept them."""
    names: dict[str, str] = {}
    for one in requests:
        names |= {vote.by: vote.by_name for vote in one.votes if vote.by_name}
        for who, name in (
            (one.requester, one.requester_name),
            (one.decided_by, one.decided_by_name),
        ):
            if who and name:
                names[who] = name
    return names


def say_who(actor: str, names: Mapping[str, str]) -> str:
    """ "ada (U1)"."""
    name = names.get(actor, "")
    return f"{name} ({actor})" if name and name != actor else actor or "–"


# Of a request --------------------------------------------------------------------------------


def _of_request(request: Approval, move: Move | None, entries: Sequence[AuditEntry]) -> Story:
    return Story(
        title=_title(request, move),
        at=move.at if move is not None else request.decided_at or request.created_at,
        model=request.model,
        request=request,
        move=move,
        steps=_steps(request, entries),
        checks=tuple(_checks(request, move, entries)),
    )


def _title(request: Approval, move: Move | None) -> str:
    new = f"{request.model} {show_version(request.version)}"
    if move is not None or request.status is ApprovalStatus.APPROVED:
        old = f", in the place of {show_version(request.champion)}" if request.champion else ""
        return f"{new} became champion{old}"
    ended = {
        ApprovalStatus.PENDING: "is asked for and not decided yet",
        ApprovalStatus.MOVING: "is being made champion",
        ApprovalStatus.REJECTED: "was asked for and rejected",
        ApprovalStatus.CHANGES: "was asked for and sent back for changes",
        ApprovalStatus.FAILED: "was agreed to, but the registry did not take it",
    }
    return f"{new} {ended.get(request.status, 'was asked for, and nobody decided in time')}"


def _steps(request: Approval, entries: Sequence[AuditEntry]) -> tuple[Step, ...]:
    """The request's time line; of a request of before there was one, asking and deciding."""
    told = [(event.at, event.actor, event.text) for event in request.timeline]
    left = [e for e in entries if e.outcome.lower() in FINE]
    steps: list[Step] = []
    for at, actor, text in told or _asked_and_decided(request):
        entry = _nearest(left, actor, at)
        if entry is not None:
            left.remove(entry)
        steps.append(Step(at, actor, text, entry))
    return tuple(steps)


def _asked_and_decided(request: Approval) -> list[tuple[datetime, str, str]]:
    promotes = request.purpose is Purpose.PROMOTION
    verb = "asked to promote" if promotes else "asked to roll back to"
    because = f": {request.reason}" if request.reason else ""
    told = [
        (
            request.created_at,
            request.requester,
            f"{verb} {show_version(request.version)}{because}",
        )
    ]
    if request.decided_at is not None:
        verb = "rejected" if request.status is ApprovalStatus.REJECTED else "approved"
        parts = [verb, request.decision_reason, request.outcome]
        told.append((request.decided_at, request.decided_by, ": ".join(p for p in parts if p)))
    return told


def _nearest(entries: Sequence[AuditEntry], actor: str, at: datetime) -> AuditEntry | None:
    theirs = [e for e in entries if e.actor == actor and abs(e.at - at) <= NEAR]
    return min(theirs, key=lambda e: abs(e.at - at), default=None)


# What an auditor relies on -------------------------------------------------------------------


def _checks(request: Approval, move: Move | None, entries: Sequence[AuditEntry]) -> Iterable[Check]:
    yield _evidence(request)
    if request.votes or request.decided_by:
        yield _votes(request, entries)
    if request.status is ApprovalStatus.APPROVED:
        yield _two_people(request)
    if move is not None:
        yield from _moved(request, move, entries)
    if request.purpose is Purpose.EMERGENCY and request.status is ApprovalStatus.APPROVED:
        yield _reviewed(request)


def _evidence(request: Approval) -> Check:
    if not request.evidence:
        return Check(False, "No evidence was frozen; the request is from before that was done.")
    short = request.evidence_hash[:SHORTEST]
    if is_genuine(request.evidence, request.evidence_hash):
        return Check(True, f"The evidence has the hash that it was frozen under, {short}.")
    return Check(False, f"The evidence was changed: it has not the hash {short} any more.")


def _votes(request: Approval, entries: Sequence[AuditEntry]) -> Check:
    """Whether each vote that counts is a call in the chain, by the same person, on the same
    evidence."""
    votes = [v for v in _votes_or_decision(request) if v.by not in MACHINES]
    if not votes:
        return Check(True, "Nobody voted: the policy let Tandem decide.")
    lost = [v for v in votes if not any(_bears_out(e, v, request.id) for e in entries)]
    if lost:
        names = ", ".join(f"{v.by_name} ({v.ballot.value})" for v in lost)
        return Check(False, f"The chain has no call for the vote of {names}.")
    many = "The vote is" if len(votes) == 1 else f"Each of the {len(votes)} votes is"
    return Check(True, f"{many} a call in the chain, by that person, on that evidence.")


def _votes_or_decision(request: Approval) -> tuple[Vote, ...]:
    """Requests of before there were votes have a decision alone."""
    if request.votes or request.decided_at is None:
        return request.votes
    rejected = request.status is ApprovalStatus.REJECTED
    ballot = Ballot.REJECT if rejected else Ballot.APPROVE
    return (Vote(request.decided_by, request.decided_by_name, request.decided_at, ballot),)


def _bears_out(entry: AuditEntry, vote: Vote, request_id: str) -> bool:
    if entry.actor != vote.by or entry.args.get("approval") != request_id:
        return False
    if entry.outcome.lower() not in FINE:
        return False
    saw = str(entry.args.get("saw", ""))
    approving = vote.ballot in (Ballot.APPROVE, Ballot.OVERRIDE)
    return not (vote.saw and approving) or (len(saw) >= SHORTEST and vote.saw.startswith(saw))


def _two_people(request: Approval) -> Check:
    agreed = [
        v.by_name or v.by
        for v in _votes_or_decision(request)
        if v.ballot in (Ballot.APPROVE, Ballot.OVERRIDE) and v.by not in MACHINES
    ]
    own = any(
        v.by == request.requester and v.ballot in (Ballot.APPROVE, Ballot.OVERRIDE)
        for v in _votes_or_decision(request)
    )
    if own:
        return Check(False, f"{request.requester_name} asked for it and agreed to it as well.")
    if not agreed:
        return Check(True, "No person agreed to it: the policy rolls back by itself.")
    names = " and ".join(dict.fromkeys(agreed))
    return Check(True, f"{request.requester_name} asked for it; {names} agreed.")


def _moved(request: Approval, move: Move, entries: Sequence[AuditEntry]) -> Iterable[Check]:
    """Only where the chain speaks of it: it follows the move by a minute."""
    if move.version != request.version:
        yield Check(False, f"The move made {show_version(move.version)} champion instead.")
    found = [e for e in entries if e.skill == MOVE and e.args.get("move") == move.id]
    if any(_tells(e, request, move) for e in found):
        yield Check(True, "The move is an entry of the chain, with the hash of that evidence.")
    elif found:
        yield Check(False, "The entry of the move in the chain tells of something else.")


def _tells(entry: AuditEntry, request: Approval, move: Move) -> bool:
    wanted = (move.version, move.before, request.id, request.evidence_hash)
    told = (entry.args.get(name) for name in ("version", "before", "approval", "saw"))
    return tuple(told) == wanted


def _reviewed(request: Approval) -> Check:
    if request.reviewed_by:
        return Check(True, f"The emergency was reviewed afterwards, by {request.reviewed_by}.")
    return Check(False, "The emergency was not reviewed by a second person.")


# Of a move past Tandem -----------------------------------------------------------------------


def _of_move(move: Move, entries: Sequence[AuditEntry]) -> Story:
    new = f"{move.model} {show_version(move.version)}" if move.version else move.model
    what = "became champion" if move.version else "lost its champion"
    old = f", in the place of {show_version(move.before)}" if move.version and move.before else ""
    by = f"its request {move.approval} is not on record" if move.approval else "past Tandem"
    entry = next((e for e in entries if e.skill == MOVE), None)
    answers = [e for e in entries if e.skill in ANSWERS]
    steps = [Step(move.noticed_at, TANDEM, _noticed(move), entry)]
    steps += [Step(e.at, e.actor, e.detail, e) for e in answers]
    if move.answered and not answers:
        steps.append(Step(move.noticed_at, "", f"answered: {move.answered}"))
    return Story(
        title=f"{new} {what}{old}, {by}",
        at=move.at,
        model=move.model,
        request=None,
        move=move,
        steps=tuple(steps),
        checks=(Check(False, "Nobody asked for it here, and nobody agreed to it."),),
    )


def _noticed(move: Move) -> str:
    how = {"poll": "by looking at the registry", "webhook": "by the registry's webhook"}
    since = f"; until {say_time(move.since)} the earlier one was seen" if move.since else ""
    return f"noticed {how.get(move.how, 'in the registry')}{since}"


# Afterwards ----------------------------------------------------------------------------------


def say_canary(request: Approval) -> str:
    """What the watch over it came to; empty where there was none."""
    canary = request.canary
    if canary is None:
        return ""
    words = {
        CanaryState.WATCHING: f"it is being watched until {say_time(canary.until)}",
        CanaryState.FINE: "nothing got worse while it was watched",
        CanaryState.WORSE: "it got worse",
        CanaryState.UNKNOWN: "there was nothing to compare it by",
        CanaryState.ENDED: "another version took over while it was watched",
    }
    worse = "; ".join(r.says for r in canary.readings if r.worse)
    acted = f"; {canary.acted} followed" if canary.acted else ""
    return f"{words[canary.state]}{f' ({worse})' if worse else ''}{acted}"
