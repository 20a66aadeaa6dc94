"""Say what probably broke: suspects with their evidence, for an incident or a service right now.

It works without a language model. What is gathered and how it is weighed: `knowledge.diagnosis`.
"""

import re
from dataclasses import replace

from pydantic import BaseModel, Field

from knowledge.diagnosis import Gathered, diagnose, gather
from knowledge.diagnosis.model_side import subject_of
from knowledge.records import Incident
from skills import cause_pictures
from skills.cards.execution import run_buttons
from skills.cards.suspects import suspects_card
from skills.contract import BadArgs, Button, Call, Context, Reply, Skill

_MOST_OPEN = 50
_INCIDENT = re.compile(r"(inc[-\s]?)?\d+", re.IGNORECASE)


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")
    service: str = Field("", description="service, e.g. checkout; where no incident is named")


def run(ctx: Context, args: Args) -> Reply:
    found = gathered(ctx, *_meant(args))
    ranking = diagnose(found)
    reply = suspects_card(ranking, found, ctx.card_link)
    picture = cause_pictures.suspects_picture(ranking, found)
    about = found.incident.id if found.incident else ""
    return replace(
        reply,
        pictures=(picture,) if picture else (),
        about=about,
        buttons=(*reply.buttons, *_side(ctx, found), *_remedies(ctx, found.incident)),
    )


def _side(ctx: Context, found: Gathered) -> tuple[Button, ...]:
    """For a service that answers for a model: is it the model?"""
    subject = subject_of(ctx, service=found.service, incident=found.incident)
    if subject is None:
        return ()
    about = {"incident": found.incident.id} if found.incident else {"model": subject.model}
    return (Button("Model or infrastructure?", Call("model_or_infra", about)),)


def _remedies(ctx: Context, incident: Incident | None) -> tuple[Button, ...]:
    """Runbooks that are meant for its alerts and can be run from here."""
    if incident is None or not incident.is_open or ctx.remediation is None:
        return ()
    begun = ctx.executions.find(incident=incident.id, open_only=True)
    offers = ctx.remediation.offers(incident)
    return run_buttons(offers, incident.id, {execution.runbook for execution in begun})


def gathered(ctx: Context, incident: str, service: str) -> Gathered:
    """What is known of the incident that is named, or is open on the service, or in whose thread
    is asked; else of the service right now. Raises BadArgs where none of these is."""
    about = _incident(ctx, incident, service)
    if about is None and not service:
        newest = [i.id for i in ctx.incidents.find(open_only=True, limit=3)]
        example = ", ".join(newest) or "INC-12"
        raise BadArgs("incident", "it does not say which", f"Name one ({example}) or a service")
    return gather(ctx, ctx.now, about, "" if about else service)


def _meant(args: Args) -> tuple[str, str]:
    """Incident and service: "/why checkout" names a service where an incident may stand."""
    named, service = args.incident.strip(), args.service.strip()
    return (named, service) if _INCIDENT.fullmatch(named) else ("", service or named)


def _incident(ctx: Context, named: str, service: str) -> Incident | None:
    if named:
        return ctx.incidents.get(named)
    if service:
        return _open_on(ctx, service)
    if ctx.thread:
        return ctx.incidents.get(ctx.thread)
    alone = ctx.incidents.find(open_only=True, limit=2)
    return alone[0] if len(alone) == 1 else None


def _open_on(ctx: Context, service: str) -> Incident | None:
    """The newest open incident that is about the service, or has alerts on it."""
    name = (ctx.catalogue.canonical(service) or service).lower()
    known = ctx.incidents.find(open_only=True, limit=_MOST_OPEN)
    about = [i for i in known if name in (i.service.lower(), *(s.lower() for s in i.suspects))]
    touched = [i for i in known if any(s.service.lower() == name for s in i.signals)]
    return next(iter((*about, *touched)), None)


skill = Skill(
    name="root_cause",
    summary="Say what probably broke, and which change did it",
    examples=("why is checkout slow?", "what changed before INC-12?", "root cause of INC-12"),
    args=Args,
    run=run,
    command="/why",
    positional=("incident",),
)
