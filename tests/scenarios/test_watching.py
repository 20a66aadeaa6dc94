"""The engine against a real Prometheus: joined questions, a kill, an outage that is caught up."""

import os
import signal as signals
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from servers import Line, Monitoring, free_port, monitoring, wait_until

from bot.clock import utc_now
from bot.watching import Backtests, Engine, Looks, MonitorWatching
from bot.watching.joined import join, same_series, split
from knowledge.adapters.absent import AbsentFrames, AbsentMetrics
from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.codec import signals_from_json
from knowledge.monitors import MetricMonitor
from knowledge.monitors.sources import Sources
from knowledge.records import Signal

pytestmark = pytest.mark.prometheus

ROOT = Path(__file__).parents[2]
SERVICES = 30


def depth(number: int) -> str:
    return f'depth{{service="s{number}"}}'


def monitor(number: int) -> MetricMonitor:
    return MetricMonitor.model_validate(
        {"name": f"depth-{number}", "query": depth(number), "above": 100, "every": "1s"}
    )


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    webhook = f"http://127.0.0.1:{free_port()}/nobody"
    with monitoring(tmp_path_factory.mktemp("monitoring"), webhook, "t") as running:
        running.metrics.update({depth(n): float(n) for n in range(SERVICES)})
        client = Prometheus(running.url)
        wait_until(
            lambda: len(client.instant("depth", utc_now())) == SERVICES, "the series were scraped"
        )
        client.close()
        yield running


class Running:
    """An engine in this process, driven by the test's thread."""

    def __init__(self, url: str, store: SqlStore, monitors: list[MetricMonitor]) -> None:
        self.store = store
        self.client = Prometheus(url, timeout=2)
        sources, looks = Sources(self.client), Looks(AbsentFrames(), AbsentMetrics())
        self.engine = Engine(
            monitors,
            store,
            sources,
            looks,
            lambda source, body, found: store.inbox.put(source, body, utc_now()),
            utc_now,
        )
        backtests = Backtests(sources, looks)
        self.watching = MonitorWatching(self.engine, store.monitors, backtests, utc_now)

    def until(self, done: object, what: str) -> None:
        assert callable(done)

        def ticked() -> bool:
            self.engine.tick()
            return bool(done())

        wait_until(ticked, what, 30)

    def told(self) -> list[Signal]:
        return told(self.store)

    def polled(self) -> bool:
        return all(one.last_polled and not one.problem for one in self.watching.all())

    def stop(self) -> None:
        self.engine.stop()
        self.client.close()


def told(store: SqlStore) -> list[Signal]:
    return [s for batch in store.inbox.waiting() for s in signals_from_json(batch.body)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'tandem.db'}")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "query",
    [
        "depth",
        'depth{service="s3"} # the third',
        "sum by (service) (depth) > 20",
        "rate(depth[5s])",
        "absent(nothing_of_this_name)",
        "nothing_of_this_name",
        "depth or on () vector(0)",
    ],
)
def test_a_joined_question_has_the_same_answer(real: Monitoring, query: str) -> None:
    client, at = Prometheus(real.url), utc_now()
    alone = client.instant(query, at)
    queries = ["depth * 2", query, "vector(1)"]
    together = split(queries, client.instant(join(queries), at))
    assert same_series(alone, together[query])
    assert {s.value for s in alone} == {s.value for s in together[query]}
    assert [s.value for s in together["vector(1)"]] == [1.0]
    client.close()


def test_what_fires_is_told_once_and_ends(real: Monitoring, store: SqlStore) -> None:
    running = Running(real.url, store, [monitor(n) for n in range(SERVICES)])
    running.until(running.polled, "all were polled")
    # A second round: by then they ask together.
    running.until(
        lambda: all(running.engine._lanes[""].asker.joins(monitor(n)) for n in (1, 2)), ""
    )
    real.metrics[depth(7)] = 500.0
    running.until(running.told, "the episode was told")
    real.metrics[depth(7)] = 7.0
    running.until(lambda: len(running.told()) > 1, "its end was told")
    (begin, end) = running.told()
    before = begin.starts_at - timedelta(seconds=5)
    found = running.watching.backtest(monitor(7), before, utc_now())
    running.stop()
    assert [(s.name, s.firing) for s in (begin, end)] == [("depth-7", True), ("depth-7", False)]
    assert len(found.episodes) == 1
    assert begin.labels["service"] == "s7"
    assert (begin.fingerprint, begin.starts_at) == (end.fingerprint, end.starts_at)


def test_an_outage_is_no_finding_and_is_caught_up(real: Monitoring, store: SqlStore) -> None:
    line = Line(real.url)
    running = Running(line.url, store, [monitor(n) for n in range(5)])
    running.until(running.polled, "all were polled")
    line.cut()
    running.until(
        lambda: all("does not answer" in w.problem for w in running.watching.all()), "all say so"
    )
    line.mend()
    running.until(running.polled, "all are polled again")
    running.stop()
    line.cut()
    assert running.told() == []


PROGRAM = """\
import sys, time
from datetime import UTC, datetime
from bot.watching import Engine, Looks
from knowledge.adapters.absent import AbsentFrames, AbsentMetrics
from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.sql import open_store
from knowledge.monitors import MetricMonitor
from knowledge.monitors.sources import Sources

url, database, query = sys.argv[1:]
now = lambda: datetime.now(UTC)
store = open_store(database)
hot = MetricMonitor.model_validate({"name": "hot", "query": query, "above": 10, "every": "1s"})

def accept(source, body, signals):
    row = store.inbox.put(source, body, now())
    print("telling", flush=True)
    return row

engine = Engine(
    [hot], store, Sources(Prometheus(url)), Looks(AbsentFrames(), AbsentMetrics()), accept, now,
    accepted=lambda: print("told", flush=True),
)
while True:
    engine.tick()
    time.sleep(0.05)
"""


@pytest.mark.parametrize("word", ["telling", "told"])
def test_a_kill_while_it_tells_neither_loses_nor_doubles(
    real: Monitoring, tmp_path: Path, word: str
) -> None:
    """Killed within the transaction, or right after it: told once when it runs again."""
    database = f"sqlite:///{tmp_path / 'tandem.db'}"
    command = [sys.executable, "-c", PROGRAM, real.url, database, depth(25)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        assert any(line.strip() == word for line in process.stdout)
        os.kill(process.pid, signals.SIGKILL)
    hot = MetricMonitor.model_validate(
        {"name": "hot", "query": depth(25), "above": 10, "every": "1s"}
    )
    store = open_store(database)
    running = Running(real.url, store, [hot])
    running.until(lambda: running.polled() and running.told(), "it is told")
    last = running.watching.get("hot").last_polled
    running.until(lambda: running.watching.get("hot").last_polled != last, "polled again")
    running.stop()
    assert [s.firing for s in told(store)] == [True]
    store.close()
