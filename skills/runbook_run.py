"""Begin a runbook: what it asks for is filled in, and its steps wait for clicks of their own."""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from knowledge.errors import NotConnected, UserError
from knowledge.ports.remediation import Remediation
from knowledge.runbooks import Parameter, known_values, proposed
from knowledge.runbooks.runners_file import SETTING
from skills.cards.execution import execution_card, run_button
from skills.contract import (
    Audience,
    Button,
    Context,
    Form,
    FormField,
    Reply,
    Role,
    Skill,
)

SET = "set."
"""What a form's field of a parameter is called: "set.node"."""


class Args(BaseModel):
    """A form adds "set.<parameter>" for each parameter. Nobody types these, so they are no
    fields."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(description="the runbook's id")
    incident: str = Field("", description="the incident it is run for")

    def given(self) -> dict[str, str]:
        extra: dict[str, Any] = self.model_extra or {}
        return {n.removeprefix(SET): str(v) for n, v in extra.items() if n.startswith(SET)}


def run(ctx: Context, args: Args) -> Reply:
    service = remediation(ctx)
    offer = service.offer(_as_id(args.name))
    incident = args.incident or ctx.thread
    if not ctx.via_button:
        return Reply(
            title=f"Run {offer.document.title}?",
            text="Nothing is run by beginning it: each step waits for its own click.",
            buttons=(run_button(offer, incident),),
            audience=Audience.ASKER,
        )
    execution = service.begin(
        offer.document.id,
        args.given(),
        by=ctx.user.id,
        by_name=ctx.user.name,
        incident=incident,
        channel=ctx.channel,
    )
    if not ctx.channel:
        return execution_card(service.view(execution.id), ctx.people)
    link = ctx.card_link(execution.id)
    return Reply(
        title=f"{execution.id}: {execution.title}",
        text="Its card is in this channel; each step waits there for a click.",
        buttons=(Button("Open the card", url=link),) if link else (),
        about=execution.id,
        audience=Audience.ASKER,
    )


def form(ctx: Context, args: Args) -> Form:
    """The window: one field for each parameter, filled in as far as the incident says."""
    offer = remediation(ctx).offer(_as_id(args.name))
    incident = args.incident or ctx.thread
    known = known_values(ctx.incidents.get(incident)) if incident else {}
    given = args.given()
    fields = tuple(
        _field(parameter, given.get(parameter.name) or proposed(parameter, known))
        for parameter in offer.runbook.parameters
    )
    if not fields:
        raise UserError(f"{offer.document.title} asks for nothing; press Run it.")
    text = f"{offer.document.title}. Nothing is run yet: each step waits for its own click."
    return Form("Run a runbook", fields, submit="Begin", text=text)


def remediation(ctx: Context) -> Remediation:
    """Raises NotConnected where nothing can be run."""
    if ctx.remediation is None:
        raise NotConnected("running runbooks", SETTING)
    return ctx.remediation


def _as_id(name: str) -> str:
    """Ids of runbooks are their file names: "Kafka lag" means kafka-lag."""
    return "-".join(name.lower().split()) if " " in name.strip() else name.strip()


def _hint(parameter: Parameter) -> str:
    """What it is; what it may be too, where that is not to be chosen from a list."""
    bounds = "" if parameter.choices else parameter.bounds
    said = [part for part in (parameter.description, bounds) if part]
    return ". ".join(part[:1].upper() + part[1:] for part in said)[:150]


def _field(parameter: Parameter, initial: str) -> FormField:
    return FormField(
        f"{SET}{parameter.name}",
        parameter.name,
        hint=_hint(parameter),
        initial=initial,
        options=tuple((choice, choice) for choice in parameter.choices),
    )


skill = Skill(
    name="runbook_run",
    summary="Begin going through a runbook",
    examples=(),
    args=Args,
    run=run,
    form=form,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)


def again(ctx: Context, execution_id: str) -> Reply:
    """The card as it is now, in the place of the one that was pressed."""
    view = remediation(ctx).view(execution_id)
    return replace(execution_card(view, ctx.people), replace=True)
