"""What was normal before an episode, held while it lasts."""

_NEAR = 0.6
"""Share of the band within which a point is back."""
_HALF = 0.5
"""Share of what a mean was off, within which it is back."""
_BACK_FOR = 5
"""Points in a row after which the value is back."""
_SHARE = 0.2
"""Of a new point in the mean that follows an episode of a mean."""


class Held:
    """The band as it was when an episode began, moved along with the pattern of the day.

    A level gets used to what is wrong within minutes; people ask whether the value is back where it
    was.
    """

    __slots__ = ("_above", "_back", "_below", "_centre", "_mean", "_off")

    def __init__(self) -> None:
        self._centre = self._below = self._above = 0.0
        self._off = self._mean = 0.0
        self._back = 0

    def start(self, centre: float, below: float, above: float, off: float) -> None:
        """An episode begins: the centre off the pattern, and how far below and above the band goes.

        `off` is how far a mean is from what it should be, when that is what is wrong; else 0.
        """
        self._centre, self._below, self._above = centre, below, above
        self._off = self._mean = off
        self._back = 0

    def band(self, pattern: float) -> tuple[float, float, float]:
        """(expected, low, high)."""
        expected = self._centre + pattern
        return expected, expected - self._below, expected + self._above

    def back(self, value: float, pattern: float) -> bool:
        """One more point: is the value where it was, and has it been for some points?"""
        off = value - pattern - self._centre
        self._mean += _SHARE * (off - self._mean)
        if self._off:
            near = abs(self._mean) < _HALF * abs(self._off)
        else:
            near = -_NEAR * self._below <= off <= _NEAR * self._above
        self._back = self._back + 1 if near else 0
        return self._back >= _BACK_FOR
