"""Metrics and Frames in memory: working doubles, and the offline demo's data."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from knowledge.drift import DriftReport, Profile, compare, profile_for
from knowledge.errors import NotFound
from knowledge.records import ColumnRoles, Frame, ModelFacts, Sample, Series

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Curve = Callable[[float], float]
"""A value by epoch seconds; NaN where there is no sample."""


def _constant(value: float) -> Curve:
    return lambda at: value


class MemoryMetrics:
    """Series by query text. A query that was never added has no series, as in Prometheus."""

    def __init__(self) -> None:
        self._curves: dict[str, list[tuple[Mapping[str, str], Curve]]] = {}

    def add(
        self, query: str, curve: Curve | float, labels: Mapping[str, str] | None = None
    ) -> None:
        """Add a series: a constant, or a function of epoch seconds. The same labels replace."""
        made = curve if callable(curve) else _constant(curve)
        labels = dict(labels or {})
        kept = [entry for entry in self._curves.get(query, []) if entry[0] != labels]
        self._curves[query] = [*kept, (labels, made)]

    def clear(self, query: str) -> None:
        self._curves.pop(query, None)

    def instant(self, query: str, at: datetime) -> list[Sample]:
        values = [(labels, curve(at.timestamp())) for labels, curve in self._curves.get(query, [])]
        return [Sample(labels, at, value) for labels, value in values if not np.isnan(value)]

    def range(self, query: str, start: datetime, end: datetime, step_s: float) -> list[Series]:
        times = np.arange(start.timestamp(), end.timestamp() + step_s / 2, step_s)
        found = []
        for labels, curve in self._curves.get(query, []):
            values = np.array([curve(float(t)) for t in times], dtype=np.float64)
            kept = ~np.isnan(values)
            if kept.any():
                found.append(Series(labels, times[kept], values[kept]))
        return found


class MemoryFrames:
    """References and logged rows by model; rows are logged with the moment they were seen."""

    def __init__(self) -> None:
        self._references: dict[str, Frame] = {}
        self._logs: dict[str, list[tuple[datetime, Frame]]] = {}
        self._roles: dict[str, ColumnRoles] = {}
        self._facts: dict[str, ModelFacts] = {}
        self._profiles: dict[str, Profile] = {}

    def set_reference(
        self,
        model: str,
        frame: Frame,
        roles: ColumnRoles | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        self._references[model] = frame
        self._roles[model] = roles or ColumnRoles()
        self._facts[model] = facts or ModelFacts()
        self._profiles.pop(model, None)

    def log(self, model: str, at: datetime, rows: Frame) -> None:
        """Add rows that were all seen at one moment."""
        self._logs.setdefault(model, []).append((at.astimezone(UTC), rows))

    def names(self) -> list[str]:
        return list(self._references)

    def reference(self, model: str) -> Frame:
        return self._references[self._known(model)]

    def current(self, model: str, start: datetime, end: datetime) -> Frame:
        reference = self.reference(model)
        parts = [rows for at, rows in self._logs.get(self._known(model), []) if start <= at < end]
        if not parts:
            return {name: values[:0] for name, values in reference.items()}
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def profile(self, model: str) -> Profile:
        model = self._known(model)
        if model not in self._profiles:
            self._profiles[model] = profile_for(self._references[model], self._roles[model])
        return self._profiles[model]

    def span(self, model: str) -> tuple[datetime, datetime] | None:
        times = [at for at, _ in self._logs.get(self._known(model), [])]
        return (min(times), max(times)) if times else None

    def roles(self, model: str) -> ColumnRoles:
        return self._roles[self._known(model)]

    def about(self, model: str) -> ModelFacts:
        return self._facts[self._known(model)]

    def last(self, model: str, rows: int) -> Frame:
        span = self.span(model)
        if span is None:
            return self.current(model, EPOCH, EPOCH)
        frame = self.current(model, span[0], span[1] + timedelta(seconds=1))
        return {name: values[-rows:] for name, values in frame.items()}

    def report(
        self,
        model: str,
        start: datetime,
        end: datetime,
        *,
        against: tuple[datetime, datetime] | None = None,
        usual_rows: float = 0.0,
    ) -> DriftReport:
        roles = self.roles(model)
        known = (
            self.profile(model)
            if against is None
            else profile_for(self.current(model, *against), roles)
        )
        current = self.current(model, start, end)
        return compare(known, current, weights=roles.weights, usual_rows=usual_rows)

    def _known(self, model: str) -> str:
        lower = {name.lower(): name for name in self._references}
        if model.lower() not in lower:
            raise NotFound.among("model with known data", model, self._references)
        return lower[model.lower()]
