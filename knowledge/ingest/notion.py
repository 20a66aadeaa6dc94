"""Pure: pages exported from Notion as Markdown ("Slow queries 0123...cdef.md") or HTML.

Below the title of a page that was a row of a database stand its properties, "Severity: SEV2".
"""

import re
from collections.abc import Mapping

from knowledge.ingest.markup import html_text, html_title
from knowledge.ingest.rows import Ticket

_NAME = re.compile(r"^(?P<title>.*?)[ _-]?(?P<id>[0-9a-f]{32})$")
_PAGE = re.compile(r'<article[^>]*\bclass="page\b')
_PROPERTY = re.compile(r"^(?P<key>[A-Z][\w /()-]{0,40}):\s+(?P<value>\S.*)$")
_KEYS = {
    "service": ("service", "services", "component", "system", "affected service"),
    "severity": ("severity", "sev", "priority", "impact level"),
    "opened": ("date", "incident date", "started", "start", "opened", "occurred", "created"),
    "cause": ("root cause", "cause"),
    "resolution": ("resolution", "fix", "mitigation"),
    "url": ("url", "link"),
    "tags": ("tags", "labels", "type", "category"),
}


def is_page(stem: str) -> bool:
    """By the name of its file, without suffix."""
    return bool(_NAME.match(stem))


def is_html(text: str) -> bool:
    return bool(_PAGE.search(text))


def from_markdown(text: str, stem: str) -> Ticket:
    lines = text.strip().splitlines()
    heading = lines.pop(0).removeprefix("# ").strip() if lines and lines[0].startswith("# ") else ""
    properties, rest = _properties(lines)
    return _ticket(stem, heading, properties, "\n".join(rest).strip())


def from_html(text: str, stem: str) -> Ticket:
    body = html_text(text, {"class": "page-body"})
    rows = re.findall(r"<tr[^>]*property-row[^>]*>.*?</tr>", text, re.DOTALL)
    cells = (html_text(row.replace("</th>", ":</th>")) for row in rows)
    pairs = (cell.replace("\n", " ").partition(":") for cell in cells)
    properties = {key.strip().lower(): value.strip() for key, _, value in pairs if value.strip()}
    return _ticket(stem, html_title(text), properties, body)


def _ticket(stem: str, title: str, properties: Mapping[str, str], body: str) -> Ticket:
    named = _NAME.match(stem)
    found = {
        field: next((properties[key] for key in keys if properties.get(key)), "")
        for field, keys in _KEYS.items()
    }
    return Ticket(
        id=f"notion-{named['id'][:12]}" if named else stem,
        title=title or (named["title"].strip() if named else stem),
        body=body,
        service=found["service"],
        opened=found["opened"],
        severity=found["severity"],
        cause=found["cause"],
        resolution=found["resolution"],
        url=found["url"],
        tags=[tag.strip() for tag in found["tags"].split(",")],
    )


def _properties(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """The "Key: value" lines right below the title, and what follows them."""
    found: dict[str, str] = {}
    for at, line in enumerate(lines):
        match = _PROPERTY.match(line)
        if match:
            found[match["key"].strip().lower()] = match["value"].strip()
        elif line.strip():
            return found, lines[at:]
    return found, []
