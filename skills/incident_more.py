"""Behind "More" on a card: all else that can be done with the incident, for the one who asks."""

from pydantic import BaseModel, Field

from knowledge.diagnosis.model_side import subject_of
from skills import cards
from skills.contract import Audience, Context, Reply, Skill
from skills.which import incident_named


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    return Reply(
        title=f"{incident.id}: more",
        text=f"{incident.title}, {cards.say_state(incident, ctx.now, ctx.people)}",
        sections=cards.more_sections(
            incident,
            {skill.name for skill in ctx.skills},
            serves_model=subject_of(ctx, incident=incident) is not None,
        ),
        audience=Audience.ASKER,
    )


skill = Skill(
    name="incident_more",
    summary="Show all that can be done with an incident",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)
