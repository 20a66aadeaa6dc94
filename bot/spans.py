"""Spans for OpenTelemetry, where a collector is configured; nothing where none is.

The trace that a span belongs to is `knowledge.tracing`'s: this is only its record. So what crosses
threads and queues there crosses them here, and switching spans on changes no id. No span carries
what people wrote, what alerts say or what an error says: names, kinds and counts only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from knowledge.errors import UserError
from knowledge.tracing import Trace, begun, trace, traced

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext

Value = str | int | float | bool
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|TABLE)\s+\"?(\w+)", re.IGNORECASE)


class Spans(Protocol):
    @property
    def on(self) -> bool: ...

    def span(
        self, name: str, links: Iterable[Trace] = (), **attributes: Value
    ) -> AbstractContextManager[object]:
        """Around a piece of work; `links` are those it follows from without being part of them."""
        ...

    def watch_database(self, engine: sa.Engine) -> None:
        """Each statement within a span becomes one below it."""
        ...

    def close(self) -> None:
        """Send what has not been sent."""
        ...


class NoSpans:
    """Records nothing and costs nothing."""

    on = False

    def span(
        self, name: str, links: Iterable[Trace] = (), **attributes: Value
    ) -> AbstractContextManager[object]:
        return nullcontext()

    def watch_database(self, engine: sa.Engine) -> None: ...

    def close(self) -> None: ...


def make_spans(endpoint: str, version: str, instance: str = "") -> Spans:
    """Spans for the collector at this base URL; none without one. Raises UserError."""
    if not endpoint:
        return NoSpans()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise UserError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and traces need the extra `otel`: "
            "pip install 'tandem[otel]'."
        ) from error
    address = f"{endpoint.rstrip('/')}/v1/traces"
    return OtelSpans(OTLPSpanExporter(endpoint=address), version, instance)


class OtelSpans:
    """Hands spans to an exporter, in batches, behind the work. Which are sampled, and limits of the
    batches, are the SDK's own OTEL_ variables."""

    on = True

    def __init__(self, exporter: SpanExporter, version: str, instance: str = "") -> None:
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._provider = _provider(version, instance)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tandem", version)

    @contextmanager
    def span(self, name: str, links: Iterable[Trace] = (), **attributes: Value) -> Iterator[object]:
        from opentelemetry.context import Context
        from opentelemetry.trace import Link, NonRecordingSpan, StatusCode, set_span_in_context

        at = trace() if trace().id else begun()
        context = Context()
        if at.span:
            context = set_span_in_context(NonRecordingSpan(_context(at)), context)
        with traced(at):
            span = self._tracer.start_span(
                name,
                context,
                attributes={f"tandem.{key}": value for key, value in attributes.items()},
                links=[Link(_context(link)) for link in links if link.span],
            )
        made = span.get_span_context()
        try:
            with traced(Trace(f"{made.trace_id:032x}", f"{made.span_id:016x}")):
                yield span
        except BaseException as error:
            # Its name only: what errors say may hold what people or alerts said.
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            span.end()

    def watch_database(self, engine: sa.Engine) -> None:
        running: Callable[[Any], list[Any]] = lambda connection: connection.info.setdefault(  # noqa: E731
            "tandem_spans", []
        )

        @sa.event.listens_for(engine, "before_cursor_execute")
        def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if not trace().span:
                return
            verb = statement.lstrip().partition(" ")[0].upper()[:12]
            table = _TABLE.search(statement)
            span = self.span(f"store {verb}", table=table[1] if table else "")
            span.__enter__()
            running(connection).append(span)

        def ended(connection: Any) -> None:
            if running(connection):
                running(connection).pop().__exit__(None, None, None)

        @sa.event.listens_for(engine, "after_cursor_execute")
        def after(connection: Any, *_: Any) -> None:
            ended(connection)

        @sa.event.listens_for(engine, "handle_error")
        def failed(context: Any) -> None:
            if context.connection is not None:
                ended(context.connection)

    def close(self) -> None:
        self._provider.shutdown()


def _provider(version: str, instance: str) -> TracerProvider:
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        """A trace that has an id keeps it."""

        def generate_trace_id(self) -> int:
            return int(trace().id, 16) if trace().id else super().generate_trace_id()

    given = {"service.name": "tandem", "service.version": version}
    if instance:
        given["service.instance.id"] = instance
    # Whoever sets OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES knows better.
    resource = Resource.create(given).merge(OTELResourceDetector().detect())
    return TracerProvider(resource=resource, id_generator=Ids(), shutdown_on_exit=False)


def _context(at: Trace) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(int(at.id, 16), int(at.span, 16), is_remote=True, trace_flags=TraceFlags(1))
