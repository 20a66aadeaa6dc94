"""Alerts that are another trouble leave an incident and become one of their own."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import counted, instance
from knowledge.records import Incident, Signal
from skills.cards.wording import count
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
from skills.which import incident_named

CHOICES = 14
BY_SERVICE, BY_ALERT = "service", "alert"
_READ: dict[str, Callable[[Signal], str]] = {
    BY_SERVICE: lambda signal: signal.service,
    BY_ALERT: lambda signal: signal.name,
}


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")
    what: str = Field("", description="the service or the alert that leaves it, e.g. kafka")


class Part(NamedTuple):
    """Some of an incident's alerts: those of one service, or of one rule."""

    kind: str
    name: str
    signals: tuple[Signal, ...]

    @property
    def value(self) -> str:
        return f"{self.kind}:{self.name}"


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    parts = _parts(incident)
    if not parts:
        raise BadArgs(
            "incident",
            f"the alerts of {incident.id} are all of one rule and service",
            "There is nothing to split it by",
        )
    if not args.what.strip():
        return _choose(incident, parts)
    part = _named(incident, parts, args.what.strip())
    if not ctx.via_button:
        return _propose(incident, part)
    keys = [instance(signal) for signal in part.signals]
    made = ctx.triage.split(incident.id, keys, ctx.user.id)
    return Reply(
        title=f"{made.id} was split off {incident.id}",
        text=f"{made.title}. Tandem learns that these alerts do not belong together.",
        tone=Tone.GOOD,
        about=made.id,
        audience=Audience.ASKER,
    )


def _parts(incident: Incident) -> list[Part]:
    """What can leave: by service, then by rule, the smallest first; never all that there is."""
    alerts = counted(incident.signals)
    by_service = _grouped(alerts, BY_SERVICE)
    by_alert = _grouped(alerts, BY_ALERT)
    return [part for part in (*by_service, *by_alert) if len(part.signals) < len(alerts)]


def _grouped(alerts: Iterable[Signal], kind: str) -> list[Part]:
    found: dict[str, list[Signal]] = {}
    for signal in alerts:
        found.setdefault(_READ[kind](signal), []).append(signal)
    found.pop("", None)
    parts = [Part(kind, name, tuple(signals)) for name, signals in found.items()]
    return sorted(parts, key=lambda part: (len(part.signals), part.name))


def _named(incident: Incident, parts: list[Part], text: str) -> Part:
    word = text.lower()
    for part in parts:
        if word in (part.value.lower(), part.name.lower()):
            return part
    names = dict.fromkeys(part.name for part in parts)
    raise NotFound.among(f"service or alert of {incident.id}", text, names)


def _propose(incident: Incident, part: Part) -> Reply:
    call = Call("incident_split", {"incident": incident.id, "what": part.value})
    return Reply(
        title=f"Split {part.name} off {incident.id}?",
        text=f"{_say(part)} become an incident of their own. The rest stays here.",
        buttons=(Button("Split", call, style=Style.PRIMARY),),
        audience=Audience.ASKER,
    )


def _choose(incident: Incident, parts: list[Part]) -> Reply:
    options = tuple((p.value[:150], _say(p)[:60]) for p in parts[:CHOICES])
    form = Form(
        f"Split {incident.id}",
        (FormField("what", "What leaves it", options=options),),
        submit="Split",
        text="They become an incident of their own, and Tandem learns from it.",
    )
    call = Call("incident_split", {"incident": incident.id})
    return Reply(
        title=f"Split {incident.id} by what?",
        text="Choose a service or an alert. All its alerts leave together.",
        buttons=(Button("Choose", call, style=Style.PRIMARY, form=form),),
        audience=Audience.ASKER,
    )


def _say(part: Part) -> str:
    about = f"on {part.name}" if part.kind == BY_SERVICE else part.name
    return f"{count(len(part.signals), 'alert')} {about}"


skill = Skill(
    name="incident_split",
    summary="Split alerts off an incident",
    examples=(),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
