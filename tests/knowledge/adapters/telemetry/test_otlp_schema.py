"""Our reading against OpenTelemetry's own definitions: messages of opentelemetry-proto, written as
JSON by Protobuf, as Tempo does, and with ids in hexadecimal, as OTLP does."""

import json
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.telemetry.otlp import read_lines, read_points, read_spans
from tests.knowledge.adapters.telemetry.recorded import NOON, NOON_NS, NOON_S

pytest.importorskip("opentelemetry.proto")

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1 import logs_pb2 as logs
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2 as traces

TRACE, PARENT, SPAN = bytes(range(16)), bytes(range(8)), bytes(range(8, 16))


def pair(key: str, **value: Any) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(**value))


RESOURCE = Resource(
    attributes=[
        pair("service.name", string_value="checkout"),
        pair("k8s.pod.name", string_value="checkout-1"),
    ]
)
TRACES = traces.TracesData(
    resource_spans=[
        traces.ResourceSpans(
            resource=RESOURCE,
            scope_spans=[
                traces.ScopeSpans(
                    scope=InstrumentationScope(name="http"),
                    spans=[
                        traces.Span(
                            trace_id=TRACE,
                            span_id=SPAN,
                            parent_span_id=PARENT,
                            name="POST /pay",
                            kind=traces.Span.SPAN_KIND_CONSUMER,
                            start_time_unix_nano=NOON_NS,
                            end_time_unix_nano=NOON_NS + 1_500_000_000,
                            attributes=[pair("http.response.status_code", int_value=503)],
                            status=traces.Status(code=traces.Status.STATUS_CODE_ERROR),
                        )
                    ],
                )
            ],
        )
    ]
)
LISTED = AnyValue(array_value=ArrayValue(values=[AnyValue(bool_value=True)]))
LOGS = logs.LogsData(
    resource_logs=[
        logs.ResourceLogs(
            resource=RESOURCE,
            scope_logs=[
                logs.ScopeLogs(
                    log_records=[
                        logs.LogRecord(
                            time_unix_nano=NOON_NS,
                            severity_number=logs.SEVERITY_NUMBER_ERROR,
                            severity_text="ERROR",
                            trace_id=TRACE,
                            body=AnyValue(
                                kvlist_value=KeyValueList(
                                    values=[
                                        pair("code", int_value=7),
                                        KeyValue(key="all", value=LISTED),
                                    ]
                                )
                            ),
                        )
                    ]
                )
            ],
        )
    ]
)
METRICS = metrics.MetricsData(
    resource_metrics=[
        metrics.ResourceMetrics(
            resource=RESOURCE,
            scope_metrics=[
                metrics.ScopeMetrics(
                    metrics=[
                        metrics.Metric(
                            name="http.server.request.duration",
                            unit="s",
                            histogram=metrics.Histogram(
                                aggregation_temporality=metrics.AGGREGATION_TEMPORALITY_DELTA,
                                data_points=[
                                    metrics.HistogramDataPoint(
                                        time_unix_nano=NOON_NS,
                                        count=3,
                                        sum=0.5,
                                        bucket_counts=[1, 2],
                                        explicit_bounds=[0.1],
                                    )
                                ],
                            ),
                        ),
                        metrics.Metric(
                            name="process.cpu.time",
                            sum=metrics.Sum(
                                aggregation_temporality=metrics.AGGREGATION_TEMPORALITY_CUMULATIVE,
                                is_monotonic=True,
                                data_points=[
                                    metrics.NumberDataPoint(time_unix_nano=NOON_NS, as_int=9)
                                ],
                            ),
                        ),
                    ]
                )
            ],
        )
    ]
)


def written(message: Any, *, as_otlp: bool) -> Any:
    """JSON text as it travels. OTLP's own differs from Protobuf's in ids and enumerations."""
    plain = MessageToDict(message, use_integers_for_enums=as_otlp)
    text = json.dumps(plain)
    if as_otlp:
        for each in (TRACE, PARENT, SPAN):
            text = text.replace(_base64(each), each.hex())
    return json.loads(text)


def _base64(raw: bytes) -> str:
    return str(MessageToDict(traces.Span(trace_id=raw))["traceId"])


@pytest.mark.parametrize("as_otlp", [False, True])
def test_spans(as_otlp: bool) -> None:
    (span,) = read_spans(written(TRACES, as_otlp=as_otlp)["resourceSpans"])
    assert (span.trace, span.id, span.parent) == (TRACE.hex(), SPAN.hex(), PARENT.hex())
    assert (span.service, span.pod, span.operation) == ("checkout", "checkout-1", "POST /pay")
    assert (span.start, span.seconds) == (NOON, 1.5)
    assert (span.kind, span.failed) == ("consumer", True)
    assert span.labels == {"http.response.status_code": "503"}


@pytest.mark.parametrize("as_otlp", [False, True])
def test_lines(as_otlp: bool) -> None:
    (line,) = read_lines(written(LOGS, as_otlp=as_otlp)["resourceLogs"])
    assert line.text == '{"code": 7, "all": [true]}'
    assert (line.at - NOON, line.level, line.trace) == (timedelta(0), "error", TRACE.hex())
    assert (line.service, line.pod) == ("checkout", "checkout-1")


@pytest.mark.parametrize("as_otlp", [False, True])
def test_points(as_otlp: bool) -> None:
    duration, cpu = read_points(written(METRICS, as_otlp=as_otlp)["resourceMetrics"])
    assert (duration.count, duration.sum, duration.unit) == (3.0, 0.5, "s")
    assert (duration.bounds, duration.buckets) == ((0.1,), (1.0, 2.0))
    assert (duration.is_delta, duration.at) == (True, NOON_S)
    assert (cpu.metric, cpu.value, cpu.is_sum, cpu.is_delta) == (
        *("process.cpu.time", 9.0, True, False),
    )
