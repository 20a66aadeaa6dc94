"""How often points come."""

_SETTLED = 20
"""Gaps from which the step is told."""
GUESS = 60.0


class Clock:
    """Follows the time stamps of a series, in whatever order they come.

    The step is the median of the first gaps: a repeated stamp or a gap does not change it.
    """

    __slots__ = ("_gaps", "last", "settled", "step")

    def __init__(self) -> None:
        self.last = float("-inf")
        self.step = GUESS
        self.settled = False
        self._gaps: list[float] = []

    def tick(self, at: float) -> float:
        """Take one stamp in epoch seconds. The steps since the latest before, at least 0."""
        gap = at - self.last
        if not gap > 0:  # repeated, out of order, or no number
            return 0.0
        if not self.settled and gap < float("inf"):
            self._gaps.append(gap)
            self.step = sorted(self._gaps)[len(self._gaps) // 2]
            if len(self._gaps) == _SETTLED:
                self.settled = True
                self._gaps = []
        self.last = at
        return gap / self.step
