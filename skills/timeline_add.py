"""A message of the chat becomes an entry of an incident's time line, with its author and time."""

from datetime import UTC, datetime

from pydantic import BaseModel, Field

from knowledge.incidents import add_message
from knowledge.records import Message
from skills.contract import Audience, Context, Reply, Role, Skill, Tone
from skills.which import incident_named

MOST_CHARACTERS = 1_000


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")
    user: str = Field("", description="the id of who wrote the message; the asker when empty")
    at: datetime | None = Field(None, description="when it was written; now when empty")
    text: str = Field("", description="what it says")
    url: str = Field("", description="where it can be read")


def run(ctx: Context, args: Args) -> Reply:
    """A reaction or a menu entry is a person's act as a button is: it is done at once."""
    incident = incident_named(ctx, args.incident)
    text = args.text.strip()
    if len(text) > MOST_CHARACTERS:
        text = text[: MOST_CHARACTERS - 1].rstrip() + "…"
    message = Message("", _moment(args.at, ctx.now), args.user or ctx.user.id, text, url=args.url)
    before = incident
    after = ctx.incidents.change(
        incident.id, lambda i: add_message(i, message, ctx.now), tell=("card", "thread")
    )
    known = len(after.timeline) == len(before.timeline)
    return Reply(
        title=f"{'Already on' if known else 'On'} the time line of {incident.id}",
        text=text,
        tone=Tone.GOOD,
        about=incident.id,
        audience=Audience.ASKER,
    )


def _moment(at: datetime | None, now: datetime) -> datetime:
    """In UTC, and never ahead of now: clocks differ."""
    if at is None:
        return now
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now).astimezone(UTC)


skill = Skill(
    name="timeline_add",
    summary="Put a message on an incident's time line",
    examples=(),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    hidden=True,
    asks_first=True,
)
