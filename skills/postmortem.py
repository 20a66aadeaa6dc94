"""Draft the post-mortem of an incident: from what is recorded, blameless, edited before it is
posted, and kept as a document only when a person says so."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, Field

from knowledge.errors import Denied, Unavailable
from knowledge.records import Document, DocumentKind, Incident
from knowledge.summary import Group, Statement
from knowledge.summary.postmortem import postmortem
from knowledge.summary.report import Part, Report, report_markdown
from skills.cards.report import report_reply
from skills.contract import (
    Attachment,
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
from skills.incident_summary import with_names
from skills.which import incident_named

MOST_TEXT = 2900
"""What one field of a window holds."""
_EDITED = {
    "summary": ("Summary",),
    "impact": ("Impact", "Detection"),
    "cause": ("Cause", "Ruled out", "Five whys"),
    "lessons": ("What went well", "What went badly"),
    "actions": ("Action items",),
}
"""Which sections each field of the window holds, one statement a line under its heading."""


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")
    summary: str = Field("", description="summary as edited")
    impact: str = Field("", description="impact and detection as edited")
    cause: str = Field("", description="cause and whys as edited")
    lessons: str = Field("", description="what went well and badly, as edited")
    actions: str = Field("", description="action items as edited")
    keep: str = Field("", description="yes to keep it as a document that search finds")


def run(ctx: Context, args: Args) -> Reply:
    incident, draft = _draft(ctx, args)
    edited = {name: getattr(args, name) for name in _EDITED}
    if not ctx.via_button or not any(text.strip() for text in edited.values()):
        return _card(incident, draft)
    final = _edited(draft, edited)
    text = report_markdown(final)
    kept = args.keep.strip().lower() == "yes"
    if kept:
        _keep(ctx, incident, final, text)
    return Reply(
        title=final.title[:150],
        text=f"Edited and posted by {ctx.user.name}.",
        tone=Tone.GOOD,
        attachments=(Attachment(_file(incident), text.encode()),),
        footer="kept as a document; search finds it" if kept else "not kept as a document",
        about=incident.id,
    )


def form(ctx: Context, args: Args) -> Form:
    """The draft as it is when the button is pressed, section by section."""
    incident, draft = _draft(ctx, args)
    fields = [
        FormField(name, " and ".join(headings)[:75], initial=_text(draft, headings),
                  multiline=True, optional=True)
        for name, headings in _EDITED.items()
    ]  # fmt: skip
    keep = FormField(
        "keep",
        "Keep it as a document that search finds?",
        initial="no",
        options=(("no", "No"), ("yes", "Yes")),
    )
    return Form(
        f"Post-mortem {incident.id}"[:24],
        (*fields, keep),
        submit="Post",
        text="The time line and the sources are added as they are.",
        keep=(("incident", incident.id),),
    )


def _draft(ctx: Context, args: Args) -> tuple[Incident, Report]:
    stored = incident_named(ctx, args.incident)
    try:
        stored = replace(stored, thread=ctx.read_thread(stored.id))
    except Unavailable:  # a draft from the time line alone is better than none
        stored = replace(stored, thread=())
    incident = with_names(ctx, stored)
    return incident, postmortem(incident, ctx.now)


def _card(incident: Incident, draft: Report) -> Reply:
    card = report_reply(draft, _file(incident).removesuffix(".md"))
    call = Call(skill.name, {"incident": incident.id})
    edit = Button("Edit before posting", call, style=Style.PRIMARY, asks=True)
    return replace(
        card,
        buttons=(edit,),
        footer="a draft; nothing is posted or kept before you have read it",
        about=incident.id,
        audience=Audience.ASKER,
    )


def _file(incident: Incident) -> str:
    return f"postmortem-{incident.id}.md"


def _text(draft: Report, headings: Sequence[str]) -> str:
    """Sections as text for a field: headings where there are several, a line for a statement."""
    parts = [draft.part(h) for h in headings]
    lines = []
    for part in parts:
        if len(parts) > 1:
            lines.append(f"{part.heading}:")
        lines += [f"- {s.text}" for s in part.statements]
    text = "\n".join(lines)
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def _edited(draft: Report, texts: dict[str, str]) -> Report:
    """The draft with the sections that were edited in the words of who edited them; a statement
    that was left as it was keeps its sources."""
    known = {s.text: s for p in draft.parts for s in p.statements}
    parts = {p.heading: p for p in draft.parts}
    for name, headings in _EDITED.items():
        if not texts[name].strip():
            continue
        said: dict[str, list[Statement]] = {h: [] for h in headings}
        heading = headings[0]
        for raw in texts[name].splitlines():
            line = raw.strip()
            if line.rstrip(":") in said and line.endswith(":"):
                heading = line.rstrip(":")
            elif line.strip("-•* "):
                words = line.lstrip("-•* ")
                said[heading].append(known.get(words) or Statement("", Group.HEADLINE, words, ()))
        for h in headings:
            parts[h] = Part(h, tuple(said[h]), parts[h].open)
    return replace(draft, parts=tuple(parts[p.heading] for p in draft.parts))


def _keep(ctx: Context, incident: Incident, final: Report, text: str) -> None:
    """Raises Denied for who may only read."""
    if ctx.user.role < Role.OPERATE:
        raise Denied("Only operators and approvers may keep a post-mortem as a document.")
    cause = " ".join(s.text for s in final.part("Cause").statements)
    document = Document(
        f"postmortem-{incident.id}",
        final.title,
        text,
        DocumentKind.INCIDENT,
        incident.service,
        f"{incident.opened_at:%Y-%m-%d}",
        incident.severity.value,
        cause,
        incident.resolution,
        tags=("postmortem",),
    )
    ctx.library.add([document])


skill = Skill(
    name="postmortem",
    summary="Draft the post-mortem of an incident, blameless, as Markdown",
    examples=("draft the post-mortem of INC-12", "write the postmortem for this incident"),
    phrases=(
        "post-mortem please",
        "prepare a blameless postmortem for INC-31",
        "start the retrospective document of INC-7",
        "I need the incident review of INC-9 as markdown",
        "RCA document for INC-40",
        "generate a post mortem draft with time line and action items",
        "write up INC-22 for the review meeting",
        "five whys for INC-18",
        "can you draft the incident report of this one",
        "make the PIR for INC-77",
        "postmortem template filled in with what we know",
    ),
    args=Args,
    run=run,
    form=form,
)
