"""When which monitor is due.

The times of one monitor are multiples of its interval, shifted by a hash of what it asks: thousands
of monitors spread evenly over the interval, without jitter, and those that ask the same thing ask
at the same moment, so that one answer serves them all.
"""

from dataclasses import dataclass
from hashlib import blake2b
from heapq import heappop, heappush

SECOND_MS = 1_000
FIRST_WITHIN_MS = 30_000
"""What has not been read for longer than its interval is read within this time of the start."""
APART_MS = 20
"""Few monitors start sooner than that: this far apart."""


@dataclass(frozen=True)
class _Rhythm:
    every_ms: int
    shift_ms: int
    serial: int
    """Tells the entry in the heap that holds from those of earlier rhythms."""


class Beat:
    """A heap of due times in milliseconds since 1970. Not safe to share by threads."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._rhythms: dict[str, _Rhythm] = {}
        self._serial = 0

    def __len__(self) -> int:
        return len(self._rhythms)

    def add(self, key: str, every_ms: int, asks: str, first_ms: int) -> None:
        """Due at `first_ms` and from then on in its rhythm; replaces an earlier rhythm. `asks` is
        what those have in common that should be due together."""
        self._serial += 1
        shift = shift_of(asks, every_ms)
        self._rhythms[key] = _Rhythm(every_ms, shift, self._serial)
        heappush(self._heap, (first_ms, self._serial, key))

    def remove(self, key: str) -> None:
        self._rhythms.pop(key, None)

    def due(self, now_ms: int) -> list[tuple[str, int]]:
        """Who is due, each with the newest of its times that has come: those that were missed
        meanwhile are left out. In the order of their times."""
        found = []
        while self._heap and self._heap[0][0] <= now_ms:
            at, serial, key = heappop(self._heap)
            rhythm = self._rhythms.get(key)
            if rhythm is None or rhythm.serial != serial:
                continue
            newest = max(at, _last(rhythm, now_ms))
            found.append((key, newest))
            heappush(self._heap, (_last(rhythm, newest) + rhythm.every_ms, serial, key))
        return found

    def next_ms(self, key: str) -> int:
        """The next regular time of this key after the newest one that was given out; for tests and
        for showing. Raises KeyError."""
        serial = self._rhythms[key].serial
        return min(at for at, of, _ in self._heap if of == serial)


def shift_of(asks: str, every_ms: int) -> int:
    """Whole seconds where the interval has some, so that what is due in one second can be asked
    together. A multiple of an interval keeps its shift: what is asked every 60 s is asked along
    with what is asked every 30 s."""
    spread = _hash(asks) % every_ms
    return spread - spread % SECOND_MS if every_ms >= SECOND_MS else spread


def first_ms(key: str, every_ms: int, count: int, now_ms: int) -> int:
    """When to read for the first time what nobody has read for too long, one of `count`."""
    within = min(every_ms, FIRST_WITHIN_MS, max(count * APART_MS, 1))
    return now_ms + _hash(key) % within


def _last(rhythm: _Rhythm, now_ms: int) -> int:
    return now_ms - (now_ms - rhythm.shift_ms) % rhythm.every_ms


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest(), "big")
