"""Promotion with evidence and a second person: `promotion` asks, `approve` and `reject` decide.

The order at a decision: check the rights, check the registry again, decide in the store (exactly
one of any number of clickers wins), move the alias, record what came of it. A crash or a failure
in between leaves a request that says so; pressing again looks at the registry first and finishes
only what is missing.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel, Field, model_validator

from knowledge.promotion import (
    Decider,
    close,
    decide,
    expires_at,
    failing,
    is_expired,
    is_rollback,
    may_decide,
    may_reject,
    moved,
    not_moved,
    prevented,
    say_decision,
    say_time,
    show_version,
    try_again,
)
from knowledge.records import Approval, ApprovalStatus, ModelVersion
from skills.contract import (
    Audience,
    BadArgs,
    Context,
    Denied,
    NotFound,
    Reply,
    Role,
    Skill,
    Tone,
    Unavailable,
)
from skills.requests import (
    ask,
    choose_model,
    choose_version,
    decided_card,
    gates_now,
    refusal_card,
    request_card,
)

UNDER_WAY = timedelta(minutes=2)
"""How long an approved move may be without an outcome before it counts as interrupted: well over
the registry client's own time-outs."""


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


class DecisionArgs(BaseModel):
    approval: str = Field(description="the request's id")
    reason: str = Field("", description="why; needed to reject")


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
    gates = gates_now(ctx, champion, challenger, rollback=False)
    if champion is not None and champion.version == challenger.version:
        return choose_version(
            challenger.model,
            ctx.models.versions(challenger.model),
            "promotion",
            f"{challenger.model} {show_version(challenger.version)} is the champion already",
        )
    if prevented(gates):
        return refusal_card(champion, challenger, gates, "promotion")
    approval, new = ask(ctx, champion, challenger, gates, reason)
    note = "" if new else "This was asked already and still waits for its decision."
    return request_card(approval, champion, challenger, gates, note=note)


def run_approve(ctx: Context, args: DecisionArgs) -> Reply:
    _only_by_click(ctx, "Approving")
    approval = ctx.approvals.get(args.approval)
    if approval.status not in (ApprovalStatus.PENDING, ApprovalStatus.FAILED):
        return _late(ctx, approval)
    if is_expired(approval, ctx.now):
        return _closed(ctx, approval, f"nobody decided before {say_time(expires_at(approval))}")
    user = _decider(ctx)
    may_decide(approval, user, ctx.now)
    return _approve(ctx, approval, user, args.reason)


def _approve(ctx: Context, approval: Approval, user: Decider, reason: str) -> Reply:
    """Look at the registry again, decide in the store, move."""
    champion = ctx.models.champion(approval.model)
    retry = approval.status is ApprovalStatus.FAILED
    if retry and champion is not None and champion.version == approval.version:
        # The move that seemed to fail did happen: only its record is missing.
        return decided_card(_record(ctx, approval, moved))
    stale = _stale(ctx, approval, champion)
    if stale:
        return _closed(ctx, approval, stale)
    challenger = ctx.models.version(approval.model, approval.version)
    gates = gates_now(ctx, champion, challenger, rollback=is_rollback(approval))
    if prevented(gates):
        names = ", ".join(g.name for g in failing(gates))
        if retry:
            return _closed(ctx, approval, f"since it was approved, {names} fails")
        note = f"Not approved: since it was asked, {names} fails."
        card = request_card(approval, champion, challenger, gates, note=note)
        return _replacing(card)

    def by(stored: Approval) -> Approval:
        if retry:
            return try_again(stored, user)
        return decide(stored, user, ctx.now, approve=True, reason=reason)

    decided, won = ctx.approvals.decide(approval.id, approval.status, by)
    return _move(ctx, decided) if won else _late(ctx, decided)


def _move(ctx: Context, approval: Approval) -> Reply:
    """Only the one who won the decision comes here."""
    try:
        ctx.models.set_champion(approval.model, approval.version)
    except (Unavailable, NotFound) as error:
        why = (
            f"the registry did not confirm the move ({error}); the champion may still be "
            f"{show_version(approval.champion) if approval.champion else 'missing'}. Try again "
            "when the registry answers: it is looked at first, and only what is missing is done"
        )
        return decided_card(_record(ctx, approval, lambda a: not_moved(a, why)))
    return decided_card(_record(ctx, approval, moved))


def _record(ctx: Context, approval: Approval, by: Callable[[Approval], Approval]) -> Approval:
    """Write down what came of a decided request. Somebody may have marked it as interrupted
    meanwhile, so both states are expected; an outcome that is there already stays."""
    stored = approval
    for expected in (ApprovalStatus.APPROVED, ApprovalStatus.FAILED):
        stored, written = ctx.approvals.decide(approval.id, expected, by)
        if written:
            break
    return stored


def _stale(ctx: Context, approval: Approval, champion: ModelVersion | None) -> str:
    """What has changed in the registry since it was asked, or ""."""
    now = champion.version if champion is not None else ""
    if now == approval.version:
        return f"{show_version(now)} became champion by another way, so there is nothing to move"
    if now != approval.champion:
        old = show_version(approval.champion) if approval.champion else "none"
        new = show_version(now) if now else "none"
        return f"the champion changed from {old} to {new}, so the comparison no longer holds"
    try:
        ctx.models.version(approval.model, approval.version)
    except NotFound:
        return f"{show_version(approval.version)} is no longer in the registry"
    return ""


def _closed(ctx: Context, approval: Approval, why: str) -> Reply:
    """End it undecided, unless somebody was faster."""
    stored, won = ctx.approvals.decide(approval.id, approval.status, lambda a: close(a, why))
    return decided_card(stored) if won else _late(ctx, stored)


def _late(ctx: Context, approval: Approval) -> Reply:
    """For a click on a request that is decided. While the winner's move is under way, the card is
    left to them; a move that was interrupted is brought to a state that can be repaired."""
    decided_at = approval.decided_at
    if approval.status is not ApprovalStatus.APPROVED or approval.outcome or decided_at is None:
        return decided_card(approval, already=True)
    champion = ctx.models.champion(approval.model)
    if champion is not None and champion.version == approval.version:
        return decided_card(_record(ctx, approval, lambda a: a if a.outcome else moved(a)))
    if ctx.now - decided_at < UNDER_WAY:
        return Reply(
            f"{approval.model} {show_version(approval.version)}: {say_decision(approval)}",
            text="The move is under way.",
            tone=Tone.NEUTRAL,
            audience=Audience.ASKER,
        )
    why = "it was approved, but the move was interrupted. Try again to finish it"
    return decided_card(_record(ctx, approval, lambda a: a if a.outcome else not_moved(a, why)))


def run_reject(ctx: Context, args: DecisionArgs) -> Reply:
    _only_by_click(ctx, "Rejecting")
    approval = ctx.approvals.get(args.approval)
    if approval.status is not ApprovalStatus.PENDING:
        return _late(ctx, approval)
    if is_expired(approval, ctx.now):
        return _closed(ctx, approval, f"nobody decided before {say_time(expires_at(approval))}")
    user = _decider(ctx)
    may_reject(approval, user, ctx.now)
    reason = args.reason.strip()
    if not reason:
        raise BadArgs("reason", "a rejection needs one", "Press Reject and say why in a few words")
    decided, won = ctx.approvals.decide(
        approval.id,
        ApprovalStatus.PENDING,
        lambda stored: decide(stored, user, ctx.now, approve=False, reason=reason),
    )
    return decided_card(decided) if won else _late(ctx, decided)


def _only_by_click(ctx: Context, what: str) -> None:
    if not ctx.via_button:
        raise Denied(f"{what} takes a click on the button of the request's card.")


def _decider(ctx: Context) -> Decider:
    return Decider(ctx.user.id, ctx.user.name, ctx.user.role >= Role.APPROVE)


def _replacing(card: Reply) -> Reply:
    return replace(card, replace=True)


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
    public=True,
)

approve = Skill(
    name="approve",
    summary="Approve a promotion that somebody else asked for",
    examples=(),
    args=DecisionArgs,
    run=run_approve,
    needs=Role.APPROVE,
    hidden=True,
)

reject = Skill(
    name="reject",
    summary="Reject a promotion with a reason",
    examples=(),
    args=DecisionArgs,
    run=run_reject,
    needs=Role.APPROVE,
    hidden=True,
)
