"""The click "This was it": a person says what the cause was, and the incident keeps it."""

from pydantic import BaseModel, Field

from knowledge.incidents import set_cause
from skills.contract import Audience, Button, Call, Context, Reply, Role, Skill, Style, Tone
from skills.which import incident_named


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12")
    cause: str = Field("", description="what it was", max_length=500)


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    if not ctx.via_button:
        after = set_cause(incident, args.cause, ctx.user.id, ctx.now)
        call = Call("cause_found", {"incident": incident.id, "cause": after.cause})
        return Reply(
            title=f"Write down the cause of {incident.id}?",
            text=after.cause,
            buttons=(Button("This was it", call, Style.PRIMARY),),
            audience=Audience.ASKER,
        )
    after = ctx.incidents.change(
        incident.id,
        lambda found: set_cause(found, args.cause, ctx.user.id, ctx.now),
        tell=("card", "thread"),
    )
    return Reply(
        title=f"{incident.id}: the cause is known",
        text=after.cause,
        tone=Tone.GOOD,
        about=incident.id,
        audience=Audience.ASKER,
    )


skill = Skill(
    name="cause_found",
    summary="Write down what an incident's cause was",
    examples=(),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
    hidden=True,
)
