"""The clicks on a request's card: approve, reject, ask for changes, override.

Each is one call of `ctx.promoting.vote`, which checks the rights, the request and the facts anew.
The button says which evidence stood on its card (`saw`): a button of another message, or of a card
whose facts have changed since, decides nothing. Words never do.
"""

from dataclasses import replace
from functools import partial

from pydantic import BaseModel, Field

from knowledge.promotion.deciding import say_decision
from knowledge.promotion.ruling import Came, Ruling
from knowledge.records import Approval, ApprovalStatus, Ballot
from skills.cards.request import with_note
from skills.cards.request_words import name_of
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Line,
    NotFound,
    Reply,
    Section,
    Skill,
    Tone,
)
from skills.requests import card_of, in_terminal


class VoteArgs(BaseModel):
    approval: str = Field(description="the request's id")
    saw: str = Field("", description="the hash of the evidence that stood on the card")
    reason: str = Field("", description="why; needed for all but approving")


def run(ctx: Context, args: VoteArgs, ballot: Ballot) -> Reply:
    if not ctx.via_button:
        return _by_click_only(ctx, args.approval, ballot)
    try:
        ruling = ctx.promoting.vote(
            args.approval,
            ballot,
            by=ctx.user.id,
            by_name=ctx.user.name,
            reason=args.reason.strip(),
            saw=args.saw,
        )
    except NotFound as error:
        if error.name != args.approval:
            raise
        return _unknown(args.approval)
    return _answer(ctx, ruling)


def _answer(ctx: Context, ruling: Ruling) -> Reply:
    """The card as it is now, in the place of the one that was pressed; where nothing was counted,
    why, to the one who pressed."""
    if ruling.came is Came.LATE:
        return _late(ruling.approval)
    if ruling.came is Came.CHANGED:
        return _changed(ctx, ruling)
    return replace(card_of(ctx, ruling.approval), replace=True)


def _changed(ctx: Context, ruling: Ruling) -> Reply:
    if in_terminal(ctx):
        note = f"Not counted, because the facts changed: {' '.join(ruling.changes)}"
        return replace(with_note(card_of(ctx, ruling.approval), note), replace=True)
    return Reply(
        title="Not counted: the facts are not those on the card you saw",
        text="The card shows them as they are now. Look at it again, then press again.",
        tone=Tone.WARNING,
        sections=(Section("What changed", tuple(map(Line, ruling.changes)), bullets=True),),
        about=ruling.approval.id,
        audience=Audience.ASKER,
    )


def _late(approval: Approval) -> Reply:
    moving = approval.status is ApprovalStatus.MOVING
    return Reply(
        title=f"{name_of(approval)}: {'approved' if moving else say_decision(approval)}",
        text="Its move is under way." if moving else "Your click changed nothing.",
        about=approval.id,
        audience=Audience.ASKER,
    )


_DOING = {
    Ballot.APPROVE: "Approving",
    Ballot.REJECT: "Rejecting",
    Ballot.CHANGES: "Asking for changes",
    Ballot.OVERRIDE: "Overriding a gate",
}


def _by_click_only(ctx: Context, approval_id: str, ballot: Ballot) -> Reply:
    """Words point to the card."""
    approval = ctx.approvals.get(approval_id)
    link = ctx.card_link(approval.id)
    return Reply(
        title=f"{_DOING[ballot]} takes a click",
        text=f"Press the button on the card of {approval.id}, where the evidence stands.",
        buttons=(
            Button("Open the card", url=link)
            if link
            else Button("Show it", Call("request", {"approval": approval.id})),
        ),
        audience=Audience.ASKER,
    )


def _unknown(approval_id: str) -> Reply:
    return Reply(
        title="This request is not known",
        text=f"The button names {approval_id!r}, and there is no such request. Nothing was done. "
        "Ask for the promotion again to get a card that works.",
        tone=Tone.WARNING,
        audience=Audience.ASKER,
    )


def _skill(name: str, ballot: Ballot, summary: str) -> Skill[VoteArgs]:
    return Skill(
        name=name,
        summary=summary,
        examples=(),
        args=VoteArgs,
        run=partial(run, ballot=ballot),
        hidden=True,
    )


approve = _skill("approve", Ballot.APPROVE, "Approve a request that somebody else made")
reject = _skill("reject", Ballot.REJECT, "Reject a request with a reason, or withdraw one's own")
ask_changes = _skill("ask_changes", Ballot.CHANGES, "Send a request back with what should change")
override = _skill("override", Ballot.OVERRIDE, "Approve a request although a gate fails")
