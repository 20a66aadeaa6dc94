"""Means that move, in units of their own usual size."""

_WARM = 50
_BOUND = 100
_MOST = 6.0
_REMEMBER = 3000


class Mean:
    """An exponentially weighted mean of what should be about zero.

    What is too small to be seen in one point shows in the mean of many. A slow mean wanders more
    than one of independent points would; dividing by its own usual size allows for that.
    """

    __slots__ = ("_points", "_share", "_usual", "mean")

    def __init__(self, points: int) -> None:
        self._share = 1 / points
        self._points = 0
        self._usual = 0.0
        self.mean = 0.0

    def feed(self, value: float, grain: float) -> float:
        """Learn one more; how many times its usual size the mean is, signed."""
        self._points = points = self._points + 1
        mean = self.mean = self.mean + self._share * (value - self.mean)
        usual = self._usual
        size = mean if mean >= 0 else -mean
        if points > _BOUND and size > _MOST * usual:
            size = _MOST * usual
        self._usual += (size - usual) / (points if points < _REMEMBER else _REMEMBER)
        return mean / (usual + grain) if points > _WARM else 0.0


class Middle:
    """A median that moves slowly, and how far values usually are from it."""

    __slots__ = ("_points", "_usual", "expected", "median", "wide")

    def __init__(self) -> None:
        self.median = 0.0
        self._points = 0
        self._usual = 0.0
        self.expected = 0.0
        """The median before the latest point."""
        self.wide = 0.0
        """The usual distance, for the latest point."""

    def put(self, value: float) -> None:
        self.median = value

    def feed(self, value: float, grain: float) -> float:
        """Learn one more; how many times the usual distance it is away, signed."""
        self._points = points = self._points + 1
        self.expected = self.median
        off, usual = value - self.median, self._usual
        if points < 200:
            self.median += off / points
        elif off > 0:
            self.median += 0.01 * usual
        elif off < 0:
            self.median -= 0.01 * usual
        size = off if off >= 0 else -off
        if points > _WARM and size > _MOST * usual:
            size = _MOST * usual
        self._usual += (size - usual) / (points if points < _REMEMBER else _REMEMBER)
        wide = self.wide = usual + grain
        return off / wide
