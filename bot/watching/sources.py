"""Where metrics come from, by monitor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from knowledge.errors import UserError
from knowledge.monitors import MetricMonitor
from knowledge.ports import Metrics
from knowledge.records import Sample, Series


class Sources(Protocol):
    """The data sources of all monitors. Raises UserError for a monitor whose source is unknown."""

    def name(self, monitor: MetricMonitor) -> str:
        """Tells one source from another."""
        ...

    def instant(self, monitor: MetricMonitor, at: datetime) -> list[Sample]: ...

    def range(
        self, monitor: MetricMonitor, start: datetime, end: datetime, step_s: float
    ) -> list[Series]: ...


@dataclass(frozen=True)
class OneSource:
    """One Prometheus for all monitors that name no other source."""

    metrics: Metrics

    def name(self, monitor: MetricMonitor) -> str:
        if monitor.source:
            raise UserError(f"There is no data source {monitor.source!r}.")
        return ""

    def instant(self, monitor: MetricMonitor, at: datetime) -> list[Sample]:
        self.name(monitor)
        return self.metrics.instant(monitor.query, at)

    def range(
        self, monitor: MetricMonitor, start: datetime, end: datetime, step_s: float
    ) -> list[Series]:
        self.name(monitor)
        return self.metrics.range(monitor.query, start, end, step_s)
