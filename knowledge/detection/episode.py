"""One alarm an episode."""

import math

_QUIET = 10
"""Points without anything wrong after which an episode is over."""
_CALM = 0.6
"""Share of what starts an episode, under which a point is quiet."""
_COOL = 100
"""Points after an alarm in which another one is raised only for what is worse by far."""
_WORSE = 2.0
_FREEZE = 200
"""Points for which an episode is not learned from; after them it is the new normal."""
_TOLD = 0.49
"""The most that a point scores whose episode was told already."""


class Episode:
    """Turns how far points are beyond their limits into scores and episodes."""

    __slots__ = ("_beyond", "_points", "_quiet", "_since", "_told", "firing")

    def __init__(self) -> None:
        self.firing = False
        self._beyond = 0.0
        self._points = 0
        self._since = self._quiet = 0
        self._told = -_COOL

    @property
    def frozen(self) -> bool:
        """What is seen now is wrong, and not to be learned."""
        return self.firing and self._points - self._since < _FREEZE

    def judge(self, beyond: float) -> tuple[float, bool, bool]:
        """One more point, `beyond` its limit from 1 on: (score, starts, ends an episode)."""
        self._points = points = self._points + 1
        score = beyond / (1 + beyond) if beyond < math.inf else 1.0
        if self.firing:
            self._quiet = 0 if beyond > _CALM else self._quiet + 1
            if self._quiet > _QUIET:
                self.firing = False
                return min(score, _TOLD), False, True
            return min(score, _TOLD), False, False
        if beyond < 1:
            return score, False, False
        if points - self._told <= _COOL and beyond < _WORSE * self._beyond:
            return min(score, _TOLD), False, False
        self.firing = True
        self._since = self._told = points
        self._quiet = 0
        self._beyond = beyond
        return score, True, False
