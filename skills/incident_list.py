"""Which incidents are there?"""

from difflib import get_close_matches

from pydantic import BaseModel, Field

from knowledge.incidents import read_severity
from knowledge.records import Incident, Status
from skills import cards
from skills.contract import BadArgs, Context, NotFound, Reply, Skill

MOST = 500
"""The newest that are looked through."""
_WORDS = {
    **dict.fromkeys(
        ("", "open", "active", "ongoing", "current", "firing", "unresolved", "live"), "open"
    ),
    **dict.fromkeys(("resolved", "closed", "done", "fixed", "over"), "resolved"),
    **dict.fromkeys(("all", "any", "every"), "all"),
    "mitigated": "mitigated",
    "monitoring": "monitoring",
}


class Args(BaseModel):
    status: str = Field("", description="open, resolved, mitigated, monitoring or all")
    service: str = Field("", description="only this service, e.g. checkout")
    severity: str = Field("", description="only this severity: SEV1 to SEV4, or P1 and the like")


def run(ctx: Context, args: Args) -> Reply:
    status = _status(args.status)
    severity = read_severity(args.severity, "severity") if args.severity.strip() else None
    found = _with_status(ctx, status)
    if args.service.strip():
        found = _of_service(ctx, found, args.service.strip())
    if severity is not None:
        found = [incident for incident in found if incident.severity is severity]
    parts = ("" if status == "all" else status, severity or "", args.service.strip())
    return cards.incident_list(found, ctx.now, " ".join(filter(None, parts)), ctx.people)


def _status(text: str) -> str:
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    nearest = get_close_matches(word, [w for w in _WORDS if w], n=1)
    hint = f"Did you mean {nearest[0]}? " if nearest else ""
    raise BadArgs(
        "status",
        f"{text!r} is none",
        f"{hint}Use open, resolved, mitigated, monitoring or all",
    )


def _with_status(ctx: Context, status: str) -> list[Incident]:
    if status == "open":
        return ctx.incidents.find(open_only=True, limit=MOST)
    return ctx.incidents.find(status=None if status == "all" else Status(status), limit=MOST)


def _of_service(ctx: Context, incidents: list[Incident], service: str) -> list[Incident]:
    """Those whose service's name holds the words. Raises NotFound for one never heard of."""
    word = service.lower()
    found = [i for i in incidents if word in i.service.lower()]
    if not found:
        known = {i.service for i in ctx.incidents.find(limit=MOST)}
        if not any(word in name.lower() for name in known):
            raise NotFound.among("incident of service", service, sorted(known - {""}))
    return found


skill = Skill(
    name="incident_list",
    summary="List open or past incidents",
    examples=(
        "what is open right now?",
        "resolved incidents of checkout",
        "any SEV1 at the moment?",
    ),
    phrases=(
        "list incidents",
        "what's on fire",
        "show all ongoing incidents",
        "are there open incidents for search",
        "which incidents were closed this week",
        "everything SEV2 and still active",
        "is anything burning",
    ),
    args=Args,
    run=run,
)
