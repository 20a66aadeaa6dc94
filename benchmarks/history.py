"""Does an alert cost the same, whatever is stored already?

    python -m benchmarks.history [--sizes 10000 100000 1000000 10000000] [--folder FOLDER]

A SQLite database is filled with alerts of the last thirty days, row by row as the store would have
written them but past it, to be done today. At each size the same work is done through the store, in
transactions of 250 alerts as the intake has them: alerts that are new, repeats, and ends, of times
just now; then the questions that skills ask; at last a piece of compaction. Ten
million alerts take 8 GB in FOLDER and some minutes.
"""

import argparse
import os
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.sql.packing import DAY_US, pack_signal, pack_terms, series_of, to_us
from knowledge.records import AlertRecord, Signal, Term, Verdict

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
DAYS = timedelta(days=30)
SERIES = 200_000
WORK = 5_000
"""Alerts of each kind that are written at each size."""
TOGETHER = 250
COMPACT = 5_000
WHY = (Term("tie", 1.25, "calls payment, 20 s after its first alert there"), Term("rule", 0.4, ""))
COLUMNS = (
    "starts_at, series, first_received_at, day, ends_at, deliveries, verdict, silence, name,"
    " service, severity, source, body, why, incident"
)


def signal(number: int, at: datetime) -> Signal:
    """Of one series, at one time."""
    service = f"service-{number % 300}"
    return Signal(
        fingerprint=f"{number:016x}",
        name=f"Rule{number % 100}",
        starts_at=at,
        received_at=at + timedelta(seconds=2),
        source="alertmanager",
        service=service,
        severity="warning",
        summary=f"{service}: the 5xx rate is above 5 %",
        description="It has been for more than five minutes; see the dashboard of the service",
        labels={
            "alertname": f"Rule{number % 100}",
            "service": service,
            "severity": "warning",
            "pod": f"{service}-{number:08x}",
            "node": f"node-{number % 50}",
            "namespace": "production",
            "cluster": "eu-1",
        },
        url=f"http://prometheus.example/graph?g0.expr=rate%28x%7Bpod%3D%22{number:08x}%22%7D%29",
        runbook_url=f"http://runbooks.example/Rule{number % 100}",
    )


@dataclass
class Fill:
    """Rows of the past, in order of arrival; each call goes on where the last one ended."""

    database: Path
    start: datetime
    step: timedelta
    written: int = 0

    def up_to(self, size: int) -> None:
        counts: Counter[tuple[Any, ...]] = Counter()
        with sqlite3.connect(self.database) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            marks = ", ".join("?" * len(COLUMNS.split(",")))
            rows = self._rows(counts)
            while self.written < size:
                some = list(islice(rows, min(50_000, size - self.written)))
                connection.executemany(f"INSERT INTO alert ({COLUMNS}) VALUES ({marks})", some)
                connection.commit()
                self.written += len(some)
            connection.executemany(
                "INSERT INTO alert_day VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?)"
                " ON CONFLICT DO UPDATE SET instances = instances + excluded.instances,"
                " deliveries = deliveries + excluded.deliveries,"
                " firing_us = firing_us + excluded.firing_us",
                [(*kind, n, n, n * 60_000_000) for kind, n in counts.items()],
            )
        connection.close()

    def _rows(self, counts: Counter[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        chance = random.Random(self.written)
        why = pack_terms(WHY)
        for place in count(self.written):
            number = chance.randrange(SERIES)
            at = self.start + self.step * place
            at += timedelta(microseconds=chance.randrange(self.step // timedelta(microseconds=1)))
            made = signal(number, at)
            ended = replace(made, ends_at=at + timedelta(minutes=1))
            first = to_us(made.received_at)
            kind = (made.name, made.service, made.severity, made.source)
            counts[first // DAY_US, *kind] += 1
            yield (
                *(to_us(at), series_of(made.fingerprint), first, first // DAY_US),
                *(to_us(at) + 60_000_000, 1, "attached", "", *kind),
                *(pack_signal(ended), why, f"INC-{number % 1000}"),
            )


@dataclass(frozen=True)
class Cost:
    """Microseconds for one alert: on the clock, and of this process's processor time."""

    wall: float
    cpu: float


def each(store: SqlStore, some: Sequence[Any], write: Callable[[Sequence[Any]], None]) -> Cost:
    cpu, start = time.process_time(), time.perf_counter()
    for at in range(0, len(some), TOGETHER):
        with store.together():
            write(some[at : at + TOGETHER])
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return Cost(1e6 * wall / len(some), 1e6 * cpu / len(some))


def took_ms(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - start)


def measure(store: SqlStore, now: datetime, seed: int) -> tuple[list[Cost], list[float]]:
    """(new, repeats, ends), and milliseconds of (get, find a series, tally of a week, compact)."""
    chance = random.Random(seed)
    at = (now + timedelta(milliseconds=n) for n in range(WORK))
    signals = [signal(chance.randrange(SERIES), moment) for moment in at]
    records = [
        AlertRecord(s, s.received_at, 1, f"INC-{n % 50}", Verdict.ATTACHED, WHY)
        for n, s in enumerate(signals)
    ]
    late = timedelta(minutes=1)
    repeats = [(replace(s, received_at=s.received_at + late), 1) for s in signals]
    ends = [(replace(s, ends_at=s.starts_at + late), 1) for s in signals]
    costs = [
        each(store, records, store.alerts.record),
        each(store, repeats, store.alerts.repeated),
        each(store, ends, store.alerts.repeated),
    ]
    chosen = signals[WORK // 2]
    alerts = store.alerts
    asked = [
        took_ms(lambda: alerts.get(chosen.fingerprint, chosen.starts_at)),
        took_ms(lambda: alerts.find(fingerprint=chosen.fingerprint)),
        took_ms(lambda: alerts.tally(now - timedelta(days=7), now)),
    ]
    return costs, [*asked, took_ms(lambda: alerts.compact(now - timedelta(days=2), COMPACT))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--folder", type=Path, help="default: the system's for temporary files")
    args = parser.parse_args()
    print(
        f"microseconds an alert, on the clock (processor); {TOGETHER} in a transaction\n"
        f"{'stored':>11}{'new':>13}{'repeat':>13}{'end':>13}{'get ms':>8}{'series':>8}"
        f"{'week':>8}{'compact/s':>11}{'B/alert':>9}{'load':>6}"
    )
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for size in args.sizes:
            database = Path(folder) / f"{size}.db"
            store = open_store(f"sqlite:///{database}")
            now = datetime.now(UTC)
            Fill(database, now - DAYS - timedelta(days=1), DAYS / size).up_to(size)
            large = database.stat().st_size / size
            measure(store, now - timedelta(hours=1), 1)
            costs, (got, series, week, compacted) = measure(store, now, 2)
            said = "".join(f"{f'{c.wall:.0f} ({c.cpu:.0f})':>13}" for c in costs)
            print(
                f"{size:>11,}{said}{got:>8.1f}{series:>8.1f}{week:>8.1f}"
                f"{1000 * COMPACT / compacted:>11,.0f}{large:>9.0f}{os.getloadavg()[0]:>6.1f}",
                flush=True,
            )
            store.close()
            database.unlink()


if __name__ == "__main__":
    main()
