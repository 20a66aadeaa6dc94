"""Which silences hold, and ending or prolonging one."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, Field

from knowledge.durations import Duration
from knowledge.errors import BadArgs
from knowledge.maintenance import BY
from knowledge.records import Silence
from knowledge.silences import check_silence, holds, say_matchers
from skills import silence_cards
from skills.contract import Audience, Button, Call, Context, NoArgs, Reply, Role, Skill, Tone

_ID = re.compile(r"(?:sil[-_ ]?)?\d+|MW-.+", re.IGNORECASE)
MOST = 200
MOST_RECORDS = 20_000


class EndArgs(BaseModel):
    silence: str = Field("", description="silence, e.g. SIL-3, or the service it hides")


class ProlongArgs(BaseModel):
    silence: str = Field(description="silence, e.g. SIL-3")
    duration: Duration = Field(description="how much longer, e.g. 1h")


def run(ctx: Context, args: NoArgs) -> Reply:
    there = ctx.silences.find(at=ctx.now, limit=MOST)
    return silence_cards.list_card(there, _hits(ctx, there), ctx.now, ctx.people)


def end(ctx: Context, args: EndArgs) -> Reply:
    silence = _named(ctx, args.silence.strip())
    if silence is None:
        return run(ctx, NoArgs())
    if silence.ends_at <= ctx.now:
        return _is_over(silence)
    if not ctx.via_button:
        button = silence_cards.end_button(silence, "End it now")
        return Reply(
            title=f"End {silence.id}?",
            text=f"{say_matchers(silence.matchers)}, set by {ctx.people(silence.created_by)}. "
            "Its alerts count again at once.",
            buttons=(replace(button, confirm=""),),
            audience=Audience.ASKER,
        )
    hits = _hits(ctx, [silence])[silence.id]
    ended = ctx.silences.end(silence.id, ctx.user.id, ctx.now)
    return silence_cards.ended_card(ended, ctx.now, hits)


def prolong(ctx: Context, args: ProlongArgs) -> Reply:
    """A new silence goes on from now, then the old one ends: in between nothing slips through."""
    old = ctx.silences.get(args.silence)
    if old.ends_at <= ctx.now:
        return _is_over(old)
    if not holds(old, ctx.now):
        raise BadArgs("silence", f"{old.id} has not begun", "End it and set another")
    longer = replace(
        old,
        id="",
        starts_at=ctx.now,
        ends_at=old.ends_at + args.duration,
        created_by=ctx.user.id,
        created_at=ctx.now,
        reason=old.reason or f"goes on from {old.id}",
        kind="silence",
    )
    check_silence(longer, ctx.now)
    added = ctx.silences.add(longer)
    if old.created_by != BY:
        ctx.silences.end(old.id, ctx.user.id, ctx.now)
    return replace(
        silence_cards.set_card(added, ctx.now, ctx.people), footer=f"in the place of {old.id}"
    )


def _named(ctx: Context, text: str) -> Silence | None:
    """By its id, or the one that names the service; None where several or none do."""
    there = ctx.silences.find(at=ctx.now, limit=MOST)
    if not text:
        return there[0] if len(there) == 1 else None
    if _ID.fullmatch(text):
        return ctx.silences.get(text)
    about = [s for s in there if any(text.lower() in m.value.lower() for m in s.matchers)]
    return about[0] if len(about) == 1 else None


def _is_over(silence: Silence) -> Reply:
    return Reply(
        f"{silence.id} is over already",
        text=f"It ended at {silence.ends_at:%Y-%m-%d %H:%M} UTC.",
        tone=Tone.NEUTRAL,
        buttons=(Button("Which silences hold?", Call("silences")),),
        audience=Audience.ASKER,
    )


def _hits(ctx: Context, silences: Sequence[Silence]) -> Counter[str]:
    """Alerts that each hid so far."""
    begun = [s.starts_at for s in silences if s.starts_at <= ctx.now]
    if not begun:
        return Counter()
    records = ctx.alerts.find(since=min(begun), limit=MOST_RECORDS)
    return Counter(record.silence for record in records if record.silence)


skill = Skill(
    name="silences",
    summary="List silences and maintenance windows, and what they hid",
    examples=("which silences are active?", "list the maintenance windows"),
    args=NoArgs,
    run=run,
    command="/silences",
)

silence_end = Skill(
    name="silence_end",
    summary="End a silence before its time",
    examples=("end silence SIL-3", "lift the silence on checkout"),
    args=EndArgs,
    run=end,
    needs=Role.OPERATE,
    asks_first=True,
)

silence_prolong = Skill(
    name="silence_prolong",
    summary="Let a silence hold for longer",
    examples=(),
    args=ProlongArgs,
    run=prolong,
    needs=Role.OPERATE,
    hidden=True,
)
