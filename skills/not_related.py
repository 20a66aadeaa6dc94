"""Alerts of one rule leave an incident, and Tandem learns that they do not belong together."""

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import counted, instance
from skills.cards.wording import count
from skills.contract import Audience, Context, Reply, Role, Skill, Tone
from skills.which import incident_named


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")
    alert: str = Field("", description="name of the alert that does not belong, e.g. DiskFull")
    service: str = Field("", description="only on this service")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    if not args.alert.strip():
        names = sorted({s.name for s in incident.signals})[:3]
        raise BadArgs("alert", "it does not say which", f"Name one: {', '.join(names)}")
    alerts = counted(incident.signals)
    name, service = args.alert.strip().lower(), args.service.strip().lower()
    chosen = [
        s
        for s in alerts
        if s.name.lower() == name and (not service or s.service.lower() == service)
    ]
    if not chosen:
        raise NotFound.among(f"alert of {incident.id}", args.alert, {s.name for s in alerts})
    keys = [instance(signal) for signal in chosen]
    now_in = ctx.triage.not_related(incident.id, keys, ctx.user.id)
    where = f"It is in {now_in} now. " if now_in else ""
    return Reply(
        title=f"{count(len(chosen), 'alert')} {chosen[0].name} left {incident.id}",
        text=f"{where}Tandem learns that such alerts do not belong with the others.",
        tone=Tone.GOOD,
        # Not about the incident that it left: the reply says more than that one's card.
        about=now_in,
        audience=Audience.ASKER,
    )


skill = Skill(
    name="not_related",
    summary="Take alerts that are not related out of an incident",
    examples=(),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    hidden=True,
)
