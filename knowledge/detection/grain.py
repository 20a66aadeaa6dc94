"""The least difference that means something in a series."""

_REMEMBER = 3000
_REMEMBER_MODE = 1000
_MOSTLY = 0.6


class Grain:
    """Keeps the usual size of the values, and the value that most of them have, if one does.

    A statistic divides by spreads, and a series that mostly says 0 has none: the grain is added to
    each, so that one error among many quiet minutes is no sensation.
    """

    __slots__ = ("_odd", "_points", "mode", "same", "size")

    def __init__(self) -> None:
        self.mode = 0.0
        """The value that comes most."""
        self.same = 0.0
        """The share of points that have it."""
        self.size = 0.0
        self._odd = 0.0
        self._points = 0

    @property
    def sparse(self) -> bool:
        return self.same > _MOSTLY

    def feed(self, value: float) -> float:
        """Learn one more value; the grain."""
        self._points = points = self._points + 1
        size = value if value >= 0 else -value
        self.size += (size - self.size) / (points if points < _REMEMBER else _REMEMBER)
        odd = self._odd
        share = 1 / (points if points < _REMEMBER_MODE else _REMEMBER_MODE)
        if value == self.mode:
            self.same += (1 - self.same) * share
        else:
            self.same -= self.same * share
            if self.same < 1 - _MOSTLY:
                self.mode = value
            distance = abs(value - self.mode)
            # The first error after many zeros is none, the first 46 after many 45 is odd.
            known = odd or not self.mode
            odd = self._odd = odd + 0.02 * (distance - odd) if odd else distance
            if not known:
                odd = 0.0
        grain = 1e-12 + 1e-4 * self.size
        return grain + 0.5 * odd if self.same > _MOSTLY else grain
