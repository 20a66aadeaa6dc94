"""The example lines of OpenTelemetry's own proto repository have this shape (OTLP/JSON)."""

from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.telemetry.otlp import id_of, read_lines, read_points, read_spans
from tests.knowledge.adapters.telemetry.recorded import NOON, NOON_NS, NOON_S, otlp_resource


def log(**record: Any) -> Any:
    return [{"resource": otlp_resource("shop"), "scopeLogs": [{"logRecords": [record]}]}]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"stringValue": "payment failed"}, "payment failed"),
        ({"intValue": "7"}, "7"),
        ({"boolValue": True}, "true"),
        ({"arrayValue": {"values": [{"stringValue": "a"}, {"doubleValue": 0.5}]}}, '["a", 0.5]'),
        (
            {"kvlistValue": {"values": [{"key": "ü", "value": {"intValue": "1"}}]}},
            '{"ü": 1}',
        ),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_body_is_written_as_people_would(body: Any, text: str) -> None:
    (line,) = read_lines(log(timeUnixNano=str(NOON_NS), body=body))
    assert line.text == text
    assert line.service == "shop"


@pytest.mark.parametrize(
    ("record", "level"),
    [
        ({"severityText": "Warn"}, "warning"),
        ({"severityText": "ERROR2"}, "error"),
        ({"severityNumber": 17}, "error"),
        ({"severityNumber": 21, "severityText": ""}, "critical"),
        ({"severityNumber": 9}, "info"),
        ({"severityNumber": 0}, ""),
        ({"severityNumber": "nine"}, ""),
        ({}, ""),
    ],
)
def test_levels(record: Any, level: str) -> None:
    (line,) = read_lines(log(observedTimeUnixNano=str(NOON_NS + 1000), **record))
    assert line.level == level
    assert line.at == NOON + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "hexadecimal"),
    [
        ("5B8EFFF798038103D269B633813FC60C", "5b8efff798038103d269b633813fc60c"),
        ("W47/95gDgQPSabYzgT/GDA==", "5b8efff798038103d269b633813fc60c"),
        ("7uGbfsPBsXM=", "eee19b7ec3c1b173"),
        ("0000000000000000", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_ids_are_hexadecimal(text: object, hexadecimal: str) -> None:
    assert id_of(text) == hexadecimal


@pytest.mark.parametrize(
    "broken", [None, {}, "x", [None], [{"scopeSpans": [{"spans": [None, 3]}]}], [{"resource": 1}]]
)
def test_what_has_another_shape_holds_nothing(broken: Any) -> None:
    assert list(read_spans(broken)) == []
    assert list(read_lines(broken)) == []
    assert list(read_points(broken)) == []


def test_a_span_of_the_collector() -> None:
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "parentSpanId": "eee19b7ec3c1b173",
        "name": "I'm a server span",
        "startTimeUnixNano": str(NOON_NS),
        "endTimeUnixNano": str(NOON_NS + 10**9),
        "kind": 2,
        "status": {"code": 2},
    }
    batch = {"resource": otlp_resource("shop"), "scopeSpans": [{"spans": [span, {}]}]}
    read, empty = read_spans([batch])
    assert (read.kind, read.failed, read.seconds) == ("server", True, 1.0)
    assert (read.id, read.parent) == ("eee19b7ec3c1b174", "eee19b7ec3c1b173")
    assert (empty.trace, empty.seconds, empty.failed) == ("", 0.0, False)


def test_a_time_outside_of_the_calendar_is_no_crash() -> None:
    (late,) = read_lines(log(timeUnixNano=str(2**64)))
    (early,) = read_lines(log(timeUnixNano="-5"))
    assert (late.at.year, early.at.year) == (2262, 1970)


def test_points() -> None:
    point = {"timeUnixNano": str(NOON_NS)}
    metrics = [
        {"name": "a", "unit": "1", "gauge": {"dataPoints": [{**point, "asInt": "3"}]}},
        {
            "name": "b",
            "sum": {
                "aggregationTemporality": 1,
                "isMonotonic": True,
                "dataPoints": [{**point, "asDouble": 0.5}],
            },
        },
        {
            "name": "c",
            "histogram": {
                "aggregationTemporality": 2,
                "dataPoints": [
                    {
                        **point,
                        "count": "3",
                        "sum": 1.5,
                        "bucketCounts": ["1", "2"],
                        "explicitBounds": [1],
                    }
                ],
            },
        },
        {"name": "d", "summary": {"dataPoints": [point]}},
    ]
    batch = {"resource": otlp_resource("shop", "p1"), "scopeMetrics": [{"metrics": metrics}]}
    a, b, c = read_points([batch])
    assert (a.service, a.value, a.at, a.is_sum) == ("shop", 3.0, NOON_S, False)
    assert (b.value, b.is_sum, b.is_delta) == (0.5, True, True)
    assert (c.count, c.buckets, c.bounds, c.is_delta) == (3.0, (1.0, 2.0), (1.0,), False)


@pytest.mark.parametrize("odd", [[], {}, "ü" * 24, 0.5, float("inf"), None])
def test_what_is_not_as_it_should_be_is_left_out(odd: Any) -> None:
    span = dict.fromkeys(("traceId", "spanId", "kind", "status", "attributes"), odd)
    scopes = {"resource": {"attributes": odd}, "scopeSpans": [{"spans": [span]}]}
    (read,) = read_spans([scopes])
    assert (read.kind, read.failed, read.labels) == ("", False, {})
    kinds = ("arrayValue", "kvlistValue", "intValue")
    assert all(list(read_lines(log(body={kind: odd}))) for kind in kinds)
    point = dict.fromkeys(("explicitBounds", "bucketCounts", "asDouble", "timeUnixNano"), odd)
    metric = {"name": "m", "histogram": {"dataPoints": [point]}}
    assert len(list(read_points([{"scopeMetrics": [{"metrics": [metric]}]}]))) == 1
