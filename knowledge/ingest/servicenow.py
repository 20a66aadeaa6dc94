"""Pure: incidents exported from ServiceNow's list: JSON ("records" or "result") or CSV."""

from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.ingest.rows import Ticket, first, table, word

_BODY = ("description",)


def is_csv(header: set[str]) -> bool:
    return "number" in header and bool({"short_description", "short description"} & header)


def is_json(data: Any) -> bool:
    return all("short_description" in r for r in _records(data)) and bool(_records(data))


def from_csv(text: str) -> Iterator[tuple[int, Ticket]]:
    for line, row in table(text):
        plain = {name.replace(" ", "_"): cells for name, cells in row.items()}
        yield line, _ticket({name: first(plain, name) for name in plain})


def from_json(data: Any) -> Iterator[tuple[int, Ticket]]:
    for number, record in enumerate(_records(data), start=1):
        yield number, _ticket({name: word(value) for name, value in record.items()})


def _records(data: Any) -> list[Mapping[str, Any]]:
    found = data.get("records", data.get("result")) if isinstance(data, Mapping) else data
    rows = found if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, Mapping)]


def _ticket(row: Mapping[str, str]) -> Ticket:
    def field(*names: str) -> str:
        return next((row[name] for name in names if row.get(name)), "")

    notes = [row.get("work_notes", ""), row.get("comments", ""), row.get("comments_and_notes", "")]
    return Ticket(
        id=field("number"),
        title=field("short_description"),
        body=field("description"),
        notes=[note for note in notes if note],
        service=field("business_service", "service_offering", "cmdb_ci", "configuration_item"),
        opened=field("opened_at", "opened", "sys_created_on", "created"),
        severity=field("severity", "priority"),
        cause=field("cause", "u_root_cause", "root_cause"),
        resolution=field("close_notes", "resolution_notes", "fix_notes"),
        tags=[field("category"), field("subcategory"), field("close_code", "resolution_code")],
    )
