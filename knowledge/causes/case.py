"""What a search for the cause is given: one failure, and what was measured around it and in calm
times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from knowledge.records import Change, Series

Readings = Mapping[str, Mapping[str, Series]]
"""Service -> signal -> series."""


@dataclass(frozen=True)
class Symptom:
    """What was seen to be wrong: a signal of a service, often of the one that users meet."""

    service: str
    signal: str = ""
    """Empty where only the service is known."""


@dataclass(frozen=True)
class Operation:
    """One kind of span of a service within a stretch of time. Times are in seconds."""

    service: str
    name: str
    count: int
    p50: float
    p95: float
    self_p50: float
    """Time that is spent in no child span."""
    self_p95: float


@dataclass(frozen=True)
class Hop:
    """All calls from one service to another. The gap is what the caller waits beyond the callee's
    own span: the network, and queues before the callee. In seconds."""

    caller: str
    callee: str
    count: int
    gap_p50: float
    gap_p95: float


@dataclass(frozen=True)
class Flow:
    """What traces say of one stretch of time."""

    minutes: float
    operations: tuple[Operation, ...] = ()
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True)
class LogCount:
    """How often a service wrote one statement."""

    service: str
    level: str
    """Lower case; empty where it is not known."""
    template: str
    """The line without its values, or where in the source it is written."""
    count: int


@dataclass(frozen=True)
class Logs:
    """What was logged in one stretch of time."""

    minutes: float
    counts: tuple[LogCount, ...] = ()


@dataclass(frozen=True)
class Case:
    """One failure. Whatever is empty was not to be had, and the search does without."""

    id: str
    at: datetime
    """When the failure began, or was noticed."""
    step: timedelta
    """Between two rows of the series. A row holds what happened from its time on."""
    symptom: Symptom
    window: Readings
    """Around `at`: some rows before it where there are any, then those of the failure."""
    calm: Readings
    """The same signals in normal operation."""
    edges: tuple[tuple[str, str], ...] = ()
    """Who calls whom: (caller, callee)."""
    flow: Flow | None = None
    calm_flow: Flow | None = None
    logs: Logs | None = None
    calm_logs: Logs | None = None
    changes: tuple[Change, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where it comes from, for people: "metrics" -> "Prometheus", "traces" -> "Tempo" ..."""

    @property
    def services(self) -> tuple[str, ...]:
        """All that may be the cause: what is measured, and what calls or is called."""
        named = [*self.window, *(name for edge in self.edges for name in edge)]
        named += [operation.service for operation in self.flow.operations] if self.flow else []
        named += [count.service for count in self.logs.counts] if self.logs else []
        return tuple(dict.fromkeys(named))
