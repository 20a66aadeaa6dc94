"""Show a runbook. It only reads: what can be run of it is begun by a button of its own."""

import re
from collections.abc import Sequence

from pydantic import BaseModel, Field

from knowledge.ports import Library
from knowledge.records import Document, DocumentKind, Incident
from knowledge.remediation.views import Offer
from knowledge.runbooks import Runbook, Step, read_runbook
from skills.cards.execution import run_button
from skills.contract import (
    BadArgs,
    Button,
    Call,
    Context,
    Line,
    NotFound,
    Reply,
    Section,
    Skill,
    Source,
)

_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_MOST_LINES = 40
_CANDIDATES = 4


class Args(BaseModel):
    name: str = Field("", description="runbook's id or title, or what is wrong")
    incident: str = Field("", description="incident to find a runbook for, e.g. INC-12")


def run(ctx: Context, args: Args) -> Reply:
    incident_id = args.incident or ("" if args.name else ctx.thread)
    if args.name:
        return _by_name(ctx, args.name)
    if incident_id:
        return _for_incident(ctx, incident_id)
    raise BadArgs("name", "no runbook named", "Write for example /runbook kafka-lag")


def sections(text: str) -> tuple[Section, ...]:
    """Markdown as sections: one for each heading. The title is left out, the numbers of steps are
    kept, and what is longer than a card ends with a remark."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            found.append((heading.group(1), []))
        elif line.strip() and not line.strip().startswith("```"):
            found[-1][1].append(line.rstrip())
    left = _MOST_LINES
    shown: list[Section] = []
    for heading_text, lines in found:
        if not lines or left <= 0:
            continue
        kept = lines[:left]
        left -= len(lines)
        shown.append(Section(heading_text, tuple(Line(_plain(line)) for line in kept)))
    if left < 0:
        shown.append(Section("", (Line("The rest is on the runbook's own page."),)))
    return tuple(shown)


def _plain(line: str) -> str:
    """A list item's mark as a bullet; a step's number stays, since people say "step 3"."""
    if _BULLET.match(line) and not line.lstrip()[0].isdigit():
        return _BULLET.sub("• ", line)
    return line.strip().replace("**", "*")


def readable(runbook: Runbook) -> str:
    """Its text with what each step runs in the place of its block."""
    return "\n".join(
        _say_step(part) if isinstance(part, Step) else part.text for part in runbook.parts
    )


def _say_step(step: Step) -> str:
    what = "changes something" if step.changes else "only looks"
    shown = " ".join(step.action.shown.split()).replace("`", "'")
    return f"→ step {step.number} ({step.kind}, {what}): `{shown}`"


def _by_name(ctx: Context, name: str) -> Reply:
    document = _named(ctx.library, name.strip()) or _named(ctx.library, _as_id(name))
    if document is None:
        return _search(ctx, name, name)
    if document.kind is not DocumentKind.RUNBOOK:
        return _search(ctx, document.title, name)
    return _shown(ctx, document)


def _named(library: Library, document_id: str) -> Document | None:
    try:
        return library.get(document_id)
    except NotFound:
        return None


def _as_id(name: str) -> str:
    """Ids of runbooks are their file names: "Kafka lag" means kafka-lag."""
    return "-".join(name.lower().split())


def _for_incident(ctx: Context, incident_id: str) -> Reply:
    """First what its author meant for these alerts, then what the search finds."""
    incident = ctx.incidents.get(incident_id)
    meant = [o.document for o in ctx.remediation.offers(incident)] if ctx.remediation else []
    if not meant:
        return _search(ctx, incident_text(incident), incident.id, incident.id)
    return _shown(ctx, meant[0], meant[1:][:_CANDIDATES], incident.id)


def incident_text(incident: Incident) -> str:
    """What a live incident says of itself: its title, service and alerts."""
    alerts = (f"{s.name} {s.summary}" for s in incident.signals[:5])
    return " ".join([incident.title, incident.service, *dict.fromkeys(alerts)])


def _search(ctx: Context, text: str, asked: str, incident: str = "") -> Reply:
    hits = ctx.library.similar(text, k=_CANDIDATES, kinds=(DocumentKind.RUNBOOK,))
    if not hits:
        return Reply(
            title=f"No runbook for {asked}",
            text="Try the alert's name, the service, or what is wrong, such as `disk full`.",
        )
    wanted = asked.strip().lower()
    exact = next((h for h in hits if h.document.title.lower() == wanted), hits[0])
    others = [h.document for h in hits if h is not exact]
    return _shown(ctx, exact.document, others, incident)


def _shown(
    ctx: Context, document: Document, others: Sequence[Document] = (), incident: str = ""
) -> Reply:
    offer = _offer(ctx, document)
    more = tuple(
        Button(_short(other.title), Call("runbook", {"name": other.id})) for other in others
    )
    return Reply(
        title=document.title,
        fields={"Runbook": document.id, "Service": document.service or "any"},
        sections=sections(readable(offer.runbook)),
        sources=(Source("runbook", document.title, document.url),) if document.url else (),
        buttons=(*((run_button(offer, incident or ctx.thread),) if offer.runnable else ()), *more),
        footer=_footer(offer) + (" Other runbooks that may fit are below." if others else ""),
    )


def _offer(ctx: Context, document: Document) -> Offer:
    if ctx.remediation is not None:
        return ctx.remediation.offer(document.id)
    runbook = read_runbook(document)
    return Offer(document, runbook, "no runners are configured" if runbook.steps else "")


def _footer(offer: Offer) -> str:
    if offer.runnable:
        return "Shown only: nothing here was run. Each step waits for a click of its own."
    why = f" It cannot be run from here: {offer.why_not}." if offer.why_not else ""
    return f"Shown only: nothing here was run.{why}"


def _short(title: str) -> str:
    return title if len(title) <= 70 else title[:69].rstrip() + "…"


skill = Skill(
    name="runbook",
    summary="Show the runbook for a problem, an alert or an incident",
    examples=(
        "show the runbook for kafka lag",
        "runbook for database failover",
        "what are the steps when a disk is full?",
    ),
    phrases=(
        "open the playbook for a bad deploy",
        "is there a runbook for this?",
        "how do I handle an expired certificate",
        "what's the procedure for rolling back a model",
        "runbook gpu thermal throttling",
        "give me the steps for connection pool exhaustion",
        "which playbook do we follow for INC-12",
        "pull up the sop for consumer lag",
        "documented steps for a database failover please",
    ),
    args=Args,
    run=run,
    command="/runbook",
    positional=("name",),
)
