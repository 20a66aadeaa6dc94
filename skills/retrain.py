"""Start a training run of a model: by a click, with a reason, and not twice by accident."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from knowledge.durations import say_duration
from knowledge.errors import NotFound, Unavailable, UserError
from knowledge.incidents import record
from knowledge.ports import Trainer
from knowledge.promotion import show_version
from knowledge.records import Run, RunState, Training
from knowledge.training import (
    CHANGE,
    Parameter,
    ParameterType,
    Recipe,
    advanced,
    as_change,
    check_names,
    chosen,
    read_parameters,
    say_run,
)
from skills.cards.training import NOTHING_CHANGES, training_card
from skills.contract import (
    Audience,
    BadArgs,
    Button,
    Call,
    Context,
    Form,
    FormField,
    Reply,
    Role,
    Skill,
    Style,
    Tone,
)
from skills.requests import choose_model, plain_reason

RECENT = timedelta(hours=6)
"""A run that was started this lately may still be under way."""
TRAINING, TRAINING_THREAD = "training", "training-thread"
"""Kinds of delivery."""
SET = "set."
"""What a form's field of a parameter is called: "set.days"."""
RUN = "run"
_MOST_REASON = 500
_HOW_TO_SET_UP = (
    "Name a file of trainers in TANDEM_TRAINERS (deploy/trainers.toml is an example), or set "
    "TANDEM_RETRAIN_URL to an address that starts a run when it is sent a signed POST, and "
    "TANDEM_RETRAIN_SECRET to the secret it checks."
)


class Args(BaseModel):
    """A form adds "set.<parameter>" for each parameter, and "run": the id that makes submitting it
    twice start one run. Nobody types these, so they are no fields."""

    model_config = ConfigDict(extra="allow")

    model: str = Field("", description="the model's name in the registry, e.g. eta-model")
    reason: str = Field("", description="why, in a few words; kept with the run")
    parameters: str = Field("", description="for the run, e.g. days=90 epochs=5")

    def given(self) -> dict[str, str]:
        """By parameter, from words and from a form. Raises BadArgs."""
        extra: dict[str, Any] = self.model_extra or {}
        typed = {n.removeprefix(SET): str(v) for n, v in extra.items() if n.startswith(SET)}
        return {**read_parameters(self.parameters), **typed}

    def run_id(self) -> str:
        """The form's id; a new one where it is asked without a form."""
        made = str((self.model_extra or {}).get(RUN, ""))
        right = len(made) == len(uuid4().hex) and set(made) <= set("0123456789abcdef")
        return made if right else uuid4().hex


def run(ctx: Context, args: Args) -> Reply:
    if not args.model:
        return choose_model(ctx, "retrain", "Which model should be trained again?")
    model, champion = _known(ctx, args.model)
    if ctx.trainer is None:
        title = f"No training is set up for {model}"
        return Reply(title, text=_HOW_TO_SET_UP, audience=Audience.ASKER)
    recipe = ctx.trainer.recipe(model)
    given = args.given()
    check_names(recipe, given)
    reason = plain_reason(args.reason)
    if not ctx.via_button or not reason:
        return _propose(ctx, recipe, champion, args)
    if len(reason) > _MOST_REASON:
        raise BadArgs("reason", "it is too long", f"{_MOST_REASON} characters at most.")
    training = Training(
        id=args.run_id(),
        model=model,
        champion=champion,
        reason=reason,
        parameters=chosen(recipe, given),
        by=ctx.user.id,
        by_name=ctx.user.name,
        at=ctx.now,
    )
    already = _asked_before(ctx, training.id)
    return _told(ctx, already) if already else _start(ctx, ctx.trainer, recipe, training)


def form(ctx: Context, args: Args) -> Form:
    """The window: why, and the parameters with what they are when nobody changes them."""
    model, _ = _known(ctx, args.model)
    if ctx.trainer is None:
        raise UserError(f"No training is set up for {model}. {_HOW_TO_SET_UP}")
    recipe = ctx.trainer.recipe(model)
    given = args.given()
    check_names(recipe, given)
    text = f"{model} is trained again by {recipe.system}. {NOTHING_CHANGES}"
    lately = _lately(ctx, model)
    return Form(
        title="Train again",
        fields=(
            FormField(
                "reason",
                "Why",
                hint="Kept with the run and in the audit record",
                initial=plain_reason(args.reason),
            ),
            *(_field(parameter, given) for parameter in recipe.parameters),
            *((_any_parameters(args.parameters),) if recipe.free else ()),
        ),
        submit="Start",
        text=f"{lately}\n{text}" if lately else text,
        keep=((RUN, uuid4().hex),),
    )


def _field(parameter: Parameter, given: dict[str, str]) -> FormField:
    initial = given.get(parameter.name, parameter.default or "")
    options: tuple[str, ...] = parameter.choices
    if parameter.type is ParameterType.BOOL:
        options = ("true", "false")
    bounds = "" if parameter.choices else parameter.bounds
    return FormField(
        f"{SET}{parameter.name}",
        parameter.name,
        hint=". ".join(filter(None, (parameter.hint, bounds))),
        initial=initial,
        optional=parameter.default is not None,
        options=tuple((option, option) for option in options),
    )


def _any_parameters(initial: str) -> FormField:
    return FormField(
        "parameters",
        "Parameters",
        hint="For example days=90 epochs=5",
        initial=initial,
        optional=True,
    )


def _known(ctx: Context, name: str) -> tuple[str, str]:
    """The model as the registry or the models' file writes it, and its champion's version."""
    try:
        champion = ctx.models.champion(name)
        versions = ctx.models.versions(name)
        model = champion.model if champion else versions[0].model if versions else name
        return model, champion.version if champion else ""
    except (Unavailable, NotFound):
        # A model may be watched without being registered anywhere.
        ctx.frames.roles(name)
        return name, ""


def _propose(ctx: Context, recipe: Recipe, champion: str, args: Args) -> Reply:
    lately = _lately(ctx, recipe.model)
    text = "The new version joins the registry and is promoted by request, like any other."
    kept = {"model": recipe.model, "reason": args.reason, "parameters": args.parameters}
    fields = {"trained by": recipe.system} | (
        {"serving now": show_version(champion)} if champion else {}
    )
    return Reply(
        title=f"Train {recipe.model} again?",
        text=f"{lately}\n{text}" if lately else text,
        tone=Tone.WARNING if lately else Tone.NEUTRAL,
        fields=fields,
        buttons=(
            Button(
                "Train again",
                Call("retrain", {name: said for name, said in kept.items() if said}),
                style=Style.PRIMARY,
                asks=True,
            ),
        ),
        audience=Audience.ASKER,
    )


def _lately(ctx: Context, model: str) -> str:
    """Runs that may be in the way of another one, in a sentence."""
    under_way = ctx.runs.find(model=model, under_way=True, limit=1)
    if under_way:
        last = under_way[0]
        ago = say_duration(ctx.now - last.training.at)
        asked = f"{last.training.by_name} asked for a run {ago} ago"
        return f"{asked}, and it is not over: {say_run(last)} ({last.training.reason})."
    runs = [c for c in ctx.changes.between(ctx.now - RECENT, ctx.now, model) if c.kind == CHANGE]
    if not runs:
        return ""
    change = max(runs, key=lambda change: change.at)
    ago = say_duration(ctx.now - change.at)
    return f"{change.author or 'Somebody'} started a run {ago} ago: {change.summary}."


def _asked_before(ctx: Context, training_id: str) -> Run | None:
    try:
        return ctx.runs.get(training_id)
    except NotFound:
        return None


def _start(ctx: Context, trainer: Trainer, recipe: Recipe, training: Training) -> Reply:
    """What is asked for is stored before it is sent: a crash in between loses nothing, as the watch
    over runs sends again what has no answer, and the id makes that one run."""
    asked = Run(
        training,
        RunState.ASKED,
        recipe.system,
        updated_at=ctx.now,
        channel=ctx.channel,
        thread=ctx.thread,
    )
    ctx.runs.put(asked)
    try:
        started = trainer.start(training)
        # It may have reported by itself meanwhile.
        run = advanced(ctx.runs.get(training.id), started, ctx.now)
    except Unavailable as error:
        run = _not_started(ctx, asked, error)
    if run.state is not RunState.FAILED:
        ctx.changes.add(as_change(training, run.url))
        _note(ctx, training)
    ctx.runs.put(run, tell=(TRAINING, TRAINING_THREAD))
    return _told(ctx, run)


def _not_started(ctx: Context, run: Run, error: Unavailable) -> Run:
    """Where nobody watches (the terminal), or waiting cannot help, it is over."""
    if error.retry and ctx.channel:
        detail = f"{error}; it is tried again by itself"
        return replace(run, detail=detail)
    return replace(run, state=RunState.FAILED, detail=str(error))


def _note(ctx: Context, training: Training) -> None:
    """On the time line of the incident in whose thread it was asked."""
    if not ctx.thread:
        return
    text = f"asked for a training run of {training.model}: {training.reason}"
    ctx.incidents.change(
        ctx.thread,
        lambda incident: record(incident, "training", ctx.user.id, ctx.now, text),
        tell=("card", "thread"),
    )


def _told(ctx: Context, run: Run) -> Reply:
    """The card where there is no chat; there it stands in the channel, and a word is enough."""
    card = training_card(run)
    if not ctx.channel or run.state is RunState.FAILED:
        return replace(card, audience=Audience.ASKER)
    where = "in the channel and in the incident's thread" if run.thread else "in the channel"
    return Reply(
        title=card.title,
        text=run.detail or f"How it goes on is told {where}.",
        tone=card.tone,
        buttons=card.buttons,
        footer=card.footer,
        about=run.thread,
        audience=Audience.ASKER,
    )


skill = Skill(
    name="retrain",
    summary="Start a training run of a model",
    examples=("retrain the fraud model", "train eta-model again on the last 90 days"),
    args=Args,
    run=run,
    form=form,
    needs=Role.OPERATE,
    asks_first=True,
    command="/retrain",
    positional=("model", "reason"),
)
