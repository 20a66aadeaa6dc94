"""Going back to the version that served before: the same request, for somebody else to approve. In
an emergency one approver is enough, and somebody reviews it afterwards."""

from pydantic import BaseModel, Field, model_validator

from knowledge.promotion import previous_champion, show_version
from knowledge.records import ApprovalStatus, ModelVersion, Purpose
from skills.contract import Audience, Button, Call, Context, Form, FormField, Reply, Skill, Style
from skills.requests import answer, channel_of, choose_model, choose_version, plain_reason

EMERGENCY = "emergency"


class Args(BaseModel):
    model: str = Field("", description="the model's name in the registry, e.g. eta-model")
    version: str = Field("", description="an earlier champion; empty: the one before this")
    reason: str = Field("", description="why, in a few words; shown to those who decide")
    emergency: bool = Field(False, description="users are hurt now: one approver, reviewed later")

    @model_validator(mode="after")
    def _hear_emergency(self) -> "Args":
        """ "/rollback eta-model emergency because ..." and "... eta-model 3 emergency ..."."""
        if self.version.lower().rstrip(":,") == EMERGENCY:
            self.emergency, self.version = True, ""
        first, _, rest = self.reason.partition(" ")
        if first.lower().rstrip(":,") == EMERGENCY:
            self.emergency, self.reason = True, rest
        return self


def run(ctx: Context, args: Args) -> Reply:
    if not args.model:
        return choose_model(ctx, "rollback", "Which model do you want to roll back?")
    versions = ctx.models.versions(args.model)
    champion = next((v for v in versions if "champion" in v.aliases), None)
    if champion is None and versions:
        champion = ctx.models.champion(versions[0].model)
    if champion is None:
        name = versions[0].model if versions else args.model
        return Reply(f"{name} has no champion", text="There is nothing to roll back.")
    target = _target(ctx, champion, versions, args.version)
    if target is None:
        return choose_version(
            champion.model,
            versions,
            "promotion",
            f"No earlier champion of {champion.model} is known",
            f"{_named(args.version)} is not recorded as champion before "
            f"{show_version(champion.version)}. Any version can be asked for by promotion, which "
            "compares it first:",
        )
    return _request(ctx, champion, target, args)


def _named(version: str) -> str:
    return show_version(version) if version else "No version"


def _target(
    ctx: Context, champion: ModelVersion, versions: list[ModelVersion], asked: str
) -> ModelVersion | None:
    """The version to go back to; None where none, or not the one asked for, has served."""
    history = ctx.approvals.find(model=champion.model, status=ApprovalStatus.APPROVED)
    previous = previous_champion(versions, history, champion.version)
    if not asked:
        return previous
    wanted = ctx.models.version(champion.model, asked)
    served = {a.version for a in history} | {a.champion for a in history} | {champion.version}
    if previous is not None:
        served.add(previous.version)
    return wanted if wanted.version in served else None


def _request(ctx: Context, champion: ModelVersion, target: ModelVersion, args: Args) -> Reply:
    reason = plain_reason(args.reason)
    if args.emergency and not reason:
        return _ask_why(champion, target)
    asked = ctx.promoting.ask(
        target.model,
        target.version,
        by=ctx.user.id,
        by_name=ctx.user.name,
        reason=reason,
        purpose=Purpose.EMERGENCY if args.emergency else Purpose.ROLLBACK,
        channel=channel_of(ctx),
    )
    return answer(ctx, asked, "rollback")


def _ask_why(champion: ModelVersion, target: ModelVersion) -> Reply:
    """An emergency needs a reason: it is what the approver decides by, at three in the morning."""
    old, new = show_version(champion.version), show_version(target.version)
    why = FormField("reason", "What is wrong?", hint="Shown on the card, and reviewed afterwards")
    call = {"model": target.model, "version": target.version, "emergency": True}
    return Reply(
        f"What is wrong with {champion.model} {old}?",
        text=f"An emergency rollback to {new} takes one approver and a reason.",
        buttons=(
            Button(
                "Say why and ask",
                Call("rollback", call),
                style=Style.DANGER,
                form=Form("Emergency rollback", (why,), submit="Ask"),
            ),
        ),
        audience=Audience.ASKER,
    )


skill = Skill(
    name="rollback",
    summary="Ask to go back to the version that was champion before",
    examples=("roll back eta-model", "undo the last release of the fraud model"),
    args=Args,
    run=run,
    phrases=(
        "put the earlier churn model back",
        "we were better off with last week's no-show model, switch",
        "session-rank misbehaves since the release, revert it",
        "go back to the previous champion of basket-size",
        "restore the version of lead-score that served before",
        "can you undo basket-size 2.2",
    ),
    command="/rollback",
    positional=("model", "version", "reason"),
)
