"""Requests to promote a model that wait for the person who asks, and those that person made."""

from collections.abc import Sequence

from knowledge.durations import say_duration
from knowledge.promotion import expires_at, show_version
from knowledge.records import Approval
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Line,
    NoArgs,
    Reply,
    Role,
    Section,
    Skill,
    Tone,
)
from skills.requests import open_requests

MOST = 5


def run(ctx: Context, args: NoArgs) -> Reply:
    waiting = open_requests(ctx)
    mine = [a for a in waiting if a.requester == ctx.user.id]
    others = [a for a in waiting if a.requester != ctx.user.id]
    for_me = others if ctx.user.role >= Role.APPROVE else []
    sections = (
        *_sections(ctx, "Waiting for your decision", for_me),
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


def _sections(ctx: Context, heading: str, asked: Sequence[Approval]) -> tuple[Section, ...]:
    if not asked:
        return ()
    lines = tuple(Line(_say(ctx, approval)) for approval in asked[:MOST])
    buttons = tuple(
        Button(
            f"Open {approval.model} {show_version(approval.version)}",
            Call("promotion", {"model": approval.model, "version": approval.version}),
        )
        for approval in asked[:MOST]
    )
    return (Section(heading, lines, bullets=True, buttons=buttons),)


def _say(ctx: Context, approval: Approval) -> str:
    left = say_duration(expires_at(approval) - ctx.now)
    what = f"{approval.model} {show_version(approval.version)}"
    return f"{what}, asked by {approval.requester_name}; {left} left to decide"


skill = Skill(
    name="my_requests",
    summary="Show the approvals that wait for me, and those I asked for",
    examples=("what waits for my approval?",),
    args=NoArgs,
    run=run,
    hidden=True,
)
