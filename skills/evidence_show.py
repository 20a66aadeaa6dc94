"""The frozen evidence of a request, as the file that was hashed."""

import hashlib

from pydantic import BaseModel, Field

from skills.cards.request_words import name_of
from skills.contract import Attachment, Audience, Context, Reply, Skill, Tone


class Args(BaseModel):
    approval: str = Field(description="the request's id")


def run(ctx: Context, args: Args) -> Reply:
    approval = ctx.approvals.get(args.approval)
    if not approval.evidence:
        return Reply(
            f"{approval.id} has no evidence",
            text="It was asked before evidence was frozen.",
            audience=Audience.ASKER,
        )
    content = approval.evidence.encode()
    genuine = hashlib.sha256(content).hexdigest() == approval.evidence_hash
    return Reply(
        title=f"{name_of(approval)}: the evidence of {approval.id}",
        text=f"SHA-256 `{approval.evidence_hash}`, "
        + ("as on the card." if genuine else "*which is not the hash of this text.*"),
        tone=Tone.NEUTRAL if genuine else Tone.BAD,
        attachments=(Attachment(f"{approval.id}-evidence.json", content),),
        audience=Audience.ASKER,
    )


skill = Skill(
    name="evidence",
    summary="Send the frozen evidence of a request as a file",
    examples=(),
    args=Args,
    run=run,
    hidden=True,
)
