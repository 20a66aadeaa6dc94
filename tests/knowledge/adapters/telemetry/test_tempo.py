"""Tempo's search and trace by id, as its documentation writes them."""

import base64
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.telemetry.asking import Asker, open_client
from knowledge.adapters.telemetry.tempo import Tempo
from knowledge.errors import Unavailable
from tests.knowledge.adapters.telemetry.recorded import (
    NOON,
    NOON_NS,
    NOON_S,
    Asked,
    Recorded,
    otlp_resource,
)

HOUR = timedelta(hours=1)
TRACE = "2f3e0cee77ae5dc9c17ade3689eb2e54"


def b64(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()


def span(number: int, parent: int, **more: Any) -> dict[str, Any]:
    """As Tempo writes it: Protobuf's own JSON."""
    return {
        "traceId": b64(TRACE),
        "spanId": b64(f"{number:016x}"),
        **({"parentSpanId": b64(f"{parent:016x}")} if parent else {}),
        "name": "POST /pay",
        "kind": "SPAN_KIND_SERVER",
        "startTimeUnixNano": str(NOON_NS + number * 10**6),
        "endTimeUnixNano": str(NOON_NS + number * 10**6 + 250_000_000),
        "attributes": [{"key": "http.response.status_code", "value": {"intValue": "503"}}],
        "status": {},
        **more,
    }


BATCHES = [
    {
        "resource": otlp_resource("checkout", "checkout-1"),
        "scopeSpans": [{"scope": {"name": "http"}, "spans": [span(1, 0)]}],
    },
    {
        "resource": otlp_resource("payments"),
        "instrumentationLibrarySpans": [
            {
                "spans": [
                    span(2, 1, kind="SPAN_KIND_CLIENT", status={"code": "STATUS_CODE_ERROR"}),
                ]
            }
        ],
    },
]


def search(asked: Asked) -> Any:
    if asked.query["q"] != '{ resource.service.name = "checkout" }':
        return 200, {"traces": [], "metrics": {}}
    found = {"rootServiceName": "checkout", "startTimeUnixNano": str(NOON_NS), "durationMs": 250}
    ids = (TRACE, "../../admin", "ffff", TRACE)
    return 200, {"traces": [{"traceID": each, **found} for each in ids], "metrics": {}}


@pytest.fixture
def service() -> Recorded:
    # The trace "ffff" is gone.
    trace = {f"/api/traces/{TRACE}": lambda asked: (200, {"batches": BATCHES})}
    return Recorded({"/api/search": search, **trace})


@pytest.fixture
def tempo(service: Recorded, serve: Callable[[Any], str]) -> Iterator[Tempo]:
    with closing(Asker("Tempo", serve(service), open_client(5))) as asker:
        yield Tempo(asker)


def test_whole_traces_are_read(tempo: Tempo, service: Recorded) -> None:
    root, call = tempo.spans("checkout", NOON - HOUR, NOON + HOUR)
    assert (root.trace, root.id, root.parent) == (TRACE, "0000000000000001", "")
    assert (root.service, root.pod, root.operation) == ("checkout", "checkout-1", "POST /pay")
    assert (root.seconds, root.kind, root.failed) == (0.25, "server", False)
    assert root.start == NOON + timedelta(milliseconds=1)
    assert root.labels == {"http.response.status_code": "503"}
    assert (call.service, call.parent, call.kind, call.failed) == (
        *("payments", root.id, "client", True),
    )
    asked = service.asked[0].query
    assert (asked["start"], asked["end"]) == (str(NOON_S - 3600), str(NOON_S + 3601))
    assert {a.path for a in service.asked[1:]} == {f"/api/traces/{TRACE}", "/api/traces/ffff"}


@pytest.mark.parametrize(
    "answer", [{"resourceSpans": BATCHES}, {"trace": {"resourceSpans": BATCHES}}]
)
def test_newer_versions_answer_in_another_shape(
    tempo: Tempo, service: Recorded, answer: Any
) -> None:
    service.by_path = {**service.by_path, f"/api/traces/{TRACE}": lambda asked: (200, answer)}
    assert len(tempo.spans("checkout", NOON - HOUR, NOON + HOUR)) == 2


def test_a_service_that_it_does_not_know_has_none(tempo: Tempo, service: Recorded) -> None:
    assert tempo.spans('x" || true || "', NOON - HOUR, NOON + HOUR) == []
    assert tempo.spans("", NOON - HOUR, NOON + HOUR) == []
    (asked,) = service.asked
    assert asked.query["q"] == r'{ resource.service.name = "x\" || true || \"" }'


def test_what_it_refuses_is_said(tempo: Tempo, service: Recorded) -> None:
    tempo.check(NOON)
    service.by_path = {
        "/api/search": lambda asked: (200, {"traces": [{"traceID": TRACE}]}),
        f"/api/traces/{TRACE}": lambda asked: (500, "context deadline exceeded"),
    }
    with pytest.raises(Unavailable, match="Tempo: answers 500: context deadline exceeded"):
        tempo.spans("checkout", NOON - HOUR, NOON + HOUR)
    service.by_path = {"/api/search": lambda asked: (400, "invalid TraceQL query")}
    with pytest.raises(Unavailable, match="invalid TraceQL query"):
        tempo.check(NOON)
