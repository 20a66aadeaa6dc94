"""Open a channel for one incident, invite who is on it, and say there what is known."""

import re
import unicodedata
from dataclasses import replace

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs, UserError
from knowledge.incidents import record
from knowledge.records import Incident
from skills import cards
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Reply,
    Role,
    Skill,
    Style,
    Tone,
)
from skills.which import incident_named

MOST_NAME = 80
MOST_TOPIC = 250
"""Slack's limits."""


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-4; empty in its own thread")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    if ctx.rooms is None:
        raise UserError("There are no channels to open here; ask in Slack.")
    if incident.channel:
        return _there(incident)
    if incident.merged_into:
        raise BadArgs(
            "incident",
            f"{incident.id} goes on as {incident.merged_into}",
            f"Open the channel for {incident.merged_into}",
        )
    name = channel_name(incident)
    if not ctx.via_button:
        return _propose(ctx, incident, name)
    people = (incident.owner, incident.acknowledged_by, ctx.user.id)
    topic = f"{incident.id} {incident.severity} {incident.title}"
    invited = tuple(dict.fromkeys(filter(None, people)))
    channel = ctx.rooms.open(name, _cut(topic, MOST_TOPIC), invited)

    def note(stored: Incident) -> Incident:
        if stored.channel:
            return stored
        told = f"opened the channel #{name}"
        return record(replace(stored, channel=channel), "channel", ctx.user.id, ctx.now, told)

    # Pressed twice at once, both get the same channel: of one name there is but one.
    ctx.incidents.change(incident.id, note, tell=("card", "thread"))
    link = ctx.card_link(incident.id)
    ctx.rooms.say(channel, f"{incident.id} · {incident.title}", _greeting(ctx, incident), link)
    return Reply(
        title=f"#{name} is open",
        text=f"{incident.title}. Whoever is on it is invited.",
        tone=Tone.GOOD,
        buttons=(_go(channel),),
        about=incident.id,
        audience=Audience.ASKER,
    )


def channel_name(incident: Incident) -> str:
    """ "inc-12-checkout-high-error-rate": what Slack takes, 80 characters at most."""
    plain = unicodedata.normalize("NFKD", f"{incident.id} {incident.title}")
    words = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower())
    return words[:MOST_NAME].strip("-")


def _greeting(ctx: Context, incident: Incident) -> str:
    return (
        f"*{incident.severity}*, {cards.say_state(incident, ctx.now, ctx.people)}, "
        f"{len(incident.firing)} of {len(incident.signals)} alerts fire. "
        f"Ask `@tandem catch me up on {incident.id}` for the whole story."
    )


def _there(incident: Incident) -> Reply:
    return Reply(
        title=f"{incident.id} has a channel already",
        text=incident.title,
        buttons=(_go(incident.channel),),
        audience=Audience.ASKER,
    )


def _propose(ctx: Context, incident: Incident, name: str) -> Reply:
    call = Call("incident_channel", {"incident": incident.id})
    return Reply(
        title=f"Open #{name}?",
        text=f"{incident.title}, {cards.say_state(incident, ctx.now, ctx.people)}",
        buttons=(Button("Open it", call, style=Style.PRIMARY),),
        audience=Audience.ASKER,
    )


def _go(channel: str) -> Button:
    return Button("Go there", url=f"https://slack.com/app_redirect?channel={channel}")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


skill = Skill(
    name="incident_channel",
    summary="Open a channel for an incident and invite who is on it",
    examples=("open a channel for INC-4", "create a room for INC-12"),
    phrases=(
        "make a slack channel for INC-7",
        "we need a war room for INC-31",
        "start a dedicated channel for this incident",
        "spin up a channel for INC-9",
        "create an incident channel for INC-5",
        "open a war room",
    ),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
)
