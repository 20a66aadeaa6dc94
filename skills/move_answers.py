"""What people make of a champion that was moved past Tandem: restore the earlier one, or accept."""

from pydantic import BaseModel, Field

from knowledge.promoting.outside import MOVE, answer
from knowledge.promotion import show_version
from knowledge.records import Approval, Ballot, Move, Purpose
from skills.contract import (
    Audience,
    BadArgs,
    Context,
    Denied,
    Reply,
    Skill,
    Tone,
)
from skills.requests import answer as say_asked
from skills.requests import channel_of, plain_reason


class RestoreArgs(BaseModel):
    move: str = Field(description="the move's id, e.g. MOV-3")


class AcceptArgs(BaseModel):
    move: str = Field(description="the move's id, e.g. MOV-3")
    reason: str = Field("", description="why it is right", max_length=500)


def run_restore(ctx: Context, args: RestoreArgs) -> Reply:
    """A request by the same rules as every rollback."""
    move = ctx.moves.get(args.move)
    if not ctx.via_button:
        return _by_click_only(move)
    if not move.before:
        return Reply(
            f"{move.model} had no champion before {move.id}",
            text="There is nothing to restore.",
            audience=Audience.ASKER,
        )
    asked = ctx.promoting.ask(
        move.model,
        move.before,
        by=ctx.user.id,
        by_name=ctx.user.name,
        reason=f"{move.id} moved the champion outside Tandem",
        purpose=Purpose.ROLLBACK,
        channel=channel_of(ctx),
    )
    if asked.approval is not None and not move.answered:
        said = f"{ctx.user.name} asks to restore {show_version(move.before)} ({asked.approval.id})"
        ctx.moves.change(move.id, lambda stored: answer(stored, said), (MOVE,))
    return say_asked(ctx, asked, "rollback")


def run_accept(ctx: Context, args: AcceptArgs) -> Reply:
    """Raises Denied for who may not approve a promotion of this model, Overtaken where somebody
    answered before."""
    move = ctx.moves.get(args.move)
    if not ctx.via_button:
        return _by_click_only(move)
    reason = plain_reason(args.reason)
    if not reason:
        raise BadArgs("reason", "accepting needs one", "Press Accept again and say why it is right")
    why_not = ctx.promoting.may(_as_request(ctx, move), Ballot.APPROVE, ctx.user.id)
    if why_not:
        raise Denied(why_not)
    said = f"accepted by {ctx.user.name}: {reason}"
    ctx.moves.change(move.id, lambda stored: answer(stored, said), (MOVE,))
    return Reply(f"{move.id} is {said}", tone=Tone.GOOD, audience=Audience.ASKER)


def _as_request(ctx: Context, move: Move) -> Approval:
    """The request that nobody made: who may approve it may accept the move."""
    return Approval("", move.model, move.version, move.before, "", "", ctx.now, kind=move.kind)


def _by_click_only(move: Move) -> Reply:
    return Reply(
        "This takes a click",
        text=f"Press the button on the card of {move.id}.",
        audience=Audience.ASKER,
    )


move_restore = Skill(
    name="move_restore",
    summary="Ask to restore the champion from before a move outside Tandem",
    examples=(),
    args=RestoreArgs,
    run=run_restore,
    hidden=True,
)

move_accept = Skill(
    name="move_accept",
    summary="Accept a champion that was moved outside Tandem",
    examples=(),
    args=AcceptArgs,
    run=run_accept,
    hidden=True,
)
