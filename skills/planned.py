"""Skills that are understood and not built yet: each says so, and offers what helps now."""

from collections.abc import Callable
from functools import partial

from pydantic import BaseModel, Field

from skills.contract import Button, Call, Context, Reply, Skill


class AboutIncident(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12")


class AboutIncidentOrService(AboutIncident):
    service: str = Field("", description="service, e.g. checkout")


class AboutService(BaseModel):
    service: str = Field("", description="service, e.g. checkout")


Offers = Callable[[Context, BaseModel], tuple[Button, ...]]


def _not_built(what: str, offers: Offers, ctx: Context, args: BaseModel) -> Reply:
    buttons = offers(ctx, args)
    text = "This is not built yet." + (" What helps now:" if buttons else "")
    return Reply(title=what, text=text, buttons=buttons)


def _incident(ctx: Context, args: BaseModel) -> str:
    return str(getattr(args, "incident", "")) or ctx.thread


def _on_incident(ctx: Context, args: BaseModel) -> tuple[Button, ...]:
    incident = _incident(ctx, args)
    if not incident:
        return (_incidents(args),)
    return (
        Button(f"Summarise {incident}", Call("incident_summary", {"incident": incident})),
        Button("Similar incidents", Call("similar_incidents", {"incident": incident})),
    )


def _incidents(args: BaseModel) -> Button:
    service = str(getattr(args, "service", ""))
    label = f"Incidents of {service}" if service else "List open incidents"
    return Button(label[:75], Call("incident_list", {"service": service} if service else {}))


def _on_service(ctx: Context, args: BaseModel) -> tuple[Button, ...]:
    return (_incidents(args),)


PLANNED: tuple[
    Skill[AboutIncidentOrService]
    | Skill[AboutIncident]
    | Skill[AboutService],
    ...,
] = (
    Skill(
        name="postmortem",
        summary="Draft the post-mortem of an incident",
        examples=("draft the post-mortem of INC-12",),
        args=AboutIncident,
        run=partial(_not_built, "Drafting a post-mortem", _on_incident),
        ready=False,
    ),
)
