"""Find past incidents like a text or like a live incident, and the runbooks that fit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from knowledge.fitting import LOOK_BACK, Fit, Situation, Verdict, fit, situation
from knowledge.records import Band, DocumentKind, Filters, Hit, Incident
from skills.asked_filters import given, merged, read_filters, say
from skills.contract import (
    BadArgs,
    Button,
    Call,
    Context,
    Line,
    Reply,
    Section,
    Skill,
)

_INCIDENT = re.compile(r"\s*inc[-\s]?\d+\s*", re.IGNORECASE)
_NAMED = re.compile(r"\binc-\d+\b", re.IGNORECASE)
_MOST_INCIDENTS = 5
_MOST_RUNBOOKS = 2
_FEW = 3
"""Of those that are only possibly related no more are shown than make so many in all."""
_SAME = 60
"""Characters that tell whether two texts are one."""
_ASKED_LENGTH = 80
_QUERY_LENGTH = 300
"""Characters of a question that its buttons carry."""


class Args(BaseModel):
    text: str = Field("", description="symptom, alert or error message, or an incident's id")
    incident: str = Field("", description="incident to compare with, e.g. INC-12")
    service: str = Field("", description="only incidents of this service")
    since: str = Field("", description="only incidents from this day on, e.g. 2026-03-01")
    until: str = Field("", description="only incidents up to this day")
    severity: str = Field("", description="only incidents of this severity, e.g. SEV1")
    resolved: bool = Field(False, description="only incidents that say what fixed them")


@dataclass(frozen=True)
class _Asked:
    """What is searched for, and what is known of the live incident."""

    text: str
    name: str
    """As the title of the reply says it."""
    filters: Filters
    incident: Incident | None = None
    situation: Situation | None = None


def run(ctx: Context, args: Args) -> Reply:
    limits = given(args.service, args.since, args.until, args.severity, args.resolved)
    text = args.text.strip()
    incident_id = args.incident
    if not incident_id and _INCIDENT.fullmatch(text):
        incident_id, text = text.strip(), ""
    rest, said = read_filters(text, ctx.now.date())
    named = _NAMED.search(text)
    if not rest and not incident_id:
        incident_id = named.group().upper() if named else ctx.thread
    filters = merged(limits, said)
    if incident_id:
        return _answer(ctx, _of_incident(ctx, ctx.incidents.get(incident_id), rest, filters))
    if not (rest or text):
        raise BadArgs("text", "nothing to compare with", "Write a symptom, or an incident's id")
    asked = rest or text
    return _answer(ctx, _Asked(asked, _quoted(asked), filters))


def _of_incident(ctx: Context, incident: Incident, extra: str, filters: Filters) -> _Asked:
    began = incident.opened_at
    changes = ctx.changes.between(began - LOOK_BACK, began)
    now = situation(incident, changes)
    return _Asked(query(incident, extra), incident.id, filters, incident, now)


def query(incident: Incident, extra: str = "") -> str:
    """What a live incident is searched by: what was added, its title, service, alerts, notes."""
    alerts = (f"{s.name} {s.summary} {s.description}".strip() for s in incident.signals[:6])
    notes = [event.text for event in incident.timeline if event.kind == "note"][-3:]
    return "\n".join(
        part
        for part in (extra, incident.title, incident.service, *dict.fromkeys(alerts), *notes)
        if part
    )


def _answer(ctx: Context, asked: _Asked) -> Reply:
    text = asked.text
    exclude = (asked.incident.id,) if asked.incident else ()
    votes = ctx.judgements.all()
    past = ctx.library.similar(
        text, _MOST_INCIDENTS, (DocumentKind.INCIDENT,), exclude, asked.filters, votes
    )
    runbooks = ctx.library.similar(text, _MOST_RUNBOOKS, (DocumentKind.RUNBOOK,), votes=votes)
    by_words = _by_words(ctx.library.ready, (*past, *runbooks))
    limits = say(asked.filters)
    if not past and not runbooks:
        return Reply(
            title=f"Nothing similar to {asked.name}",
            text="Try the alert's name, the exact error message, or the service and the symptom, "
            "such as `checkout-api timeouts to payments`."
            + (f" The search was limited: {limits}." if limits else ""),
            footer=by_words,
        )
    near = [hit for hit in past if hit.band is Band.SIMILAR]
    perhaps = [hit for hit in past if hit.band is not Band.SIMILAR]
    perhaps = perhaps[: max(_FEW - len(near), 1)]
    return Reply(
        title=f"Past incidents like {asked.name}",
        text=" ".join(
            part
            for part in (f"Limited: {limits}." if limits else "", _verdict(near, perhaps))
            if part
        ),
        sections=(
            *_group(ctx, f"Similar ({len(near)})", near, asked),
            *_group(ctx, f"Possibly related ({len(perhaps)})", perhaps, asked),
            *_group(ctx, f"Runbooks ({len(runbooks)})", runbooks, asked),
        ),
        footer=by_words or "Likeness is the cosine to the nearest passage; 0.55 counts as similar.",
    )


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


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


def _group(ctx: Context, heading: str, hits: Sequence[Hit], asked: _Asked) -> tuple[Section, ...]:
    """A heading, then one section a hit; nothing at all without hits."""
    if not hits:
        return ()
    return (Section(heading), *(_section(ctx, hit, asked) for hit in hits))


def _section(ctx: Context, hit: Hit, asked: _Asked) -> Section:
    document = hit.document
    runbook = document.kind is DocumentKind.RUNBOOK
    likeness = f"likeness {hit.cosine:.2f}" if hit.cosine else ""
    about = (document.date, document.service, document.severity, likeness)
    solved = "" if runbook else document.resolution or "not written down"
    fits = asked.situation and fit(document, asked.situation, ctx.catalogue)
    lines = (
        " · ".join(part for part in about if part),
        _matches(hit),
        f"“{hit.passage}”" if hit.passage and not _told(hit.passage, solved) else "",
        f"*Resolved by:* {_shorten(solved)}" if solved else "",
        _fits(fits) if fits and not runbook else "",
        _found_useful(hit),
    )
    return Section(
        heading=document.title if runbook else f"{document.id}: {document.title}",
        lines=tuple(Line(line) for line in lines if line),
        url=document.url,
        buttons=(*_buttons(hit), *_judging(hit, asked)),
    )


def _told(passage: str, solved: str) -> bool:
    """Is the passage what the line on its resolution says anyway?"""
    return passage.rstrip(" .…")[:_SAME] in solved


def _matches(hit: Hit) -> str:
    """The words that both have, and where the document has them."""
    if not hit.matched:
        return ""
    where = f" (in {', '.join(hit.sections)})" if hit.sections else ""
    return f"*Matches:* {', '.join(hit.matched)}{where}"


_FITTING = {
    Verdict.FITS: "The fix fits now",
    Verdict.MAY_FIT: "The fix may fit now",
    Verdict.DOES_NOT_FIT: "The fix does not fit now",
}


def _fits(found: Fit) -> str:
    return f"*{_FITTING[found.verdict]}:* {found.reason}."


def _found_useful(hit: Hit) -> str:
    """What people said of it when the question was a like one."""
    said = []
    if hit.helped:
        said.append(f"{_people(hit.helped)} found this useful for a like incident")
    if hit.unlike:
        said.append(f"{_people(hit.unlike)} said it is not alike")
    return f"{'; '.join(said)}." if said else ""


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _buttons(hit: Hit) -> tuple[Button, ...]:
    document = hit.document
    if document.kind is DocumentKind.RUNBOOK:
        return (Button("Open runbook", Call("runbook", {"name": document.id})),)
    if _INCIDENT.fullmatch(document.id):
        call = Call("incident_summary", {"incident": document.id})
        return (Button("Show", call),)
    return (Button("Show", url=document.url),) if document.url else ()


def _judging(hit: Hit, asked: _Asked) -> tuple[Button, ...]:
    """The buttons carry the incident's id, or the question where there is no incident."""
    if hit.document.kind is DocumentKind.RUNBOOK:
        return ()
    about = (
        {"incident": asked.incident.id} if asked.incident else {"query": asked.text[:_QUERY_LENGTH]}
    )
    args = {"document": hit.document.id, **about}
    return (
        Button("This helped", Call("similar_helped", args)),
        Button("Not alike", Call("similar_unlike", args)),
    )


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
        "like this on checkout since March, resolved only",
        "similar outages of the gateway in the last year",
        "past sev1s with dns failures that were fixed",
    ),
    args=Args,
    run=run,
    command="/similar",
    positional=("text",),
)
