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
    phrases=(
        "the full time line of INC-7 please",
        "time line",
        "show the timeline for INC-20",
        "list every event of INC-3 in order",
        "what happened when in INC-5, minute by minute",
        "give me the chronology of INC-9",
        "I need the sequence of events of INC-4",
        "print the whole timeline",
        "open the time line",
        "zeig mir die Zeitleiste von INC-8",
    ),
    args=Args,
    run=run,
)
