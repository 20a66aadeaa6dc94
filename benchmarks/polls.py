"""How many monitors can one process watch, and how late is it?

    python -m benchmarks.polls [--monitors 2000] [--seconds 90]

A real Prometheus (Debian's) scrapes an exporter of 500 services, each with a counter of requests by
status, a queue and a latency histogram. Monitors ask four kinds of questions about single services:
a queue's length, a request rate, the share of errors, the 99th percentile. A quarter of them learns
what is usual, the others have limits. Nothing fires.

"held" is the product as it runs: half of the monitors every 30 s, half every 60 s, with the
schedule, a SQLite store and its batches of states. Lateness runs from the moment a poll was due to
its decision; a poll that is left out counts as one interval late. Then the ceiling, in the same run
and on the same questions: "one by one" is the plain loop (ask, decide, next) over the same client,
"not joined" is the engine with a request for each question, "joined" the engine as it is; in the
last two every monitor is due every second and those that do not get their turn are left out. There
all have limits: it is about asking.

CPU is of one core: that of this process, and that of Prometheus beside it, which answers.
"""

import argparse
import multiprocessing
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from threading import Lock

import httpx
import numpy as np

from bot.jobs import watching
from bot.schedule import Schedule
from bot.watching import Engine, Looks
from knowledge.adapters.absent import AbsentFrames, AbsentMetrics
from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.sql import open_store
from knowledge.monitors import MetricMonitor, MonitorState, decide_metric, state_key
from knowledge.monitors.sources import Sources

SERVICES = 500
SCRAPE_S = 5
WARM_S = 45
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
QUESTIONS = (
    'queue_length{service="%s"}',
    'sum(rate(requests_total{service="%s"}[30s]))',
    'sum(rate(requests_total{service="%s",status="500"}[30s]))'
    ' / sum(rate(requests_total{service="%s"}[30s]))',
    'histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket{service="%s"}[30s])))',
)
LIMIT = 1e9
LEARN_EVERY = 4
"""One monitor of so many has no limit."""
CEILING_S = 20.0
PATIENCE_S = 240.0


# The world -------------------------------------------------------------------------------------


class _Exposition(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = exposition(time.time()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def exposition(now: float) -> str:
    """Counters that grow steadily, queues that wander."""
    lines = []
    for number in range(SERVICES):
        of = f'service="{service(number)}"'
        rate = 5 + number % 40
        total = rate * (now % 1e7)
        lines.append(f"queue_length{{{of}}} {10 + 5 * np.sin(now / 60 + number):.3f}")
        lines.append(f'requests_total{{{of},status="200"}} {0.99 * total:.0f}')
        lines.append(f'requests_total{{{of},status="500"}} {0.01 * total:.0f}')
        shares = 1 - np.exp(-np.array(BUCKETS) / 0.15)
        for le, share in zip(BUCKETS, shares, strict=True):
            lines.append(f'latency_seconds_bucket{{{of},le="{le}"}} {share * total:.0f}')
        lines.append(f'latency_seconds_bucket{{{of},le="+Inf"}} {total:.0f}')
    return "\n".join(lines) + "\n"


def service(number: int) -> str:
    return f"service-{number:03d}"


def export(port: int) -> None:
    ThreadingHTTPServer(("127.0.0.1", port), _Exposition).serve_forever()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class World:
    url: str
    prometheus: int
    """Its process."""


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A Prometheus that has scraped for a while."""
    if shutil.which("prometheus") is None:
        raise SystemExit("prometheus is not installed (apt-get install prometheus)")
    exported, port = free_port(), free_port()
    exporter = multiprocessing.get_context("spawn").Process(target=export, args=(exported,))
    exporter.start()
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {SCRAPE_S}s}}\n"
        f"scrape_configs: [{{job_name: shop, static_configs: "
        f'[{{targets: ["127.0.0.1:{exported}"]}}]}}]\n'
    )
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        prometheus = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        time.sleep(WARM_S)
        url = f"http://127.0.0.1:{port}"
        answer = httpx.get(f"{url}/api/v1/query", params={"query": "count(queue_length)"}).json()
        assert answer["data"]["result"][0]["value"][1] == str(SERVICES), answer
        yield World(url, prometheus.pid)
    finally:
        prometheus.terminate()
        prometheus.wait(20)
        exporter.terminate()
        exporter.join(20)


def make_monitors(count: int) -> list[MetricMonitor]:
    """`count` questions, each another one."""
    every = cycle(("30s", "60s"))
    made = []
    for number in range(count):
        question = QUESTIONS[number // SERVICES % len(QUESTIONS)]
        query = question.replace("%s", service(number % SERVICES))
        if number >= SERVICES * len(QUESTIONS):
            query = f"{query} * {number // (SERVICES * len(QUESTIONS)) + 1}"
        spec = {"name": f"monitor {number}", "query": query, "every": next(every)}
        limit = {} if number % LEARN_EVERY == 0 else {"above": LIMIT}
        made.append(MetricMonitor.model_validate({**spec, **limit}))
    return made


def due_every_second(monitor: MetricMonitor) -> MetricMonitor:
    """With a limit, whatever it had: the ceiling is that of asking, not of learning."""
    spec = {"name": monitor.name, "query": monitor.query, "above": LIMIT, "every": "1s"}
    return MetricMonitor.model_validate(spec)


# Measuring -------------------------------------------------------------------------------------


@dataclass
class Meters:
    """`PollMeters`: what happened since `reset`."""

    late: list[float] = field(default_factory=list)
    failed: int = 0
    left_out: int = 0
    _lock: Lock = field(default_factory=Lock)

    def polled(self, monitor: str, outcome: str, late_s: float | None = None) -> None:
        with self._lock:
            self.failed += outcome != "ok"
            if late_s is not None:
                self.late.append(late_s)

    def skipped(self, source: str, count: int) -> None:
        with self._lock:
            self.left_out += count

    def source(self, name: str, is_up: bool) -> None: ...

    def spent(self, kind: str, seconds: float) -> None: ...

    def reset(self) -> None:
        with self._lock:
            self.late, self.failed, self.left_out = [], 0, 0


@dataclass(frozen=True)
class Row:
    name: str
    seconds: float
    polls: int
    own_cpu_s: float
    prometheus_cpu_s: float
    late: Sequence[float] = ()
    left_out: int = 0
    failed: int = 0

    def __str__(self) -> str:
        own, its = (100 * s / self.seconds for s in (self.own_cpu_s, self.prometheus_cpu_s))
        polls = self.polls / self.seconds
        row = f"{self.name:<12}{polls:>10,.0f}{own:>9.0f} %{its:>9.0f} %"
        if not self.late:
            return row
        p50, p99, most = np.quantile(self.late, (0.5, 0.99, 1.0))
        return f"{row}{p50:>9.2f}{p99:>9.2f}{most:>9.2f}{self.left_out:>10,}{self.failed:>8,}"


HEAD = (
    f"{'':<12}{'polls/s':>10}{'own CPU':>11}{'Prom. CPU':>11}"
    f"{'p50 s':>9}{'p99 s':>9}{'max s':>9}{'left out':>10}{'failed':>8}"
)


def cpu_of(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def run_engine(
    name: str,
    around: World,
    monitors: Sequence[MetricMonitor],
    folder: Path,
    seconds: float,
    may_join: bool = True,
) -> Row:
    """The engine with the schedule that the bot gives it. It counts from the moment at which every
    monitor has been polled, and what those that learn missed has been read."""
    store = open_store(f"sqlite:///{folder / name.replace(' ', '-')}.db")
    client, meters = Prometheus(around.url), Meters()

    def accept(source: str, body: bytes, signals: object) -> int:
        return store.inbox.put(source, body, utc_now())

    engine = Engine(
        monitors,
        store,
        Sources(client),
        Looks(AbsentFrames(), AbsentMetrics()),
        accept,
        utc_now,
        meters=meters,
        may_join=may_join,
    )
    schedule = Schedule(watching(engine))
    schedule.start()
    wait_for_all(engine)
    meters.reset()
    began, own, its = time.monotonic(), time.process_time(), cpu_of(around.prometheus)
    time.sleep(seconds)
    took = time.monotonic() - began
    late, left_out, failed = list(meters.late), meters.left_out, meters.failed
    row = Row(
        name,
        took,
        len(late),
        time.process_time() - own,
        cpu_of(around.prometheus) - its,
        late,
        left_out,
        failed,
    )
    schedule.stop()
    engine.stop()
    client.close()
    store.close()
    return row


def wait_for_all(engine: Engine) -> None:
    until = time.monotonic() + PATIENCE_S
    while any(entry.polled_at is None or entry.catching_up for entry in engine.entries()):
        if time.monotonic() > until:
            raise SystemExit(f"not every monitor was polled within {PATIENCE_S:g} s")
        time.sleep(1)


def run_one_by_one(around: World, monitors: Sequence[MetricMonitor], seconds: float) -> Row:
    """Ask, decide, next."""
    client = Prometheus(around.url)
    states = {state_key(monitor): MonitorState() for monitor in monitors}
    began, own, its = time.monotonic(), time.process_time(), cpu_of(around.prometheus)
    polls = 0
    for monitor in cycle(monitors):
        if time.monotonic() - began > seconds:
            break
        now = utc_now()
        samples = client.instant(monitor.query, now)
        key = state_key(monitor)
        states[key], _ = decide_metric(monitor, states[key], samples, now)
        polls += 1
    client.close()
    return Row(
        "one by one",
        time.monotonic() - began,
        polls,
        time.process_time() - own,
        cpu_of(around.prometheus) - its,
    )


def utc_now() -> datetime:
    return datetime.now(UTC)


def with_misses(row: Row, interval_s: float) -> Row:
    return replace(row, late=[*row.late, *[interval_s] * row.left_out])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--monitors", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=90.0, help="how long the load is held")
    options = parser.parse_args()
    monitors = make_monitors(options.monitors)
    busy = [due_every_second(monitor) for monitor in monitors]
    with tempfile.TemporaryDirectory() as name, world(Path(name)) as around:
        folder = Path(name)
        print(f"{options.monitors:,} monitors of one Prometheus\n\n{HEAD}", flush=True)
        held = run_engine("held", around, monitors, folder, options.seconds)
        print(with_misses(held, 30.0), flush=True)
        print(run_one_by_one(around, busy, CEILING_S), flush=True)
        print(run_engine("not joined", around, busy, folder, CEILING_S, False), flush=True)
        print(run_engine("joined", around, busy, folder, CEILING_S), flush=True)
    p99 = float(np.quantile(held.late, 0.99))
    print(f"\nheld: p99 lateness {p99:.2f} s; the aim is less than the interval of 30 s")


if __name__ == "__main__":
    main()
