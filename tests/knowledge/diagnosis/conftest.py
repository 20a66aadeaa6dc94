from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from knowledge.adapters.absent import AbsentTelemetry
from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments, MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.diagnosis import Ports
from knowledge.errors import Unavailable
from knowledge.library import SearchLibrary
from knowledge.ports import Alerts, Changes, Library, Moves, Telemetry
from knowledge.records import Change, LogLine, Series, Span

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@dataclass
class Given:
    """The ports that are gathered from, in memory."""

    alerts: Alerts
    changes: Changes
    moves: Moves
    library: Library
    telemetry: Telemetry = field(default_factory=AbsentTelemetry)
    catalogue: Catalogue = field(default_factory=Catalogue)


@dataclass(frozen=True)
class StepTelemetry:
    """The latency of `bad` jumps at `at`; the other services are calm. Half a percent of noise."""

    bad: str
    at: datetime
    sources: tuple[str, ...] = ("Prometheus",)

    def for_search(self, note: Callable[[str], None]) -> "StepTelemetry":
        return self

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> Mapping[str, Mapping[str, Series]]:
        times = np.arange(start.timestamp(), end.timestamp(), step_s)
        noise = 1 + 0.005 * np.sin(times)
        jump = np.where(times >= self.at.timestamp(), 5.0, 1.0)
        return {
            s: {
                "latency_p95": Series({}, times, 0.1 * noise * (jump if s == self.bad else 1.0)),
                "requests": Series({}, times, 50.0 * noise),
            }
            for s in services
        }

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        if service != self.bad or end <= self.at - timedelta(minutes=10):
            return []
        text = "upstream timed out after 5 s"
        return [LogLine(self.at + timedelta(seconds=n), service, text, "error") for n in range(9)]

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        return []


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def catalogue() -> Catalogue:
    """shop calls checkout, which calls payment; payment has two pods on one node."""
    pods = [
        {"pod": f"payment-{n}", "service": "payment", "node": "n1", "cluster": "eu"}
        for n in range(2)
    ]
    return Catalogue.from_topology(
        {"edges": [["shop", "checkout"], ["checkout", "payment"]], "pods": pods}
    )


@pytest.fixture
def given(store: MemoryStore, catalogue: Catalogue) -> Ports:
    library = SearchLibrary(MemoryDocuments(), HashEmbedder(), FlatIndex)
    return Given(store.alerts, store.changes, store.moves, library, catalogue=catalogue)


class GoneChanges:
    """A store that is away."""

    def add(self, change: Change) -> None:
        raise Unavailable("changes", "the database is away")

    def between(self, start: datetime, end: datetime, service: str = "") -> list[Change]:
        raise Unavailable("changes", "the database is away")


@pytest.fixture
def without_changes(store: MemoryStore, given: Ports) -> Ports:
    return Given(store.alerts, GoneChanges(), store.moves, given.library)


@pytest.fixture
def jump() -> Callable[[str, datetime], Telemetry]:
    """Telemetry in which one service becomes slow at a moment."""
    return StepTelemetry
