"""Against a double of Opsgenie's Alert API that holds requests to what is documented."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from knowledge.adapters.opsgenie import Opsgenie
from knowledge.errors import Unavailable
from knowledge.incidents import open_from
from knowledge.records import Incident, Severity, Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
LIMITS = {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100}
QUEUED = {"result": "Request will be processed", "took": 0.1, "requestId": "r-1"}


@dataclass
class Alerts:
    """/v2/alerts: state and count by alias."""

    alerts: dict[str, tuple[str, int]] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    busy: bool = False

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        if headers.get("authorization") != "GenieKey secret":
            return 403, {"message": "Could not authenticate", "took": 0.0, "requestId": "r"}
        if self.busy:
            return 429, {"message": "You are making too many requests!"}
        parts = path.strip("/").split("/")
        if method != "POST" or parts[:2] != ["v2", "alerts"]:
            return 404, {"message": "Could not find the resource"}
        if len(parts) == 2:
            return self._create(body)
        if len(parts) != 4 or query.get("identifierType") != "alias":
            return 422, {"message": "Alert id is malformed"}
        return self._about(unquote(parts[2]), parts[3])

    def _create(self, body: dict[str, Any]) -> tuple[int, Any]:
        too_long = {n: "is too long" for n, most in LIMITS.items() if len(body.get(n, "")) > most}
        if not body.get("message"):
            too_long["message"] = "can not be empty"
        if body.get("priority") not in ("P1", "P2", "P3", "P4", "P5"):
            too_long["priority"] = "is not valid"
        if too_long:
            return 422, {"message": "Request body is not processable", "errors": too_long}
        self.last = body
        state, count = self.alerts.get(body["alias"], ("", 0))
        is_open = state in ("open", "acknowledge")
        self.alerts[body["alias"]] = (state if is_open else "open", count + 1 if is_open else 1)
        return 202, QUEUED

    def _about(self, alias: str, action: str) -> tuple[int, Any]:
        if alias in self.alerts:
            self.alerts[alias] = (action, self.alerts[alias][1])
        return 202, QUEUED


Serve = Callable[[Any], str]


def incident(**given: Any) -> Incident:
    signal = Signal("f1", "Lag", NOON, NOON, service="kafka", severity="critical", summary="s" * 99)
    return replace(open_from((signal,), NOON), id="INC-12", **given)


def test_a_page_is_one_alert_that_follows_the_incident(serve: Serve) -> None:
    alerts = Alerts()
    pager = Opsgenie("secret", serve(alerts))
    pager.page(incident(), "tandem/INC-12", "INC-12 kafka lags")
    pager.page(incident(), "tandem/INC-12", "INC-12 kafka lags")
    assert alerts.alerts == {"tandem/INC-12": ("open", 2)}
    assert alerts.last["details"] == {"incident": "INC-12", "service": "kafka"}
    pager.acknowledge("tandem/INC-12")
    assert alerts.alerts == {"tandem/INC-12": ("acknowledge", 2)}
    pager.end("tandem/INC-12")
    assert alerts.alerts == {"tandem/INC-12": ("close", 2)}
    pager.page(incident(), "tandem/INC-12", "again")
    assert alerts.alerts == {"tandem/INC-12": ("open", 1)}


@pytest.mark.parametrize(("severity", "priority"), [("SEV1", "P1"), ("SEV3", "P3"), ("SEV4", "P5")])
def test_priorities(serve: Serve, severity: str, priority: str) -> None:
    alerts = Alerts()
    Opsgenie("secret", serve(alerts)).page(incident(severity=Severity(severity)), "k", "x")
    assert alerts.last["priority"] == priority


def test_long_texts_are_taken(serve: Serve) -> None:
    alerts = Alerts()
    signals = tuple(replace(s, summary="d" * 90_000) for s in incident().signals)
    pager = Opsgenie("secret", serve(alerts))
    pager.page(incident(signals=signals, service="s" * 999), "k", "x" * 5000)
    assert len(alerts.last["message"]) == 130
    assert len(alerts.last["description"]) == 15_000


def test_a_wrong_key_is_told_and_not_tried_again(serve: Serve) -> None:
    with pytest.raises(Unavailable, match="answers 403: Could not authenticate") as raised:
        Opsgenie("wrong", serve(Alerts())).page(incident(), "k", "x")
    assert not raised.value.retry
    assert "wrong" not in str(raised.value)


def test_too_many_requests_are_tried_again(serve: Serve) -> None:
    with pytest.raises(Unavailable, match="answers 429") as raised:
        Opsgenie("secret", serve(Alerts(busy=True))).end("k")
    assert raised.value.retry
