"""Start a training run of a model: by a click, with a reason, and not twice by accident."""

from datetime import timedelta
from uuid import uuid4

from pydantic import BaseModel, Field

from knowledge.durations import say_duration
from knowledge.errors import BadArgs, NotFound, Unavailable
from knowledge.ports import Trainer
from knowledge.promotion import show_version
from knowledge.records import Change, Training
from skills.contract import (
    Audience,
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
from skills.requests import choose_model

RECENT = timedelta(hours=6)
"""A run that was started this lately may still be under way."""
KIND = "retrain"
MOST_PARAMETERS = 20


class Args(BaseModel):
    model: str = Field("", description="the model's name in the registry, e.g. eta-model")
    reason: str = Field("", description="why, in a few words; kept with the run")
    parameters: str = Field("", description="for the run, e.g. days=90 epochs=5")


def run(ctx: Context, args: Args) -> Reply:
    if not args.model:
        return choose_model(ctx, "retrain", "Which model should be trained again?")
    model, champion = _known(ctx, args.model)
    if ctx.trainer is None:
        return Reply(
            f"No training is set up for {model}",
            text="Set TANDEM_RETRAIN_URL to an address that starts a run when it is sent a signed "
            "POST, and TANDEM_RETRAIN_SECRET to the secret it checks.",
            audience=Audience.ASKER,
        )
    parameters = read_parameters(args.parameters)
    if not ctx.via_button or not args.reason.strip():
        return _propose(ctx, model, champion, args)
    training = Training(
        id=uuid4().hex,
        model=model,
        champion=champion,
        reason=args.reason.strip(),
        parameters=parameters,
        by=ctx.user.id,
        by_name=ctx.user.name,
        at=ctx.now,
    )
    return _start(ctx, ctx.trainer, training)


def read_parameters(text: str) -> dict[str, str]:
    """ "days=90 epochs=5" as a dict. Raises BadArgs that shows what it could not read."""
    found: dict[str, str] = {}
    for part in text.replace(",", " ").split():
        name, sign, value = part.partition("=")
        if not (name and sign and value):
            raise BadArgs("parameters", f"cannot read {part[:40]!r}", "Write days=90 epochs=5.")
        found[name] = value
    if len(found) > MOST_PARAMETERS:
        raise BadArgs("parameters", f"there are {len(found)}", f"{MOST_PARAMETERS} at most.")
    return found


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


def _propose(ctx: Context, model: str, champion: str, args: Args) -> Reply:
    lately = _lately(ctx, model)
    form = Form(
        title="Train again",
        fields=(
            FormField("reason", "Why", hint="Kept with the run and in the audit record"),
            FormField(
                "parameters",
                "Parameters",
                hint="For example days=90 epochs=5",
                initial=args.parameters,
                optional=True,
            ),
        ),
        submit="Start",
        text=f"{model} is trained again. Nothing changes for users until a version is promoted.",
    )
    text = "The new version joins the registry and is promoted by request, like any other."
    return Reply(
        title=f"Train {model} again?",
        text=f"{lately}\n{text}" if lately else text,
        tone=Tone.WARNING if lately else Tone.NEUTRAL,
        fields={"serving now": show_version(champion)} if champion else {},
        buttons=(
            Button(
                "Train again",
                Call("retrain", {"model": model}),
                style=Style.PRIMARY,
                form=form,
            ),
        ),
        audience=Audience.ASKER,
    )


def _lately(ctx: Context, model: str) -> str:
    runs = [c for c in ctx.changes.between(ctx.now - RECENT, ctx.now, model) if c.kind == KIND]
    if not runs:
        return ""
    last = max(runs, key=lambda change: change.at)
    ago = say_duration(ctx.now - last.at)
    return f"{last.author or 'Somebody'} started a run {ago} ago: {last.summary}."


def _start(ctx: Context, trainer: Trainer, training: Training) -> Reply:
    url = trainer.start(training).url
    told = " ".join(f"{name}={value}" for name, value in training.parameters.items())
    ctx.changes.add(
        Change(
            id=f"retrain-{training.id}",
            at=training.at,
            kind=KIND,
            service=training.model,
            summary=f"training asked for: {training.reason}",
            author=training.by_name,
            url=url,
        )
    )
    return Reply(
        title=f"{training.model}: a training run was asked for",
        text=training.reason,
        tone=Tone.GOOD,
        fields={
            "by": training.by_name,
            **({"parameters": told} if told else {}),
            "run": training.id[:8],
        },
        buttons=(Button("Open the run", url=url),) if url else (),
        footer="Nothing changes for users until a version is promoted.",
    )


skill = Skill(
    name="retrain",
    summary="Start a training run of a model",
    examples=("retrain the fraud model", "train eta-model again on the last 90 days"),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
    command="/retrain",
    positional=("model", "reason"),
)
