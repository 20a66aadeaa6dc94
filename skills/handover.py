"""Pass an incident to another team, which accepts it or returns it with a reason. Words change
nothing: the form and the card's buttons do."""

from pydantic import BaseModel, Field

from knowledge.handovers import KIND, MOST_REASON, accept, give_back, holder
from knowledge.incidents import record
from knowledge.records import Handover, HandoverState, Incident
from skills.cards.handover import say_answer
from skills.contract import (
    Audience,
    BadArgs,
    Button,
    Call,
    Context,
    Form,
    FormField,
    NotFound,
    Reply,
    Role,
    Skill,
    Style,
    Tone,
)
from skills.which import incident_named

TELL = (KIND,)
_OF_INCIDENT = ("card", "thread")
_MOST_SUMMARY = 700
"""It is carried by a button and a form: what people saw is what is passed on."""
_MOST_TEAMS = 100
"""So many options a choice of Slack holds."""


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")
    to: str = Field("", description="the team that is to take it", max_length=80)
    note: str = Field("", description="what they should know", max_length=MOST_REASON)
    summary: str = Field("", description="what is known, from the card that offers it")
    side: str = Field("", description="the side that is held to be at fault")
    model: str = Field("", description="the model it is about")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    if not ctx.via_button or not args.to.strip():
        return _ask(ctx, incident, args)
    known = ctx.handovers.find(incident=incident.id)
    team, owner = args.to.strip(), holder(team_of(ctx, incident), known)
    _need_sense(incident, known, team, owner)
    offered = ctx.handovers.open(
        Handover(
            id="",
            incident=incident.id,
            from_team=owner,
            to_team=team,
            offered_at=ctx.now,
            offered_by=ctx.user.id,
            summary=_summary(incident, args),
            model=args.model,
            side=args.side,
        ),
        tell=TELL,
    )
    text = f"offered to {team} ({offered.id})" + (f": {args.note.strip()}" if args.note else "")
    ctx.incidents.change(
        incident.id, lambda i: record(i, KIND, ctx.user.id, ctx.now, text), _OF_INCIDENT
    )
    return Reply(
        title=f"{incident.id} is offered to {team}",
        text="They get a card with what is known, and accept it or return it with a reason. Until "
        f"they accept, it stays with {owner or 'you'}.",
        tone=Tone.GOOD,
        footer=offered.id,
        about=incident.id,
    )


def team_of(ctx: Context, incident: Incident) -> str:
    """Whose it is to begin with: the team of its service."""
    service = incident.service
    return ctx.catalogue.team(ctx.catalogue.canonical(service) or service) if service else ""


def handover_form(ctx: Context, args: Args) -> Form:
    """Which team, and what they should know."""
    incident = incident_named(ctx, args.incident)
    teams = teams_known(ctx, args.to)
    choice = FormField(
        "to",
        "To which team",
        initial=args.to,
        options=tuple((team, team) for team in teams),
        hint="" if teams else "Its name, as people know it.",
    )
    note = FormField(
        "note", "What should they know?", hint="One line is enough.", multiline=True, optional=True
    )
    kept = (("incident", incident.id), ("side", args.side), ("model", args.model))
    return Form(
        "Hand over",
        (choice, note),
        submit="Hand over",
        text=args.summary or f"{incident.id}: {incident.title}",
        keep=(*kept, ("summary", args.summary)),
    )


def teams_known(ctx: Context, first: str = "") -> list[str]:
    """Of the catalogue and of the on-call file, the named one first."""
    every = {*ctx.catalogue.teams.values(), *ctx.oncall.teams} - {"", first}
    return [*([first] if first else []), *sorted(every)][:_MOST_TEAMS]


def _summary(incident: Incident, args: Args) -> str:
    note = f"Note: {args.note.strip()}" if args.note.strip() else ""
    since = f"{incident.id} {incident.severity.value}, open since {incident.opened_at:%H:%M} UTC"
    firing = len(incident.firing)
    alerts = f"{firing} of {len(incident.signals)} alerts fire." if incident.signals else ""
    lines = (args.summary.strip()[:_MOST_SUMMARY], note, f"{since}. {alerts}".strip())
    return "\n".join(filter(None, lines))


def _need_sense(incident: Incident, known: list[Handover], team: str, owner: str) -> None:
    if not incident.is_open:
        raise BadArgs("incident", f"{incident.id} is resolved", "Reopen it first")
    if team.casefold() == owner.casefold():
        raise BadArgs("to", f"{incident.id} is with {owner} already", "Name another team")
    waiting = [h for h in known if h.state is HandoverState.OFFERED]
    if any(h.to_team.casefold() == team.casefold() for h in waiting):
        raise BadArgs("to", f"{incident.id} is offered to {team} already", "Wait for their answer")


def _ask(ctx: Context, incident: Incident, args: Args) -> Reply:
    given = args.model_dump(exclude_defaults=True) | {"incident": incident.id}
    return Reply(
        f"Hand {incident.id} over?",
        text="The other team gets a card with what is known, and accepts or returns it.",
        buttons=(Button("Hand over", Call("handover", given), Style.PRIMARY, asks=True),),
        audience=Audience.ASKER,
        about=incident.id,
    )


class AnswerArgs(BaseModel):
    handover: str = Field(description="the handover, e.g. HND-3")
    answer: str = Field("accept", description="accept or return")
    reason: str = Field("", description="why it is returned", max_length=MOST_REASON)


def answer(ctx: Context, args: AnswerArgs) -> Reply:
    found = ctx.handovers.get(args.handover)
    if not ctx.via_button:
        return _by_click_only(ctx, found)
    if found.state is not HandoverState.OFFERED:
        return _late(ctx, found)
    step = (
        give_back(ctx.user.id, ctx.now, args.reason)
        if args.answer == "return"
        else accept(ctx.user.id, ctx.now)
    )
    after = ctx.handovers.change(found.id, step, TELL)
    text = say_answer(after)
    try:
        ctx.incidents.change(
            after.incident, lambda i: record(i, KIND, ctx.user.id, ctx.now, text), _OF_INCIDENT
        )
    except NotFound:
        text = f"{text}; the incident is gone"
    accepted = after.state is HandoverState.ACCEPTED
    return Reply(
        title=f"{after.incident} is with {after.to_team}"
        if accepted
        else f"{after.incident} is back with {after.from_team or 'those who had it'}",
        text=text[:1].upper() + text[1:],
        tone=Tone.GOOD if accepted else Tone.NEUTRAL,
        about=after.incident,
        audience=Audience.ASKER,
    )


def _late(ctx: Context, handover: Handover) -> Reply:
    who = ctx.people(handover.answered_by)
    return Reply(
        title=f"{handover.id} was {handover.state.value} by {who} already",
        text="Your click changed nothing.",
        tone=Tone.WARNING,
        about=handover.incident,
        audience=Audience.ASKER,
    )


def _by_click_only(ctx: Context, handover: Handover) -> Reply:
    link = ctx.card_link(handover.id)
    return Reply(
        "Answering a handover takes a click",
        text=f"Press a button on the card of {handover.id}.",
        buttons=(Button("Open the card", url=link),) if link else (),
        audience=Audience.ASKER,
    )


handover = Skill(
    name="handover",
    summary="Pass an incident to another team, which accepts it or returns it with a reason",
    examples=(),
    args=Args,
    run=run,
    form=handover_form,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
handover_answer = Skill(
    name="handover_answer",
    summary="Accept an incident that another team passes on, or return it with a reason",
    examples=(),
    args=AnswerArgs,
    run=answer,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
