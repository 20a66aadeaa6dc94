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
_NEW_NORMAL, _NEW_NORMAL_POINTS = 3 * 3600.0, 10
"""Seconds, and points at least, after which people take what stays for the new normal."""


class Episode:
    """Turns how far points are beyond their limits into scores and episodes.

    An episode ends for people when the value is back, or when what is new has stayed for hours. It
    is closed, and another one can begin, when the value is back or nothing looks wrong any more.
    """

    __slots__ = ("_began", "_beyond", "_open", "_points", "_quiet", "_since", "_told", "firing")

    def __init__(self) -> None:
        self.firing = False
        self._open = False
        self._beyond = 0.0
        self._began = 0.0
        self._points = 0
        self._since = self._quiet = 0
        self._told = -_COOL

    @property
    def frozen(self) -> bool:
        """What is seen now is wrong, and not to be learned."""
        return self._open and self._points - self._since < _FREEZE

    def judge(self, at: float, beyond: float, back: bool) -> tuple[float, bool, bool]:
        """One more point, `beyond` its limit from 1 on: (score, starts, ends an episode).

        `at` is in seconds; `back` says that the value is where it was before the episode.
        """
        self._points = points = self._points + 1
        score = beyond / (1 + beyond) if beyond < math.inf else 1.0
        if self._open:
            return min(score, _TOLD), False, self._go_on(at, beyond, back)
        if beyond < 1:
            return score, False, False
        if points - self._told <= _COOL and beyond < _WORSE * self._beyond:
            return min(score, _TOLD), False, False
        self.firing = self._open = True
        self._since = self._told = points
        self._began = at
        self._quiet = 0
        self._beyond = beyond
        return score, True, False

    def _go_on(self, at: float, beyond: float, back: bool) -> bool:
        """Does the episode end for people?"""
        self._quiet = 0 if beyond > _CALM else self._quiet + 1
        if back or self._quiet > _QUIET:
            self._open = False
        stays = at - self._began >= _NEW_NORMAL and self._points - self._since >= _NEW_NORMAL_POINTS
        ended = self.firing and (stays or not self._open)
        self.firing = self.firing and not ended
        return ended
