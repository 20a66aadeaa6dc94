"""Snooze a finding: how long, and what that would have hidden, before it is set by a click."""

from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs, NotFound
from knowledge.findings import MODEL_KINDS, lead, snooze_matchers
from knowledge.incidents import acknowledge, record
from knowledge.records import Incident, Matcher, Signal, Silence
from knowledge.silences import Preview, check_silence, noted, preview, say_matchers
from skills import silence_cards
from skills.cards.finding import verdict
from skills.cards.wording import cut, stamp
from skills.contract import Audience, Button, Call, Context, Reply, Role, Skill, Style, Tone
from skills.which import incident_named

LENGTHS = {"1h": timedelta(hours=1), "8h": timedelta(hours=8), "1d": timedelta(days=1)}
CHANGE = "change"
UNTIL_CHANGE_MOST = timedelta(days=7)
"""Nothing is hidden for longer without somebody looking again."""
PRESSED_TWICE = timedelta(minutes=5)
MOST_RECORDS = 20_000
SPAN = "Last 7 days"
_LABELS = {"1h": "1 hour", "8h": "8 hours", "1d": "1 day", CHANGE: "Until it changes"}


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")


class StartArgs(BaseModel):
    incident: str = Field(description="incident, e.g. INC-12")
    length: str = Field(description="1h, 8h, 1d, or change: until it changes")


def run(ctx: Context, args: Args) -> Reply:
    """Changes nothing: `snooze_start` does."""
    incident, finding = _finding(ctx, args.incident)
    matchers = snooze_matchers(finding)
    records = ctx.alerts.find(since=ctx.now - silence_cards.LOOK_BACK, limit=MOST_RECORDS)
    found = preview(records, matchers, lambda name: _incident(ctx, name), ctx.catalogue.team)
    shown = silence_cards.report(matchers, found, SPAN)
    return replace(
        shown,
        title=f"Snooze {cut(verdict(finding), 100)} for how long?",
        text=found.warning or _what(finding),
        buttons=tuple(_button(incident, length, found) for length in (*LENGTHS, CHANGE)),
        footer=f"Snoozing hides {say_matchers(matchers)}, acknowledges {incident.id} and pages "
        "nobody. What is found still when the snooze ends counts from then on.",
        audience=Audience.ASKER,
    )


def start(ctx: Context, args: StartArgs) -> Reply:
    """What the buttons of the preview do."""
    incident, finding = _finding(ctx, args.incident)
    if args.length == CHANGE and finding.kind not in MODEL_KINDS:
        return _until_normal(ctx, incident)
    draft = _draft(ctx, finding, args.length)
    silence = _held_already(ctx, draft) or ctx.silences.add(draft)

    def snoozed(stored: Incident) -> Incident:
        told = any(e.kind == "silenced" and f"({silence.id})" in e.text for e in stored.timeline)
        return _taken(stored if told else noted(stored, silence, ctx.now), ctx)

    ctx.incidents.change(incident.id, snoozed, tell=("card", "thread"))
    return Reply(
        title=f"Snoozed until {stamp(silence.ends_at)} ({silence.id})",
        text="Or until something else about it is wrong." if args.length == CHANGE else "",
        tone=Tone.GOOD,
        buttons=(
            silence_cards.end_button(silence, "End it now"),
            silence_cards.prolong_button(silence),
        ),
        about=incident.id,
        audience=Audience.ASKER,
        replace=True,
    )


def _finding(ctx: Context, name: str) -> tuple[Incident, Signal]:
    incident = incident_named(ctx, name)
    finding = lead(incident)
    if finding is None:
        raise BadArgs(
            "incident", f"Tandem found nothing itself in {incident.id}", "Silence its alerts"
        )
    return incident, finding


def _incident(ctx: Context, incident_id: str) -> Incident | None:
    try:
        return ctx.incidents.get(incident_id)
    except NotFound:
        return None


def _what(finding: Signal) -> str:
    if finding.kind in MODEL_KINDS:
        return (
            "Until it changes: as long as the same columns are wrong in the same way, at most 7 d."
        )
    return "Until it changes: quiet while this lasts; once it was normal again, it counts anew."


def _button(incident: Incident, length: str, found: Preview) -> Button:
    return Button(
        _LABELS[length],
        Call("snooze_start", {"incident": incident.id, "length": length}),
        style=Style.DANGER if found.warning else Style.PLAIN,
        confirm=f"{found.warning} Snooze it all the same?" if found.warning else "",
    )


def _draft(ctx: Context, finding: Signal, length: str) -> Silence:
    """Raises BadArgs."""
    lasts = UNTIL_CHANGE_MOST if length == CHANGE else LENGTHS.get(length)
    if lasts is None:
        raise BadArgs("length", f"{length[:40]!r} is none", f"Use {', '.join(LENGTHS)} or {CHANGE}")
    draft = Silence(
        id="",
        matchers=_matchers(finding, length),
        starts_at=ctx.now,
        ends_at=ctx.now + lasts,
        created_by=ctx.user.id,
        created_at=ctx.now,
        reason="snoozed",
    )
    check_silence(draft, ctx.now)
    return draft


def _matchers(finding: Signal, length: str) -> tuple[Matcher, ...]:
    return snooze_matchers(finding, as_it_is=length == CHANGE)


def _held_already(ctx: Context, draft: Silence) -> Silence | None:
    """The button was pressed twice, or by two people."""
    alike = (s for s in ctx.silences.find(at=ctx.now) if s.matchers == draft.matchers)
    return next((s for s in alike if s.ends_at >= draft.ends_at - PRESSED_TWICE), None)


def _until_normal(ctx: Context, incident: Incident) -> Reply:
    """What a metric does while this lasts is told already: somebody knows, and that is all."""
    says = "snoozed until it is normal again"

    def snoozed(stored: Incident) -> Incident:
        told = any(e.kind == "snoozed" and e.actor == ctx.user.id for e in stored.timeline[-5:])
        return _taken(
            stored if told else record(stored, "snoozed", ctx.user.id, ctx.now, says), ctx
        )

    ctx.incidents.change(incident.id, snoozed, tell=("card", "thread"))
    return Reply(
        title="Snoozed until it is normal again",
        text="Nobody is paged for it. When it is found anew, it counts.",
        tone=Tone.GOOD,
        about=incident.id,
        audience=Audience.ASKER,
        replace=True,
    )


def _taken(incident: Incident, ctx: Context) -> Incident:
    """Who snoozes it has looked at it: nobody else need be paged."""
    if incident.acknowledged_by or not incident.is_open:
        return incident
    return acknowledge(incident, ctx.user.id, ctx.now)


skill = Skill(
    name="snooze",
    summary="Snooze what Tandem noticed, after showing what that would hide",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)

snooze_start = Skill(
    name="snooze_start",
    summary="Set the snooze that was chosen",
    examples=(),
    args=StartArgs,
    run=start,
    needs=Role.OPERATE,
    hidden=True,
)
