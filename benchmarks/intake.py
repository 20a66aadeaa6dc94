"""How many alerts a second are accepted over HTTP, correlated and stored?

    python -m benchmarks.intake [--alerts 40000] [--batches 1 8 64] [--connections 16]

`tandem run` in a process of its own, on SQLite, connected to the playground as in the other
benchmarks, so that cards are sent and edited too. The sender, which is this process, posts
Alertmanager webhooks that it has written beforehand over connections that stay open, each as fast
as it is answered. "accepted" runs from the first request to the last answer, "correlated" from the
first request until the inbox is empty; before it the model is loaded and the first card is out.
Sent and stored deliveries are compared: none may be lost.

Two loads, both of storms as they are: at any time a few causes, each with alerts on the services
that call the broken one, and a tenth of the alerts from anywhere. "mixed" is what an Alertmanager
sends, which repeats a whole group when one alert of it changes: a tenth of the alerts are new, a
tenth are ends and the rest repeats of what fires. In "all new" every alert is an instance of a
series nobody has seen: the worst that can come.
"""

import argparse
import asyncio
import os
import random
import socket
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson

from benchmarks.running import Rig, tandem

AIM = 5_000
"""Alerts a second, accepted and correlated."""
SERVICES = 120
CALLEES = 3
RULES = (
    ("HighErrorRate", "critical", "{service}: 5xx rate above 5 %"),
    ("HighLatency", "warning", "{service}: p99 above 1 s"),
    ("PodCrashLooping", "critical", "{pod} is restarting"),
    ("CPUThrottling", "info", "{pod} is throttled"),
    ("MemoryNearLimit", "warning", "{pod} uses more than 90 % of its memory"),
    ("QueueGrowing", "warning", "{service}: the queue grows"),
    ("TargetDown", "critical", "{pod} cannot be scraped"),
    ("DiskFilling", "warning", "The disk of {node} fills up"),
)
CAUSES = 4
"""At the same time."""
LASTS = 2_000
"""New alerts until the next cause takes one's place."""
ANYWHERE = 0.1
NEW, END = 0.1, 0.1
"""Shares of the mixed load."""
WARM_UP = 1_280
"""Alerts before the measurement: the first card loads what draws pictures."""
DONE_S = 600.0
_POLL_S = 0.05

Json = dict[str, Any]


class Landscape:
    """Services that call each other; the same for one seed."""

    def __init__(self, seed: int = 1) -> None:
        chance = random.Random(seed)
        self.names = [f"service-{n}" for n in range(SERVICES)]
        self.callees = {
            name: chance.sample(self.names[n + 1 :], min(CALLEES, SERVICES - n - 1))
            for n, name in enumerate(self.names)
        }

    def around(self, cause: str) -> list[str]:
        """Where the trouble of one service shows: there, and on all that call it."""
        return [cause, *(name for name, callees in self.callees.items() if cause in callees)]

    def catalogue(self) -> str:
        """As the file that TANDEM_CATALOGUE names."""
        return "".join(
            f"[services.{name}]\ncalls = {callees}\n" for name, callees in self.callees.items()
        )


class Alerts:
    """Alerts as an Alertmanager would send them, one after the other; the same for one seed."""

    def __init__(self, all_new: bool, start: datetime, seed: int = 1) -> None:
        self._all_new = all_new
        self._start = start
        self._chance = random.Random(seed)
        self._landscape = Landscape()
        self._causes = [self._cause() for _ in range(CAUSES)]
        self._firing: list[Json] = []
        self._count = 0

    def __iter__(self) -> Iterator[Json]:
        while True:
            drawn = self._chance.random()
            if self._all_new or drawn < NEW or not self._firing:
                yield self._new()
            elif drawn < NEW + END:
                yield self._ended()
            else:
                yield self._chance.choice(self._firing)

    def _cause(self) -> list[str]:
        return self._landscape.around(self._chance.choice(self._landscape.names))

    def _new(self) -> Json:
        chance = self._chance
        self._count += 1
        if self._count % (LASTS // CAUSES) == 0:
            self._causes[chance.randrange(CAUSES)] = self._cause()
        near = chance.choice(self._causes) if chance.random() > ANYWHERE else self._landscape.names
        service = chance.choice(near)
        name, severity, summary = chance.choice(RULES)
        pod = f"{service}-{self._count if self._all_new else chance.randrange(40):05x}"
        labels = {
            "alertname": name,
            "severity": severity,
            "service": service,
            "pod": pod,
            "node": f"node-{chance.randrange(30)}",
            "namespace": "production",
            "cluster": "eu-1",
            "job": service,
            "prometheus": "monitoring/k8s",
        }
        alert: Json = {
            "status": "firing",
            "labels": labels,
            "annotations": {
                "summary": summary.format(**labels),
                "description": f"{name} on {service} for more than five minutes, see the dashboard",
                "runbook_url": f"http://runbooks.example/{name}",
            },
            "startsAt": (self._start + timedelta(milliseconds=self._count)).isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": f"http://prometheus.example/graph?g0.expr=up%7Bpod%3D%22{pod}%22%7D",
            "fingerprint": f"{zlib.crc32(name.encode()):08x}{zlib.crc32(pod.encode()):08x}",
        }
        if not self._all_new:
            self._firing.append(alert)
        return alert

    def _ended(self) -> Json:
        firing = self._firing
        place = self._chance.randrange(len(firing))
        firing[place], firing[-1] = firing[-1], firing[place]
        over = firing.pop()
        at = self._start + timedelta(milliseconds=self._count + 1)
        return {**over, "status": "resolved", "endsAt": at.isoformat()}


def webhooks(alerts: Iterator[Json], count: int, batch: int) -> list[bytes]:
    """Bodies with `count` alerts in all."""
    bodies = []
    for _ in range(count // batch):
        some = list(islice(alerts, batch))
        body = {
            "version": "4",
            "groupKey": '{}:{alertname="HighErrorRate"}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "tandem",
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example",
            "alerts": some,
        }
        bodies.append(orjson.dumps(body))
    return bodies


@dataclass(frozen=True)
class Run:
    """One load sent and dealt with. Seconds, except `took_ms`."""

    alerts: int
    accepted_s: float
    correlated_s: float
    took_ms: Sequence[float]
    """Of each request, from its first byte out to its answer."""
    bot_cpu_s: float
    sender_cpu_s: float

    def rate(self, seconds: float) -> float:
        return self.alerts / seconds


@dataclass(frozen=True)
class Target:
    port: int
    database: Path

    async def send(self, bodies: Sequence[bytes], connections: int) -> list[float]:
        """All of them; the time of each in milliseconds."""
        rest = iter(bodies)
        took: list[float] = []
        await asyncio.gather(*(self._connection(rest, took) for _ in range(connections)))
        return took

    async def _connection(self, rest: Iterator[bytes], took: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for body in rest:
            start = time.perf_counter()
            await post(reader, writer, body)
            took.append(1000 * (time.perf_counter() - start))
        writer.close()
        await writer.wait_closed()

    def warm(self) -> None:
        """Wait until the bot has loaded its model and embedded what it searches."""
        end = time.monotonic() + DONE_S
        while not httpx.get(f"http://127.0.0.1:{self.port}/healthz").json().get("library_ready"):
            if time.monotonic() > end:
                raise RuntimeError("the bot's model did not load")
            time.sleep(0.5)

    def waiting(self) -> int:
        return int(self._one("SELECT count(*) FROM inbox"))

    def deliveries(self) -> int:
        return int(self._one("SELECT coalesce(sum(deliveries), 0) FROM alert") or 0)

    def cards(self) -> int:
        return int(self._one("SELECT count(*) FROM incident WHERE merged_into = ''"))

    def _one(self, sql: str) -> Any:
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30) as spy:
            (value,) = spy.execute(sql).fetchone()
        spy.close()
        return value


async def post(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    body: bytes,
    path: bytes = b"/signals/alertmanager",
    wanted: int = 202,
) -> None:
    """One webhook, until it is answered. Raises RuntimeError when it is not accepted."""
    head = b"POST %s HTTP/1.1\r\nHost: tandem\r\nContent-Type: application/json\r\n" % path
    writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    status, length = await _answer_head(reader)
    answer = await reader.readexactly(length)
    if status != wanted:
        raise RuntimeError(f"not accepted: {status} {answer[:200]!r}")


async def _answer_head(reader: asyncio.StreamReader) -> tuple[int, int]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return int(head.split(b" ", 2)[1]), int(length)


def measure(
    target: Target, bodies: Sequence[bytes], alerts: int, rig: Rig, connections: int
) -> Run:
    """Raises RuntimeError when a delivery is missing at the end."""
    before = target.deliveries()
    bot, sender = rig.cpu_seconds(), time.process_time()
    start = time.perf_counter()
    took = asyncio.run(target.send(bodies, connections))
    accepted = time.perf_counter() - start
    sender = time.process_time() - sender
    while target.waiting():
        time.sleep(_POLL_S)
        if time.perf_counter() - start > DONE_S:
            raise RuntimeError(f"{target.waiting()} webhooks still wait after {DONE_S:.0f} s")
    correlated = time.perf_counter() - start
    stored = target.deliveries() - before
    if stored != alerts:
        raise RuntimeError(f"{alerts} alerts were sent and {stored} deliveries stored")
    return Run(alerts, accepted, correlated, took, rig.cpu_seconds() - bot, sender)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def show(load: str, batch: int, run: Run, cards: int) -> None:
    p50, p99 = np.percentile(run.took_ms, [50, 99])
    print(
        f"{load:<9}{batch:>6}{run.alerts:>8}{run.rate(run.accepted_s):>10,.0f}"
        f"{run.rate(run.correlated_s):>12,.0f}{p50:>8.1f}{p99:>8.1f}"
        f"{1e6 * run.bot_cpu_s / run.alerts:>10.0f}{1e6 * run.sender_cpu_s / run.alerts:>9.0f}"
        f"{cards:>7}{os.getloadavg()[0]:>7.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--alerts", type=int, default=40_000)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--loads", nargs="+", default=["mixed", "all new"])
    args = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, {args.connections} connections; aim: {AIM:,} a second\n"
        f"{'load':<9}{'batch':>6}{'alerts':>8}{'accepted':>10}{'correlated':>12}"
        f"{'p50 ms':>8}{'p99 ms':>8}{'bot us':>10}{'sender':>9}{'cards':>7}{'load':>7}"
    )
    for load in args.loads:
        for batch in args.batches:
            # A bot of its own for each: what one load leaves behind must not slow the next.
            with tempfile.TemporaryDirectory() as scratch:
                port = free_port()
                target = Target(port, Path(scratch) / "tandem.db")
                # Single alerts are fewer: they take longer.
                count = args.alerts // (4 if batch == 1 else 1) // batch * batch
                alerts = iter(Alerts(load == "all new", datetime.now(UTC)))
                first = webhooks(alerts, WARM_UP, 64)
                bodies = webhooks(alerts, count, batch)
                catalogue = Path(scratch) / "catalogue.toml"
                catalogue.write_text(Landscape().catalogue(), encoding="utf-8")
                settings = {"TANDEM_HTTP_PORT": str(port), "TANDEM_CATALOGUE": str(catalogue)}
                with tandem(Path(scratch), **settings) as rig:
                    rig.connected()
                    rig.command("/incident list")
                    target.warm()
                    measure(target, first, WARM_UP, rig, args.connections)
                    rig.rest()
                    run = measure(target, bodies, count, rig, args.connections)
                    show(load, batch, run, target.cards())


if __name__ == "__main__":
    main()
