"""Let a monitor rest for a while, and wake it again."""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field, field_validator

from knowledge.durations import parse_duration
from knowledge.errors import BadArgs
from knowledge.monitors import Watched
from skills.cards.wording import clock, cut
from skills.contract import Audience, Button, Call, Context, Reply, Role, Skill, Style
from skills.monitor_cards import PAUSES, monitor_card

LONGEST = timedelta(days=30)
UNTIL_RESUMED = PAUSES[-1][0]
MOST_OFFERED = 5


class PauseArgs(BaseModel):
    monitor: str = Field("", description="monitor, e.g. checkout-p99")
    duration: str = Field("", description="how long, e.g. 1h, or until resumed")

    @field_validator("duration")
    @classmethod
    def _bounded(cls, duration: str) -> str:
        text = duration.strip()
        if text and text != UNTIL_RESUMED and not timedelta(0) < parse_duration(text) <= LONGEST:
            raise ValueError("choose at most 30 days, or until resumed")
        return text


class ResumeArgs(BaseModel):
    monitor: str = Field("", description="monitor, e.g. checkout-p99")


def pause(ctx: Context, args: PauseArgs) -> Reply:
    watched = _the(ctx, args.monitor)
    if watched is None:
        return _which(ctx, "Pause which monitor?", "monitor_pause", paused=False)
    name = cut(watched.monitor.name, 60)
    if not ctx.via_button or not args.duration:
        return Reply(
            f"Pause {name}?" if args.duration else f"Pause {name} for how long?",
            text="It is not read meanwhile. What it fires now stays as it is.",
            buttons=_lengths(watched, args.duration),
            audience=Audience.ASKER,
        )
    until = _until(args.duration, ctx.now)
    now = ctx.watching.pause(watched.key, until, ctx.user.id)
    told = f"until {clock(until, ctx.now.date())} UTC" if until else "until somebody resumes it"
    return monitor_card(now, ctx.now, people=ctx.people, note=f"It is not read {told}.")


def _lengths(watched: Watched, asked: str) -> tuple[Button, ...]:
    lengths: tuple[tuple[str, str], ...] = PAUSES
    if asked:
        known = dict(PAUSES)
        lengths = ((asked, known.get(asked, f"Pause for {asked}")),)
    return tuple(
        Button(
            label,
            Call("monitor_pause", {"monitor": watched.key, "duration": text}),
            style=Style.PRIMARY if len(lengths) == 1 else Style.PLAIN,
        )
        for text, label in lengths
    )


def _until(duration: str, now: datetime) -> datetime | None:
    return None if duration == UNTIL_RESUMED else now + parse_duration(duration)


def resume(ctx: Context, args: ResumeArgs) -> Reply:
    watched = _the(ctx, args.monitor)
    if watched is None:
        return _which(ctx, "Resume which monitor?", "monitor_resume", paused=True)
    if not watched.paused:
        return monitor_card(watched, ctx.now, people=ctx.people, note="It is not paused.")
    if not ctx.via_button:
        return Reply(
            f"Resume {cut(watched.monitor.name, 60)}?",
            buttons=(
                Button(
                    "Resume", Call("monitor_resume", {"monitor": watched.key}), style=Style.PRIMARY
                ),
            ),
            audience=Audience.ASKER,
        )
    now = ctx.watching.resume(watched.key, ctx.user.id)
    return monitor_card(now, ctx.now, people=ctx.people, note="It is read again from now on.")


def _the(ctx: Context, named: str) -> Watched | None:
    """Raises NotFound with the nearest names."""
    return ctx.watching.get(named.strip()) if named.strip() else None


def _which(ctx: Context, question: str, skill: str, *, paused: bool) -> Reply:
    there = [watched for watched in ctx.watching.all() if watched.paused is paused]
    if not there:
        raise BadArgs("monitor", "none is paused" if paused else "none is running")
    return Reply(
        question,
        buttons=tuple(
            Button(cut(w.monitor.name, 60), Call(skill, {"monitor": w.key}))
            for w in there[:MOST_OFFERED]
        ),
        audience=Audience.ASKER,
    )


monitor_pause = Skill(
    name="monitor_pause",
    summary="Pause a monitor for a while, or until somebody resumes it",
    examples=("pause monitor checkout-p99 for 1h", "pause the monitor disk-full"),
    args=PauseArgs,
    run=pause,
    needs=Role.OPERATE,
    asks_first=True,
    phrases=(
        "pause orders-per-minute for 8 hours",
        "pause the monitor redis-memory until i resume it",
        "put the monitor kafka-lag on hold for 2h",
        "stop reading the monitor gpu-temperature for an hour",
        "suspend monitor api-errors during the load test",
        "let the monitor checkout-p99 rest until tomorrow",
        "halt the monitor disk-full for 30 minutes",
        "disable monitor orders-per-minute for now",
        "turn off the monitor redis-memory for 4h",
    ),
)

monitor_resume = Skill(
    name="monitor_resume",
    summary="Let a paused monitor run again",
    examples=("resume monitor checkout-p99", "unpause the monitor disk-full"),
    args=ResumeArgs,
    run=resume,
    needs=Role.OPERATE,
    asks_first=True,
    phrases=(
        "resume orders-per-minute",
        "resume the paused monitor redis-memory",
        "turn the monitor kafka-lag back on",
        "enable monitor gpu-temperature again",
        "start the monitor api-errors again",
        "the load test is over, wake the monitor checkout-p99",
        "continue the monitor disk-full",
        "let monitor orders-per-minute run again",
    ),
)
