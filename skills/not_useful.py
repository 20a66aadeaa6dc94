"""What a person thinks of a finding: it is kept, counts, and may raise the bar of its monitor."""

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs
from knowledge.feedback import ENOUGH, REMEMBERED, is_time, tally
from knowledge.findings import lead, monitor_of, sure_of
from knowledge.incidents import record
from knowledge.records import Incident, Opinion, Signal
from skills.bar_cards import say_tally
from skills.bar_proposal import propose
from skills.contract import Audience, Button, Call, Context, Reply, Skill, Tone
from skills.which import incident_named

LONGEST_NOTE = 300


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-12; empty in its own thread")
    note: str = Field("", description="why, in a few words")


def run(ctx: Context, args: Args) -> Reply:
    """Kept and counted; from the second time on with a proposal to raise the bar."""
    incident, finding = _finding(ctx, args.incident)
    key = monitor_of(finding)
    _say(ctx, incident, finding, useful=False, note=args.note)
    opinions = ctx.watching.opinions(key, ctx.now - REMEMBERED)
    if is_time(opinions, ctx.now):
        return propose(ctx, key)
    said = tally(opinions)
    return Reply(
        title="Noted: not useful",
        text=f"The {_nth(ENOUGH)} time within 30 days, another setting of "
        f"{key.partition(':')[2]} is proposed.",
        tone=Tone.GOOD,
        fields={"Last 30 days": say_tally(said)},
        buttons=(Button("Propose one now", Call("raise_bar", {"monitor": key})),),
        about=incident.id,
        audience=Audience.ASKER,
    )


def run_useful(ctx: Context, args: Args) -> Reply:
    """Kept and counted: no proposal gives up what was useful."""
    incident, finding = _finding(ctx, args.incident)
    _say(ctx, incident, finding, useful=True, note=args.note)
    return Reply(
        title="Noted: useful",
        text="No setting that would have kept quiet about this is proposed.",
        tone=Tone.GOOD,
        about=incident.id,
        audience=Audience.ASKER,
    )


def _finding(ctx: Context, name: str) -> tuple[Incident, Signal]:
    incident = incident_named(ctx, name)
    finding = lead(incident)
    if finding is None or not monitor_of(finding):
        raise BadArgs(
            "incident",
            f"no monitor of Tandem's found anything in {incident.id}",
            "Press Not related on alerts that do not belong there",
        )
    return incident, finding


def _say(ctx: Context, incident: Incident, finding: Signal, *, useful: bool, note: str) -> None:
    """For the monitor, and on the time line."""
    note = " ".join(note.split())[:LONGEST_NOTE]
    ctx.watching.say(
        Opinion(
            key=monitor_of(finding),
            at=ctx.now,
            by=ctx.user.id,
            useful=useful,
            fingerprint=finding.fingerprint,
            starts_at=finding.starts_at,
            score=sure_of(finding) or 0.0,
            note=note,
        )
    )
    says = f"called it {'useful' if useful else 'not useful'}{f': {note}' if note else ''}"

    def told(stored: Incident) -> Incident:
        mine = [e.text for e in stored.timeline if e.kind == "opinion" and e.actor == ctx.user.id]
        if mine[-1:] == [says]:
            return stored
        return record(stored, "opinion", ctx.user.id, ctx.now, says)

    ctx.incidents.change(incident.id, told, tell=("card",))


def _nth(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


skill = Skill(
    name="not_useful",
    summary="Say that a finding was not useful",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)

useful = Skill(
    name="useful",
    summary="Say that a finding was useful",
    examples=(),
    args=Args,
    run=run_useful,
    hidden=True,
)
