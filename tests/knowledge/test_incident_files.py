"""Incidents from files, and what is said about files that are not."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from knowledge.errors import BadArgs
from knowledge.incident_files import read_incident, write_incident
from knowledge.incidents import acknowledge, instance, open_from, resolve
from knowledge.records import AlertRecord, Change, Message, Severity, Signal, Status, Term, Verdict

SMALL: dict[str, Any] = {
    "id": "INC-1",
    "title": "Slow",
    "service": "api",
    "severity": "sev2",
    "status": "open",
    "opened_at": "2026-01-10T14:05:00+01:00",
    "resolved_at": None,
    "alerts": [
        {"id": "A1", "fired_at": "2026-01-10T13:02:00Z", "labels": {"alertname": "P95"}, "value": 9}
    ],
    "changes": [
        {
            "ts": "2026-01-10T12:02:00Z",
            "kind": "hardware",
            "service": "n1",
            "version": None,
            "id": None,
        }
    ],
    "timeline": [{"ts": "2026-01-10T13:05:00Z", "type": "opened", "actor": "tandem", "text": "x"}],
    "thread": [
        {"ts": "2026-01-10T13:06:00Z", "user": "ann", "text": "on it", "reactions": {"+1": 2}}
    ],
}


def test_it_reads_one() -> None:
    incident = read_incident(json.dumps(SMALL))
    assert incident.severity is Severity.SEV2
    assert incident.status is Status.OPEN
    assert f"{incident.opened_at:%H:%M %Z}" == "13:05 UTC"
    assert incident.signals[0].name == "P95"
    assert incident.signals[0].value == "9"
    assert incident.signals[0].firing
    assert incident.changes[0].id == "INC-1-C1"
    assert incident.thread[0].id == "INC-1-M1"
    assert incident.thread[0].reactions == ("+1",)
    assert f"{incident.updated_at:%H:%M}" == "13:06"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "x.json: is not JSON"),
        ("[]", "x.json: holds no JSON object"),
        ("[" * 100_000, "x.json: is not JSON"),
        (json.dumps({**SMALL, "status": "gone"}), "x.json: status:"),
        (json.dumps({**SMALL, "id": "../evil"}), "x.json: id:"),
        (json.dumps({**SMALL, "opened_at": "2026-01-10T14:05:00"}), "opened_at:"),
        (
            json.dumps({**SMALL, "thread": [{"ts": "soon", "user": "a", "text": ""}]}),
            "thread.0.ts:",
        ),
        (json.dumps({k: v for k, v in SMALL.items() if k != "title"}), "title: Field required"),
    ],
)
def test_it_says_what_is_wrong_where(text: str, problem: str) -> None:
    with pytest.raises(BadArgs) as caught:
        read_incident(text, "x.json")
    assert problem in str(caught.value)


NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def test_what_is_written_is_read_again() -> None:
    fires = Signal(
        "f1", "Down", NOW, NOW, "alertmanager", service="cart", severity="critical",
        labels={"pod": "cart-1"}, summary="cart is down", value="3", url="https://a.example",
    )  # fmt: skip
    change = Change("c1", NOW, "deploy", "cart", "new rules", "4.2", "ines", "https://c.example")
    made = replace(open_from((fires,), NOW, (change,)), id="INC-4", suspects=("cart",))
    made = resolve(acknowledge(made, "U1", NOW), "U1", NOW + timedelta(minutes=5), "restarted")
    made = replace(made, cause="bad rules", thread=(Message("1", NOW, "ada", "on it", ("+1",)),))
    again = read_incident(write_incident(made))
    for name in (
        *("id", "title", "service", "severity", "status", "opened_at", "resolved_at", "owner"),
        *("acknowledged_by", "cause", "resolution", "suspects", "changes", "timeline", "thread"),
    ):
        assert getattr(again, name) == getattr(made, name), name
    assert list(map(instance, again.signals)) == [instance(fires)]
    assert (again.signals[0].name, again.signals[0].severity) == ("Down", "critical")


def test_the_history_adds_what_the_incident_let_go_of_and_why() -> None:
    kept, gone = (Signal("f1", "Down", NOW - timedelta(hours=n), NOW) for n in (0, 1))
    made = replace(open_from((kept,), NOW), id="INC-4")
    why = (Term("hop", 1.23456, "calls cart"),)
    records = [
        AlertRecord(kept, NOW, 3, "INC-4", Verdict.ATTACHED, why),
        AlertRecord(gone, NOW, 1, "INC-4", Verdict.OPENED),
    ]
    data = json.loads(write_incident(made, records))
    first, second = data["alerts"]
    assert (first["verdict"], first["why"]) == ("opened", [])
    assert (second["deliveries"], second["why"][0]["value"]) == (3, 1.235)
    assert len(read_incident(json.dumps(data)).signals) == 2
