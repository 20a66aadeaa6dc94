"""Metrics, logs and traces of the services around, read only."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from knowledge.records import LogLine, Series, Span


class Logs(Protocol):
    """A Loki, an Elasticsearch, a folder of files."""

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        """Newest first, at most `limit`. A service that it does not know has none."""
        ...


class Traces(Protocol):
    """A Tempo, a Jaeger, a folder of OTLP files."""

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        """Whole traces that touch the service, at most `limit` spans."""
        ...


class Telemetry(Protocol):
    """All that is connected, in one place. What is not connected answers with nothing, and is not
    among `sources`."""

    @property
    def sources(self) -> tuple[str, ...]:
        """What is connected, for people: "Prometheus", "Loki" ..."""
        ...

    def for_search(self, note: Callable[[str], None]) -> "Telemetry":
        """The same for one search of many questions. `note` is told, from any thread, what is left
        out because a source fails, also where others answer; one that is down or too slow is not
        asked again."""
        ...

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> Mapping[str, Mapping[str, Series]]:
        """Service -> signal -> series, by the queries that are set up. Signals are named after
        what they measure: "latency_p95", "error_rate", "requests", "cpu", "memory", "gpu_memory",
        "queue" ..."""
        ...

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]: ...

    def spans(
        self, service: str, start: datetime, end: datetime, limit: int = 2000
    ) -> list[Span]: ...
