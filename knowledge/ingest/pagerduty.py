"""Pure: incidents exported from PagerDuty: JSON of the REST API, or the CSV of its reports.

https://developer.pagerduty.com/api-reference/ (list incidents, with notes and log entries where
they were asked for).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.ingest.rows import Ticket, first, table, word


def is_csv(header: set[str]) -> bool:
    number = {"incident_number", "incident number"} & header
    return bool(number) and bool({"service_name", "service name", "description"} & header)


def is_json(data: Any) -> bool:
    rows = data.get("incidents") if isinstance(data, Mapping) else None
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, Mapping) for row in rows)


def from_csv(text: str) -> Iterator[tuple[int, Ticket]]:
    for line, raw in table(text):
        row = {name.replace(" ", "_"): cells for name, cells in raw.items()}
        yield (
            line,
            Ticket(
                id=f"PD-{first(row, 'incident_number')}" if row.get("incident_number") else "",
                title=first(row, "title", "description"),
                body=first(row, "description"),
                service=first(row, "service_name", "service"),
                opened=first(row, "created_on", "created_at"),
                severity=first(row, "priority", "priority_name", "urgency"),
                resolution=first(row, "resolve_reason", "resolution"),
                url=first(row, "html_url", "url"),
            ),
        )


def from_json(data: Any) -> Iterator[tuple[int, Ticket]]:
    for number, row in enumerate(data["incidents"], start=1):
        body = row.get("body")
        notes = row.get("notes") or row.get("log_entries") or []
        told = [_note(note) for note in notes if isinstance(note, Mapping)]
        yield (
            number,
            Ticket(
                id=f"PD-{word(row.get('incident_number')) or word(row.get('id'))}",
                title=word(row.get("title")) or word(row.get("summary")),
                body=word(body.get("details")) if isinstance(body, Mapping) else "",
                notes=[note for note in told if note],
                service=word(row.get("service")),
                opened=word(row.get("created_at")),
                severity=word(row.get("priority")) or word(row.get("urgency")),
                resolution=_reason(row.get("resolve_reason")),
                url=word(row.get("html_url")),
            ),
        )


def _note(note: Mapping[str, Any]) -> str:
    """A note's own text; of a log entry its channel's, where it has one."""
    channel = note.get("channel")
    inner = word(channel.get("summary")) if isinstance(channel, Mapping) else ""
    return word(note.get("content")) or inner or word(note.get("summary"))


def _reason(value: Any) -> str:
    """Only "merged into another incident" is given by the API; a text in exports of others."""
    if isinstance(value, Mapping):
        return f"merged into {word(value.get('incident'))}".strip() if value else ""
    return word(value)
