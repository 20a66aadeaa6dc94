"""Where metrics come from, by monitor."""

from datetime import datetime
from typing import Protocol

from knowledge.monitors import MetricMonitor
from knowledge.records import Sample, Series


class Sources(Protocol):
    """The data sources of all monitors, as `knowledge.monitors.sources` has them.

    Raises UserError for a monitor whose source is unknown."""

    def name(self, monitor: MetricMonitor) -> str:
        """Tells one source from another."""
        ...

    def instant(self, monitor: MetricMonitor, at: datetime) -> list[Sample]: ...

    def range(
        self, monitor: MetricMonitor, start: datetime, end: datetime, step_s: float
    ) -> list[Series]: ...
