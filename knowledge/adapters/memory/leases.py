"""Who has which role, and rounds one at a time, in memory. See `knowledge.ports.leases`."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from knowledge.records import Decision, Lease

_LONG_OVER_S = 3600.0


@dataclass
class _Row:
    holder: str
    token: int
    until: float


class MemoryLeases:
    """`ports.Leases`; `clock` gives seconds."""

    def __init__(
        self,
        lock: AbstractContextManager[Any] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._lock = lock or threading.RLock()
        self._clock = clock
        self._rows: dict[str, _Row] = {}

    def take(self, name: str, holder: str, for_s: float) -> int | None:
        with self._lock:
            now = self._clock()
            row = self._rows.setdefault(name, _Row("", 0, now))
            over = row.until <= now
            if row.holder != holder and not over:
                return None
            if row.holder != holder or over:
                row.token += 1
            row.holder, row.until = holder, now + for_s
            return row.token

    def release(self, name: str, holder: str) -> None:
        with self._lock:
            row = self._rows.get(name)
            if row is not None and row.holder == holder:
                row.until = self._clock()

    def held(self) -> list[Lease]:
        with self._lock:
            now = self._clock()
            return [
                Lease(name, row.holder, row.token, row.until - now)
                for name, row in sorted(self._rows.items())
                if row.until > now
            ]

    def stands(self, name: str, holder: str, token: int) -> bool:
        return any(
            (lease.name, lease.holder, lease.token) == (name, holder, token)
            for lease in self.held()
        )

    def tidy(self) -> int:
        with self._lock:
            before = self._clock() - _LONG_OVER_S
            old = [name for name, row in self._rows.items() if row.until < before]
            for name in old:
                del self._rows[name]
            return len(old)


class MemoryRounds:
    """`ports.Rounds`. The lock of the store's `together` keeps them apart."""

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._latest = 0
        self._notes: dict[int, tuple[Decision, ...]] = {}

    def latest(self) -> int:
        with self._lock:
            return self._latest

    def begin(self) -> int:
        with self._lock:
            self._latest += 1
            return self._latest

    def alive(self) -> None:
        """Nobody waits for a stuck one here."""

    def note(self, number: int, decisions: Sequence[Decision]) -> None:
        with self._lock:
            self._notes[number] = tuple(decisions)

    def notes(self, after: int, before: int) -> Mapping[int, tuple[Decision, ...]]:
        with self._lock:
            return {n: d for n, d in sorted(self._notes.items()) if after < n < before}

    def tidy(self, keep: int = 10_000) -> int:
        with self._lock:
            last = max(self._notes, default=0) - keep
            old = [number for number in self._notes if number <= last]
            for number in old:
                del self._notes[number]
            return len(old)
