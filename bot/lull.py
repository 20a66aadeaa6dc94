"""Acks go first: Slack waits three seconds for one, and for nothing else.

Python runs one thread at a time, so whoever computes takes turns with the event loop that must
acknowledge. In a burst of requests all other work therefore waits for a lull, though never for
long: the answers, the alerts that come in, the cards that go out.
"""

import asyncio
import math
import sys
from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Protocol

LULL_S = 0.025
"""A burst is over when no request came for so long."""
LATE_S = 0.005
"""An event loop that comes back later than this was held up: what came meanwhile is not read yet,
so nothing is known of a lull."""
LONGEST_S = 1.0
"""Nothing waits longer for a lull."""
SWITCH_S = 0.0005
"""How long a thread that computes may go on while another waits for its turn. Each ack takes a few
turns; with Python's 5 ms, 200 acks beside one busy thread take seconds."""


class Clockwork(Protocol):
    """What an event loop is to a lull."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> object: ...


class Lull:
    """Told of requests by the event loop that acknowledges them; other threads wait here for a
    moment without. `clock` counts as the loop's `time` does."""

    def __init__(
        self,
        loop: Callable[[], Clockwork] = asyncio.get_running_loop,
        clock: Callable[[], float] = monotonic,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._longest_s = longest_s
        self._quiet = Event()
        self._quiet.set()
        self._began = -math.inf
        """When the burst began that is not over."""
        self._last = -math.inf
        """When its last request came."""

    def came(self) -> None:
        """A request: what computes should wait. In the event loop's thread; without a loop nothing
        has to be acknowledged, and nobody waits."""
        try:
            loop = self._loop()
        except RuntimeError:
            return
        self._last = loop.time()
        if self._quiet.is_set():
            self._began = self._clock()
            self._quiet.clear()
            self._look_at(self._last + LULL_S, loop)

    def wait(self) -> None:
        """For whoever answers: until the burst is over, or for LONGEST_S."""
        self._wait(self._clock() + self._longest_s)

    def give_way(self) -> None:
        """For work in many small steps, before each: the same, but all steps together wait no
        longer than LONGEST_S for one burst."""
        self._wait(self._began + self._longest_s)

    def _look_at(self, due: float, loop: Clockwork) -> None:
        def look() -> None:
            now = loop.time()
            if now - due > LATE_S:
                self._look_at(now + LULL_S, loop)
            elif due < self._last + LULL_S:
                self._look_at(self._last + LULL_S, loop)
            else:
                self._quiet.set()

        loop.call_later(due - loop.time(), look)

    def _wait(self, latest: float) -> None:
        if not self._quiet.is_set() and (left := latest - self._clock()) > 0:
            self._quiet.wait(left)


def take_short_turns() -> None:
    """For the whole process; costs what computes one or two percent."""
    sys.setswitchinterval(SWITCH_S)
