"""Show an incident's card where somebody asks for it."""

from pydantic import BaseModel, Field

from skills import cards
from skills.contract import Context, Reply, Skill
from skills.which import incident_named

MOST_RECORDS = 5_000


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    return cards.incident_card(
        incident,
        people=ctx.people,
        catalogue=ctx.catalogue,
        records=ctx.alerts.find(incident=incident.id, limit=MOST_RECORDS),
        now=ctx.now,
    )


skill = Skill(
    name="incident_show",
    summary="Show the card of an incident",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)
