"""Catch up on an incident: every statement links to the alert, change or message it rests on."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, Field

from knowledge.durations import parse_duration, say_duration
from knowledge.errors import BadArgs
from knowledge.records import Incident, Message, Severity, Status
from knowledge.summary import (
    Group,
    SourceText,
    Statement,
    Summary,
    reword,
    sources_of,
    summarise,
)
from knowledge.summary.catching_up import catch_up
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Line,
    Reply,
    Section,
    Skill,
    Source,
    Style,
    Tone,
)

MOST_OFFERED = 8
_HEADINGS = {
    Group.HEADLINE: "What happened",
    Group.IMPACT: "Impact",
    Group.CAUSE: "Cause",
    Group.RULED_OUT: "Ruled out",
    Group.MITIGATION: "What was done",
    Group.STATE: "State",
    Group.OWNERS: "Owners",
    Group.NEXT_STEPS: "Next steps",
    Group.TIMELINE: "Time line (UTC)",
}
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")


class Args(BaseModel):
    incident: str = Field("", description="which one, e.g. INC-12; empty for this thread's")
    service: str = Field("", description="the open incident of this service, e.g. checkout")
    post: bool = Field(False, description="post it for everyone instead of showing it to you")
    since: str = Field("", description="only what is new since then: 2h, 14:30; empty for all")


def run(ctx: Context, args: Args) -> Reply:
    wanted = args.incident.strip()
    if not wanted and not args.service.strip():
        wanted = ctx.thread
    if wanted:
        return _show(ctx, ctx.incidents.get(wanted), args)
    service = args.service.strip()
    found = ctx.incidents.find(open_only=True, service=service, limit=MOST_OFFERED)
    if len(found) == 1:
        return _show(ctx, found[0], args)
    return _offer(found, service) if found else _none_open(ctx, service)


def _offer(found: Sequence[Incident], service: str) -> Reply:
    many = f"{MOST_OFFERED} or more" if len(found) == MOST_OFFERED else str(len(found))
    return Reply(
        title=f"{many} incidents are open{_of(service)}. Which one?",
        sections=(
            Section(
                lines=tuple(Line(f"{i.id} · {i.severity.value} · {i.title}") for i in found),
                bullets=True,
            ),
        ),
        buttons=tuple(Button(i.id, Call(skill.name, {"incident": i.id})) for i in found),
        audience=Audience.ASKER,
    )


def _none_open(ctx: Context, service: str) -> Reply:
    title = f"No incident is open{_of(service)}"
    last = ctx.incidents.find(status=Status.RESOLVED, service=service, limit=1)
    if not last:
        return Reply(title=title, tone=Tone.GOOD, audience=Audience.ASKER)
    latest = last[0]
    ago = say_duration(ctx.now - (latest.resolved_at or latest.updated_at))
    return Reply(
        title=title,
        text=f"The latest was {latest.id}, {latest.title}; it was resolved {ago} ago.",
        tone=Tone.GOOD,
        buttons=(Button(f"Show {latest.id}", Call(skill.name, {"incident": latest.id})),),
        audience=Audience.ASKER,
    )


def _of(service: str) -> str:
    return f" for {service}" if service else ""


def _show(ctx: Context, stored: Incident, args: Args) -> Reply:
    incident = with_names(ctx, replace(stored, thread=ctx.read_thread(stored.id)))
    since = moment(args.since, ctx.now)
    plain = catch_up(incident, ctx.now, since) if since else summarise(incident, ctx.now)
    summary = plain if ctx.llm is None else reword(plain, incident, ctx.llm, ctx.llm_seconds)
    worded = ctx.llm.name if ctx.llm is not None and summary != plain else ""
    return Reply(
        title=_title(incident, since),
        tone=_tone(incident),
        sections=tuple(_sections(summary)),
        sources=_sources(summary, incident),
        buttons=_buttons(incident, args.post, ctx.now),
        footer=_footer(ctx, incident, worded),
        about=incident.id,
        audience=Audience.PLACE if args.post else Audience.ASKER,
    )


def _title(incident: Incident, since: datetime | None) -> str:
    new = f" · new since {since:%H:%M}" if since else ""
    return f"{incident.id} · {incident.title}{new}"


def moment(said: str, now: datetime) -> datetime | None:
    """The moment that "2h", "14:30" or an ISO time means; None where nothing is said."""
    text = said.strip()
    if not text:
        return None
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(?: utc)?", text, re.IGNORECASE)
    if clock:
        today = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return today if today <= now else today - timedelta(days=1)
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        raise BadArgs(
            "since", f"{text[:40]!r} is no time", "Write for example 2h or 14:30"
        ) from None


def _sections(summary: Summary) -> list[Section]:
    sections = []
    for group, heading in _HEADINGS.items():
        lines = tuple(_line(s) for s in summary.of(group))
        if lines:
            sections.append(Section(heading, lines, bullets=len(lines) > 1))
    return sections


def _line(statement: Statement) -> Line:
    return Line(statement.text, statement.sources)


def _sources(summary: Summary, incident: Incident) -> tuple[Source, ...]:
    """Those that are cited, in the order in which they are."""
    known = sources_of(incident)
    cited = dict.fromkeys(key for s in summary.statements for key in s.sources)
    return tuple(Source(key, _label(known[key]), known[key].url) for key in cited if key in known)


def _label(source: SourceText) -> str:
    return f"{source.label} {source.at:%H:%M}"


def _buttons(incident: Incident, posted: bool, now: datetime) -> tuple[Button, ...]:
    post = Button("Post here", Call(skill.name, {"incident": incident.id, "post": True}))
    similar = Button("Similar incidents", Call("similar_incidents", {"incident": incident.id}))
    ack = Button(
        "Acknowledge",
        Call("incident_update", {"incident": incident.id, "action": "ack"}),
        style=Style.PRIMARY,
    )
    waiting = incident.is_open and not incident.acknowledged_by
    later = Button(
        f"What is new since {now:%H:%M}",
        Call(skill.name, {"incident": incident.id, "since": now.isoformat(timespec="seconds")}),
    )
    return (
        *((ack,) if waiting else ()),
        *(() if posted else (post,)),
        similar,
        *((later,) if incident.is_open and not posted else ()),
    )


def _footer(ctx: Context, incident: Incident, worded: str) -> str:
    counts = (
        _count(len(incident.signals), "alert"),
        _count(len(incident.changes), "change"),
        _count(len(incident.timeline), "event"),
        _count(len(incident.thread), "message"),
    )
    read = ", ".join(c for c in counts if c)
    wording = f" Worded by {worded}, checked against the sources." if worded else ""
    return f"From {read or 'the record'}, as of {ctx.now:%H:%M} UTC.{wording}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}" if number else ""


def _tone(incident: Incident) -> Tone:
    if incident.status is Status.RESOLVED:
        return Tone.GOOD
    grave = incident.severity in (Severity.SEV1, Severity.SEV2) and incident.status is Status.OPEN
    return Tone.BAD if grave else Tone.WARNING


def with_names(ctx: Context, incident: Incident) -> Incident:
    """People by their shown names, in the authors as in the text."""

    def plain(text: str) -> str:
        return _MENTION.sub(lambda m: f"@{ctx.people(m[1])}", text)

    def named(message: Message) -> Message:
        return replace(message, user=ctx.people(message.user), text=plain(message.text))

    return replace(
        incident,
        thread=tuple(named(m) for m in incident.thread),
        timeline=tuple(
            replace(e, actor=ctx.people(e.actor), text=plain(e.text)) for e in incident.timeline
        ),
        owner=ctx.people(incident.owner) if incident.owner else "",
        acknowledged_by=ctx.people(incident.acknowledged_by) if incident.acknowledged_by else "",
    )


skill = Skill(
    name="incident_summary",
    summary="Catch up on an incident: what happened, impact, cause, what was done, what is next",
    examples=("catch me up", "summarise INC-12", "where do we stand with checkout?"),
    phrases=(
        "what happened in INC-12",
        "give me the short version of this incident",
        "i just joined, what is going on",
        "status of the payments incident please",
        "tldr of this thread",
        "what do we know so far and what was tried",
        "handover summary for the next shift",
        "who is on it and what are the next steps for INC-7",
        "what's the impact and is it fixed",
    ),
    args=Args,
    run=run,
    command="/incident",
    positional=("incident",),
)
