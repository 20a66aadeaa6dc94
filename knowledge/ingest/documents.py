"""Pure: a line of JSON, a Markdown text or a resolved incident as a document of the library."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.errors import UserError
from knowledge.records import Document, DocumentKind, Incident

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$", re.MULTILINE)
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
_DATE = re.compile(r"\b(20\d\d-\d\d-\d\d)\b")
_CAUSE = re.compile(r"\b(root causes?|cause|what went wrong|why did (it|this) happen)\b", re.I)
_RESOLUTION = re.compile(
    r"\b(resolution|mitigation|how (it|this|we) .*(resolved|fixed)|fix)\b", re.I
)


@dataclass(frozen=True)
class Problem:
    """What could not be read, and where. `line` is 0 where the whole file is meant."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.why}"


def parse_line(line: str) -> Document:
    """One JSON object with `id` and `text` or `title`. Raises UserError saying what is wrong."""
    try:
        raw = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise UserError("not JSON that can be read: too deep, or a number too long") from None
    if not isinstance(raw, dict):
        raise UserError('not a JSON object; write {"id": ..., "text": ...}')
    document_id = str(raw.get("id") or "").strip()
    if not document_id:
        raise UserError("id: missing; every document needs one")
    title, text = _words(raw, "title"), _words(raw, "text") or _words(raw, "summary")
    if not (title or text):
        raise UserError(f"text: missing in {document_id!r}; give text or title")
    tags = raw.get("tags") or ()
    return Document(
        id=document_id,
        title=title or _shorten(text),
        text=text or title,
        # Exports have a "kind" of their own; only "runbook" says something to us.
        kind=_kind("runbook" if _words(raw, "kind").lower() == "runbook" else "incident"),
        service=_words(raw, "service"),
        date=_words(raw, "date")[:10],
        severity=_words(raw, "severity"),
        root_cause=_words(raw, "root_cause"),
        resolution=_words(raw, "resolution"),
        url=_words(raw, "url"),
        tags=tuple(str(t) for t in tags) if isinstance(tags, list) else _split(str(tags or "")),
    )


def parse_markdown(text: str, name: str, kind: DocumentKind | None = None) -> Document:
    """A post-mortem or a runbook. `name` is the id where the front matter gives none.

    Front matter is `key: value` lines between `---`; keys as the fields of Document, and `alerts`
    and `labels`, which say what a runbook is for and stand among the tags with their name. Without
    `kind` there, a folder or a file called runbook makes a runbook.
    Raises UserError when there is no text.
    """
    front, body = _front_matter(text)
    if not body.strip():
        raise UserError("no text below the front matter" if front else "the file is empty")
    sections = list(_sections(body))
    first = next((heading for heading, _ in sections if heading), "")
    found = _DATE.search(front.get("date", "")) or _DATE.search(name)
    wanted = _kind(front["kind"]) if "kind" in front else kind
    return Document(
        id=front.get("id", name),
        title=front.get("title", first) or name,
        text=body.strip(),
        kind=wanted or DocumentKind.INCIDENT,
        service=front.get("service", ""),
        date=found.group(1) if found else "",
        severity=front.get("severity", ""),
        root_cause=front.get("root_cause", _section(sections, _CAUSE)),
        resolution=front.get("resolution", _section(sections, _RESOLUTION)),
        url=front.get("url", ""),
        tags=(
            *_split(front.get("tags", "")),
            *(f"alert:{pattern}" for pattern in _split(front.get("alerts", ""))),
            *(f"label:{pair}" for pair in _split(front.get("labels", ""))),
        ),
    )


def cause_and_resolution(text: str) -> tuple[str, str]:
    """What the sections of a Markdown text say of both, by their headings."""
    sections = [("", ""), *_sections(text)]
    return _section(sections, _CAUSE), _section(sections, _RESOLUTION)


def incident_document(incident: Incident) -> Document:
    """A resolved incident, as it joins the library."""
    alerts = dict.fromkeys(
        f"{s.name}: {s.summary or s.description}".rstrip(": ") for s in incident.signals
    )
    changes = [f"{c.kind} {c.service} {c.version}: {c.summary}" for c in incident.changes]
    told = [f"{m.user}: {m.text}" for m in incident.thread]
    noted = [e.text for e in incident.timeline if e.kind == "note"]
    url = next((s.url for s in incident.signals if s.url), "")
    parts = [incident.title, *alerts, *changes, *noted, *told, incident.cause, incident.resolution]
    return Document(
        id=incident.id,
        title=incident.title,
        text="\n".join(part for part in parts if part),
        service=incident.service,
        date=date.isoformat(incident.opened_at.date()),
        severity=incident.severity.value,
        root_cause=incident.cause,
        resolution=incident.resolution,
        url=url,
        tags=tuple(dict.fromkeys(s.name for s in incident.signals)),
    )


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    match = _FRONT.match(text)
    if not match:
        return {}, text
    pairs = (line.partition(":") for line in match.group(1).splitlines() if ":" in line)
    front = {key.strip().lower(): value.strip().strip("\"'") for key, _, value in pairs}
    return {key: value for key, value in front.items() if value}, text[match.end() :]


def _sections(body: str) -> Iterator[tuple[str, str]]:
    """Heading and text of each section, the text up to the next heading of any level."""
    marks = list(_HEADING.finditer(body))
    if not marks:
        return
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    for mark, end in zip(marks, ends, strict=True):
        yield mark.group(2), body[mark.end() : end].strip()


def _section(sections: Sequence[tuple[str, str]], wanted: re.Pattern[str]) -> str:
    """The first section below the title whose heading says it."""
    return next((text for heading, text in sections[1:] if wanted.search(heading) and text), "")


def _kind(word: str) -> DocumentKind:
    try:
        return DocumentKind(word.lower())
    except ValueError:
        raise UserError(f"kind: {word!r} is not known; write incident or runbook") from None


def _words(raw: Mapping[str, object], key: str) -> str:
    value = raw.get(key)
    return str(value).strip() if value is not None else ""


def _split(tags: str) -> tuple[str, ...]:
    return tuple(tag.strip() for tag in tags.strip("[]").split(",") if tag.strip())


def _shorten(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 80 else line[:79].rstrip() + "…"
