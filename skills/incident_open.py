"""Open an incident by hand, when a person notices first."""

from pydantic import BaseModel, Field

from knowledge.incidents import declare, read_severity
from knowledge.records import Severity
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

USUAL = Severity.SEV2
"""Somebody who opens one by hand has noticed it, as customers may have."""


class Args(BaseModel):
    title: str = Field("", description="what is wrong, e.g. payments fail", max_length=500)
    service: str = Field("", description="which service, e.g. checkout", max_length=100)
    severity: str = Field("", description="SEV1 to SEV4; SEV2 when nothing is said")
    text: str = Field("", description="what is known so far", max_length=2000)


def run(ctx: Context, args: Args) -> Reply:
    severity = read_severity(args.severity, "severity") if args.severity.strip() else USUAL
    service = ctx.catalogue.canonical(args.service.strip()) or args.service.strip()
    if not ctx.via_button:
        return _propose(args.title.strip(), service, severity, args.text.strip())
    if not args.title.strip():
        return _propose("", service, severity, args.text.strip())
    draft = declare(args.title, service, severity, ctx.user.id, ctx.now, args.text)
    opened = ctx.incidents.open(draft, tell=("card",))
    return Reply(
        title=f"{opened.id} is open",
        text=f"{opened.title}. Its card comes to the incidents channel.",
        tone=Tone.GOOD,
        buttons=(Button("Show it", Call("incident_show", {"incident": opened.id})),),
        audience=Audience.ASKER,
    )


def _propose(title: str, service: str, severity: Severity, text: str) -> Reply:
    """The window that opens it, filled with what was said."""
    form = Form(
        "Open an incident",
        (
            FormField("title", "What is wrong", initial=title[:300]),
            FormField("service", "Service", initial=service, optional=True),
            FormField(
                "severity", "Severity", initial=severity.value, options=cards.SEVERITY_OPTIONS
            ),
            FormField(
                "text", "What is known so far", initial=text[:300], multiline=True, optional=True
            ),
        ),
        submit="Open",
    )
    where = f" of {service}" if service else ""
    return Reply(
        title=f"Open an incident{where}?",
        text=title,
        buttons=(Button("Open", Call("incident_open"), style=Style.PRIMARY, form=form),),
        audience=Audience.ASKER,
    )


skill = Skill(
    name="incident_open",
    summary="Open an incident by hand",
    examples=("open an incident for checkout: payments fail", "declare a SEV1 for search"),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
)
