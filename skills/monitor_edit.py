"""Make a monitor, change one, take one away. Each opens or follows a window or a click."""

from pydantic import BaseModel, Field

from knowledge.errors import BadArgs, NotFound
from knowledge.monitors import MetricMonitor, ModelMonitor, Watched, state_key
from skills.cards.wording import count, cut, listed
from skills.contract import Audience, Button, Call, Context, Form, Reply, Role, Skill, Style, Tone
from skills.monitor_cards import monitor_card, new_button, say_normal
from skills.monitor_form import (
    LEARNED,
    Typed,
    TypedModel,
    create_form,
    tune_form,
    typed_model,
    typed_monitors,
)

PREVIEW = "monitor_preview"
MOST_OFFERED = 5


class TuneArgs(TypedModel, Typed):
    monitor: str = Field("", description="monitor, e.g. checkout-p99")


class NamedArgs(BaseModel):
    monitor: str = Field("", description="monitor, e.g. checkout-p99")


# ---------------------------------------------------------------- a new one


def create(ctx: Context, args: Typed) -> Reply:
    if not ctx.via_button or not (args.query or args.preset):
        return Reply(
            "A new monitor",
            text="In the window you choose a preset or write a query, say what is normal, and see "
            "what it would have flagged last week before you keep it.",
            buttons=(new_button(**args.model_dump()),),
            audience=Audience.ASKER,
        )
    monitors = typed_monitors(args)
    _must_be_new(ctx, monitors)
    made = [ctx.watching.save(monitor, ctx.user.id) for monitor in monitors]
    if len(made) == 1:
        learns = ", and learns from its past first" if monitors[0].normal in LEARNED else ""
        return _card(ctx, made[0], f"It runs from now on{learns}.")
    names = [watched.monitor.name for watched in made]
    return Reply(
        f"{count(len(made), 'monitor')} of {args.preset} run from now on",
        text=listed(names, most=20),
        tone=Tone.GOOD,
        buttons=(Button("Show them", Call("monitors")),),
        audience=Audience.ASKER,
    )


def _must_be_new(ctx: Context, monitors: tuple[MetricMonitor, ...]) -> None:
    """One that is there is changed by tuning it, not by chance."""
    there = {watched.key for watched in ctx.watching.all()}
    taken = [monitor.name for monitor in monitors if state_key(monitor) in there]
    if taken:
        raise BadArgs(
            "name", f"{listed(taken)} is there already", "Choose another name, or tune that one"
        )


def create_window(ctx: Context, args: Typed) -> Form:
    return create_form(args, PREVIEW)


# ---------------------------------------------------------------- one that is there


def tune(ctx: Context, args: TuneArgs) -> Reply:
    watched = _the(ctx, args.monitor)
    if watched is None:
        return _which(ctx, "Tune", "monitor_tune", asks=True)
    if not ctx.via_button or not (args.query or args.needs):
        return Reply(
            f"Tune {cut(watched.monitor.name, 80)}?",
            text=f"Normal is now: {say_normal(watched.monitor)}.",
            buttons=(
                Button(
                    "Tune", Call("monitor_tune", {"monitor": watched.key}),
                    style=Style.PRIMARY, asks=True,
                ),
            ),
            audience=Audience.ASKER,
        )  # fmt: skip
    changed = _tuned(watched, args)
    if changed == watched.monitor and watched.sure == getattr(changed, "sure", watched.sure):
        return _card(ctx, watched, "Nothing was changed.")
    return _card(ctx, ctx.watching.save(changed, ctx.user.id), _told(watched, changed))


def _tuned(watched: Watched, args: TuneArgs) -> MetricMonitor | ModelMonitor:
    monitor = watched.monitor
    if isinstance(monitor, MetricMonitor):
        return typed_monitors(args, monitor)[0]
    return typed_model(args, monitor)


def _told(watched: Watched, changed: MetricMonitor | ModelMonitor) -> str:
    before, after = say_normal(watched.monitor), say_normal(changed)
    if before == after:
        return "It runs as set from now on."
    return f"Normal was: {before}. From now on: {after}."


def tune_window(ctx: Context, args: TuneArgs) -> Form:
    watched = _the(ctx, args.monitor)
    if watched is None:
        raise BadArgs("monitor", "it is missing", "Write for example /ops monitors checkout-p99")
    return tune_form(watched.key, watched.monitor, watched.sure, PREVIEW)


def remove(ctx: Context, args: NamedArgs) -> Reply:
    watched = _the(ctx, args.monitor)
    if watched is None:
        return _which(ctx, "Remove", "monitor_remove", confirm="Remove this monitor?")
    name = cut(watched.monitor.name, 80)
    if not ctx.via_button:
        call = Call("monitor_remove", {"monitor": watched.key})
        return Reply(
            f"Remove {name}?",
            text="What it fires now is resolved, and it is read no more.",
            buttons=(Button("Remove", call, style=Style.DANGER),),
            audience=Audience.ASKER,
        )
    ctx.watching.remove(watched.key, ctx.user.id)
    return Reply(f"{name} is removed", tone=Tone.GOOD, audience=Audience.ASKER)


# ---------------------------------------------------------------- shared


def _the(ctx: Context, named: str) -> Watched | None:
    """Raises NotFound with the nearest names."""
    return ctx.watching.get(named.strip()) if named.strip() else None


def _card(ctx: Context, watched: Watched, note: str) -> Reply:
    return monitor_card(watched, ctx.now, people=ctx.people, note=note)


def _which(ctx: Context, verb: str, skill: str, *, asks: bool = False, confirm: str = "") -> Reply:
    there = ctx.watching.all()
    if not there:
        raise NotFound("monitor", "", ())
    return Reply(
        f"{verb} which monitor?",
        buttons=tuple(
            Button(
                cut(w.monitor.name, 60), Call(skill, {"monitor": w.key}), asks=asks, confirm=confirm
            )
            for w in there[:MOST_OFFERED]
        ),
        audience=Audience.ASKER,
    )


monitor_create = Skill(
    name="monitor_create",
    summary="Make a monitor: choose a preset or write a query, see last week, keep it",
    examples=("create a monitor", "set up a new monitor for the latency of checkout"),
    args=Typed,
    run=create,
    form=create_window,
    needs=Role.OPERATE,
    asks_first=True,
    phrases=(
        "add a monitor",
        "new monitor please",
        "make a monitor on the error rate of payments",
        "i want a monitor for kafka lag",
        "start watching the disk of the database nodes",
        "watch the p99 of the search api from now on",
        "keep an eye on the queue length of ledger from now on",
        "can you monitor the gpu temperature for us",
        "set up the golden signals for checkout",
        "set up the postgres preset",
        "add the node presets",
        "define a monitor on a PromQL query",
        "create a monitor from a SQL query",
        "tell me when the disk will be full in 6 hours",
        "alert us when orders per minute drop below 20",
        "lege einen neuen monitor an",
    ),
)

monitor_tune = Skill(
    name="monitor_tune",
    summary="Change what a monitor holds to be normal, how sure it must be, who is told",
    examples=("tune monitor checkout-p99", "change the limit of monitor disk-full"),
    args=TuneArgs,
    run=tune,
    form=tune_window,
    needs=Role.OPERATE,
    asks_first=True,
    phrases=(
        "make monitor checkout-p99 less sensitive",
        "the monitor orders-per-minute fires too often, tune it",
        "raise the limit of checkout-p99",
        "lower the limit of the monitor disk-full",
        "edit the monitor redis-memory",
        "change how often the monitor kafka-lag is read",
        "set the monitor gpu-temperature to fire only after 10 minutes",
        "adjust the monitor api-errors",
        "change who is told by monitor checkout-p99",
        "reconfigure the fraud model's monitor",
        "let monitor disk-full be surer before it fires",
    ),
)

monitor_remove = Skill(
    name="monitor_remove",
    summary="Remove a monitor",
    examples=("remove monitor checkout-p99", "delete the monitor disk-full"),
    args=NamedArgs,
    run=remove,
    needs=Role.OPERATE,
    asks_first=True,
    phrases=(
        "drop the monitor orders-per-minute",
        "get rid of monitor redis-memory",
        "we no longer need the monitor kafka-lag",
        "stop watching gpu-temperature for good",
        "take the monitor api-errors away",
        "delete monitor checkout-p99 please",
        "remove the monitor on the old queue",
        "the monitor disk-full is obsolete, remove it",
    ),
)
