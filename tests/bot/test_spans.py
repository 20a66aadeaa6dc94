"""Spans, sent to a local collector that speaks OTLP over HTTP."""

import gzip
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.metrics import Metrics
from bot.spans import NoSpans, Spans, make_spans
from bot.testing import MemoryMessenger
from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.ledger import StoreLedger
from knowledge.records import Limits, Prices, Signal
from knowledge.tracing import Trace, begun, of_name, trace, traced
from skills.contract import Reply
from skills.testing import NOON

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)


class Collector(ThreadingHTTPServer):
    """Keeps the spans that are posted to /v1/traces."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Traces)
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []

    def named(self, name: str) -> Any:
        (found,) = [span for span in self.spans if span.name == name]
        return found


class _Traces(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        told = ExportTraceServiceRequest.FromString(body) if self.path == "/v1/traces" else None
        for of in told.resource_spans if told else ():
            attributes = {a.key: a.value.string_value for a in of.resource.attributes}
            self.server.resources.append(attributes)
            for scope in of.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200 if told else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def spans(collector: Collector) -> Spans:
    return make_spans(f"http://127.0.0.1:{collector.server_port}/", "1.2.3", "host-1")


def attributes(span: Any) -> dict[str, Any]:
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


def test_without_a_collector_nothing_is_recorded() -> None:
    spans = make_spans("", "1.2.3")
    assert isinstance(spans, NoSpans)
    with spans.span("turn"):
        assert trace() == Trace()
    spans.close()


def test_a_span_is_below_the_one_around_it_and_in_the_trace_there_is(
    collector: Collector, spans: Spans
) -> None:
    with traced(Trace("a" * 32, "b" * 16)), spans.span("webhook", source="alertmanager"):
        inside = trace()
        with spans.span("inner"):
            pass
    spans.close()
    outer, inner = collector.named("webhook"), collector.named("inner")
    assert (outer.trace_id.hex(), outer.parent_span_id.hex()) == ("a" * 32, "b" * 16)
    assert (inner.trace_id.hex(), inner.parent_span_id) == ("a" * 32, outer.span_id)
    assert (inside.id, inside.span) == ("a" * 32, outer.span_id.hex())
    assert attributes(outer) == {"tandem.source": "alertmanager"}
    (resource, *_) = collector.resources
    assert resource["service.name"] == "tandem"
    assert resource["service.instance.id"] == "host-1"


def test_an_error_is_told_by_its_name_only(collector: Collector, spans: Spans) -> None:
    with pytest.raises(ValueError, match="hunter2"), spans.span("turn"):
        raise ValueError("the password is hunter2")
    spans.close()
    assert collector.named("turn").status.message == "ValueError"
    assert b"hunter2" not in b"".join(s.SerializeToString() for s in collector.spans)


def test_a_turn_down_to_its_ports(collector: Collector, spans: Spans) -> None:
    metrics, store = Metrics("1.2.3", spans), MemoryStore()
    engine = sa.create_engine("sqlite://")
    spans.watch_database(engine)
    chat = metrics.messenger(MemoryMessenger())
    prometheus = metrics.port("prometheus", SimpleNamespace(instant=lambda query: [1.0]))
    ledger = metrics.ledger(StoreLedger(store.uses, lambda: NOON, Prices(), Limits()))

    def handle(ask: Any) -> None:
        prometheus.instant("up")
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT name FROM sqlite_master WHERE name = 'secret'"))
        with ledger.answer("small", "why@1", 10, 10) as spent:
            spent.took(5, 5)
        chat.post("#incidents", Reply("hello"))

    turn = metrics.turns(SimpleNamespace(handle=handle))
    turn.handle(SimpleNamespace(id="Ev7", way="mention"))
    spans.close()
    whole = collector.named("turn")
    assert whole.trace_id.hex() == of_name("Ev7").id
    below = {"prometheus instant", "store SELECT", "llm answer", "slack post"}
    assert below <= {span.name for span in collector.spans}
    for name in below:
        assert collector.named(name).parent_span_id == whole.span_id
    assert attributes(collector.named("store SELECT")) == {"tandem.table": "sqlite_master"}


def test_a_statement_that_fails_ends_its_span(collector: Collector, spans: Spans) -> None:
    engine = sa.create_engine("sqlite://")
    spans.watch_database(engine)
    with spans.span("turn"):
        at = trace()
        with engine.connect() as connection, pytest.raises(sa.exc.OperationalError):
            connection.execute(sa.text("SELECT * FROM nowhere"))
        assert trace() == at
    spans.close()
    assert {span.name for span in collector.spans} == {"turn", "store SELECT"}


def signal(name: str) -> Signal:
    return Signal(name, name, NOON, NOON, service="checkout", severity="critical")


def now() -> datetime:
    return NOON + timedelta(seconds=3)


def test_one_webhook_to_its_incident_and_its_card(collector: Collector, spans: Spans) -> None:
    metrics, store = Metrics("1.2.3", spans), MemoryStore()
    inbox, incidents = metrics.inbox(store.inbox, now), metrics.incidents(store.incidents)
    chat = metrics.messenger(MemoryMessenger())
    with traced(begun()), spans.span("webhook"):
        sent = trace()
        inbox.put("alertmanager", b"{}", NOON)

    inbox.waiting(1)  # A scrape of /metrics looks too.

    def work() -> None:
        batches = inbox.waiting()
        incidents.open(open_from([signal("Hot")], NOON), tell=("card",))
        inbox.done([batch.id for batch in batches])

    metrics.loop("intake", work)()
    metrics.loop("courier", lambda: chat.post("#incidents", Reply("x"), key="card:INC-1"))()
    spans.close()
    webhook, round_ = collector.named("webhook"), collector.named("intake round")
    post = collector.named("slack post")
    assert {span.trace_id.hex() for span in (webhook, round_, post)} == {sent.id}
    assert round_.parent_span_id == webhook.span_id
    assert post.parent_span_id == round_.span_id


def test_a_round_of_many_is_linked_to_each(collector: Collector, spans: Spans) -> None:
    metrics, store = Metrics("1.2.3", spans), MemoryStore()
    inbox = metrics.inbox(store.inbox, now)
    sent = []
    for _ in range(2):
        with traced(begun()), spans.span("webhook"):
            sent.append(trace().id)
            inbox.put("alertmanager", b"{}", NOON)
    metrics.loop("intake", lambda: inbox.done([batch.id for batch in inbox.waiting()]))()
    spans.close()
    round_ = collector.named("intake round")
    assert [link.trace_id.hex() for link in round_.links] == sent
    assert round_.trace_id.hex() not in sent
    assert trace() == Trace()
