"""Find past incidents like a text or like a live incident, and the runbooks that fit."""

import re
from collections.abc import Sequence

from pydantic import BaseModel, Field

from knowledge.records import Band, DocumentKind, Hit, Incident
from skills.contract import BadArgs, Button, Call, Context, Line, Reply, Section, Skill

_INCIDENT = re.compile(r"\s*inc[-\s]?\d+\s*", re.IGNORECASE)
_MOST_INCIDENTS = 5
_MOST_RUNBOOKS = 2
_ASKED_LENGTH = 80


class Args(BaseModel):
    text: str = Field("", description="symptom, alert or error message, or an incident's id")
    incident: str = Field("", description="incident to compare with, e.g. INC-12")


def run(ctx: Context, args: Args) -> Reply:
    incident_id = args.incident
    text = args.text.strip()
    if not incident_id and _INCIDENT.fullmatch(text):
        incident_id, text = text.strip(), ""
    if not incident_id and not text:
        incident_id = ctx.thread
    if incident_id:
        incident = ctx.incidents.get(incident_id)
        return _answer(ctx, query(incident, text), incident.id, exclude=(incident.id,))
    if not text:
        raise BadArgs("text", "nothing to compare with", "Write a symptom, or an incident's id")
    return _answer(ctx, text, _quoted(text))


def query(incident: Incident, extra: str = "") -> str:
    """What a live incident is searched by: what was added, its title, service, alerts, notes."""
    alerts = (f"{s.name} {s.summary} {s.description}".strip() for s in incident.signals[:6])
    notes = [event.text for event in incident.timeline if event.kind == "note"][-3:]
    return "\n".join(
        part
        for part in (extra, incident.title, incident.service, *dict.fromkeys(alerts), *notes)
        if part
    )


def _answer(ctx: Context, text: str, asked: str, exclude: Sequence[str] = ()) -> Reply:
    past = ctx.library.similar(text, _MOST_INCIDENTS, (DocumentKind.INCIDENT,), exclude)
    runbooks = ctx.library.similar(text, _MOST_RUNBOOKS, (DocumentKind.RUNBOOK,))
    by_words = _by_words(ctx.library.ready, (*past, *runbooks))
    if not past and not runbooks:
        return Reply(
            title=f"Nothing similar to {asked}",
            text="Try the alert's name, the exact error message, or the service and the symptom, "
            "such as `checkout-api timeouts to payments`.",
            footer=by_words,
        )
    near = [hit for hit in past if hit.band is Band.SIMILAR]
    perhaps = [hit for hit in past if hit.band is not Band.SIMILAR]
    return Reply(
        title=f"Past incidents like {asked}",
        text=_verdict(near, perhaps),
        sections=(
            *_group("Similar", near),
            *_group("Possibly related", perhaps),
            *_group("Runbooks", runbooks),
        ),
        footer=by_words or "Likeness is the cosine to the nearest passage; 0.55 counts as similar.",
    )


def _by_words(ready: bool, hits: Sequence[Hit]) -> str:
    """Said when meaning had no part in the search, and why."""
    if not ready:
        return "The model is still loading: searched by words only."
    if hits and not any(hit.cosine for hit in hits):
        return "The embedder did not answer: searched by words only."
    return ""


def _verdict(near: Sequence[Hit], perhaps: Sequence[Hit]) -> str:
    if near:
        return ""
    if perhaps:
        return "Nothing clearly similar; these may be related."
    return "No past incident is similar, but a runbook fits."


def _group(heading: str, hits: Sequence[Hit]) -> tuple[Section, ...]:
    """A heading, then one section a hit; nothing at all without hits."""
    if not hits:
        return ()
    return (Section(f"{heading} ({len(hits)})"), *map(_section, hits))


def _section(hit: Hit) -> Section:
    document = hit.document
    runbook = document.kind is DocumentKind.RUNBOOK
    likeness = f"likeness {hit.cosine:.2f}" if hit.cosine else ""
    about = (document.date, document.service, document.severity, likeness)
    solved = "" if runbook else document.resolution or "not written down"
    lines = (
        " · ".join(part for part in about if part),
        f"*Matches:* {', '.join(hit.matched)}" if hit.matched else "",
        f"“{hit.passage}”" if hit.passage else "",
        f"*Resolved by:* {_shorten(solved)}" if solved else "",
    )
    return Section(
        heading=document.title if runbook else f"{document.id}: {document.title}",
        lines=tuple(Line(line) for line in lines if line),
        url=document.url,
        buttons=_buttons(hit),
    )


def _buttons(hit: Hit) -> tuple[Button, ...]:
    document = hit.document
    if document.kind is DocumentKind.RUNBOOK:
        return (Button("Open runbook", Call("runbook", {"name": document.id})),)
    if _INCIDENT.fullmatch(document.id):
        call = Call("incident_summary", {"incident": document.id})
        return (Button("Show", call),)
    return (Button("Show", url=document.url),) if document.url else ()


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= _ASKED_LENGTH else line[: _ASKED_LENGTH - 1].rstrip() + '…'}”"


def _shorten(text: str, most: int = 280) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


skill = Skill(
    name="similar_incidents",
    summary="Find past incidents like this one, and what resolved them",
    examples=(
        "have we seen checkout timeouts to payments before?",
        "similar incidents to INC-12",
        "any past incidents with GPU thermal throttling?",
    ),
    phrases=(
        "has this happened before",
        "did something like this ever happen to tracking-api",
        "find old incidents that look like this",
        "when did kafka consumer lag last bite us",
        "what fixed it last time",
        "seen this error before: too many clients already",
        "previous outages of label-service with 503s",
        "search past postmortems for expired certificate",
        "anything like INC-12 in the archive",
    ),
    args=Args,
    run=run,
    command="/similar",
    positional=("text",),
)
