"""Propose another setting of a monitor with its effect, and keep it by a click."""

from pydantic import BaseModel, Field

from knowledge.durations import parse_duration
from knowledge.errors import BadArgs
from knowledge.feedback import Setting, value_of, with_setting
from knowledge.monitors import Watched
from skills.bar_proposal import propose
from skills.contract import Audience, Context, Reply, Role, Skill, Tone


class Args(BaseModel):
    monitor: str = Field(description="the monitor's name, e.g. checkout-p99")


class KeepArgs(BaseModel):
    monitor: str = Field(description="the monitor's name, e.g. checkout-p99")
    field: str = Field("", description="what is set: sure, for, above, below or needs")
    value: str = Field("", description="its new value, e.g. 0.8")
    was: str = Field("", description="its value when it was proposed")
    keep: bool = Field(True, description="no: leave it as it is")


def run(ctx: Context, args: Args) -> Reply:
    """Changes nothing: `bar_keep` does."""
    return propose(ctx, args.monitor)


def keep(ctx: Context, args: KeepArgs) -> Reply:
    """What the buttons of the proposal do."""
    watched = ctx.watching.get(args.monitor)
    name = watched.monitor.name
    if not args.keep:
        return Reply(
            title=f"{name} stays as it is",
            text="What was said of its findings is kept, and counts the next time.",
            audience=Audience.ASKER,
            replace=True,
        )
    setting = Setting(args.field, args.value, args.was)
    now_is = value_of(watched.monitor, watched.sure, args.field)
    if _is_same(now_is, args.value):
        return _kept(watched, setting, "It was kept already; nothing was changed.")
    if args.was and now_is != args.was:
        raise BadArgs(
            "was",
            f"{args.field} of {name} is {now_is} now, and was {args.was} when this was proposed",
            "Ask for a new proposal",
        )
    return _kept(_changed(ctx, watched, setting), setting)


def _changed(ctx: Context, watched: Watched, setting: Setting) -> Watched:
    """Raises BadArgs for a value that cannot be."""
    changed = with_setting(watched.monitor, setting)
    if setting.field == "sure":
        return ctx.watching.raise_bar(watched.key, changed.sure, ctx.user.id)
    return ctx.watching.save(changed, ctx.user.id)


def _kept(watched: Watched, setting: Setting, note: str = "") -> Reply:
    return Reply(
        title=f"{watched.monitor.name}: {setting.says}",
        text=note or "It holds from the next poll on. What it has found already stays.",
        tone=Tone.GOOD,
        replace=True,
    )


def _is_same(one: str, other: str) -> bool:
    """0.80 is 0.8, and 10 min is 10m."""
    for read in (float, parse_duration):
        try:
            return read(one) == read(other)
        except ValueError:
            continue
    return one == other


skill = Skill(
    name="raise_bar",
    summary="Propose another setting of a monitor, with what it would have changed",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)

bar_keep = Skill(
    name="bar_keep",
    summary="Keep the setting that was proposed, or leave the monitor as it is",
    examples=(),
    args=KeepArgs,
    run=keep,
    needs=Role.OPERATE,
    hidden=True,
    public=True,
)
