"""The clicks on a past incident that was shown as alike: it helped, or it is not alike.

They are kept, and move that document a little for questions near to the one it was shown for
(`knowledge.library.votes`).
"""

from functools import partial

from pydantic import BaseModel, Field

from knowledge.records import Judgement
from knowledge.redact import redact
from skills.contract import Audience, BadArgs, Context, Reply, Skill
from skills.similar_incidents import query


class Args(BaseModel):
    document: str = Field(description="the past incident's id")
    incident: str = Field("", description="the live incident that it was shown for")
    query: str = Field("", description="what was searched by, where there is no incident")


def run(ctx: Context, args: Args, useful: bool) -> Reply:
    document = ctx.library.get(args.document)
    if not ctx.via_button:
        return Reply(
            title="Judging a past incident takes a click",
            text="Press *This helped* or *Not alike* below it, where it was found.",
            audience=Audience.ASKER,
        )
    text = query(ctx.incidents.get(args.incident)) if args.incident else args.query.strip()
    if not text:
        raise BadArgs("query", "missing", "Search again, and press the button below the new answer")
    masked, _ = redact(text)
    judged = Judgement(ctx.now, ctx.user.id, masked, document.id, useful, args.incident)
    ctx.judgements.put(judged)
    return Reply(
        title=f"Noted: {document.id} {'helped' if useful else 'is not alike'}",
        text="It moves a little "
        + ("up" if useful else "down")
        + " when something like this is searched for again. Your latest click counts.",
        audience=Audience.ASKER,
    )


def _skill(name: str, useful: bool, summary: str) -> Skill[Args]:
    return Skill(
        name=name,
        summary=summary,
        examples=(),
        args=Args,
        run=partial(run, useful=useful),
        hidden=True,
    )


helped = _skill("similar_helped", True, "Say that a past incident helped")
unlike = _skill("similar_unlike", False, "Say that a past incident is not alike")
