"""An incident to take away: Markdown to read, JSON that `tandem summarise` and others read."""

from dataclasses import replace

from pydantic import BaseModel, Field

from knowledge.errors import Unavailable
from knowledge.incident_files import write_incident
from knowledge.records import Incident
from skills import cards
from skills.contract import Attachment, Audience, Context, Reply, Skill
from skills.which import incident_named

MOST_RECORDS = 10_000


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")


def run(ctx: Context, args: Args) -> Reply:
    incident = _with_thread(ctx, incident_named(ctx, args.incident))
    records = ctx.alerts.find(incident=incident.id, limit=MOST_RECORDS)
    markdown = cards.markdown(incident, records, ctx.people, now=ctx.now)
    return Reply(
        title=f"{incident.id}: export",
        text="Time line, alerts, changes and people, as Markdown and as JSON.",
        attachments=(
            Attachment(f"{incident.id}.md", markdown.encode()),
            Attachment(
                f"{incident.id}.json", write_incident(incident, records, ctx.people).encode()
            ),
        ),
        audience=Audience.ASKER,
    )


def _with_thread(ctx: Context, incident: Incident) -> Incident:
    """What was said is part of it, where it can be read."""
    try:
        return replace(incident, thread=ctx.read_thread(incident.id))
    except Unavailable:
        return incident


skill = Skill(
    name="incident_export",
    summary="Export an incident as Markdown and JSON",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)
