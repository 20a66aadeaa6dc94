"""Against a double of PagerDuty's Events API v2 that holds events to what is documented."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from knowledge.adapters.pagerduty import PagerDuty
from knowledge.errors import Unavailable
from knowledge.incidents import open_from
from knowledge.records import Incident, Severity, Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
KEY = "r" * 32


@dataclass
class Events:
    """POST /v2/enqueue: alerts by dedup key, with their state and how often they were triggered."""

    alerts: dict[str, tuple[str, int]] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    status: int = 202

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        if (method, path) != ("POST", "/v2/enqueue"):
            return 404, "not found"
        if self.status == 429:
            return 429, "Request Limit Exceeded"
        if self.status != 202:
            return self.status, {"status": "error", "message": "Internal Server Error"}
        problems = list(_problems(body))
        if problems:
            wrong = {"status": "invalid event", "message": "Event object is invalid"}
            return 400, {**wrong, "errors": problems}
        self._apply(body["event_action"], body["dedup_key"])
        self.last = body
        done = {"status": "success", "message": "Event processed"}
        return 202, {**done, "dedup_key": body["dedup_key"]}

    def _apply(self, action: str, key: str) -> None:
        state, count = self.alerts.get(key, ("", 0))
        is_open = state in ("triggered", "acknowledged")
        if action == "trigger":
            self.alerts[key] = (state if is_open else "triggered", count + 1 if is_open else 1)
        elif is_open:
            self.alerts[key] = (f"{action}d", count)


def _problems(event: dict[str, Any]) -> list[str]:
    found = []
    if len(event.get("routing_key", "")) != 32:
        found.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        found.append("'event_action' is invalid")
    if len(event.get("dedup_key", "")) > 255:
        found.append("'dedup_key' is too long")
    if event.get("event_action") == "trigger":
        payload = event.get("payload", {})
        found += [f"'payload.{n}' is missing" for n in ("summary", "source") if not payload.get(n)]
        if len(payload.get("summary", "")) > 1024:
            found.append("'payload.summary' is too long")
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            found.append("'payload.severity' is invalid")
        found += ["'links.href' is missing" for link in event.get("links", ()) if not link["href"]]
    return found


Serve = Callable[[Any], str]


def incident(**given: Any) -> Incident:
    signal = Signal(
        "f1", "HighErrorRate", NOON, NOON, service="checkout", severity="critical",
        summary="Error rate is 12 %", url="https://grafana.example.com/d/1",
    )  # fmt: skip
    return replace(open_from((signal,), NOON), id="INC-12", **given)


def test_a_page_is_an_alert_with_all_that_is_known(serve: Serve) -> None:
    events = Events()
    PagerDuty(KEY, serve(events)).page(incident(), "tandem/INC-12", "INC-12 checkout is down")
    assert events.alerts == {"tandem/INC-12": ("triggered", 1)}
    payload = events.last["payload"]
    assert (payload["summary"], payload["source"]) == ("INC-12 checkout is down", "checkout")
    assert payload["severity"] == "critical"
    assert payload["timestamp"] == "2026-03-05T12:00:00+00:00"
    assert payload["custom_details"]["tandem"] == "tandem/INC-12"
    assert payload["custom_details"]["alerts"] == ["Error rate is 12 %"]
    assert events.last["links"][0]["href"] == "https://grafana.example.com/d/1"


def test_raised_again_it_stays_one_alert_and_follows_the_incident(serve: Serve) -> None:
    events = Events()
    pager = PagerDuty(KEY, serve(events))
    pager.page(incident(), "k", "x")
    pager.page(incident(), "k", "x")
    assert events.alerts == {"k": ("triggered", 2)}
    pager.acknowledge("k")
    assert events.alerts == {"k": ("acknowledged", 2)}
    pager.end("k")
    assert events.alerts == {"k": ("resolved", 2)}
    pager.page(incident(), "k", "x")
    assert events.alerts == {"k": ("triggered", 1)}


@pytest.mark.parametrize(
    ("severity", "word"),
    [("SEV1", "critical"), ("SEV2", "error"), ("SEV3", "warning"), ("SEV4", "info")],
)
def test_severities(serve: Serve, severity: str, word: str) -> None:
    events = Events()
    PagerDuty(KEY, serve(events)).page(incident(severity=Severity(severity)), "k", "x")
    assert events.last["payload"]["severity"] == word


def test_long_texts_and_nothing_known_are_taken(serve: Serve) -> None:
    events = Events()
    pager = PagerDuty(KEY, serve(events))
    pager.page(incident(service="", signals=()), "k" * 400, "x" * 5000)
    assert len(events.last["payload"]["summary"]) == 1024
    assert events.last["payload"]["source"] == "tandem"


def test_a_wrong_key_is_told_in_pagerdutys_words_and_not_tried_again(serve: Serve) -> None:
    with pytest.raises(Unavailable, match=r"Length of 'routing_key' is incorrect") as raised:
        PagerDuty("short", serve(Events())).page(incident(), "k", "x")
    assert not raised.value.retry
    assert "short" not in str(raised.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(serve: Serve, status: int) -> None:
    with pytest.raises(Unavailable, match=f"PagerDuty: answers {status}") as raised:
        PagerDuty(KEY, serve(Events(status=status))).end("k")
    assert raised.value.retry


def test_one_that_cannot_be_reached_is_tried_again() -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        PagerDuty(KEY, "http://127.0.0.1:1").end("k")
    assert raised.value.retry
