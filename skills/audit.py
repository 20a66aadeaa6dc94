"""Who asked for, decided and moved what, and when: from the requests and the record of calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field

from knowledge.promotion import is_rollback, say_time, show_version
from knowledge.records import Approval, ApprovalStatus, AuditEntry
from skills.contract import Audience, Button, Call, Context, Reply, Skill, Table

MOST_ROWS = 20
LOOK_AT = 200
"""Entries read from each record; older ones are not searched, and the footer says so."""

BY_REQUEST = ("promotion", "rollback", "approve", "reject")
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
    calls = [e for skill in CHANGING for e in ctx.audit.find(skill=skill, limit=LOOK_AT)]
    entries = [
        *(entry for request in requests for entry in _of_request(request)),
        *(_of_call(ctx, call, requests) for call in calls if _tells_more(call)),
    ]
    found = [e for e in entries if _about(e, args.model) and _by(e, args.actor)]
    found.sort(key=lambda e: e.at, reverse=True)
    cut = len(requests) == LOOK_AT or len(calls) >= LOOK_AT
    return _reply(args, found, cut)


def _of_request(request: Approval) -> list[Entry]:
    """One entry for asking, one for the decision or the end."""
    verb = "asked to roll back to" if is_rollback(request) else "asked for"
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
    verb = "rejected" if request.status is ApprovalStatus.REJECTED else "approved"
    parts = [f"{verb} {show_version(request.version)} of {request.requester_name}'s request"]
    parts += [t for t in (request.decision_reason, request.outcome) if t]
    return "; ".join(parts)


def _tells_more(call: AuditEntry) -> bool:
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


def _reply(args: Args, found: list[Entry], cut: bool) -> Reply:
    of = f" of {args.model}" if args.model else ""
    by = f" by {args.actor.lstrip('@')}" if args.actor else ""
    if not found:
        return Reply(
            f"No change{of}{by} is on record",
            text="What went through Tandem is recorded, not moves made in the registry itself.",
            buttons=(Button("All changes", Call("audit")),) if args.model or args.actor else (),
            audience=Audience.ASKER,
        )
    rows = tuple((say_time(e.at), e.actor, e.model or "–", e.what) for e in found[:MOST_ROWS])
    shown = f"The newest {MOST_ROWS} of {len(found)}. " if len(found) > MOST_ROWS else ""
    old = f"Only the newest {LOOK_AT} records were searched. " if cut else ""
    return Reply(
        title=f"Changes{of}{by}",
        table=Table(("when", "who", "model", "what"), rows),
        footer=f"{shown}{old}Moves made outside Tandem are not recorded here.",
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
