"""What a monitor, or what is typed in its window, would have flagged in the past."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import BaseModel, Field, field_validator

from knowledge.durations import Duration, say_duration
from knowledge.errors import TandemError
from knowledge.monitors import AnyMonitor, ModelMonitor
from knowledge.records import Backtest
from skills.cards.wording import cut
from skills.contract import Audience, Button, Call, Context, Reply, Skill
from skills.monitor_cards import backtest_card, new_button
from skills.monitor_form import LOOK_BACK, Typed, TypedModel, typed_model, typed_monitors

LONGEST = timedelta(days=35)
USUAL = (timedelta(days=1), LOOK_BACK, timedelta(days=28))
MOST_OFFERED = 5
MOST_MONITORS = 12
"""Of a preset, in one preview: more would take longer than anybody looks at a window."""


class Args(BaseModel):
    monitor: str = Field("", description="monitor, e.g. checkout-p99")
    window: Duration = Field(LOOK_BACK, description="how far back, e.g. 7d; at most 35 days")

    @field_validator("window")
    @classmethod
    def _bounded(cls, window: timedelta) -> timedelta:
        if not timedelta(0) < window <= LONGEST:
            raise ValueError(f"choose at most {say_duration(LONGEST)}, for example 7d")
        return window


class PreviewArgs(TypedModel, Typed):
    monitor: str = Field("", description="the monitor that is changed; empty for a new one")


def run(ctx: Context, args: Args) -> Reply:
    """Of a monitor that is there, as it is set now."""
    if not args.monitor.strip():
        return _which(ctx)
    watched = ctx.watching.get(args.monitor.strip())
    monitor = watched.monitor
    past = ctx.watching.backtest(monitor, ctx.now - args.window, ctx.now)
    others = [length for length in USUAL if length != args.window]
    return replace(
        backtest_card(monitor.name, [monitor], [past]),
        buttons=(
            Button("Tune", Call("monitor_tune", {"monitor": watched.key}), asks=True),
            *(
                Button(
                    f"Last {say_duration(length)}",
                    Call("monitor_backtest", {"monitor": watched.key, "window": f"{length.days}d"}),
                )
                for length in others
            ),
        ),
    )


def preview(ctx: Context, args: PreviewArgs) -> Reply:
    """Of what is typed in a window; beside it, what the monitor as it runs now would have done."""
    watched = ctx.watching.get(args.monitor) if args.monitor else None
    present = None if watched is None else watched.monitor
    monitors = _typed(args, present)
    start, chosen = ctx.now - LOOK_BACK, monitors[:MOST_MONITORS]
    pasts = [_past(ctx, monitor, start) for monitor in chosen]
    before = None
    if present is not None and present != monitors[0]:
        before = _past(ctx, present, start)
    card = backtest_card(_name(args, monitors), chosen, pasts, before)
    left = len(monitors) - len(chosen)
    return replace(card, footer=f"{card.footer} {left} more are not shown.") if left else card


def _typed(args: PreviewArgs, present: AnyMonitor | None) -> tuple[AnyMonitor, ...]:
    if isinstance(present, ModelMonitor):
        return (typed_model(args, present),)
    return typed_monitors(args, present)


def _past(ctx: Context, monitor: AnyMonitor, start: datetime) -> Backtest:
    """Of several monitors one whose data is missing must not hide the others."""
    try:
        return ctx.watching.backtest(monitor, start, ctx.now)
    except TandemError as error:
        return Backtest(start, ctx.now, (), (), str(error))


def _name(args: PreviewArgs, monitors: Sequence[AnyMonitor]) -> str:
    return monitors[0].name if len(monitors) == 1 else args.preset


def _which(ctx: Context) -> Reply:
    there = ctx.watching.all()
    return Reply(
        "Which monitor?",
        text="Name one: `/ops monitors backtest checkout-p99 7d`."
        if there
        else "Nothing is watched yet.",
        buttons=tuple(
            Button(cut(w.monitor.name, 60), Call("monitor_backtest", {"monitor": w.key}))
            for w in there[:MOST_OFFERED]
        )
        or (new_button(),),
        audience=Audience.ASKER,
    )


skill = Skill(
    name="monitor_backtest",
    summary="Show what a monitor would have flagged in the past",
    examples=(
        "backtest monitor checkout-p99",
        "what would monitor disk-full have flagged last week?",
    ),
    args=Args,
    run=run,
    phrases=(
        "backtest checkout-p99 over the last 7 days",
        "run a backtest of the monitor orders-per-minute",
        "what would the monitor redis-memory have flagged last month?",
        "how often would checkout-p99 have fired in the last 14 days",
        "how many alarms would the monitor disk-full have given this week",
        "replay the monitor kafka-lag on the last 3 days",
        "test the monitor gpu-temperature against last week",
        "would monitor checkout-p99 have caught the outage on Tuesday",
        "show the backtest of disk-full",
        "try the monitor api-errors on past data",
    ),
)

monitor_preview = Skill(
    name="monitor_preview",
    summary="Show what the monitor in a window would have flagged",
    examples=(),
    args=PreviewArgs,
    run=preview,
    hidden=True,
)
