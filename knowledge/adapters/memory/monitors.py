"""What is kept of monitors, in memory."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from knowledge.records import KeptMonitor, Look, Opinion


class MemoryMonitors:
    """`ports.Monitors`."""

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        self._lock = lock or threading.RLock()
        self._kept: dict[str, KeptMonitor] = {}
        self._states: dict[str, bytes] = {}
        self._looks: list[Look] = []
        self._opinions: dict[tuple[str, str, datetime, str], Opinion] = {}

    def kept(self) -> list[KeptMonitor]:
        with self._lock:
            return sorted(self._kept.values(), key=lambda kept: kept.key)

    def keep(self, monitor: KeptMonitor) -> None:
        with self._lock:
            self._kept[monitor.key] = monitor

    def states(self, keys: Sequence[str] | None = None) -> dict[str, bytes]:
        with self._lock:
            wanted = self._states if keys is None else self._states.keys() & set(keys)
            return {key: self._states[key] for key in wanted}

    def put_states(self, states: Mapping[str, bytes]) -> None:
        with self._lock:
            self._states.update(states)

    def drop_states(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                self._states.pop(key, None)

    def add_look(self, look: Look) -> None:
        with self._lock:
            self._looks.append(look)

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]:
        with self._lock:
            found = [
                look
                for look in self._looks
                if look.model == model and look.at >= since and (until is None or look.at < until)
            ]
        return sorted(found, key=lambda look: look.at)

    def last_look(self, model: str) -> Look | None:
        with self._lock:
            # Of two of one moment the later added one.
            mine = [look for look in self._looks[::-1] if look.model == model]
        return max(mine, key=lambda look: look.at, default=None)

    def say(self, opinion: Opinion) -> None:
        of = opinion.key, opinion.fingerprint, opinion.starts_at, opinion.by
        with self._lock:
            self._opinions[of] = opinion

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]:
        with self._lock:
            found = [
                opinion
                for opinion in self._opinions.values()
                if key in ("", opinion.key) and (since is None or opinion.at >= since)
            ]
        return sorted(found, key=lambda o: (o.at, o.key, o.fingerprint, o.by))

    def tidy(self, before: datetime) -> int:
        with self._lock:
            young = [look for look in self._looks if look.at >= before]
            forgotten, self._looks = len(self._looks) - len(young), young
        return forgotten
