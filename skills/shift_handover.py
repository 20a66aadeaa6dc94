"""Hand over at the end of a shift: what is open, what was done, what to watch, who is next."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from knowledge.durations import parse_duration
from knowledge.errors import BadArgs, Unavailable
from knowledge.records import ApprovalStatus, HandoverState, Incident
from knowledge.summary.shift import NextUp, OnShift, Waiting, shift_handover
from skills.cards.report import report_reply
from skills.cards.request_words import name_of
from skills.contract import Audience, Button, Call, Context, Reply, Skill
from skills.incident_summary import with_names

MOST_INCIDENTS = 50
MOST_ROTATIONS = 20
MOST_WAITING = 50
_LONG_AGO = timedelta(days=14)
"""An offer that nobody has answered for longer is no news at a shift's end."""


class Args(BaseModel):
    since: str = Field("8h", description="when the shift began, as a length: 8h, 12h")
    post: bool = Field(False, description="post it for everyone instead of showing it to you")


def run(ctx: Context, args: Args) -> Reply:
    start = _start(ctx, args.since)
    on = OnShift(
        start,
        incidents=tuple(_read(ctx, i) for i in _incidents(ctx, start)),
        silences=tuple(ctx.silences.find(at=ctx.now)),
        waiting=tuple(_waiting(ctx)),
        next_up=tuple(_next_up(ctx)),
    )
    shown = report_reply(shift_handover(on, ctx.now), f"shift-{ctx.now:%Y-%m-%d-%H%M}")
    post = Button("Post here", Call(skill.name, {"since": args.since, "post": True}))
    return replace(
        shown,
        buttons=() if args.post else (post,),
        footer=f"from what is recorded, as of {ctx.now:%H:%M} UTC",
        audience=Audience.PLACE if args.post else Audience.ASKER,
    )


def _start(ctx: Context, said: str) -> datetime:
    try:
        return ctx.now - parse_duration(said or "8h")
    except (ValueError, OverflowError) as error:
        raise BadArgs("since", str(error)[:200], "Write for example 8h") from None


def _incidents(ctx: Context, start: datetime) -> list[Incident]:
    """The open ones, and those that were touched in the shift and are over."""
    still = ctx.incidents.find(open_only=True, limit=MOST_INCIDENTS)
    known = {i.id for i in still}
    recent = ctx.incidents.find(limit=MOST_INCIDENTS)
    touched = [i for i in recent if i.id not in known and i.updated_at >= start]
    return [*still, *(i for i in touched if not i.merged_into)]


def _read(ctx: Context, incident: Incident) -> Incident:
    """With its thread, where that can be read; a handover without it is better than none."""
    with suppress(Unavailable):
        incident = replace(incident, thread=ctx.read_thread(incident.id))
    return with_names(ctx, incident)


def _waiting(ctx: Context) -> list[Waiting]:
    pending = ctx.approvals.find(status=ApprovalStatus.PENDING, limit=MOST_WAITING)
    handed = ctx.handovers.find(since=ctx.now - _LONG_AGO, limit=MOST_WAITING)
    offered = [h for h in handed if h.state is HandoverState.OFFERED]
    begun = ctx.executions.find(open_only=True, limit=MOST_WAITING)
    return [
        *(Waiting(a.id, a.created_at, f"{a.id}: {name_of(a)} waits for votes") for a in pending),
        *(
            Waiting(h.id, h.offered_at, f"{h.id}: {h.incident} is offered to {h.to_team}")
            for h in offered
        ),
        *(Waiting(e.id, e.started_at, f"{e.id}: {e.title} is not finished") for e in begun),
    ]


def _next_up(ctx: Context) -> list[NextUp]:
    if not ctx.oncall.configured:
        return []
    found = []
    for rotation in list(ctx.oncall.rotations)[:MOST_ROTATIONS]:
        try:
            shift = ctx.oncall.shift(rotation, ctx.now)
        except Unavailable:  # its calendar does not answer; `oncall` says why
            continue
        person = ctx.people(shift.next) if shift.next else ""
        found.append(NextUp(rotation, person, shift.next_from))
    return found


skill = Skill(
    name="shift_handover",
    summary="Hand over at the end of a shift: what is open, done, to watch, and who is next",
    examples=("shift handover", "hand over the last 12h of my on-call shift"),
    phrases=(
        "my shift ends, write the handover",
        "end of shift report please",
        "what do I hand over to the next on-call",
        "handover for the night shift",
        "make a shift handover of the last 8 hours",
        "summarise my on-call shift for whoever comes next",
        "on-call handover notes for everything since this morning",
        "prepare the handover of the on-call shift",
        "shift report for the last 24h",
        "what should the next person on call know",
        "I'm going off call, list what is open and what waits",
        "end my shift with a handover card",
        "weekly on-call handover document",
        "what happened during this shift and what is left over",
    ),
    args=Args,
    run=run,
)
