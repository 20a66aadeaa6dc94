"""The level of the last minutes, and how far points usually are from it."""

from array import array

from knowledge.detection.season import DAY

_SHARES = (0.05, 0.2, 0.6)
"""Of a new point in the slow, the middle and the quick level."""
_JUDGED = 500
_REMEMBER = 2000
_HALVES = 48
_DAYS = 5


class Level:
    """Three exponentially weighted means; the one that errs least says what comes next.

    An error counts four times the usual one at most, so that an anomaly does not become the level
    at once. How large errors usually are is kept for each half hour of the day.
    """

    __slots__ = (
        "_by_half",
        "_middle",
        "_middle_error",
        "_points",
        "_quick",
        "_quick_error",
        "_seen",
        "_slow",
        "_slow_error",
        "expected",
        "usual",
    )

    def __init__(self) -> None:
        self._slow = self._middle = self._quick = 0.0
        self._slow_error = self._middle_error = self._quick_error = 0.0
        self._points = 0
        self._by_half = array("f", bytes(4 * _HALVES))
        self._seen = array("f", bytes(4 * _HALVES))
        self.usual = 0.0
        """Mean absolute error."""
        self.expected = 0.0

    def put(self, value: float) -> None:
        """Start from here: the series begins, or goes on after a gap."""
        self._slow = self._middle = self._quick = value

    def move(self, by: float) -> None:
        """What is followed has another zero from now on."""
        self._slow += by
        self._middle += by
        self._quick += by

    def feed(
        self, value: float, at: float, per_half: float, grain: float, frozen: bool
    ) -> tuple[float, float]:
        """Learn one more; its error, and the usual size of errors at this time of day."""
        self._points = points = self._points + 1
        slow, middle, quick = value - self._slow, value - self._middle, value - self._quick
        if self._slow_error <= self._middle_error and self._slow_error <= self._quick_error:
            error = slow
        elif self._middle_error <= self._quick_error:
            error = middle
        else:
            error = quick
        self.expected = value - error
        half = int(at % DAY * (_HALVES / DAY)) % _HALVES
        seen = self._seen[half]
        scale = self.usual + grain
        if seen >= 2 * per_half:
            scale += 0.8 * (self._by_half[half] - self.usual)
        most = 4 * scale if points > 20 else float("inf")
        least = -most
        slow = most if slow > most else least if slow < least else slow
        middle = most if middle > most else least if middle < least else middle
        quick = most if quick > most else least if quick < least else quick
        self._slow += _SHARES[0] * slow
        self._middle += _SHARES[1] * middle
        self._quick += _SHARES[2] * quick
        share = 1 / (points if points < _JUDGED else _JUDGED)
        self._slow_error += share * (abs(slow) - self._slow_error)
        self._middle_error += share * (abs(middle) - self._middle_error)
        self._quick_error += share * (abs(quick) - self._quick_error)
        size = abs(error)
        if size > most:
            size = most
        self.usual += (size - self.usual) / (points if points < _REMEMBER else _REMEMBER)
        if not frozen:
            self._seen[half] = seen + 1
            days = _DAYS * per_half
            self._by_half[half] += (size - self._by_half[half]) / (
                seen + 1 if seen < days else days
            )
        return error, scale
