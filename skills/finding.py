"""Investigate a finding: all that probably explains it, the same found before, where to look on."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pydantic import BaseModel, Field

from knowledge.durations import say_duration
from knowledge.errors import BadArgs, NotFound
from knowledge.findings import MODEL_KINDS, model_of, monitor_of, window_of
from knowledge.monitors import MetricMonitor
from knowledge.records import AlertRecord, Incident, Signal
from skills.cards.finding import (
    also_found,
    explanation,
    finding_fields,
    finding_footer,
    verdict,
    why,
)
from skills.cards.wording import clock, stamp, tone
from skills.contract import Audience, Button, Call, Context, Line, Reply, Section, Skill
from skills.noticed import Reading
from skills.which import incident_named

LOOK_BACK = timedelta(days=30)
MOST_CLUES = 10
SHOWN_EARLIER = 6
MOST_RECORDS = 200


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    noticed = Reading.of(ctx).noticed(incident, ctx.now)
    if noticed is None:
        raise BadArgs(
            "incident", f"Tandem found nothing itself in {incident.id}", "Ask to be caught up on it"
        )
    finding = noticed.finding
    explained, sources = explanation(noticed, MOST_CLUES)
    sections = (explained, also_found(noticed, incident), _earlier(ctx, finding))
    return Reply(
        title=verdict(finding),
        text=why(finding),
        tone=tone(incident),
        fields={
            "Since": stamp(finding.starts_at),
            **finding_fields(noticed),
            **_asked(ctx, finding),
        },
        sections=tuple(section for section in sections if section.lines),
        pictures=noticed.pictures,
        sources=sources,
        buttons=tuple(_buttons(incident, finding)),
        footer=finding_footer(noticed),
        audience=Audience.ASKER,
    )


def _asked(ctx: Context, finding: Signal) -> dict[str, str]:
    """What the monitor asks, where it is still there."""
    try:
        monitor = ctx.watching.get(monitor_of(finding)).monitor
    except NotFound:
        return {}
    if isinstance(monitor, MetricMonitor):
        return {"Asks": f"`{monitor.query or monitor.sql}`"}
    return {"Fires on": f"{monitor.needs} windows"}


def _earlier(ctx: Context, finding: Signal) -> Section:
    """The same series found before, the latest first, with what became of it."""
    records = ctx.alerts.find(
        since=ctx.now - LOOK_BACK, fingerprint=finding.fingerprint, limit=MOST_RECORDS
    )
    earlier = [r for r in records if r.signal.starts_at < finding.starts_at][::-1]
    lines = tuple(map(Line, _told(earlier[:SHOWN_EARLIER])))
    left = len(earlier) - len(lines)
    rest = (Line(f"and {left} more"),) if left else ()
    return Section("Found before, in 30 days", (*lines, *rest), bullets=True)


def _told(records: Sequence[AlertRecord]) -> Iterator[str]:
    for record in records:
        signal = record.signal
        lasted = "still going on"
        if signal.ends_at is not None:
            lasted = say_duration(max(signal.ends_at - signal.starts_at, timedelta()))
        became = record.incident or ("snoozed" if record.silence else "no card")
        yield f"{signal.starts_at:%a %Y-%m-%d} {clock(signal.starts_at)}, {lasted}: {became}"


def _buttons(incident: Incident, finding: Signal) -> Iterator[Button]:
    model = model_of(finding)
    if finding.kind in MODEL_KINDS:
        window = finding.labels.get("window", "")
        given = {"model": model, **({"window": window} if window_of(finding) else {})}
        yield Button("Show drift", Call("model_drift", given))
    if model:
        yield Button("Show the model", Call("model_status", {"model": model}))
    about = {"incident": incident.id}
    yield Button("Catch me up", Call("incident_summary", about))
    yield Button("Why these alerts?", Call("alert_why", about))
    yield Button("Similar incidents", Call("similar_incidents", about))


skill = Skill(
    name="finding",
    summary="Investigate what Tandem noticed",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)
