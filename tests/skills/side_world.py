"""eta-model, its service and its champion as the ports show them, with what goes wrong on request:
the world of the tests about which side is at fault and about handovers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from knowledge.adapters.absent import AbsentTelemetry
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames, MemoryMetrics
from knowledge.catalogue import Catalogue
from knowledge.monitors import MetricMonitor
from knowledge.oncall import OnCall
from knowledge.ports import Telemetry
from knowledge.records import (
    Change,
    Incident,
    LogLine,
    Look,
    ModelFacts,
    Move,
    Series,
    Severity,
    Signal,
    Span,
    Status,
)
from skills.contract import Context, Role, User
from skills.testing import NOON, context
from tests.skills.watching_double import WatchingDouble

MODEL = "eta-model"
BROKE = NOON - timedelta(hours=1)
CATALOGUE = Catalogue(
    services=frozenset({MODEL, "feature-store", "tracking-api"}),
    edges=frozenset({(MODEL, "feature-store"), ("tracking-api", MODEL)}),
    teams={MODEL: "ml-platform", "feature-store": "data", "tracking-api": "tracking"},
)
ADA = User("U1", "ada", Role.OPERATE)


@dataclass(frozen=True)
class SteadyTelemetry:
    """Signals at rest, with one per cent of noise; those of `moved` leave it at BROKE."""

    moved: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """(service, signal) -> how many times the usual."""
    sources: tuple[str, ...] = ("Prometheus",)

    def for_search(self, note: Callable[[str], None]) -> "SteadyTelemetry":
        return self

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> Mapping[str, Mapping[str, Series]]:
        times = np.arange(start.timestamp(), end.timestamp(), step_s)
        rest = {"latency_p95": 0.05, "cpu": 0.4, "memory": 0.5, "queue": 1.0}
        return {
            s: {
                name: Series({}, times, self._values(s, name, v, times)) for name, v in rest.items()
            }
            for s in services
        }

    def _values(self, service: str, name: str, usual: float, times: Any) -> Any:
        noise = 1 + 0.01 * np.sin(times / 777)
        factor = self.moved.get((service, name), 1.0)
        return usual * noise * np.where(times >= BROKE.timestamp(), factor, 1.0)

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        return []

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        return []


@dataclass
class SideWorld:
    """`broken` names what is wrong since BROKE, in times the usual: "latency", "errors", "orders",
    "drift", "prediction drift", "missing", "realised rmse"."""

    broken: Mapping[str, float] = field(default_factory=dict)
    telemetry: Telemetry = field(default_factory=AbsentTelemetry)
    store: MemoryStore = field(default_factory=MemoryStore)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)
    frames: MemoryFrames = field(default_factory=MemoryFrames)
    watching: WatchingDouble = field(default_factory=WatchingDouble)
    oncall: OnCall = field(default_factory=OnCall)

    def __post_init__(self) -> None:
        endpoint = {"latency": "latency", "errors": "errors"}
        facts = ModelFacts(("chloe", "risk-ml"), MODEL, endpoint)
        self.frames.set_reference(MODEL, {"x": np.arange(9.0)}, facts=facts)
        for query, usual in (("latency", 0.1), ("errors", 0.002), ("orders", 240.0)):
            self.metrics.add(query, partial(self._at, query, usual))
        self.watching.add(MetricMonitor(name="orders", query="orders", model=MODEL))
        rest = {"drift": 0.02, "prediction drift": 0.02, "missing": 0.002, "realised rmse": 12.0}
        for n in range(96, 0, -1):
            at = NOON - timedelta(minutes=30 * n - 20)
            figures = {k: self._at(k, v, at.timestamp()) for k, v in rest.items()}
            start = at - timedelta(minutes=30)
            self.watching.kept.add_look(Look(MODEL, at, start, at, 500, "stable", figures=figures))

    def _at(self, name: str, usual: float, at: float) -> float:
        noise = 1 + 0.01 * float(np.sin(at / 777))
        return usual * noise * (self.broken.get(name, 1.0) if at >= BROKE.timestamp() else 1.0)

    def incident(self, **given: Any) -> Incident:
        signal = Signal("f1", "LatencyP99High", BROKE, BROKE, service=MODEL, severity="warning")
        made = Incident(
            id="",
            title="p99 latency above 800 ms",
            service=MODEL,
            severity=Severity.SEV2,
            status=Status.OPEN,
            opened_at=BROKE,
            updated_at=BROKE,
            signals=(signal,),
        )
        return self.store.incidents.open(replace(made, **given))

    def moved(self, at: datetime, version: str = "5") -> None:
        self.store.moves.add(Move("", MODEL, version, "2", at, at))

    def deployed(self, service: str, at: datetime, kind: str = "deploy") -> None:
        self.store.changes.add(Change(f"C-{service}-{at}", at, kind, service, "2.1"))

    def ctx(self, user: User = ADA, **given: Any) -> Context:
        return context(
            user=user,
            incidents=self.store.incidents,
            changes=self.store.changes,
            moves=self.store.moves,
            handovers=self.store.handovers,
            metrics=self.metrics,
            frames=self.frames,
            watching=self.watching,
            telemetry=self.telemetry,
            catalogue=CATALOGUE,
            oncall=self.oncall,
            **given,
        )
