"""Tell people outside the incident: a draft to edit, sent to a channel with a promise of the next.

Nothing is sent that nobody has read: the draft stands in a window, and what is submitted is sent.
"""

import json
from datetime import datetime

from pydantic import BaseModel, Field

from knowledge.durations import parse_duration, say_duration
from knowledge.errors import BadArgs, UserError
from knowledge.records import Incident
from knowledge.updates import UPDATE, draft, next_update, told
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Form,
    FormField,
    Reply,
    Role,
    Skill,
    Style,
    Tone,
)
from skills.which import incident_named

MOST_DRAFT = 1200
"""Of the 2,000 characters that a button carries, as JSON counts them."""
MOST_TEXT = 2900
_NEVER = frozenset({"", "0", "none", "no", "never", "-"})


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-4; empty in its own thread")
    text: str = Field("", description="what to tell; empty for a draft")
    channel: str = Field("", description="where to send it, e.g. #status")
    next_in: str = Field("", description="when the next update comes, e.g. 30m; empty for none")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    if not ctx.via_button or not args.text.strip():
        return _draft(ctx, incident, args)
    if ctx.rooms is None:
        raise UserError("There are no channels to send it to here; ask in Slack.")
    channel = _channel(args.channel)
    next_at = _next_at(ctx, args.next_in)
    text = args.text.strip()[:MOST_TEXT]
    promise = f"\nNext update by {next_at:%H:%M} UTC." if next_at else ""
    title = f"Update on {incident.service or incident.id}"
    url = ctx.rooms.say(channel, title, f"{text}{promise}\nSent by {ctx.user.name}.")
    ctx.incidents.change(
        incident.id,
        lambda stored: told(stored, channel, ctx.user.id, ctx.now, next_at, url),
        tell=("card", "thread"),
    )
    later = f" I shall remind of the next one at {next_at:%H:%M} UTC." if next_at else ""
    return Reply(
        title=f"The update is sent to {channel}",
        text=f"{incident.title}.{later}",
        tone=Tone.GOOD,
        buttons=(Button("Show it", url=url),) if url else (),
        about=incident.id,
        audience=Audience.ASKER,
    )


def _draft(ctx: Context, incident: Incident, args: Args) -> Reply:
    text = _fitting(args.text.strip() or draft(incident, ctx.now), MOST_DRAFT)
    soon = next_update(incident, ctx.now) - ctx.now
    length = args.next_in.strip() or (say_duration(soon) if incident.is_open else "")
    fields = (
        FormField(
            "channel",
            "Channel",
            hint="I must be in it.",
            initial=(args.channel.strip() or _last_channel(incident))[:80],
        ),
        FormField("text", "Text", initial=text, multiline=True),
        FormField(
            "next_in", "Next update in", hint="30m, 2h, or none", initial=length[:40], optional=True
        ),
    )
    form = Form(f"Update on {incident.id}"[:24], fields, submit="Send")
    call = Call("stakeholder_update", {"incident": incident.id})
    return Reply(
        title=f"Draft of an update on {incident.id}",
        text=text,
        buttons=(Button("Edit and send", call, style=Style.PRIMARY, form=form),),
        footer="from what is recorded; nothing is sent before you have read it",
        audience=Audience.ASKER,
    )


def _channel(said: str) -> str:
    name = said.strip().lstrip("#").strip()
    if not name or any(sign in name for sign in "<>& \n"):
        problem = f"{said.strip()[:80]!r} is no channel" if said.strip() else "it names none"
        raise BadArgs("channel", problem, "Write for example #status")
    # An id is taken as it is; Slack's names are in lower case.
    return name if name.isupper() and name[0] in "CG" and len(name) > 8 else f"#{name.lower()}"


def _next_at(ctx: Context, said: str) -> datetime | None:
    if said.strip().lower() in _NEVER:
        return None
    try:
        return ctx.now + parse_duration(said)
    except ValueError as error:
        raise BadArgs("next_in", str(error)[:200], "Leave it empty to promise none") from None
    except OverflowError:
        raise BadArgs("next_in", "it is too long", "Write for example 30m") from None


def _last_channel(incident: Incident) -> str:
    """Where the last update went."""
    lead = "sent an update to "
    for event in reversed(incident.timeline):
        if event.kind == UPDATE and event.text.startswith(lead):
            return event.text[len(lead) :].partition(";")[0]
    return ""


def _fitting(text: str, most: int) -> str:
    """Cut so that its JSON, where a letter of another script takes six, has `most` characters."""
    left = text
    while len(json.dumps(left)) > most:
        left = left[: max(len(left) - max((len(json.dumps(left)) - most) // 6, 1), 0)]
    return left if left == text else left[:-1].rstrip() + "…"


skill = Skill(
    name="stakeholder_update",
    summary="Draft an update for stakeholders and send it to a channel",
    examples=("draft a stakeholder update for INC-4", "send a status update on INC-12 to #status"),
    phrases=(
        "tell the stakeholders about INC-7",
        "write an update for management on INC-31",
        "stakeholder update please",
        "draft a customer facing update for INC-9",
        "post an update on INC-5 in #status",
        "it is time for the next stakeholder update",
        "inform support about INC-40",
    ),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
)
