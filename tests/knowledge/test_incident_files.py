"""Incidents from files, and what is said about files that are not."""

import json
from typing import Any

import pytest

from knowledge.errors import BadArgs
from knowledge.incident_files import read_incident
from knowledge.records import Severity, Status

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
