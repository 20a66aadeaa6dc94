"""Jaeger's /api/traces, as its pages read it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.telemetry.asking import Asker, open_client
from knowledge.adapters.telemetry.jaeger import Jaeger
from knowledge.errors import Unavailable
from tests.knowledge.adapters.telemetry.recorded import NOON, NOON_S, Asked, Recorded

HOUR = timedelta(hours=1)
TRACE = {
    "traceID": "9bfe8376688e9116",
    "spans": [
        {
            "traceID": "9bfe8376688e9116",
            "spanID": "b2",
            "operationName": "SELECT orders",
            "references": [
                {"refType": "FOLLOWS_FROM", "traceID": "9bfe8376688e9116", "spanID": "zz"},
                {"refType": "CHILD_OF", "traceID": "another", "spanID": "yy"},
                {"refType": "CHILD_OF", "traceID": "9bfe8376688e9116", "spanID": "a1"},
            ],
            "startTime": NOON_S * 10**6 + 10,
            "duration": 1503,
            "tags": [
                {"key": "error", "type": "bool", "value": True},
                {"key": "span.kind", "type": "string", "value": "client"},
            ],
            "logs": [],
            "processID": "p2",
            "warnings": None,
        },
        {
            "traceID": "9bfe8376688e9116",
            "spanID": "a1",
            "operationName": "POST /pay",
            "references": [],
            "startTime": NOON_S * 10**6,
            "duration": 2_000_000,
            "tags": [{"key": "http.status_code", "type": "int64", "value": 200}],
            "processID": "p1",
        },
    ],
    "processes": {
        "p1": {
            "serviceName": "checkout",
            "tags": [{"key": "hostname", "type": "string", "value": "checkout-1"}],
        },
        "p2": {"serviceName": "orders"},
    },
    "warnings": None,
}


def traces(asked: Asked) -> Any:
    if "service" not in asked.query:
        return 400, {"data": None, "errors": [{"code": 400, "msg": "parameter 'service' is"}]}
    found = [TRACE] if asked.query["service"] == "checkout" else []
    return 200, {"data": found, "total": 0, "limit": 0, "offset": 0, "errors": None}


@pytest.fixture
def service() -> Recorded:
    return Recorded({"/api/traces": traces, "/api/services": lambda asked: (200, {"data": []})})


@pytest.fixture
def jaeger(service: Recorded, serve: Callable[[Any], str]) -> Iterator[Jaeger]:
    with closing(Asker("Jaeger", serve(service), open_client(5))) as asker:
        yield Jaeger(asker)


def test_whole_traces_are_read(jaeger: Jaeger, service: Recorded) -> None:
    root, call = jaeger.spans("checkout", NOON - HOUR, NOON + HOUR)
    assert (root.trace, root.id, root.parent) == ("9bfe8376688e9116", "a1", "")
    assert (root.service, root.pod, root.operation) == ("checkout", "checkout-1", "POST /pay")
    assert (root.seconds, root.failed, root.start) == (2.0, False, NOON)
    assert root.labels == {"http.status_code": "200"}
    assert (call.service, call.parent, call.failed) == ("orders", "a1", True)
    assert (call.kind, call.seconds) == ("client", 0.001503)
    (asked,) = service.asked
    assert asked.query == {
        "service": "checkout",
        "start": str((NOON_S - 3600) * 10**6),
        "end": str((NOON_S + 3600) * 10**6),
        "limit": "100",
    }


def test_a_service_that_it_does_not_know_has_none(jaeger: Jaeger) -> None:
    assert jaeger.spans("checkout&service=other", NOON - HOUR, NOON + HOUR) == []
    assert jaeger.spans("a\nb", NOON - HOUR, NOON + HOUR) == []


def test_what_it_refuses_is_said(jaeger: Jaeger, service: Recorded) -> None:
    jaeger.check(NOON)
    service.by_path = {
        "/api/traces": lambda asked: (
            *(500, {"data": None, "errors": [{"code": 500, "msg": "no storage"}]}),
        )
    }
    with pytest.raises(Unavailable, match="Jaeger: answers 500: no storage"):
        jaeger.spans("checkout", NOON - HOUR, NOON + HOUR)


@pytest.mark.parametrize(
    "spans", [[{"spanID": "a", "references": [{}]}], [{"traceID": "a", "startTime": 10**30}]]
)
def test_an_answer_of_another_shape_is_no_crash(
    jaeger: Jaeger, service: Recorded, spans: Any
) -> None:
    service.by_path = {"/api/traces": lambda asked: (200, {"data": [{"spans": spans}]})}
    with pytest.raises(Unavailable, match="not built as its documentation says"):
        jaeger.spans("checkout", NOON - HOUR, NOON + HOUR)
