"""Two incidents are one: all alerts of the first go over to the second, and that is learned."""

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs
from knowledge.incidents import counted
from knowledge.records import Incident
from skills import cards
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
from skills.which import incident_named, other_open

OFFERED = 4
CHOICES = 15


class Args(BaseModel):
    incident: str = Field("", description="the incident that goes over, e.g. INC-4")
    into: str = Field("", description="the incident that goes on, e.g. INC-2")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    _can_go_over(incident)
    if not args.into.strip():
        return _choose(ctx, incident)
    into = ctx.incidents.get(args.into)
    _can_take(into, incident)
    if not ctx.via_button:
        return _propose(ctx, incident, into)
    after = ctx.triage.merge(incident.id, into.id, ctx.user.id)
    return Reply(
        title=f"{incident.id} is merged into {after.id}",
        text=f"{after.title}. Alerts like these will be put together from now on.",
        tone=Tone.GOOD,
        about=after.id,
        audience=Audience.ASKER,
    )


def _can_go_over(incident: Incident) -> None:
    if incident.merged_into:
        raise BadArgs(
            "incident",
            f"{incident.id} was merged into {incident.merged_into} already",
            f"Name {incident.merged_into} instead",
        )


def _can_take(into: Incident, incident: Incident) -> None:
    if into.id == incident.id:
        raise BadArgs("into", f"that is {into.id} itself", "Name another incident")
    if into.merged_into:
        raise BadArgs(
            "into",
            f"{into.id} was merged into {into.merged_into} already",
            f"Name {into.merged_into} instead",
        )


def _propose(ctx: Context, incident: Incident, into: Incident) -> Reply:
    return Reply(
        title=f"Merge {incident.id} into {into.id}?",
        text=_what_happens(incident),
        fields={i.id: f"{i.title}, {_state(ctx, i)}" for i in (incident, into)},
        buttons=(Button("Merge", _call(incident, into), style=Style.PRIMARY),),
        audience=Audience.ASKER,
    )


def _choose(ctx: Context, incident: Incident) -> Reply:
    """The likeliest ones as buttons, all of them in a window."""
    others = other_open(ctx, incident)
    if not others:
        return Reply(
            title=f"No other incident is open to merge {incident.id} into",
            text="To merge it into one that is over, name that: /incident merge INC-4 INC-2",
            audience=Audience.ASKER,
        )
    what = _what_happens(incident)
    buttons = [
        Button(f"{i.id} {i.title}"[:75], _call(incident, i), confirm=f"Into {i.id}? {what}")
        for i in others[:OFFERED]
    ]
    if len(others) > OFFERED:
        options = tuple((i.id, f"{i.id} {i.title}"[:60]) for i in others[:CHOICES])
        field = FormField("into", "Into which incident", options=options)
        form = Form(f"Merge {incident.id}", (field,), submit="Merge", text=what)
        buttons.append(
            Button("Another", Call("incident_merge", {"incident": incident.id}), form=form)
        )
    return Reply(
        title=f"Merge {incident.id} into which incident?",
        text=f"{incident.title}, {_state(ctx, incident)}",
        buttons=tuple(buttons),
        audience=Audience.ASKER,
    )


def _what_happens(incident: Incident) -> str:
    alerts = len(counted(incident.signals))
    goes = f"its {alerts} alerts go over" if alerts > 1 else "its alert goes over"
    what = goes if alerts else "it has no alerts"
    return f"{what[:1].upper()}{what[1:]}, {incident.id} is closed, and Tandem learns from it."


def _state(ctx: Context, incident: Incident) -> str:
    return cards.say_state(incident, ctx.now, ctx.people)


def _call(incident: Incident, into: Incident) -> Call:
    return Call("incident_merge", {"incident": incident.id, "into": into.id})


skill = Skill(
    name="incident_merge",
    summary="Merge an incident into another one",
    examples=("merge INC-4 into INC-2", "INC-7 and INC-5 are the same incident"),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
)
