"""A second person has looked at an emergency rollback."""

from pydantic import BaseModel, Field

from knowledge.promoting.reviews import UNREVIEWED
from skills.cards.request_words import name_of
from skills.contract import Audience, Context, Reply, Skill, Tone


class Args(BaseModel):
    approval: str = Field(description="the request's id, e.g. APR-3")
    note: str = Field("", description="what was found", max_length=1000)


def run(ctx: Context, args: Args) -> Reply:
    """Raises Denied for who asked for it, approved it or may not approve."""
    if not ctx.via_button:
        return Reply(
            "Reviewing takes a click",
            text=f"Press Reviewed on the card of {args.approval}.",
            audience=Audience.ASKER,
        )
    before = ctx.approvals.get(args.approval)
    if before.reviewed_by:
        return Reply(
            f"{name_of(before)}: reviewed already by {ctx.people(before.reviewed_by)}",
            audience=Audience.ASKER,
        )
    approval = ctx.promoting.review(
        args.approval, by=ctx.user.id, by_name=ctx.user.name, note=args.note
    )
    ctx.approvals.update(approval.id, lambda stored: stored, (UNREVIEWED,))
    return Reply(
        f"{name_of(approval)}: reviewed",
        text="Your name is on the request.",
        tone=Tone.GOOD,
        about=approval.id,
        audience=Audience.ASKER,
    )


skill = Skill(
    name="review",
    summary="Say that an emergency rollback was reviewed",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)
