"""`ports.Memos` and `ports.Reservations` in memory."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import count
from typing import Any

from knowledge.records import Reservation


class MemoryMemos:
    """`ports.Memos`."""

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._texts: dict[str, tuple[datetime, str]] = {}

    def put(self, key: str, text: str, until: datetime) -> None:
        with self._lock:
            self._texts[key] = until, text

    def get(self, key: str, now: datetime) -> str | None:
        with self._lock:
            until, text = self._texts.get(key, (now, ""))
        return text if until > now else None

    def tidy(self, now: datetime, most: int = 50_000) -> None:
        with self._lock:
            kept = sorted((u, key, text) for key, (u, text) in self._texts.items() if u > now)
            self._texts = {key: (u, text) for u, key, text in kept[-most:]}


class MemoryReservations:
    """`ports.Reservations`."""

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._numbers = count(1)
        self._set_aside: dict[int, Reservation] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._lock:
            before = dict(self._set_aside)
            try:
                yield
            except BaseException:
                self._set_aside = before
                raise

    def add(self, reservation: Reservation) -> int:
        with self._lock:
            number = next(self._numbers)
            self._set_aside[number] = reservation
        return number

    def remove(self, number: int) -> None:
        with self._lock:
            self._set_aside.pop(number, None)

    def live(self, now: datetime) -> list[Reservation]:
        with self._lock:
            return [one for one in self._set_aside.values() if one.until > now]

    def tidy(self, now: datetime) -> None:
        with self._lock:
            self._set_aside = {n: one for n, one in self._set_aside.items() if one.until > now}
