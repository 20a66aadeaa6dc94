"""Whether this process makes progress: its loops go round, its turns end.

A round may be long and still healthy (fifty deliveries to a slow Slack), so what counts is the time
since anything was done *in* it: every call to Slack or to the inbox that returns is progress.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Lock, local
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


@dataclass
class _Beat:
    at: float
    """When it last made progress."""
    inside: bool = False
    died: bool = False


class Pulse:
    """Safe to use from every thread. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._beats: dict[str, _Beat] = {}
        self._here = local()
        self._turns: dict[int, tuple[float, str]] = {}
        self._numbers = count()
        self._lock = Lock()

    def loop(self, name: str, work: Callable[[], T]) -> Callable[[], T]:
        """The work of a loop, one round per call, watched."""
        beat = self._beats[name] = _Beat(self._clock())

        def round_() -> T:
            self._here.beat = beat
            beat.at, beat.inside = self._clock(), True
            try:
                return work()
            except Exception:
                raise
            except BaseException:
                # Nothing but this ends the thread of a loop.
                beat.died = True
                raise
            finally:
                beat.inside = False
                self._here.beat = None

        return round_

    def progress(self) -> None:
        """Something was done; counts for the loop whose round this thread is in, if any."""
        beat: _Beat | None = getattr(self._here, "beat", None)
        if beat is not None:
            beat.at = self._clock()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Around the answer to one request."""
        number = next(self._numbers)
        with self._lock:
            self._turns[number] = (self._clock(), name)
        try:
            yield
        finally:
            with self._lock:
                del self._turns[number]

    def stuck(self) -> dict[str, float]:
        """Seconds each loop has been in its round without progress: 0 while it waits for work,
        infinite when its thread is gone."""
        now = self._clock()
        return {name: _stuck_s(beat, now) for name, beat in self._beats.items()}

    def turns(self) -> list[tuple[float, str]]:
        """Seconds and name of each request under way, the longest first."""
        now = self._clock()
        with self._lock:
            running = list(self._turns.values())
        return sorted(((now - since, name) for since, name in running), reverse=True)


def _stuck_s(beat: _Beat, now: float) -> float:
    if beat.died:
        return float("inf")
    return max(now - beat.at, 0.0) if beat.inside else 0.0
