"""What the skills about requests share: choosing a model and a version, the card of a request, and
the answer to the one who asks. The rules are in `knowledge.promotion`."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, Field

from knowledge.promotion import say_time, show_version
from knowledge.promotion.deciding import expires_at, is_expired
from knowledge.promotion.ruling import Asked
from knowledge.records import Approval, ApprovalStatus, ModelVersion
from skills.cards.request import refusal_card, request_card, vote_args, with_note
from skills.cards.request_words import name_of
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Reply,
    Skill,
    Tone,
)
from skills.request_pictures import request_picture

NEWEST = 5
"""How many versions or models are offered as buttons."""


# Choosing ------------------------------------------------------------------------------------


def choose_model(ctx: Context, skill: str, title: str) -> Reply:
    """Offer the registry's models as buttons of this skill."""
    names = ctx.models.names()
    if not names:
        return Reply("The model registry is empty", audience=Audience.ASKER)
    return Reply(
        title,
        text=f"{len(names)} in the registry." if len(names) > NEWEST else "",
        buttons=tuple(Button(n, Call(skill, {"model": n})) for n in names[:NEWEST]),
        audience=Audience.ASKER,
    )


def choose_version(
    model: str, versions: Sequence[ModelVersion], skill: str, title: str, text: str = ""
) -> Reply:
    """Offer the newest versions of a model that are not champion as buttons of this skill."""
    others = [v for v in versions if "champion" not in v.aliases][:NEWEST]
    return Reply(
        title,
        text=text or ("" if others else f"{model} has no version to choose."),
        buttons=tuple(
            Button(
                f"{show_version(v.version)}, {v.created_at:%d %b}",
                Call(skill, {"model": model, "version": v.version}),
            )
            for v in others
        ),
        audience=Audience.ASKER,
    )


def plain_reason(text: str) -> str:
    """ "because it is better" is "it is better"."""
    words = " ".join(text.split())
    lead, _, rest = words.partition(" ")
    return rest if lead.lower().rstrip(",:") == "because" else words


# Asking --------------------------------------------------------------------------------------


def open_requests(ctx: Context, model: str = "") -> list[Approval]:
    """Requests that still wait for a decision, newest first."""
    waiting = ctx.approvals.find(model=model, status=ApprovalStatus.PENDING)
    return [a for a in waiting if not is_expired(a, ctx.now)]


def channel_of(ctx: Context) -> str:
    """Where a request asked here is shown. A direct message is no place for others to decide in."""
    return "" if ctx.channel.startswith("D") else ctx.channel


def in_terminal(ctx: Context) -> bool:
    return not ctx.channel and ctx.rooms is None


def answer(ctx: Context, asked: Asked, skill: str) -> Reply:
    """To the one who asked: in the terminal the card itself, in the chat where it is."""
    if asked.approval is None:
        return replace(refusal_card(asked.evidence, asked.gates, skill), audience=Audience.ASKER)
    approval = asked.approval
    note = "" if asked.new else "This was asked already and still waits for its decision."
    if in_terminal(ctx):
        card = card_of(ctx, approval, drawn=True)
        return with_note(card, note) if note else card
    return _where_it_is(ctx, approval, note)


def _where_it_is(ctx: Context, approval: Approval, note: str) -> Reply:
    where = "this channel" if approval.channel == ctx.channel else _channel_name(approval)
    text = f"The card of {approval.id} is in {where}. Somebody else decides before "
    link = ctx.card_link(approval.id)
    return Reply(
        title=f"{'Asked' if not note else 'Asked already'}: {name_of(approval)}",
        text="\n".join(filter(None, (note, f"{text}{say_time(expires_at(approval))}."))),
        tone=Tone.NEUTRAL,
        buttons=(
            *((Button("Open the card", url=link),) if link else ()),
            *((_withdraw(approval),) if approval.requester == ctx.user.id else ()),
        ),
        about=approval.id,
        audience=Audience.ASKER,
    )


def _channel_name(approval: Approval) -> str:
    return approval.channel if approval.channel.startswith("#") else "the team's channel"


def _withdraw(approval: Approval) -> Button:
    return Button(
        "Withdraw",
        Call("reject", vote_args(approval)),
        confirm="This ends your request; nothing is moved.",
    )


# The card ------------------------------------------------------------------------------------


def card_of(ctx: Context, approval: Approval, *, drawn: bool = False) -> Reply:
    """The request's card as it stands; `drawn` with its picture, which takes half a second."""
    evidence = ctx.promoting.thaw(approval)
    waits = approval.status is ApprovalStatus.PENDING
    picture = request_picture(evidence, approval.gates) if drawn else None
    return request_card(
        approval,
        evidence,
        ctx.promoting.policy(approval.model),
        ctx.people,
        (picture,) if picture else (),
        ctx.promoting.tally(approval) if waits else None,
    )


class RequestArgs(BaseModel):
    approval: str = Field(description="the request's id, e.g. APR-3")


def run(ctx: Context, args: RequestArgs) -> Reply:
    """A copy for one person; votes on it count as on the card."""
    card = card_of(ctx, ctx.approvals.get(args.approval), drawn=True)
    link = ctx.card_link(args.approval)
    opened = (Button("Open the card", url=link),) if link else ()
    return replace(card, buttons=(*card.buttons, *opened), about="", audience=Audience.ASKER)


skill = Skill(
    name="request",
    summary="Show one request to move a champion",
    examples=(),
    args=RequestArgs,
    run=run,
    hidden=True,
)
