"""What Tandem watches by itself: all of it, or one monitor with a picture of its last day."""

from datetime import timedelta

from pydantic import BaseModel, Field

from knowledge.errors import NotFound, TandemError
from knowledge.monitors import MetricMonitor, Watched
from knowledge.records import Backtest
from skills.contract import Context, Reply, Skill
from skills.monitor_cards import list_card, monitor_card

DAY = timedelta(days=1)
LOOKS = timedelta(days=7)


class Args(BaseModel):
    monitor: str = Field("", description="a monitor, or part of the names to list; empty for all")


def run(ctx: Context, args: Args) -> Reply:
    named = args.monitor.strip()
    one = _one(ctx, named) if named else None
    if one is not None:
        return _card(ctx, one)
    there = ctx.watching.all()
    if not named:
        return list_card(there, ctx.now)
    like = [watched for watched in there if _is_like(watched, named)]
    if len(like) == 1:
        return _card(ctx, like[0])
    return list_card(like, ctx.now, named, len(there))


def _one(ctx: Context, named: str) -> Watched | None:
    try:
        return ctx.watching.get(named)
    except NotFound:
        return None


def _is_like(watched: Watched, text: str) -> bool:
    monitor = watched.monitor
    about = monitor.service if isinstance(monitor, MetricMonitor) else ""
    told = f"{watched.key} {monitor.name} {monitor.model} {about}"
    return all(word in told.lower() for word in text.lower().split())


def _card(ctx: Context, watched: Watched) -> Reply:
    if not isinstance(watched.monitor, MetricMonitor):
        looks = ctx.watching.looks(watched.monitor.model, ctx.now - LOOKS)
        return monitor_card(watched, ctx.now, looks=looks, people=ctx.people)
    past = _last_day(ctx, watched.monitor)
    return monitor_card(watched, ctx.now, past, people=ctx.people)


def _last_day(ctx: Context, monitor: MetricMonitor) -> Backtest:
    """What is known of a monitor is shown also while its data source cannot be asked."""
    try:
        return ctx.watching.backtest(monitor, ctx.now - DAY, ctx.now)
    except TandemError as error:
        return Backtest(ctx.now - DAY, ctx.now, (), (), f"No picture of the last day: {error}")


skill = Skill(
    name="monitors",
    summary="List what is watched, or show one monitor and its last day",
    examples=("which monitors are running?", "show monitor checkout-p99"),
    args=Args,
    run=run,
    phrases=(
        "list the monitors",
        "show me all monitors",
        "what do you watch?",
        "what are you watching by yourself right now",
        "which metrics are being monitored",
        "are any monitors paused?",
        "which monitors fire at the moment",
        "monitors of checkout",
        "is there a monitor on the disk of db-1",
        "do we have monitors for the gpu nodes",
        "which monitors cannot read their data",
        "how is the monitor orders-per-minute doing",
        "show me the monitor checkout-p99",
        "monitor disk-full: what has it seen today",
        "which monitors do people find not useful",
        "who set up the monitor redis-memory",
        "welche monitore laufen?",
    ),
)
