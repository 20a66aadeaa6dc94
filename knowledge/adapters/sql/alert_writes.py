"""Writing alerts in storms: a few hundred instances at once, as tuples that go to the driver.

One query reads what is known of the instances and a few statements write them. Handling their
parameters in SQLAlchemy took longer than the database did, so the statements here are plain text,
in words that SQLite and PostgreSQL share.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from knowledge.adapters.alert_history import Counts, Kind, joined, later
from knowledge.adapters.sql.database import Driver
from knowledge.adapters.sql.packing import (
    DAY_US,
    pack_signal,
    pack_terms,
    same_state,
    series_of,
    to_us,
    unpack_signal,
)
from knowledge.adapters.sql.tables import storable
from knowledge.records import AlertRecord, Signal, Verdict

T = TypeVar("T")
Key = tuple[int, int]
"""`starts_at` and `series`: one instance."""


class Instance(NamedTuple):
    """A row of `alert` without its id."""

    starts_at: int
    series: int
    first_received_at: int
    day: int
    ends_at: int | None
    deliveries: int
    verdict: str
    silence: str
    name: str
    service: str
    severity: str
    source: str
    body: str
    why: str
    incident: str


Known = dict[Key, tuple[int, Instance]]
"""Id and row, by key."""

_AT_ONCE = 500
"""Instances looked up in one query; databases limit its parameters."""
_COLUMNS = ", ".join(Instance._fields)
_LOOK_UP = (
    f"SELECT alert.id, {', '.join(f'alert.{name}' for name in Instance._fields)}"  # noqa: S608
    " FROM (VALUES {keys}) AS wanted CROSS JOIN alert"
    " WHERE alert.starts_at = wanted.column1 AND alert.series = wanted.column2"
    " AND alert.starts_at >= ? AND alert.starts_at <= ?"
)
"""The cross join has SQLite look up each instance; for IN (VALUES ...) it reads the whole table.
The bounds have PostgreSQL plan for the partitions that may hold one of them."""
_ADD = f"INSERT INTO alert ({_COLUMNS}) VALUES ({', '.join('?' * len(Instance._fields))})"  # noqa: S608
_STATE_FROM, _STATE_TO = 6, 14
_STATE = Instance._fields[4:-1]
"""What a later state changes; no index holds one of these columns."""
_ONE = " WHERE id = ? AND starts_at = ? AND series = ?"
_GROW = f"UPDATE alert SET {', '.join(f'{name} = ?' for name in _STATE)}{_ONE}"  # noqa: S608
_MOVE = _GROW.replace(" WHERE", ", incident = ? WHERE")
_REPEAT = f"UPDATE alert SET deliveries = ?{_ONE}"  # noqa: S608
_COUNTED = ", ".join(("day", *Kind._fields))
_ADD_TO_DAYS = (
    f"INSERT INTO alert_day ({_COUNTED}, {', '.join(Counts._fields)}) VALUES"  # noqa: S608
    f" ({', '.join('?' * (1 + len(Kind._fields) + len(Counts._fields)))})"
    f" ON CONFLICT ({_COUNTED}) DO UPDATE SET "
    + ", ".join(f"{name} = alert_day.{name} + excluded.{name}" for name in Counts._fields)
)
_TYPES = {"starts_at": "bigint", "series": "bigint", "ends_at": "bigint", "deliveries": "int"}
"""Of PostgreSQL's columns; the others are text."""
_SILENCED = Verdict.SILENCED.value
_state_of = attrgetter(*_STATE)
_moved_state_of = attrgetter(*_STATE, "incident")


def write_records(driver: Driver, records: Sequence[AlertRecord]) -> None:
    """`ports.Alerts.record`."""
    wanted: dict[Key, AlertRecord] = {}
    for record in records:
        key = key_of(record.signal.fingerprint, record.signal.starts_at)
        known = wanted.get(key)
        wanted[key] = record if known is None else joined(known, record)
    for some in _chunks(wanted.items()):
        stored = look_up(driver, [key for key, _ in some])
        write = _Writes()
        for key, record in some:
            row = _instance(key, record)
            if key in stored:
                number, old = stored[key]
                write.change(number, old, _joined(old, row, record.signal))
            else:
                write.add(row)
        write.run(driver)


def write_repeats(driver: Driver, deliveries: Sequence[tuple[Signal, int]]) -> None:
    """`ports.Alerts.repeated`."""
    wanted: dict[Key, list[tuple[Signal, int]]] = {}
    for signal, times in deliveries:
        wanted.setdefault(key_of(signal.fingerprint, signal.starts_at), []).append((signal, times))
    for some in _chunks(wanted.items()):
        stored = look_up(driver, [key for key, _ in some])
        write = _Writes()
        for key, more in some:
            if key in stored:
                number, old = stored[key]
                row = old
                for signal, times in more:
                    row = _repeated(row, signal, times)
                write.change(number, old, row)
        write.run(driver)


def look_up(driver: Driver, keys: Sequence[Key]) -> Known:
    """Those of the keys that are stored."""
    if not keys:
        return {}
    sql = _LOOK_UP.replace("{keys}", ",".join(["(?,?)"] * len(keys)))
    found: Known = {}
    starts = [starts_at for starts_at, _ in keys]
    values = *chain.from_iterable(keys), min(starts), max(starts)
    for row in driver.all(sql, values):
        instance = Instance._make(row[1:])
        found[instance.starts_at, instance.series] = row[0], instance
    return found


def key_of(fingerprint: str, starts_at: datetime) -> Key:
    return to_us(starts_at), series_of(fingerprint)


class _Writes:
    """Rows to write and what they change in the counts by day."""

    def __init__(self) -> None:
        self._added: list[Instance] = []
        self._grown: list[tuple[Any, ...]] = []
        self._moved: list[tuple[Any, ...]] = []
        self._repeated: list[tuple[int, int, int, int]] = []
        self._counts: dict[tuple[int, str, str, str, str], list[int]] = {}

    def add(self, row: Instance) -> None:
        self._added.append(row)
        self._count(row, 1)

    def change(self, number: int, old: Instance, new: Instance) -> None:
        if new.incident != old.incident:
            self._moved.append((*_moved_state_of(new), number, *new[:2]))
        elif new.body is old.body and new[_STATE_FROM:_STATE_TO] == old[_STATE_FROM:_STATE_TO]:
            self._repeated.append((new.deliveries, number, *new[:2]))
        else:
            self._grown.append((*_state_of(new), number, *new[:2]))
        self._count(old, -1)
        self._count(new, 1)

    def run(self, driver: Driver) -> None:
        driver.many(_ADD, self._added)
        if driver.is_sqlite:
            driver.many(_GROW, self._grown)
            driver.many(_MOVE, self._moved)
            driver.many(_REPEAT, self._repeated)
        else:
            _update_together(driver, _STATE, self._grown)
            _update_together(driver, (*_STATE, "incident"), self._moved)
            _update_together(driver, ("deliveries",), self._repeated)
        driver.many(
            _ADD_TO_DAYS, [(*day, *counts) for day, counts in self._counts.items() if any(counts)]
        )

    def _count(self, row: Instance, times: int) -> None:
        """`alert_history.counts_of`, from a row."""
        kind = (row.day, row.name, row.service, row.severity, row.source)
        counts = self._counts.get(kind)
        if counts is None:
            counts = self._counts[kind] = [0] * len(Counts._fields)
        counts[0] += times
        counts[1] += times * row.deliveries
        if row.incident:
            counts[2] += times
        if row.verdict == _SILENCED:
            counts[3] += times
        if row.ends_at is not None and row.ends_at > row.starts_at:
            counts[4] += times * (row.ends_at - row.starts_at)


def _update_together(
    driver: Driver, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """As `_GROW` and its like, for PostgreSQL: one statement plans once for the partitions, where
    one for each row would plan for all of them."""
    if not rows:
        return
    # The id is not needed: what follows it is unique.
    named = (*columns, "id", "starts_at", "series")
    by_name = dict(zip(named, zip(*rows, strict=True), strict=True))
    del by_name["id"]
    arrays = ", ".join(f"?::{_TYPES.get(name, 'text')}[]" for name in by_name)
    driver.run(
        f"UPDATE alert SET {', '.join(f'{name} = wanted.{name}' for name in columns)}"  # noqa: S608
        f" FROM unnest({arrays}) AS wanted ({', '.join(by_name)})"
        " WHERE alert.starts_at = wanted.starts_at AND alert.series = wanted.series"
        " AND alert.starts_at >= ? AND alert.starts_at <= ?",
        (*map(list, by_name.values()), min(by_name["starts_at"]), max(by_name["starts_at"])),
    )


def _instance(key: Key, record: AlertRecord) -> Instance:
    signal = record.signal
    first = to_us(record.first_received_at)
    return Instance(
        *key,
        first,
        first // DAY_US,
        None if signal.ends_at is None else to_us(signal.ends_at),
        record.deliveries,
        record.verdict.value,
        record.silence,
        *_kind(signal.name, signal.service, signal.severity, signal.source),
        pack_signal(signal),
        pack_terms(record.why),
        record.incident,
    )


def _joined(old: Instance, new: Instance, signal: Signal) -> Instance:
    """The row after `new`, made of `signal`, was recorded too."""
    state = _with_state(old, new.body, signal)
    return state._replace(
        deliveries=old.deliveries + new.deliveries,
        verdict=new.verdict,
        silence=new.silence,
        why=new.why,
        incident=new.incident,
    )


def _repeated(old: Instance, signal: Signal, times: int) -> Instance:
    state = _with_state(old, pack_signal(signal), signal)
    return state._replace(deliveries=old.deliveries + times)


def _with_state(old: Instance, body: str, signal: Signal) -> Instance:
    """With the later of two states; a mere repeat is known without reading the stored one."""
    if same_state(old.body, body):
        return old
    known = unpack_signal(old.body)
    state = later(known, signal)
    if state is known:
        return old
    name, service, severity, source = _kind(state.name, state.service, state.severity, state.source)
    return old._replace(
        ends_at=None if state.ends_at is None else to_us(state.ends_at),
        name=name,
        service=service,
        severity=severity,
        source=source,
        body=body if state is signal else pack_signal(state),
    )


@lru_cache(maxsize=1 << 16)
def _kind(name: str, service: str, severity: str, source: str) -> Kind:
    return Kind(storable(name), storable(service), storable(severity), storable(source))


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
