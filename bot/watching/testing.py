"""Data sources in memory, for tests: they answer what they were told, and can go away."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from bot.watching.backtests import Backtests
from bot.watching.engine import Engine
from bot.watching.entry import Found
from bot.watching.facade import MonitorWatching
from bot.watching.joined import MARK, join
from knowledge.errors import Unavailable, UserError
from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor, MonitorState
from knowledge.ports import Store
from knowledge.records import Look, Sample, Series

Labels = tuple[tuple[str, str], ...]
Values = Mapping[Labels, float] | Callable[[datetime], Mapping[Labels, float]]
_PART = re.compile(rf'label_replace\((.*?)\n, "{MARK}", "(\d+)", "", ""\)', re.DOTALL)


def series(**labels: str) -> Labels:
    return tuple(sorted(labels.items()))


@dataclass
class PlainSources:
    """`Sources` that know each query by its text, joined ones too. Safe to share by threads.

    A query that is not in `values` is rejected, as one with a wrong syntax is.
    """

    values: dict[str, Values] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    """Sources that do not answer."""
    only_alone: set[str] = field(default_factory=set)
    """Queries that are rejected inside another expression."""
    hold: dict[str, threading.Event] = field(default_factory=dict)
    """Sources that answer once their event is set."""
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    """Every request: its query as it came, and its time."""
    read: list[tuple[str, datetime, datetime, float]] = field(default_factory=list)

    def name(self, monitor: MetricMonitor) -> str:
        if monitor.source == "unknown":
            raise UserError("There is no data source 'unknown'.")
        return monitor.source

    def instant(self, monitor: MetricMonitor, at: datetime) -> list[Sample]:
        self.asked.append((monitor.query, at))
        self._answer(monitor.source)
        parts = _PART.findall(monitor.query)
        if not parts:
            return self._samples(monitor.query, at)
        if join([query for query, _ in parts]) != monitor.query:
            raise UserError(f"{monitor.query!r} is not joined as it should be")
        if self.only_alone.intersection(query for query, _ in parts):
            raise UserError("expected type instant vector, got scalar")
        return [
            Sample({**sample.labels, MARK: number}, at, sample.value)
            for query, number in parts
            for sample in self._samples(query, at)
        ]

    def range(
        self, monitor: MetricMonitor, start: datetime, end: datetime, step_s: float
    ) -> list[Series]:
        self.read.append((monitor.query, start, end, step_s))
        self._answer(monitor.source)
        points: dict[Labels, list[tuple[float, float]]] = {}
        at = start
        while at <= end:
            for sample in self._samples(monitor.query, at):
                of = tuple(sorted(sample.labels.items()))
                points.setdefault(of, []).append((at.timestamp(), sample.value))
            at += timedelta(seconds=step_s)
        return [
            Series(dict(of), np.array([t for t, _ in found]), np.array([v for _, v in found]))
            for of, found in points.items()
        ]

    def _answer(self, source: str) -> None:
        if source in self.hold and not self.hold[source].wait(20):
            raise TimeoutError("nobody let it answer")
        if source in self.down:
            raise Unavailable(source or "prometheus", "connection refused")

    def _samples(self, query: str, at: datetime) -> list[Sample]:
        if query not in self.values:
            raise UserError(f"Prometheus rejects {query!r}: parse error")
        values = self.values[query]
        now = values(at) if callable(values) else values
        return [Sample(dict(labels), at, value) for labels, value in now.items()]


def watching_at(
    now: datetime,
    store: Store,
    monitors: Sequence[AnyMonitor] = (),
    values: Mapping[str, Values] | None = None,
) -> MonitorWatching:
    """The facade over an engine that nobody ticks, for what asks and changes monitors. Every model
    looks stable."""
    sources = PlainSources(dict(values or {}))

    def look(monitor: ModelMonitor, state: MonitorState, at: datetime) -> Found:
        seen = Look(monitor.model, at, at - monitor.window, at, 900, "stable", figures={"drift": 0})
        return Found(state, (), (seen,))

    def accept(source: str, body: bytes, signals: Sequence[object]) -> int:
        return 0

    engine = Engine(monitors, store, sources, look, accept, lambda: now)
    return MonitorWatching(engine, store.monitors, Backtests(sources, look), lambda: now)
