"""Where the data of metric monitors comes from, by name."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from knowledge.errors import NotFound, UserError
from knowledge.monitors.spec import MetricMonitor
from knowledge.ports import Metrics
from knowledge.records import Sample, Series


@runtime_checkable
class Database(Protocol):
    """A source that is asked in SQL, about a window of time."""

    def over(self, window: timedelta) -> Metrics:
        """Answers with :start so long before :end."""
        ...


class Sources:
    """The default Prometheus, and the sources that the monitors file names.

    Raises UserError for a monitor whose source is unknown, or that asks it in the wrong language.
    """

    def __init__(
        self, default: Metrics, named: Mapping[str, Metrics | Database] | None = None
    ) -> None:
        self._default = default
        self._named = dict(named or {})

    @property
    def names(self) -> tuple[str, ...]:
        """Of those that have one."""
        return tuple(self._named)

    def name(self, monitor: MetricMonitor) -> str:
        """Tells one source from another; empty for the default. Raises UserError."""
        self._of(monitor)
        return monitor.source

    def instant(self, monitor: MetricMonitor, at: datetime) -> list[Sample]:
        return self._of(monitor).instant(monitor.sql or monitor.query, at)

    def range(
        self, monitor: MetricMonitor, start: datetime, end: datetime, step_s: float
    ) -> list[Series]:
        return self._of(monitor).range(monitor.sql or monitor.query, start, end, step_s)

    def _of(self, monitor: MetricMonitor) -> Metrics:
        if monitor.source and monitor.source not in self._named:
            raise NotFound.among("source", monitor.source, self._named)
        source = self._named[monitor.source] if monitor.source else self._default
        if monitor.sql:
            if not isinstance(source, Database):
                raise UserError(
                    f"{monitor.name}: `sql` asks a database; name a [source.NAME] of the monitors "
                    "file that has `database`."
                )
            return source.over(monitor.over)
        if isinstance(source, Database):
            raise UserError(
                f"{monitor.name}: {monitor.source!r} is a database; write `sql` for `query`."
            )
        return source
