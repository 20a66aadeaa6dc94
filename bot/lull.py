"""Acks go first: Slack waits three seconds for one, and for nothing else.

Python runs one thread at a time, so whoever computes takes turns with the event loop that must
acknowledge. In a burst of requests all other work therefore waits for a lull, though never for
long: the answers, the alerts that come in, the cards that go out.
"""

import math
import sys
from collections.abc import Callable
from time import monotonic, sleep

LULL_S = 0.025
"""A burst is over when no request came for so long."""
LONGEST_S = 0.3
"""Nothing waits longer for a lull."""
SWITCH_S = 0.001
"""How long a thread that computes may go on while another waits for its turn. Each ack takes a few
turns; with Python's 5 ms, 200 acks beside one busy thread take seconds."""


class Lull:
    """Told of requests as they come in; waits for a moment without. From any thread."""

    def __init__(
        self, clock: Callable[[], float] = monotonic, pause: Callable[[float], None] = sleep
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._last = -math.inf
        self._began = -math.inf
        """When the burst that `_last` belongs to began."""

    def came(self) -> None:
        """A request: what computes should wait."""
        now = self._clock()
        if now - self._last >= LULL_S:
            self._began = now
        self._last = now

    def wait(self) -> None:
        """For whoever answers: until no request has come for LULL_S, or for LONGEST_S."""
        self._wait(self._clock() + LONGEST_S)

    def give_way(self) -> None:
        """For work in many small steps, before each: the same, but all steps together wait no
        longer than LONGEST_S for one burst."""
        self._wait(self._began + LONGEST_S)

    def _wait(self, latest: float) -> None:
        while (now := self._clock()) < latest:
            lull = now - self._last
            if lull >= LULL_S:
                return
            self._pause(min(LULL_S - lull, latest - now))


def take_short_turns() -> None:
    """For the whole process; costs what computes one or two percent."""
    sys.setswitchinterval(SWITCH_S)
