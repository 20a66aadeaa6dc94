"""Pure: issues exported from Jira: CSV ("all fields"), JSON of the REST API, XML of the issue view.

https://support.atlassian.com/jira-software-cloud/docs/export-your-issues/
"""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from knowledge.errors import UserError
from knowledge.ingest.markup import adf_text, html_text, wiki_text
from knowledge.ingest.rows import Ticket, first, table, word, words

_CAUSE = ("custom field (root cause)", "root cause")
_FIX = ("custom field (resolution notes)", "resolution notes", "custom field (resolution summary)")


def is_csv(header: set[str]) -> bool:
    return "issue key" in header and "summary" in header


def is_json(data: Any) -> bool:
    issues = data.get("issues") if isinstance(data, Mapping) else data
    return (
        isinstance(issues, list)
        and bool(issues)
        and all(isinstance(i, Mapping) and "fields" in i and "key" in i for i in issues)
    )


def from_csv(text: str) -> Iterator[tuple[int, Ticket]]:
    for line, row in table(text):
        comments = [wiki_text(_comment(cell)) for cell in row.get("comment", [])]
        components = row.get("component/s", []) + row.get("components", [])
        yield (
            line,
            Ticket(
                id=first(row, "issue key"),
                title=first(row, "summary"),
                body=wiki_text(first(row, "description")),
                notes=comments,
                service=components[0] if components else "",
                opened=first(row, "created"),
                severity=first(row, "custom field (severity)", "severity", "priority"),
                cause=first(row, *_CAUSE),
                resolution=first(row, *_FIX),
                tags=[*row.get("labels", []), *components],
            ),
        )


def from_json(data: Any) -> Iterator[tuple[int, Ticket]]:
    issues = data["issues"] if isinstance(data, Mapping) else data
    for number, issue in enumerate(issues, start=1):
        fields = issue["fields"] if isinstance(issue["fields"], Mapping) else {}
        comment = fields.get("comment")
        said = comment.get("comments") if isinstance(comment, Mapping) else None
        comments = said if isinstance(said, list) else []
        components = words(fields.get("components"))
        yield (
            number,
            Ticket(
                id=word(issue["key"]),
                title=word(fields.get("summary")),
                body=_text(fields.get("description")),
                notes=[_text(c.get("body")) for c in comments if isinstance(c, Mapping)],
                service=components[0] if components else "",
                opened=word(fields.get("created")),
                severity=word(fields.get("priority")),
                url=_browse(word(issue.get("self")), word(issue["key"])),
                tags=[*words(fields.get("labels")), *components],
            ),
        )


def from_xml(text: str) -> Iterator[tuple[int, Ticket]]:
    """Raises UserError where it is no such file."""
    if "<!DOCTYPE" in text[:2000] or "<!ENTITY" in text:
        raise UserError("declarations of entities are not read; export the issues again")
    try:
        items = ElementTree.fromstring(text).iter("item")  # noqa: S314
    except ElementTree.ParseError as error:
        raise UserError(f"not XML: {error}") from None
    for number, item in enumerate(items, start=1):
        components = [c.text or "" for c in item.findall("component")]
        yield (
            number,
            Ticket(
                id=item.findtext("key", ""),
                title=item.findtext("summary", ""),
                body=html_text(item.findtext("description", "")),
                notes=[html_text(c.text or "") for c in item.iterfind("comments/comment")],
                service=components[0] if components else "",
                opened=_rfc822(item.findtext("created", "")),
                severity=item.findtext("priority", ""),
                url=item.findtext("link", ""),
                tags=[*(label.text or "" for label in item.iterfind("labels/label")), *components],
            ),
        )


def _comment(cell: str) -> str:
    """A cell is "date;author;text"."""
    parts = cell.split(";", 2)
    return parts[2] if len(parts) == 3 else cell


def _text(value: Any) -> str:
    return wiki_text(value) if isinstance(value, str) else adf_text(value)


def _browse(rest: str, key: str) -> str:
    """The page of an issue, from the address of its REST resource."""
    base, found, _ = rest.partition("/rest/")
    return f"{base}/browse/{key}" if found else ""


def _rfc822(text: str) -> str:
    """ "Tue, 3 Mar 2026 10:00:00 +0000" without its weekday and time: "Mar 3, 2026"."""
    parts = text.replace(",", " ").split()
    return f"{parts[2]} {parts[1]}, {parts[3]}" if len(parts) > 3 else text
