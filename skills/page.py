"""Page somebody for an incident: whoever is on call, the backup, a person, a channel.

Words and the card's button ask first, with a window for whom and why; what is confirmed goes onto
the time line, and from there to the person and to PagerDuty or Opsgenie.
"""

import re

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.escalation import can_be_told, is_person, page_by_hand
from knowledge.oncall import Aim, Target
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
    Unavailable,
)
from skills.which import incident_named

MOST_WHY = 300
MOST_CHOICES = 50
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_FILL = re.compile(
    r"\b(?:the|whoever|is|are|on[- ]?call|for|of|team|engineer|person|please|primary)\b|'s\b",
    re.IGNORECASE,
)
_NEXT = re.compile(r"\b(?:next|backup|secondary|second)\b", re.IGNORECASE)
_MYSELF = frozenset({"me", "myself"})


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-4; empty in its own thread")
    whom: str = Field("", description="a person, a team's or service's on-call, or #channel")
    why: str = Field("", description="why, in a few words")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    if not incident.is_open:
        raise BadArgs("incident", f"{incident.id} is resolved", "Reopen it first")
    if not ctx.via_button or not args.whom.strip():
        return _ask(ctx, incident, args)
    whom = _whom(ctx, incident, args.whom)
    told = (whom,) if whom else ()
    where = _pager(ctx, incident, whom)
    if not told and not where:
        raise UserError(_nobody(incident))
    why = args.why.strip()[:MOST_WHY]
    ctx.incidents.change(
        incident.id,
        lambda stored: page_by_hand(stored, told, ctx.user.id, ctx.now, why, where),
        tell=("card", "thread", "page"),
    )
    return Reply(
        title=f"{_name(ctx, whom) or where} is paged for {incident.id}",
        text=incident.title,
        tone=Tone.GOOD,
        about=incident.id,
        audience=Audience.ASKER,
    )


def _ask(ctx: Context, incident: Incident, args: Args) -> Reply:
    """The button for whom it would be, and another to choose."""
    likely = _likely(ctx, incident, args.whom)
    named = bool(args.whom.strip())
    buttons = []
    if likely:
        buttons.append(_page(ctx, incident, f"Page {_name(ctx, likely)}", likely, args.why))
    elif ctx.pager is not None and not named:
        buttons.append(_page(ctx, incident, f"Page {ctx.pager.name}", "on-call", args.why))
    choices = _choices(ctx, incident)
    if choices:
        field = FormField("whom", "Whom", options=choices, initial=choices[0][0])
    else:
        field = FormField("whom", "Whom", hint="@somebody or #channel")
    other = Form(f"Page for {incident.id}"[:24], (field, _why_field(args.why)), submit="Page")
    buttons.append(Button("Somebody else", _call(incident), form=other))
    return Reply(
        title=f"Page for {incident.id}?",
        text=f"{incident.title}, {cards.say_state(incident, ctx.now, ctx.people)}",
        fields={"On call": _standing(ctx, incident)} if ctx.oncall.configured else {},
        buttons=tuple(buttons),
        audience=Audience.ASKER,
    )


def _page(ctx: Context, incident: Incident, label: str, whom: str, why: str) -> Button:
    """One press when it is said why; else a window asks, and may stay empty."""
    call = _call(incident, whom, why.strip()[:MOST_WHY])
    if why.strip():
        return Button(label[:75], call, style=Style.PRIMARY)
    form = Form(label[:24], (_why_field(""),), submit="Page", text=incident.title)
    return Button(label[:75], call, style=Style.PRIMARY, form=form)


def _why_field(initial: str) -> FormField:
    return FormField(
        "why",
        "Why",
        hint="They read it on a lock screen.",
        initial=initial.strip()[:MOST_WHY],
        multiline=True,
        optional=True,
    )


def _call(incident: Incident, whom: str = "", why: str = "") -> Call:
    given = {"incident": incident.id, "whom": whom, "why": why}
    return Call("page", {name: value for name, value in given.items() if value})


def _likely(ctx: Context, incident: Incident, said: str) -> str:
    """Whoever is meant; nobody where nothing was said and nobody is on call."""
    if said.strip():
        return _whom(ctx, incident, said)
    return _perhaps_on_call(ctx, incident)


def _whom(ctx: Context, incident: Incident, said: str) -> str:
    """The id of the person or channel that these words mean; empty: nobody is on call there.

    Raises NotFound with the names that are nearest.
    """
    text = said.strip()
    mention = _MENTION.fullmatch(text)
    if mention:
        return mention[1]
    if text.lower() in _MYSELF:
        return ctx.user.id
    known = ctx.oncall.person(text)
    if known or can_be_told(text):
        return known or text
    wanted = Aim.NEXT if _NEXT.search(text) else Aim.ON_CALL
    subject = " ".join(_NEXT.sub(" ", _FILL.sub(" ", text)).split())
    if not ctx.oncall.configured:
        if ctx.pager is not None and not subject:
            return ""
        raise NotFound("person", text[:80])
    if not subject:
        return _on_call(ctx, incident, wanted)
    known = ctx.oncall.person(subject)
    if known:
        return known
    shift = ctx.oncall.who(subject, ctx.now, ctx.catalogue.team(subject))
    if shift.by_default:
        # A name that nobody knows must not wake whoever has the default rotation.
        names = (*ctx.oncall.people, *ctx.oncall.names())
        raise NotFound.among("person or rotation", subject[:80], names)
    return shift.person if wanted is Aim.ON_CALL else shift.next


def _pager(ctx: Context, incident: Incident, whom: str) -> str:
    """PagerDuty and its like wake whoever is on call there: not for a page to somebody else."""
    on_call = not whom or whom == _perhaps_on_call(ctx, incident)
    return ctx.pager.name if ctx.pager is not None and on_call else ""


def _perhaps_on_call(ctx: Context, incident: Incident, aim: Aim = Aim.ON_CALL) -> str:
    """Empty also where a calendar cannot be read: others can still be paged."""
    try:
        return _on_call(ctx, incident, aim)
    except Unavailable:
        return ""


def _on_call(ctx: Context, incident: Incident, aim: Aim = Aim.ON_CALL) -> str:
    team = ctx.catalogue.team(incident.service)
    return ctx.oncall.reached(Target(aim), incident.service, ctx.now, team)


def _choices(ctx: Context, incident: Incident) -> tuple[tuple[str, str], ...]:
    """Those on call first, then everybody in the file."""
    if not ctx.oncall.configured:
        return ()
    found: dict[str, str] = {}
    for aim, words in ((Aim.ON_CALL, "on call"), (Aim.NEXT, "next on call")):
        person = _perhaps_on_call(ctx, incident, aim)
        if person:
            found.setdefault(person, f"{_name(ctx, person)}, {words}"[:75])
    for person in ctx.oncall.people.values():
        found.setdefault(person, _name(ctx, person)[:75])
    return tuple(found.items())[:MOST_CHOICES]


def _standing(ctx: Context, incident: Incident) -> str:
    person = _perhaps_on_call(ctx, incident)
    return _name(ctx, person) if person else "nobody"


def _name(ctx: Context, target: str) -> str:
    return ctx.people(target) if is_person(target) else target


def _nobody(incident: Incident) -> str:
    service = incident.service or incident.id
    return f"Nobody is on call for {service}. Name a person, for example @ada."


skill = Skill(
    name="page",
    summary="Page whoever is on call, or somebody else, for an incident",
    examples=("page the payments on-call for INC-4", "page @ada for INC-12"),
    phrases=(
        "page whoever is on call for INC-7",
        "wake up the on-call of ledger for INC-31",
        "page the backup for INC-9",
        "send a page to @ben about INC-12",
        "page the secondary on INC-5: the first one does not answer",
        "please page the search team for this incident",
        "page #platform-leads for INC-8",
        "page @chloe, we need the database team on INC-19",
        "ring the on-call engineer for INC-40",
        "get the network on-call out of bed for INC-2",
    ),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
)
