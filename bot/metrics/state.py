"""What is read when it is scraped: queues, stores, loops, checks."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bot.metrics.definitions import definition
from bot.upkeep.pulse import Pulse
from knowledge.errors import TandemError
from knowledge.ports import Alerts, Documents, Inbox, Incidents, Outbox
from knowledge.records import Severity

log = logging.getLogger("tandem.metrics")

_LONG_AGO = timedelta(days=3660)
MOST_OPEN = 1_000
REMEMBER_S = 300.0
"""How long a count is kept that reads many rows."""


@dataclass(eq=False)
class State(Collector):
    """The state of the queues and stores, one set of gauges per scrape.

    A store that is out of reach shows as `tandem_up 0` and as missing gauges, never as zeros.
    """

    inbox: Inbox
    outbox: Outbox
    incidents: Incidents
    alerts: Alerts
    documents: Documents
    now: Callable[[], datetime]
    accepted: Mapping[str, int] = field(default_factory=dict)
    """Signals by source since the start, counted where they come in."""
    refused: Mapping[str, int] = field(default_factory=dict)
    _kept: dict[str, tuple[float, int]] = field(default_factory=dict, repr=False)

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not read the stores."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield from self._received()
        try:
            read = [*self._queues(), *self._incidents(), *self._sizes()]
        except TandemError as error:
            log.warning("the stores cannot be read for /metrics: %s", error)
            read = []
        yield gauge("tandem_up", float(bool(read)))
        yield from read

    def _received(self) -> Iterator[Metric]:
        for name, counts in (("accepted", self.accepted), ("refused", self.refused)):
            told = definition(f"tandem_signals_{name}")
            metric = CounterMetricFamily(told.name, told.says, labels=told.labels)
            for source, count in sorted(dict(counts).items()):
                metric.add_metric([source], count)
            yield metric

    def _queues(self) -> Iterator[Metric]:
        now = self.now()
        yield gauge("tandem_inbox_waiting", self.inbox.count())
        yield gauge(
            "tandem_inbox_oldest_seconds",
            _age(now, [batch.received_at for batch in self.inbox.waiting(1)]),
        )
        yield gauge("tandem_outbox_due", self.outbox.count_due(now))
        yield gauge(
            "tandem_outbox_oldest_seconds",
            _age(now, [delivery.due_at for delivery in self.outbox.due(now, 1)]),
        )

    def _incidents(self) -> Iterator[Metric]:
        found = self.incidents.find(open_only=True, limit=MOST_OPEN)
        yield labelled(
            "tandem_incidents_open",
            {severity: float(sum(i.severity is severity for i in found)) for severity in Severity},
        )

    def _sizes(self) -> Iterator[Metric]:
        yield gauge("tandem_alerts_stored", self._remembered("alerts", self._count_alerts))
        yield gauge(
            "tandem_library_documents",
            self._remembered("documents", self.documents.count),
        )

    def _count_alerts(self) -> int:
        now = self.now()
        return sum(t.instances for t in self.alerts.tally(now - _LONG_AGO, now))

    def _remembered(self, name: str, count: Callable[[], int]) -> int:
        at, value = self._kept.get(name, (float("-inf"), 0))
        if monotonic() - at > REMEMBER_S:
            value = count()
            self._kept[name] = (monotonic(), value)
        return value


@dataclass(eq=False)
class Vitals(Collector):
    """How the process itself is; reads no store."""

    pulse: Pulse
    checks: Callable[[], Mapping[str, bool]] = dict
    """Those of /healthz and /readyz, as they were last found."""
    ready: Callable[[], bool] = lambda: True
    socket: Callable[[], bool] | None = None
    """None where Slack calls us by HTTP."""
    leases: Callable[[], Mapping[str, bool]] = dict
    """By name, whether this replica holds it."""
    clock_off_s: Callable[[], float] = lambda: 0.0
    watchdog: Callable[[], float | None] = lambda: None
    """Seconds since it was heard; None where none is expected."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield labelled("tandem_check", {name: float(ok) for name, ok in self.checks().items()})
        yield gauge("tandem_ready", float(self.ready()))
        yield labelled("tandem_loop_stuck_seconds", self.pulse.stuck())
        turns = self.pulse.turns()
        yield gauge("tandem_turns_running", len(turns))
        yield gauge("tandem_turn_oldest_seconds", turns[0][0] if turns else 0.0)
        if self.socket is not None:
            yield gauge("tandem_socket_connected", float(self.socket()))
        yield gauge("tandem_clock_off_seconds", self.clock_off_s())
        leases = {name: float(held) for name, held in self.leases().items()}
        yield labelled("tandem_lease_held", leases)
        silent = self.watchdog()
        if silent is not None:
            yield gauge("tandem_watchdog_silent_seconds", silent)


def gauge(name: str, value: float) -> Metric:
    """One value. Raises KeyError for a name that `definitions` does not have."""
    told = definition(name)
    return GaugeMetricFamily(told.name, told.says, value=value)


def labelled(name: str, values: Mapping[str, float]) -> Metric:
    """A value for each value of the only label."""
    told = definition(name)
    metric = GaugeMetricFamily(told.name, told.says, labels=told.labels)
    for label, value in values.items():
        metric.add_metric([label], value)
    return metric


def _age(now: datetime, moments: Sequence[datetime]) -> float:
    return max(((now - moment).total_seconds() for moment in moments), default=0.0)
