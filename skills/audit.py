"""Who asked for, decided and moved what, and when: from requests, moves and the record of calls.
Of one model it is told as stories: who put which version into production, on what evidence, and
who agreed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, Field

from knowledge.promotion import say_time, show_version
from knowledge.promotion.story import ANSWERS, MOVE, Story, names_of, say_canary, say_who, stories
from knowledge.records import (
    Approval,
    ApprovalStatus,
    AuditEntry,
    Ballot,
    GateResult,
    Move,
    Purpose,
)
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Line,
    Reply,
    Section,
    Skill,
    Table,
)

MOST_ROWS = 20
LOOK_AT = 200
"""Entries read from each record; older ones are not searched, and the footer says so."""

MOST_STORIES = 5
BY_REQUEST = ("promotion", "rollback", "approve", "reject", "ask_changes", "override")
"""Skills whose successes the requests tell already; of these only what went wrong is added."""
CHANGING = (*BY_REQUEST, "retrain", "silence", "runbook", "incident_update")
_FINE = ("ok", "done", "success", "")


class Args(BaseModel):
    model: str = Field("", description="only what concerns this model")
    actor: str = Field("", description="only what this person did: a name or a user id")


@dataclass(frozen=True)
class Entry:
    at: datetime
    actor_id: str
    actor: str
    model: str
    what: str


def run(ctx: Context, args: Args) -> Reply:
    requests = ctx.approvals.find(limit=LOOK_AT)
    moves = ctx.moves.find(limit=LOOK_AT)
    by_skill = [ctx.audit.find(skill=skill, limit=LOOK_AT) for skill in (*CHANGING, MOVE, *ANSWERS)]
    calls = [entry for found in by_skill for entry in found]
    entries = [
        *(entry for request in requests for entry in _of_request(request)),
        *(_of_move(move) for move in moves if not move.approval),
        *(_of_call(ctx, call, requests) for call in calls if _tells_more(call)),
    ]
    found = [e for e in entries if _about(e, args.model) and _by(e, args.actor)]
    found.sort(key=lambda e: e.at, reverse=True)
    cut = len(requests) == LOOK_AT or len(calls) >= LOOK_AT
    told: list[Section] = []
    if args.model and not args.actor:
        names = names_of(requests)
        all_told = stories(requests, moves, calls)
        complete = _complete_since(by_skill)
        told = [
            _section(story, names)
            for story in all_told
            if args.model.lower() in story.model.lower() and _begun(story) >= complete
        ]
    return _reply(args, found, told, cut)


def _complete_since(by_skill: Sequence[Sequence[AuditEntry]]) -> datetime:
    """From then on every call was read: of what is older, the record only seems to lack some."""
    cut = [min(e.at for e in found) for found in by_skill if len(found) >= LOOK_AT]
    return max(cut, default=datetime.min.replace(tzinfo=UTC))


def _begun(story: Story) -> datetime:
    return story.request.created_at if story.request is not None else story.at


def _section(story: Story, names: Mapping[str, str]) -> Section:
    """The story of one move, in a few lines."""
    lines = [f"{say_time(story.at)}"]
    request = story.request
    if request is not None:
        because = f": {request.reason}" if request.reason else ""
        lines.append(f"Asked for by {say_who(request.requester, names)}{because}")
        lines += [_vote(vote.by, vote.ballot, vote.reason, names) for vote in request.votes]
        lines.append(_gates(request))
        lines.append(request.outcome)
        lines.append(f"Afterwards {after}" if (after := say_canary(request)) else "")
    lines += [f"*Not borne out:* {c.says}" for c in story.checks if not c.holds]
    lines.append(_in_chain(story))
    return Section(story.title, tuple(Line(line) for line in lines if line), bullets=True)


def _vote(by: str, ballot: Ballot, reason: str, names: Mapping[str, str]) -> str:
    return f"{say_who(by, names)}: {ballot.value}{f' ({reason})' if reason else ''}"


def _gates(request: Approval) -> str:
    failing = [g.name for g in request.gates if g.result is GateResult.FAIL]
    if not request.gates:
        return ""
    said = f"failing: {', '.join(failing)}" if failing else "none failing"
    seen = f", evidence `{request.evidence_hash[:12]}`" if request.evidence_hash else ""
    many = "1 gate" if len(request.gates) == 1 else f"{len(request.gates)} gates"
    return f"{many}, {said}{seen}"


def _in_chain(story: Story) -> str:
    numbers = [f"#{s.entry.number}" for s in story.steps if s.entry is not None and s.entry.number]
    return f"In the chain: {', '.join(numbers)}" if numbers else ""


def _of_move(move: Move) -> Entry:
    """One that nobody made through Tandem."""
    new = show_version(move.version) if move.version else "none"
    old = f" in the place of {show_version(move.before)}" if move.before else ""
    answered = f"; {move.answered}" if move.answered else ""
    what = f"champion became {new}{old} past Tandem{answered}"
    return Entry(move.at, "", "–", move.model, what)


def _of_request(request: Approval) -> list[Entry]:
    """One entry for asking, one for the decision or the end."""
    rolls_back = request.purpose is not Purpose.PROMOTION
    verb = "asked to roll back to" if rolls_back else "asked for"
    old = f" (champion {show_version(request.champion)})" if request.champion else ""
    because = f": {request.reason}" if request.reason else ""
    asked = f"{verb} {show_version(request.version)}{old}{because}"
    entries = [
        Entry(request.created_at, request.requester, request.requester_name, request.model, asked)
    ]
    if request.decided_at is not None:
        entries.append(
            Entry(
                request.decided_at,
                request.decided_by,
                request.decided_by_name,
                request.model,
                _decision(request),
            )
        )
    elif request.status is ApprovalStatus.EXPIRED:
        what = f"request for {show_version(request.version)} closed: {request.outcome}"
        entries.append(Entry(request.created_at, "", "–", request.model, what))
    return entries


def _decision(request: Approval) -> str:
    verbs = {ApprovalStatus.REJECTED: "rejected", ApprovalStatus.CHANGES: "asked for changes to"}
    verb = verbs.get(request.status, "approved")
    parts = [f"{verb} {show_version(request.version)} of {request.requester_name}'s request"]
    parts += [t for t in (request.decision_reason, request.outcome) if t]
    return "; ".join(parts)


def _tells_more(call: AuditEntry) -> bool:
    if call.skill == MOVE or call.skill in ANSWERS:
        return False
    return call.skill not in BY_REQUEST or call.outcome.lower() not in _FINE


def _of_call(ctx: Context, call: AuditEntry, requests: list[Approval]) -> Entry:
    detail = f" ({call.detail})" if call.detail else ""
    given = ", ".join(f"{k} {v}" for k, v in call.args.items() if v not in ("", None))
    what = f"{call.skill}{f' of {given}' if given else ''}: {call.outcome}{detail}"
    return Entry(call.at, call.actor, ctx.people(call.actor), _model_of(call.args, requests), what)


def _model_of(args: Mapping[str, object], requests: list[Approval]) -> str:
    """The model a call was about: named, or that of the request it decided."""
    if args.get("model"):
        return str(args["model"])
    wanted = args.get("approval")
    return next((r.model for r in requests if r.id == wanted), "")


def _about(entry: Entry, model: str) -> bool:
    return model.lower() in entry.model.lower()


def _by(entry: Entry, actor: str) -> bool:
    wanted = actor.strip().removeprefix("<@").removesuffix(">").lstrip("@").lower()
    return not wanted or wanted == entry.actor_id.lower() or wanted in entry.actor.lower()


def _reply(args: Args, found: list[Entry], told: list[Section], cut: bool) -> Reply:
    of = f" of {args.model}" if args.model else ""
    by = f" by {args.actor.lstrip('@')}" if args.actor else ""
    if not found and not told:
        return Reply(
            f"No change{of}{by} is on record",
            text="What went through Tandem is recorded, and what it saw moved in the registry.",
            buttons=(Button("All changes", Call("audit")),) if args.model or args.actor else (),
            audience=Audience.ASKER,
        )
    rows = tuple((say_time(e.at), e.actor, e.model or "–", e.what) for e in found[:MOST_ROWS])
    shown = f"The newest {MOST_ROWS} of {len(found)}. " if len(found) > MOST_ROWS else ""
    old = f"Only the newest {LOOK_AT} records were searched. " if cut else ""
    return Reply(
        title=f"Changes{of}{by}",
        table=Table(("when", "who", "model", "what"), rows) if rows else None,
        sections=tuple(told[:MOST_STORIES]),
        footer=f"{shown}{old}`tandem audit verify` proves that nothing was rewritten; "
        f"`tandem audit export{f' --model {args.model}' if args.model else ''} --format html` "
        "writes all of it.",
    )


skill = Skill(
    name="audit",
    summary="Show who asked for, approved and changed what, and when",
    examples=("who approved eta-model v5?", "audit of eta-model", "what did grace approve?"),
    args=Args,
    run=run,
    phrases=(
        "list what @petra approved or rejected",
        "I need evidence that two people looked at lead-score before it went out",
        "who gave the green light for session-rank 87",
        "change log of basket-size, who and when",
        "when was the churn model last switched and by whom",
        "show the record of decisions for no-show",
        "who signed off the last promotion",
    ),
    command="/audit",
    positional=("model", "actor"),
)
