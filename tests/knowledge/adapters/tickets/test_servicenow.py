"""Against a double of ServiceNow's Table API."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from knowledge.adapters.tickets.servicenow import ServiceNow
from knowledge.errors import Unavailable
from knowledge.incidents import acknowledge, open_from, reopen, resolve
from knowledge.records import Incident, Severity, Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
Row = dict[str, str]
Serve = Callable[[Any], str]


@dataclass
class Instance:
    """The table `incident`; resolving needs a code and notes, as the data policy has it."""

    rows: dict[str, Row] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    created: str = "2026-03-05 12:00:01"

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        if b64decode(headers.get("authorization", "").removeprefix("Basic ")) != b"bot:secret":
            error = {"message": "User Not Authenticated", "detail": "Required to provide Auth"}
            return 401, {"error": error, "status": "failure"}
        table, _, sys_id = path.removeprefix("/api/now/table/").partition("/")
        if table != "incident" or (sys_id and sys_id not in self.rows):
            error = {"message": "No Record found", "detail": "Record doesn't exist or ACL"}
            return 404, {"error": error, "status": "failure"}
        match method:
            case "GET":
                return 200, {"result": self._found(query)}
            case "POST":
                sys_id = f"{len(self.rows):032x}"
                number = f"INC{10001 + len(self.rows):07d}"
                made = {"sys_id": sys_id, "number": number, "sys_created_on": self.created}
                self.rows[sys_id] = {**made, **body}
                return 201, {"result": self.rows[sys_id]}
            case "PATCH":
                return self._patch(self.rows[sys_id], body)
        return 405, {"error": {"message": "Method not supported"}}

    def _found(self, query: Mapping[str, str]) -> list[Row]:
        name, _, value = query["sysparm_query"].partition("^")[0].partition("=")
        found = [row for row in self.rows.values() if row.get(name) == value]
        newest = sorted(found, key=lambda row: row["sys_created_on"], reverse=True)
        fields = query["sysparm_fields"].split(",")
        limit = int(query["sysparm_limit"])
        return [{name: row[name] for name in fields} for row in newest[:limit]]

    def _patch(self, row: Row, body: Row) -> tuple[int, Any]:
        if body.get("state") == "6" and not (body.get("close_code") and body.get("close_notes")):
            detail = "Data Policy Exception: Resolution code, Resolution notes are mandatory"
            return 403, {"error": {"message": "Operation Failed", "detail": detail}}
        self.journal += [body["work_notes"]] if "work_notes" in body else []
        row |= body
        return 200, {"result": row}


def incident(**given: Any) -> Incident:
    signal = Signal("f1", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")
    return replace(open_from((signal,), NOON), id="INC-12", **given)


def opened(serve: Serve, instance: Instance) -> ServiceNow:
    return ServiceNow(serve(instance), "bot", "secret")


def only(instance: Instance) -> Row:
    (row,) = instance.rows.values()
    return row


def test_an_incident_is_opened_once_also_after_a_crash(serve: Serve) -> None:
    instance = Instance()
    system = opened(serve, instance)
    first = system.create(incident(), "what is known")
    assert system.create(incident(), "again") == first
    assert (first.system, first.key) == ("servicenow", "INC0010001")
    assert first.url.endswith("/nav_to.do?uri=incident.do?sys_id=" + "0" * 32)
    row = only(instance)
    assert row["short_description"] == "SEV1 checkout: High error rate"
    assert (row["impact"], row["urgency"], row["state"]) == ("1", "1", "1")
    assert row["correlation_id"] == "tandem/INC-12"


def test_the_one_of_a_store_that_is_gone_is_another_ones(serve: Serve) -> None:
    instance = Instance(created="2025-11-01 00:00:00")
    system = opened(serve, instance)
    assert system.create(incident(), "x").key != system.create(incident(), "x").key


def test_it_is_kept_in_step(serve: Serve) -> None:
    instance = Instance()
    system = opened(serve, instance)
    ticket = system.create(incident(), "x")
    taken = acknowledge(incident(), "U1", NOON)
    ticket = system.update(ticket, replace(taken, severity=Severity.SEV3), "ada took it")
    row = only(instance)
    assert (row["state"], row["impact"], row["urgency"]) == ("2", "2", "2")
    assert instance.journal == ["ada took it"]
    over = resolve(taken, "U1", NOON, "rolled back")
    ticket = system.update(ticket, over, "")
    assert (row["state"], row["close_notes"]) == ("6", "rolled back")
    assert row["close_code"] == "Solved (Permanently)"
    assert instance.journal == ["ada took it"]
    ticket = system.update(ticket, reopen(over, "U1", NOON), "")
    assert (row["state"], ticket.status) == ("1", "open")


def test_one_that_ended_by_itself_has_notes_too(serve: Serve) -> None:
    instance = Instance()
    system = opened(serve, instance)
    system.update(system.create(incident(), "x"), resolve(incident(), "U1", NOON), "")
    assert only(instance)["close_notes"] == "The alerts have ended."


def test_text_of_alerts_draws_no_html(serve: Serve) -> None:
    instance = Instance()
    system = opened(serve, instance)
    system.update(system.create(incident(), "x"), incident(), "[code]<script>[/code]")
    assert instance.journal == ["[ code]<script>[ /code]"]


def test_what_is_refused_is_told_in_its_words(serve: Serve) -> None:
    wrong = ServiceNow(serve(Instance()), "bot", "wrong")
    with pytest.raises(Unavailable, match="401: User Not Authenticated; Required") as raised:
        wrong.create(incident(), "x")
    assert not raised.value.retry


def test_one_that_was_deleted_there_is_not_asked_for_ever(serve: Serve) -> None:
    instance = Instance()
    system = opened(serve, instance)
    ticket = system.create(incident(), "x")
    instance.rows.clear()
    with pytest.raises(Unavailable, match="INC0010001 is not there any more") as raised:
        system.update(ticket, incident(), "note")
    assert not raised.value.retry
