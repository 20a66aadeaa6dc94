"""How soon are the same alerts taken by a bare insert loop, and by Alertmanager's own API?

    python -m benchmarks.intake_peers [--alerts 20000] [--batch 64] [--loads mixed "all new"]

In one run, in turn: a loop that inserts each alert as a row of one table, a webhook's alerts in one
transaction, SQLite with `synchronous=FULL` as Tandem has it, in this process and without HTTP; a
real Alertmanager (prometheus-alertmanager), which keeps alerts in memory alone, by POST
/api/v2/alerts with as many alerts in a request and as many connections; and Tandem, accepted and
until all is correlated and stored. Ratios are to the insert loop.
"""

import argparse
import asyncio
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson

from benchmarks.intake import (
    WARM_UP,
    Alerts,
    Landscape,
    Target,
    free_port,
    measure,
    post,
    webhooks,
)
from benchmarks.running import tandem

CONNECTIONS = 16
_READY_S = 30.0


def insert_loop(bodies: Sequence[bytes], folder: Path) -> float:
    """Seconds; what is decoded is written as it is."""
    with sqlite3.connect(folder / "bare.db", isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE alert (fingerprint TEXT, starts_at TEXT, body BLOB)")
        connection.execute("CREATE INDEX by_fingerprint ON alert (fingerprint)")
        start = time.perf_counter()
        for body in bodies:
            alerts = orjson.loads(body)["alerts"]
            rows = [(a["fingerprint"], a["startsAt"], orjson.dumps(a)) for a in alerts]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO alert VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")
        took = time.perf_counter() - start
    connection.close()
    return took


@contextmanager
def alertmanager(folder: Path) -> Iterator[int]:
    """A real one that tells nobody; its port. Raises RuntimeError when it does not start."""
    config, port = folder / "alertmanager.yml", free_port()
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", encoding="utf-8")
    command = [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _READY_S
        while time.monotonic() < end:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/-/ready").is_success:
                    yield port
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError("prometheus-alertmanager did not start")
    finally:
        process.terminate()
        process.wait(10)


def api_bodies(bodies: Sequence[bytes]) -> list[bytes]:
    """The same alerts as Prometheus sends them to an Alertmanager."""
    given = (orjson.loads(body)["alerts"] for body in bodies)
    return [
        orjson.dumps(
            [
                {name: a[name] for name in ("labels", "annotations", "startsAt", "generatorURL")}
                | ({"endsAt": a["endsAt"]} if a["status"] == "resolved" else {})
                for a in alerts
            ]
        )
        for alerts in given
    ]


async def send(port: int, bodies: Sequence[bytes]) -> None:
    rest = iter(bodies)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in rest:
            await post(reader, writer, body, b"/api/v2/alerts", 200)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


def show(name: str, alerts: int, seconds: float, base: float) -> None:
    rate = alerts / seconds
    print(f"{name:<34}{rate:>10,.0f}{base / seconds:>8.2f}{os.getloadavg()[0]:>7.1f}", flush=True)


def compare(load: str, count: int, batch: int) -> None:
    made = iter(Alerts(load == "all new", datetime.now(UTC)))
    first, bodies = webhooks(made, WARM_UP, 64), webhooks(made, count, batch)
    sent = len(bodies) * batch
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        base = insert_loop(bodies, scratch)
        show(f"{load}: bare insert loop", sent, base, base)
        if shutil.which("prometheus-alertmanager"):
            with alertmanager(scratch) as port:
                asked = api_bodies(bodies)
                start = time.perf_counter()
                asyncio.run(send(port, asked))
                show(f"{load}: Alertmanager", sent, time.perf_counter() - start, base)
        catalogue, port = scratch / "catalogue.toml", free_port()
        catalogue.write_text(Landscape().catalogue(), encoding="utf-8")
        settings = {"TANDEM_HTTP_PORT": str(port), "TANDEM_CATALOGUE": str(catalogue)}
        target = Target(port, scratch / "tandem.db")
        with tandem(scratch, **settings) as rig:
            rig.connected()
            rig.command("/incident list")
            target.warm()
            measure(target, first, WARM_UP, rig, CONNECTIONS)
            rig.rest()
            run = measure(target, bodies, sent, rig, CONNECTIONS)
        show(f"{load}: Tandem, accepted", sent, run.accepted_s, base)
        show(f"{load}: Tandem, correlated and stored", sent, run.correlated_s, base)
        print(f"  {1e6 * run.bot_cpu_s / sent:.0f} us of processor for an alert")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--alerts", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--loads", nargs="+", default=["mixed", "all new"])
    args = parser.parse_args()
    print(f"{'alerts a second':<34}{'':>10}{'ratio':>8}{'load':>7}")
    for load in args.loads:
        compare(load, args.alerts, args.batch)


if __name__ == "__main__":
    main()
