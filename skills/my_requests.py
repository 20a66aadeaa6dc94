"""Requests to move a champion that wait for the person who asks, and those that person made."""

from collections.abc import Sequence

from knowledge.promotion import say_time, show_version
from knowledge.promotion.deciding import expires_at
from knowledge.records import Approval
from skills.cards.request_words import approvals_of, say_votes
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Line,
    NoArgs,
    Reply,
    Section,
    Skill,
    Tone,
)

MOST = 5


def run(ctx: Context, args: NoArgs) -> Reply:
    waiting = ctx.promoting.undecided()
    mine = [a for a in waiting if a.requester == ctx.user.id]
    for_me = ctx.promoting.open_to(ctx.user.id)
    voted = [a for a in waiting if a not in for_me and _has_voted(a, ctx.user.id)]
    sections = (
        *_sections(ctx, "Waiting for your decision", for_me),
        *_sections(ctx, "You voted; others are missing", voted),
        *_sections(ctx, "You asked for", mine),
    )
    if not sections:
        return Reply("No approvals wait for you", tone=Tone.GOOD, audience=Audience.ASKER)
    title = f"{len(for_me)} waiting for your decision" if for_me else "Your requests"
    return Reply(
        title,
        tone=Tone.WARNING if for_me else Tone.NEUTRAL,
        sections=sections,
        audience=Audience.ASKER,
    )


def _has_voted(approval: Approval, user: str) -> bool:
    return any(vote.by == user for vote in approvals_of(approval))


def _sections(ctx: Context, heading: str, asked: Sequence[Approval]) -> tuple[Section, ...]:
    if not asked:
        return ()
    shown = asked[:MOST]
    lines = [Line(_say(ctx, approval)) for approval in shown]
    if len(asked) > MOST:
        lines.append(Line(f"and {len(asked) - MOST} more"))
    buttons = tuple(
        Button(
            f"Open {approval.model} {show_version(approval.version)}",
            Call("request", {"approval": approval.id}),
        )
        for approval in shown
    )
    return (Section(heading, tuple(lines), bullets=True, buttons=buttons),)


def _say(ctx: Context, approval: Approval) -> str:
    """What, by whom, how many votes are there, until when."""
    votes = say_votes(approval, ctx.promoting.policy(approval.model))
    what = f"{approval.model} {show_version(approval.version)}"
    until = say_time(expires_at(approval))
    return f"{what}, asked by {approval.requester_name}; approvals {votes}; until {until}"


skill = Skill(
    name="my_requests",
    summary="Show the approvals that wait for me, and those I asked for",
    examples=("what waits for my approval?",),
    args=NoArgs,
    run=run,
    hidden=True,
)
