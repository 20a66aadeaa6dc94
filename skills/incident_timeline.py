"""The time line of an incident: alerts, changes, what people did and said."""

from dataclasses import replace

from pydantic import BaseModel, Field

from skills import cards
from skills.contract import Audience, Button, Call, Context, Reply, Skill
from skills.which import incident_named


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    shown = cards.timeline_reply(incident, ctx.people)
    export = Button("Export", Call("incident_export", {"incident": incident.id}))
    return replace(shown, buttons=(export,), audience=Audience.ASKER)


skill = Skill(
    name="incident_timeline",
    summary="Show the time line of an incident",
    examples=("show me the time line of INC-12", "timeline of this incident"),
    args=Args,
    run=run,
)
