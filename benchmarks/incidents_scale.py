"""Do an incident and the questions about incidents cost the same, however many were stored?

    python -m benchmarks.incidents_scale [--sizes 1000 10000 100000 1000000] [--url URL]

Resolved incidents of the past, written in bulk past the store, row by row as it would have written
them; then the store's real operations: open one, change it, read it without the cache, list what is
open, list the latest, search the last week. SQLite unless --url names an empty PostgreSQL.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.sql.tables import EventRow, IncidentRow, SignalRow, table_of
from knowledge.incidents import open_from, with_signals
from knowledge.records import Signal, Status

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DAYS = timedelta(days=365)
TRIES = 30
_AT_ONCE = 5_000


def signal(number: int, at: datetime) -> Signal:
    service = f"service-{number % 1000}"
    return Signal(
        fingerprint=f"{number:016x}",
        name=f"Rule{number % 100}",
        starts_at=at,
        received_at=at,
        source="alertmanager",
        service=service,
        severity="warning",
        summary=f"{service}: the 5xx rate is above 5 %",
        labels={"alertname": f"Rule{number % 100}", "service": service},
    )


class Fill:
    """Copies of one incident that the store wrote, with other numbers, services and times."""

    def __init__(self, store: SqlStore, now: datetime, size: int) -> None:
        self._engine = store.database.engine
        self._now, self._size = now, size
        draft = open_from([signal(0, now - DAYS)], now - DAYS)
        self._first = int(store.incidents.open(draft).id.partition("-")[2])
        with self._engine.connect() as connection:
            self._rows = {
                table: [dict(row._mapping) for row in connection.execute(self._of(table))]
                for table in map(table_of, (IncidentRow, SignalRow, EventRow))
            }

    def _of(self, table: sa.Table) -> "sa.Select[tuple[object, ...]]":
        key = table.c.number if "number" in table.c else table.c.incident
        return sa.select(table).where(key == self._first)

    def run(self) -> None:
        for at in range(1, self._size, _AT_ONCE):
            numbers = range(at, min(at + _AT_ONCE, self._size))
            with self._engine.begin() as connection:
                for table, rows in self._rows.items():
                    connection.execute(table.insert(), list(self._copies(table, rows, numbers)))
        if self._engine.dialect.name == "postgresql":
            with self._engine.begin() as connection:
                connection.exec_driver_sql(
                    "SELECT setval(pg_get_serial_sequence('incident', 'number'),"
                    " (SELECT max(number) FROM incident))"
                )
                connection.exec_driver_sql("ANALYZE")

    def _copies(
        self, table: sa.Table, rows: list[dict[str, object]], numbers: range
    ) -> Iterator[dict[str, object]]:
        for number in numbers:
            at = self._now - DAYS + DAYS / self._size * number
            service = f"service-{number % 1000}"
            for row in rows:
                if "number" in row:
                    yield row | {
                        "number": self._first + number,
                        "service": service,
                        "service_key": service,
                        "status": Status.RESOLVED.value,
                        "opened_at": at,
                        "updated_at": at,
                        "resolved_at": at + timedelta(minutes=30),
                    }
                else:
                    yield row | {"incident": self._first + number}


def took_ms(act: Callable[[], object]) -> float:
    times = []
    for _ in range(TRIES):
        start = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - start))
    return median(times)


def measure(store: SqlStore, url: str, now: datetime) -> list[float]:
    """Milliseconds: open, change, read, list open, list the latest 20, find a week of a service."""
    incidents = store.incidents
    opened = [incidents.open(open_from([signal(n, now)], now)) for n in range(5)]
    news = iter(range(10, 10_000))
    cold = open_store(url)

    def change() -> object:
        more = [signal(next(news), now)]
        return incidents.change(opened[0].id, lambda i: with_signals(i, more, now))

    def read() -> object:
        return type(cold.incidents)(cold.database, remember=0).get(opened[1].id)

    week = now - timedelta(days=7)
    figures = [
        took_ms(lambda: incidents.open(open_from([signal(next(news), now)], now))),
        took_ms(change),
        took_ms(read),
        took_ms(lambda: incidents.find(open_only=True, limit=50)),
        took_ms(lambda: incidents.find(limit=20)),
        took_ms(lambda: incidents.find(service="service-7", since=week, limit=100)),
    ]
    cold.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--url", default="", help="an empty PostgreSQL; then one size only")
    args = parser.parse_args()
    print(
        f"median ms of {TRIES}\n{'stored':>10}{'open':>8}{'change':>8}{'read':>8}{'open ones':>11}"
        f"{'latest':>8}{'week':>8}{'B each':>8}{'load':>6}"
    )
    for size in args.sizes[:1] if args.url else args.sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "tandem.db"
            url = args.url or f"sqlite:///{file}"
            store, now = open_store(url), datetime.now(UTC)
            Fill(store, now, size).run()
            large = file.stat().st_size / size if not args.url else 0
            figures = measure(store, url, now)
            said = "".join(f"{ms:>{11 if n == 3 else 8}.1f}" for n, ms in enumerate(figures))
            print(f"{size:>10,}{said}{large:>8.0f}{os.getloadavg()[0]:>6.1f}", flush=True)
            store.close()


if __name__ == "__main__":
    main()
