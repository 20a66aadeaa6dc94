"""Going back to the version that served before: the same request, for somebody else to approve."""

from pydantic import BaseModel, Field

from knowledge.promotion import prevented, previous_champion, show_version
from knowledge.records import ApprovalStatus, ModelVersion
from skills.contract import Context, Reply, Skill
from skills.requests import (
    ask,
    choose_model,
    choose_version,
    gates_now,
    refusal_card,
    request_card,
)


class Args(BaseModel):
    model: str = Field("", description="the model's name in the registry, e.g. eta-model")
    version: str = Field("", description="an earlier champion; empty: the one before this")
    reason: str = Field("", description="why, in a few words; shown to those who decide")


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
    return _request(ctx, champion, target, args.reason)


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


def _request(ctx: Context, champion: ModelVersion, target: ModelVersion, reason: str) -> Reply:
    gates = gates_now(ctx, champion, target, rollback=True)
    if prevented(gates):
        return refusal_card(champion, target, gates, "rollback")
    approval, new = ask(ctx, champion, target, gates, reason)
    note = "" if new else "This was asked already and still waits for its decision."
    return request_card(approval, champion, target, gates, note=note)


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
    public=True,
)
