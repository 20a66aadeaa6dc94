"""What says of one series, point by point, whether it is normal.

There is one judge for each series of a monitor; it keeps what it has learned of it.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from knowledge.monitors.spec import MetricMonitor


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge makes of one point. Neither `beyond` nor `back`: it cannot tell, or the value is
    in the band between; what was holds on."""

    beyond: bool
    back: bool
    score: float = 0.0
    """How sure that something is wrong, 0-1."""
    low: float = math.nan
    high: float = math.nan
    """The band held to be normal; NaN: none on that side."""


UNTOLD = Judged(beyond=False, back=False)
"""Of a point that says nothing."""


class Judge(Protocol):
    @property
    def monitor(self) -> MetricMonitor:
        """Whose judge it is."""
        ...

    @property
    def sure(self) -> float | None:
        """How sure the present finding is, 0-1; None where it is a fact."""
        ...

    def feed(self, at: float, value: float) -> Judged:
        """Judge the next point: epoch seconds and a value. Never raises."""
        ...

    def says(self) -> str:
        """Why the last point is not normal: what it is and what would be, in one sentence without
        a full stop."""
        ...

    def dump(self) -> bytes:
        """What it has learned, to go on from after a restart."""
        ...


class LimitJudge:
    """Beyond a fixed limit."""

    __slots__ = ("_value", "monitor")
    sure = None

    def __init__(self, monitor: MetricMonitor) -> None:
        self.monitor = monitor
        self._value = math.nan

    def feed(self, at: float, value: float) -> Judged:
        monitor, self._value = self.monitor, value
        beyond = monitor.breaches(value)
        return Judged(
            beyond,
            monitor.recovers(value),
            float(beyond),
            math.nan if monitor.below is None else monitor.below,
            math.nan if monitor.above is None else monitor.above,
        )

    def says(self) -> str:
        side = "above" if self.monitor.above is not None else "below"
        return f"{self._value:.4g}, {side} {self.monitor.limit:.4g}"

    def dump(self) -> bytes:
        return b""


class PresenceJudge:
    """Any value is normal: for a monitor that only minds silence."""

    __slots__ = ("monitor",)
    sure = None

    def __init__(self, monitor: MetricMonitor) -> None:
        self.monitor = monitor

    def feed(self, at: float, value: float) -> Judged:
        return Judged(beyond=False, back=True)

    def says(self) -> str:
        return "giving data"

    def dump(self) -> bytes:
        return b""
