"""Pure: pages exported from Confluence: the HTML of a space export, or JSON of the REST API."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.ingest.markup import html_text, html_title
from knowledge.ingest.rows import Ticket, word

_PAGE = re.compile(r'id="main-content"|class="[^"]*\bwiki-content\b')
_CREATED = re.compile(
    r"(?:created|last modified|updated)[^<]*?\bon\s+([A-Z]\w+ \d{1,2}, \d{4})", re.I
)
_SAFE = re.compile(r"[^a-z0-9]+")


def is_html(text: str) -> bool:
    return bool(_PAGE.search(text))


def is_json(data: Any) -> bool:
    rows = data.get("results") if isinstance(data, Mapping) else None
    return (
        isinstance(rows, list)
        and bool(rows)
        and all(isinstance(r, Mapping) and isinstance(r.get("body"), Mapping) for r in rows)
    )


def from_html(text: str, name: str) -> Ticket:
    """One page. Its title comes as "Space : Page"."""
    title = html_title(text)
    _, _, page = title.partition(" : ")
    body = html_text(text, {"id": "main-content"}) or html_text(text, {"class": "wiki-content"})
    created = _CREATED.search(re.sub(r"<[^>]+>", "", text))
    return Ticket(
        id=name, title=page or title or name, body=body, opened=created[1] if created else ""
    )


def from_json(data: Any) -> Iterator[tuple[int, Ticket]]:
    for number, page in enumerate(data["results"], start=1):
        stored = page["body"].get("storage") or page["body"].get("view") or {}
        history = page.get("history") or page.get("version") or {}
        metadata = page.get("metadata")
        labels = metadata.get("labels", {}) if isinstance(metadata, Mapping) else {}
        links = page.get("_links")
        yield (
            number,
            Ticket(
                id=_id(word(page.get("title")), word(page.get("id"))),
                title=word(page.get("title")),
                body=html_text(word(stored)),
                opened=word(history.get("createdDate") or history.get("createdAt"))
                or word(page.get("createdAt"))
                or word(history.get("when")),
                url=_url(links) if isinstance(links, Mapping) else "",
                tags=[word(label) for label in labels.get("results", [])],
            ),
        )


def _id(title: str, number: str) -> str:
    """Readable, and one of its own: "slow-queries-98304"."""
    return "-".join(
        part for part in (_SAFE.sub("-", title.lower()).strip("-")[:60], number) if part
    )


def _url(links: Mapping[str, Any]) -> str:
    return f"{word(links.get('base'))}{word(links.get('webui'))}"
