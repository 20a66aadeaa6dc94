"""Metric monitors against a real Prometheus that holds a day of the past.

The day is written by promtool, so that a monitor can be polled through it at once: every question
goes to the server, with the time that it is about.
"""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from servers import free_port, need, program

from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.telemetry.queries import PRESETS, queries_of
from knowledge.adapters.telemetry.signals import PrometheusSignals
from knowledge.errors import UserError
from knowledge.monitors import (
    MetricMonitor,
    MonitorState,
    Sources,
    backtest,
    catch_up,
    decide_metric,
    dump_state,
    load_state,
    missed,
    trace,
)
from knowledge.records import Signal

pytestmark = pytest.mark.prometheus

MINUTE = timedelta(minutes=1)
LENGTH = 1500
"""Minutes."""
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)


def past() -> dict[str, NDArray[np.float64]]:
    """A value a minute by series; NaN where it gives none."""
    minutes = np.arange(LENGTH, dtype=np.float64)
    rng = np.random.default_rng(7)
    made = {
        'queue_length{service="labels"}': np.full(LENGTH, 3.0),
        'orders_total{service="shop"}': 6.0 * minutes,
        'disk_used_percent{host="db"}': 40 + 2.5 * minutes / 60,
        'temperature{room="1"}': 50 + rng.normal(0, 1, LENGTH),
        'heartbeat{job="cron"}': np.ones(LENGTH),
    }
    made['queue_length{service="labels"}'][1100:1130] = 250
    orders = made['orders_total{service="shop"}']
    orders[1150:] = 6 * (minutes[1150:] - 1150)
    orders[1250:1290] = orders[1250]
    orders[1290:] = orders[1250] + 6 * (minutes[1290:] - 1289)
    made['temperature{room="1"}'][1300:1310] = 150
    made['heartbeat{job="cron"}'][1350:] = np.nan
    return {**made, **mesh(minutes)}


BROKE = 700
"""The minute from which requests to checkout fail and are slow."""


def mesh(minutes: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """What Istio and cAdvisor tell of checkout: 10 requests a second below 100 ms, later one more
    that fails, and half of all between 100 and 500 ms."""
    late = np.maximum(minutes - BROKE, 0)
    of = 'reporter="destination",destination_canonical_service="checkout"'
    every = 600 * minutes + 60 * late
    fast = every - (660 * late) / 2
    cpu = "container_cpu_usage_seconds_total"
    return {
        f'istio_requests_total{{{of},response_code="200"}}': 600 * minutes,
        f'istio_requests_total{{{of},response_code="503"}}': 60 * late,
        f'istio_request_duration_milliseconds_bucket{{{of},le="100"}}': fast,
        f'istio_request_duration_milliseconds_bucket{{{of},le="500"}}': every,
        f'istio_request_duration_milliseconds_bucket{{{of},le="+Inf"}}': every,
        f'{cpu}{{pod="checkout-7d9f8b6c5-x2x4k",container="app"}}': 30 * minutes,
        f'{cpu}{{pod="checkout-worker-7d9f8b6c5-x2x4k",container="app"}}': 60 * minutes,
    }


def exposition() -> str:
    lines = []
    for series, values in past().items():
        lines.append(f"# TYPE {series.partition('{')[0].removesuffix('_total')} unknown")
        for minute, value in enumerate(values):
            if not np.isnan(value):
                at = START.timestamp() + 60 * minute
                lines.append(f"{series} {value:.6g} {at:.0f}")
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    need("prometheus", "promtool")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "past.txt").write_text(exposition())
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1m}\n")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "past.txt", "series"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=series",
        f"--web.listen-address={address}",
    ]
    with program("prometheus", command, folder, f"http://{address}/-/ready"):
        prometheus = Prometheus(f"http://{address}", timeout=30)
        yield prometheus
        prometheus.close()


@pytest.fixture(scope="module")
def sources(prometheus: Prometheus) -> Sources:
    return Sources(prometheus)


@dataclass
class Running:
    """One monitor as it runs: it starts, is polled, is away, and starts again."""

    sources: Sources
    monitor: MetricMonitor
    state: MonitorState = field(default_factory=MonitorState)
    told: list[Signal] = field(default_factory=list)

    def run(self, first: int, last: int) -> None:
        """Poll at each minute of the day from `first` up to `last`, after what was missed."""
        now = START + first * MINUTE
        span = missed(self.monitor, self.state, now)
        if span is not None:
            series = self.sources.range(self.monitor, span.start, span.end, span.step_s)
            self.take(catch_up(self.monitor, self.state, series, now))
        for minute in range(first, last):
            at = START + minute * MINUTE
            samples = self.sources.instant(self.monitor, at)
            self.take(decide_metric(self.monitor, self.state, samples, at))

    def take(self, decided: tuple[MonitorState, list[Signal]]) -> None:
        self.state, signals = decided
        self.told += signals

    def restart(self) -> None:
        read = load_state(dump_state(self.state), "metric:m")
        assert read is not None
        self.state = read

    @property
    def minutes(self) -> list[tuple[int, bool]]:
        """When each signal's episode began, or ended, and whether it is firing."""
        times = ((s.ends_at or s.starts_at, s.firing) for s in self.told)
        return [(round((at - START) / MINUTE), firing) for at, firing in times]


@pytest.fixture
def start(sources: Sources) -> Callable[..., Running]:
    def make(**fields: Any) -> Running:
        monitor = MetricMonitor.model_validate({"name": "m", "every": "1m", **fields})
        return Running(sources, monitor)

    return make


def test_a_limit(start: Callable[..., Running]) -> None:
    one = start(query="queue_length", above=100, **{"for": "2m"})
    one.run(1095, 1140)
    assert one.minutes == [(1100, True), (1130, False)]
    assert one.told[0].summary == "m is 250, above 100 for 2 min"
    assert one.told[0].service == "labels"


def test_a_counter_that_starts_again_and_one_that_stands_still(
    start: Callable[..., Running],
) -> None:
    one = start(query="orders_total", normal="rate of change", below=10)
    one.run(1120, 1320)
    assert [firing for _, firing in one.minutes] == [True, False]
    assert 1258 <= one.minutes[0][0] <= 1260
    assert "below 10" in one.told[0].summary


def test_a_forecast(start: Callable[..., Running]) -> None:
    one = start(query="disk_used_percent", normal="forecast", above=100, within="6h")
    one.run(900, 1100)
    (told,) = one.told
    # Full at minute 1440: it is told about six hours before.
    assert 1050 <= one.minutes[0][0] <= 1095
    assert "it reaches 100 in" in told.summary


def test_an_anomaly(start: Callable[..., Running]) -> None:
    one = start(query="temperature", normal="auto")
    one.run(1200, 1330)
    assert one.minutes[0] == (1300, True)
    assert float(one.told[0].labels["sure"]) > 0.5
    seen = trace(one.state, one.told[0].fingerprint)
    assert seen is not None
    assert seen.values.max() == 150


def test_silence(start: Callable[..., Running]) -> None:
    one = start(query="heartbeat", normal="silence", silence="10m")
    one.run(1330, 1400)
    # Prometheus itself looks back five minutes.
    (told,) = one.told
    assert 1360 <= one.minutes[0][0] <= 1366
    assert told.name == "m: no data"


def test_a_restart_within_an_episode(start: Callable[..., Running]) -> None:
    one = start(query="queue_length", above=100)
    one.run(1090, 1110)
    one.restart()
    one.run(1110, 1120)
    one.restart()
    # Away while it ends.
    one.run(1145, 1150)
    assert one.minutes == [(1100, True), (1130, False)]


def test_an_episode_that_nobody_saw_is_not_told_late(start: Callable[..., Running]) -> None:
    one = start(query="queue_length", above=100)
    one.run(1080, 1090)
    one.restart()
    one.run(1140, 1150)
    assert one.told == []


def test_a_gap_in_polling_is_no_silence(start: Callable[..., Running]) -> None:
    one = start(query="heartbeat", normal="silence", silence="10m")
    one.run(1300, 1310)
    one.restart()
    one.run(1345, 1350)
    assert one.told == []


def test_a_backtest_finds_what_polling_found(
    sources: Sources, start: Callable[..., Running]
) -> None:
    for fields in (
        {"query": "queue_length", "above": 100},
        {"query": "orders_total", "normal": "rate of change", "below": 10},
        {"query": "temperature", "normal": "auto"},
    ):
        one = start(**fields)
        one.run(1000, 1340)
        begin, end = START + 1000 * MINUTE, START + 1339 * MINUTE
        series = sources.range(one.monitor, START, end, 60)
        found = backtest(one.monitor, series, begin, end)
        firing = [s for s in one.told if s.firing]
        assert [(e.starts_at, e.says) for e in found.episodes] == [
            (s.starts_at, s.summary) for s in firing
        ]
        assert len(firing) > 0


def test_a_wrong_query_is_said_in_prometheus_s_own_words(start: Callable[..., Running]) -> None:
    one = start(query="rate(", above=1)
    with pytest.raises(UserError, match="Prometheus rejects 'rate\\('"):
        one.run(0, 1)


# Signals of services, as the search for a cause reads them ------------------------------------


def test_the_queries_that_are_shipped_are_understood(prometheus: Prometheus) -> None:
    PrometheusSignals(prometheus, queries_of(tuple(PRESETS), {})).check(START)


def test_signals_of_a_service_are_what_its_mesh_and_pods_say(prometheus: Prometheus) -> None:
    signals = PrometheusSignals(prometheus, queries_of(tuple(PRESETS), {}))
    names = ("checkout", "check.*", 'x"} or up or {a="', "nobody")
    began = START + (BROKE - 60) * MINUTE
    found = signals.signals(names, began, began + 120 * MINUTE, 60)
    assert set(found) == {"checkout"}
    known = found["checkout"]
    assert set(known) == {"latency_p95", "error_rate", "requests", "cpu"}
    assert all(len(series.times) == 121 for series in known.values())
    before_and_after = {name: (s.values[30], s.values[90]) for name, s in known.items()}
    assert before_and_after["requests"] == (pytest.approx(10), pytest.approx(11))
    assert before_and_after["error_rate"] == (0, pytest.approx(1 / 11))
    assert before_and_after["latency_p95"] == (pytest.approx(0.095), pytest.approx(0.46))
    assert before_and_after["cpu"] == (pytest.approx(0.5), pytest.approx(0.5))


def test_a_query_of_ones_own_that_is_wrong_is_named(prometheus: Prometheus) -> None:
    signals = PrometheusSignals(
        prometheus, {"queue": 'sum(x{a="$service"}', "up": 'up{a="$service"}'}
    )
    with pytest.raises(UserError, match=r"queries\.queue: Prometheus rejects"):
        signals.check(START)
    assert signals.signals(["checkout"], START, START + 10 * MINUTE) == {}
