"""Pure: what exports of other systems have in common: rows of fields, dates of many kinds."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from knowledge.errors import UserError
from knowledge.ingest.documents import cause_and_resolution
from knowledge.records import Document, DocumentKind

csv.field_size_limit(10_000_000)

_DATES = (
    "%d/%b/%y %I:%M %p",
    "%d/%b/%y %H:%M",
    "%d/%b/%y",
    "%d-%b-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%b %d, %Y",
    "%B %d, %Y",
    "%B %d, %Y %I:%M %p",
)
"""Those that say which is the day and which the month; 03/04/2026 does not."""
_ISO = re.compile(r"\b((?:19|20)\d\d-\d\d-\d\d)")


@dataclass(frozen=True)
class Ticket:
    """One record of another system, before it is a document. Texts are Markdown."""

    id: str
    title: str
    body: str = ""
    notes: Sequence[str] = ()
    """Comments and work notes, oldest first."""
    service: str = ""
    opened: str = ""
    severity: str = ""
    cause: str = ""
    resolution: str = ""
    url: str = ""
    tags: Sequence[str] = ()


def document_of(ticket: Ticket) -> Document:
    """Raises UserError where it has no id, or nothing to search by."""
    if not ticket.id:
        raise UserError("the record has no id")
    if not (ticket.title or ticket.body):
        raise UserError(f"{ticket.id}: neither a title nor a text")
    cause, resolution = cause_and_resolution(ticket.body)
    told = "\n\n".join(part.strip() for part in (ticket.body, *ticket.notes) if part.strip())
    fixed = ticket.resolution.strip()
    text = told if fixed in told else f"{told}\n\n{fixed}".strip()
    title = ticket.title or text.partition("\n")[0][:80]
    return Document(
        id=ticket.id,
        title=title,
        text=text or title,
        kind=DocumentKind.INCIDENT,
        service=ticket.service,
        date=day(ticket.opened),
        severity=severity(ticket.severity),
        root_cause=ticket.cause or cause,
        resolution=ticket.resolution or resolution,
        url=ticket.url if ticket.url.startswith(("https://", "http://")) else "",
        tags=tuple(dict.fromkeys(tag for tag in ticket.tags if tag)),
    )


def table(text: str) -> Iterator[tuple[int, Mapping[str, list[str]]]]:
    """The rows of a CSV file with the line each ends on: column -> its cells, since exports repeat
    columns ("Comment", "Comment"). Names are lower case. Raises UserError without a header."""
    reader = csv.reader(io.StringIO(text))
    rows = _rows(reader)
    header = [name.strip().lower() for name in next(rows, [])]
    if not any(header):
        raise UserError("the file has no header line")
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        row: dict[str, list[str]] = {}
        for name, cell in zip(header, cells, strict=False):
            if cell.strip():
                row.setdefault(name, []).append(cell.strip())
        yield reader.line_num, row


def _rows(reader: Any) -> Iterator[list[str]]:
    """Raises UserError for what is no CSV."""
    try:
        yield from reader
    except csv.Error as error:
        raise UserError(f"not CSV: {error} in line {reader.line_num}") from None


def first(row: Mapping[str, Sequence[str]], *names: str) -> str:
    """The first cell of the first of these columns that has one."""
    return next((row[name][0] for name in names if row.get(name)), "")


def word(value: Any) -> str:
    """A field as text: of an object its display value, name, summary or value."""
    if isinstance(value, Mapping):
        keys = ("display_value", "displayName", "name", "summary", "value")
        return next((word(value[key]) for key in keys if value.get(key)), "")
    return "" if value is None or isinstance(value, list | bool) else str(value).strip()


def words(value: Any) -> list[str]:
    """A list of such fields."""
    found = value if isinstance(value, list) else [value]
    return [text for text in map(word, found) if text]


def day(text: str) -> str:
    """yyyy-mm-dd, or empty where the text does not say it for certain."""
    text = text.strip()
    iso = _ISO.search(text)
    if iso:
        return iso[1]
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    return ""


_GRAVE = {
    "SEV1": r"\b(?:sev-?\s?[01]|p-?\s?[01]|s1|1\b|blocker|highest|critical|catastrophic)",
    "SEV2": r"\b(?:sev-?\s?2|p-?\s?2|s2|2\b|high|major|urgent)",
    "SEV3": r"\b(?:sev-?\s?3|p-?\s?3|s3|3\b|medium|moderate|normal)",
    "SEV4": r"\b(?:sev-?\s?[45]|p-?\s?[45]|s4|[45]\b|low|lowest|minor|trivial|planning)",
}


def severity(text: str) -> str:
    """SEV1 to SEV4 for "P1", "1 - Critical", "Major" ...; empty for what says nothing."""
    # "lowest" and "highest" hold "low" and "high": the longer word is meant.
    exact = text.strip().lower()
    if exact == "lowest":
        return "SEV4"
    return next((sev for sev, form in _GRAVE.items() if re.search(form, exact)), "")
