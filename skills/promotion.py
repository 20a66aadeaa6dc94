"""Asking for a promotion. The evidence is gathered, judged and frozen by `ctx.promoting`; who
decides does so with the buttons of the card (`skills.votes`)."""

from pydantic import BaseModel, Field, model_validator

from knowledge.promotion import show_version
from knowledge.records import ModelVersion
from skills.contract import Context, NotFound, Reply, Skill
from skills.requests import answer, channel_of, choose_model, choose_version, plain_reason


class PromotionArgs(BaseModel):
    model: str = Field("", description="the model's name in the registry, e.g. eta-model")
    version: str = Field("", description="the version to promote, e.g. v5 or 5")
    reason: str = Field("", description="why, in a few words; shown to those who decide")

    @model_validator(mode="after")
    def _split(self) -> "PromotionArgs":
        """ "eta-model:5" and "eta-model/5" name both."""
        for sign in (":", "/", "@"):
            model, found, version = self.model.partition(sign)
            if found and model and version and not self.version:
                self.model, self.version = model, version
        return self


def run(ctx: Context, args: PromotionArgs) -> Reply:
    if not args.model:
        return choose_model(ctx, "promotion", "Which model do you want to promote?")
    versions = ctx.models.versions(args.model)
    if not args.version or not versions:
        name = versions[0].model if versions else args.model
        return choose_version(name, versions, "promotion", f"Which version of {name}?")
    try:
        challenger = ctx.models.version(args.model, args.version)
    except NotFound as error:
        title = f"Which version of {versions[0].model}?"
        return choose_version(versions[0].model, versions, "promotion", title, str(error))
    return _request(ctx, challenger, args.reason)


def _request(ctx: Context, challenger: ModelVersion, reason: str) -> Reply:
    champion = ctx.models.champion(challenger.model)
    if champion is not None and champion.version == challenger.version:
        return choose_version(
            challenger.model,
            ctx.models.versions(challenger.model),
            "promotion",
            f"{challenger.model} {show_version(challenger.version)} is the champion already",
        )
    asked = ctx.promoting.ask(
        challenger.model,
        challenger.version,
        by=ctx.user.id,
        by_name=ctx.user.name,
        reason=plain_reason(reason),
        channel=channel_of(ctx),
    )
    return answer(ctx, asked, "promotion")


promotion = Skill(
    name="promotion",
    summary="Compare a version with the champion and ask for its promotion",
    examples=("promote eta-model v5", "can we ship version 7 of the fraud model?"),
    args=PromotionArgs,
    run=run,
    phrases=(
        "make v12 of no-show the live one",
        "put the new churn model into production",
        "lead-score 5 beats the current one, let it take over",
        "request approval to ship basket-size 2.2",
        "session-rank:88 should serve from now on, please file it",
        "champion against challenger for eta-model, I want to switch",
        "is v9 good enough to replace what we serve?",
    ),
    command="/promote",
    positional=("model", "version", "reason"),
)
