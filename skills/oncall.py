"""Who is on call: for a service or a team, until when, who is next, and how to page them."""

from datetime import datetime

from pydantic import BaseModel, Field

from knowledge.durations import say_duration
from knowledge.errors import UserError
from knowledge.oncall import Shift
from knowledge.records import Incident
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Reply,
    Skill,
    Table,
    Tone,
    Unavailable,
)

MOST_ROTATIONS = 50


class Args(BaseModel):
    service: str = Field("", description="service or team, e.g. checkout; empty for all")


def run(ctx: Context, args: Args) -> Reply:
    if not ctx.oncall.configured:
        return Reply(
            title="I do not know who is on call",
            text="Rotations come from a file or a calendar: name it in TANDEM_ONCALL. "
            "deploy/oncall.toml is an example.",
            audience=Audience.ASKER,
        )
    subject = args.service.strip()
    incident = _incident(ctx, subject)
    if not subject and incident is not None:
        subject = incident.service
    if not subject:
        return _everybody(ctx)
    shift = ctx.oncall.who(subject, ctx.now, ctx.catalogue.team(subject))
    return _one(ctx, subject, shift, incident)


def _one(ctx: Context, subject: str, shift: Shift, incident: Incident | None) -> Reply:
    asked = subject[:80]
    if shift.person:
        title = f"{ctx.people(shift.person)} is on call for {asked}"
    else:
        title = f"Nobody is on call for {asked} now"
    text = f"Nothing names {asked}, so this is the default rotation." if shift.by_default else ""
    fields = {"Rotation": shift.rotation}
    if shift.person:
        fields["Until"] = _when(shift.until, ctx.now) if shift.until else "nobody takes over"
    if shift.next and shift.next_from:
        fields["Next"] = f"{ctx.people(shift.next)}, from {_when(shift.next_from, ctx.now)}"
    return Reply(
        title=title,
        text=text,
        tone=Tone.NEUTRAL if shift.person else Tone.WARNING,
        fields=fields,
        buttons=_page_button(ctx, shift, incident),
        footer="To page: the button on an incident's card, or: page checkout on-call for INC-4",
        audience=Audience.ASKER,
    )


def _page_button(ctx: Context, shift: Shift, incident: Incident | None) -> tuple[Button, ...]:
    if incident is None or not incident.is_open or not shift.person:
        return ()
    call = Call("page", {"incident": incident.id, "whom": shift.person})
    name = ctx.people(shift.person)
    label = f"Page {name} for {incident.id}"[:75]
    return (Button(label, call, confirm=f"Page {name} now?"),)


def _everybody(ctx: Context) -> Reply:
    rotations = list(ctx.oncall.rotations)
    rows = tuple(_row(ctx, rotation) for rotation in rotations[:MOST_ROTATIONS])
    return Reply(
        title="On call now",
        table=Table(("Rotation", "On call", "Until", "Next"), rows),
        footer=f"times in UTC, as of {ctx.now:%H:%M}",
        audience=Audience.ASKER,
    )


def _row(ctx: Context, rotation: str) -> tuple[str, ...]:
    try:
        shift = ctx.oncall.shift(rotation, ctx.now)
    except Unavailable as error:
        return (rotation, f"not known: {error.why[:100]}", "", "")
    return (
        rotation,
        ctx.people(shift.person) if shift.person else "nobody",
        f"{shift.until:%a %d %b %H:%M}" if shift.until else "",
        ctx.people(shift.next) if shift.next else "",
    )


def _incident(ctx: Context, subject: str) -> Incident | None:
    """The one of the thread, else the newest open one of the service."""
    if ctx.thread:
        try:
            return ctx.incidents.get(ctx.thread)
        except UserError:
            return None
    found = ctx.incidents.find(open_only=True, service=subject, limit=1) if subject else []
    return found[0] if found else None


def _when(at: datetime, now: datetime) -> str:
    return f"{at:%a %d %b %H:%M} UTC (in {say_duration(at - now)})"


skill = Skill(
    name="oncall",
    summary="Say who is on call, until when and who is next",
    examples=("who is on call for checkout?", "who is on call?"),
    args=Args,
    run=run,
    command="/oncall",
    positional=("service",),
)
