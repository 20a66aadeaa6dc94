"""Silence alerts for a while: first what that would have hidden, then the button that does it."""

from datetime import timedelta
from difflib import get_close_matches

from pydantic import BaseModel, Field

from knowledge.durations import parse_duration
from knowledge.errors import BadArgs, NotFound
from knowledge.records import AlertRecord, Incident, Matcher, Silence
from knowledge.silences import (
    LONGEST_TEXT,
    check_matchers,
    check_silence,
    matchers_of,
    matches,
    noted,
    parse_matchers,
    parse_start,
    preview,
    say_matchers,
)
from skills import silence_cards
from skills.cards.wording import listed
from skills.contract import Context, Reply, Role, Skill

MOST_RECORDS = 20_000
"""Alerts that a preview looks at, the newest."""
MOST_OPEN = 50
"""Open incidents whose time line may name the silence."""
LONGEST_REASON = 200
PRESSED_TWICE = timedelta(minutes=5)
_WINDOW = "maintenance"


class Args(BaseModel):
    service: str = Field("", description="service, e.g. checkout")
    duration: str = Field("", description="how long, e.g. 2h; at most 30 days")
    reason: str = Field("", description="why, in a few words; shown to everybody")
    alert: str = Field("", description="alert name, e.g. DiskFull")
    match: str = Field("", description="labels, e.g. service=checkout alertname=~'Disk.*'")
    incident: str = Field("", description="incident whose alerts are meant, e.g. INC-12")
    start: str = Field("", description="when it begins, e.g. 22:00 or in 2h; empty for now")


class StartArgs(BaseModel):
    match: str = Field(description="labels, e.g. service=checkout alertname=~'Disk.*'")
    duration: str = Field(description="how long, e.g. 2h; at most 30 days")
    reason: str = Field("", description="why, in a few words; shown to everybody")
    start: str = Field("", description="when it begins, e.g. 22:00 or in 2h; empty for now")


def run(ctx: Context, args: Args) -> Reply:
    """Changes nothing, whoever presses what: `silence_start` does."""
    matchers = _matchers(ctx, args)
    if not matchers:
        newest = ctx.incidents.find(open_only=True, limit=3)
        return silence_cards.ask_what([(i.id, i.title) for i in newest])
    draft = _draft(ctx, matchers, args.duration or "1h", args.reason, args.start)
    records = ctx.alerts.find(since=ctx.now - silence_cards.LOOK_BACK, limit=MOST_RECORDS)
    found = preview(records, matchers, lambda name: _incident(ctx, name), ctx.catalogue.team)
    span = "Last 7 days" if len(records) < MOST_RECORDS else f"The newest {MOST_RECORDS:,} alerts"
    if not args.duration.strip():
        return silence_cards.choose_length(draft, found, span)
    hint = "" if found.hidden else _nearest(matchers, records)
    return silence_cards.preview_card(draft, found, ctx.user.name, ctx.now, span, hint)


def start(ctx: Context, args: StartArgs) -> Reply:
    """What the button of the preview does."""
    matchers = parse_matchers(args.match)
    draft = _draft(ctx, matchers, args.duration, args.reason, args.start)
    same = _held_already(ctx, draft)
    if same is not None:
        note = "That was set already; nothing was added."
        return silence_cards.set_card(same, ctx.now, ctx.people, note)
    silence = ctx.silences.add(draft)
    touched = [i.id for i in _touched(ctx, matchers)]
    for incident_id in touched:
        ctx.incidents.change(
            incident_id, lambda i: noted(i, silence, ctx.now), tell=("card", "thread")
        )
    note = f"It is on the time line of {listed(touched)}." if touched else ""
    return silence_cards.set_card(silence, ctx.now, ctx.people, note)


def _held_already(ctx: Context, draft: Silence) -> Silence | None:
    """One of the same alerts for as long: the button was pressed twice, or by two people."""
    there = ctx.silences.find(at=ctx.now)
    alike = (s for s in there if s.matchers == draft.matchers and s.starts_at <= draft.starts_at)
    return next((s for s in alike if s.ends_at >= draft.ends_at - PRESSED_TWICE), None)


def _matchers(ctx: Context, args: Args) -> tuple[Matcher, ...]:
    """What is meant, as exactly as it was said: labels, names, else the incident's alerts."""
    if args.match.strip():
        return parse_matchers(args.match)
    service, alert = args.service.strip(), args.alert.strip()
    if service or alert:
        named = (("alertname", alert), ("service", service))
        matchers = tuple(Matcher(label, "=", value) for label, value in named if value)
        _check_length(matchers, "service" if service else "alert")
        return matchers
    incident = args.incident.strip() or ctx.thread
    return _of_incident(ctx.incidents.get(incident)) if incident else ()


def _of_incident(incident: Incident) -> tuple[Matcher, ...]:
    """Its services and rules; only its services where they are too many to be written out."""
    signals = incident.signals
    if not signals:
        raise BadArgs("incident", f"{incident.id} has no alerts", "Name a service or labels")
    services = {s.service for s in signals}
    rules = {s.labels.get("alertname") or s.name for s in signals}
    for matchers in (matchers_of(services, rules), matchers_of(services, ())):
        if matchers and len(say_matchers(matchers)) <= LONGEST_TEXT:
            check_matchers(matchers, "incident")
            return matchers
    raise BadArgs(
        "incident",
        f"{incident.id} has alerts of {len(services)} services",
        "Name a label that they share, such as cluster=...",
    )


def _check_length(matchers: tuple[Matcher, ...], field: str) -> None:
    if len(say_matchers(matchers)) > LONGEST_TEXT:
        raise BadArgs(field, "it is too long for a name", "Name a service such as checkout")


def _draft(
    ctx: Context, matchers: tuple[Matcher, ...], duration: str, reason: str, begins: str
) -> Silence:
    """Raises BadArgs."""
    try:
        lasts = parse_duration(duration)
        starts_at = parse_start(begins, ctx.now)
        ends_at = starts_at + lasts
    except ValueError as error:
        problem, _, remedy = str(error).partition("; ")
        raise BadArgs(
            "duration", problem[:200], remedy.capitalize() or "Write for example 2h"
        ) from None
    except OverflowError:
        raise BadArgs("duration", "it is too long", "Write for example 2h") from None
    draft = Silence(
        id="",
        matchers=matchers,
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=ctx.user.id,
        created_at=ctx.now,
        reason=" ".join(reason.split())[:LONGEST_REASON],
        kind=_WINDOW if starts_at > ctx.now else "silence",
    )
    check_silence(draft, ctx.now)
    return draft


def _incident(ctx: Context, incident_id: str) -> Incident | None:
    try:
        return ctx.incidents.get(incident_id)
    except NotFound:
        return None


def _touched(ctx: Context, matchers: tuple[Matcher, ...]) -> list[Incident]:
    """Open incidents with a firing alert of these."""
    return [
        incident
        for incident in ctx.incidents.find(open_only=True, limit=MOST_OPEN)
        if any(matches(s, matchers, ctx.catalogue.team) for s in incident.firing)
    ]


def _nearest(matchers: tuple[Matcher, ...], records: list[AlertRecord]) -> str:
    """Names that came lately and look like one that did not."""
    known = {
        "service": {r.signal.service for r in records},
        "alertname": {r.signal.name for r in records},
    }
    for matcher in matchers:
        names = {n.lower(): n for n in known.get(matcher.label, set()) if n}
        if matcher.op == "=" and matcher.value not in names.values():
            close = get_close_matches(matcher.value.lower(), names, n=3, cutoff=0.5)
            if close:
                return f"Did you mean {' or '.join(names[c] for c in close)}?"
    return ""


skill = Skill(
    name="silence",
    summary="Mute an alert or a service for a while",
    examples=("silence checkout for 2h", "mute DiskFull on ledger for 4 hours"),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    command="/silence",
    positional=("service", "duration", "reason"),
    asks_first=True,
)

silence_start = Skill(
    name="silence_start",
    summary="Set the silence that the preview showed",
    examples=(),
    args=StartArgs,
    run=start,
    needs=Role.OPERATE,
    hidden=True,
    public=True,
)
