"""How fast a value changes, of gauges and of counters that start again from zero."""

import json
import math
from collections import deque

from knowledge.durations import say_duration
from knowledge.monitors.judge import UNTOLD, Judged
from knowledge.monitors.spec import MetricMonitor

POINTS = 240
"""So many values are kept of the time looked back over, evenly spread."""
_STALE_POLLS = 2.5
"""A value so many polls older than wanted is no longer compared with."""
_EARLY_POLLS = 0.25
"""Polls come a little early or late: a value by so much younger than wanted will do."""
_MARGIN = 0.1
"""It must be back by this share of the limit, so that a change near it does not flap."""
_COUNTS_FROM = 20
"""A series that never fell in so many values, and rose in a quarter of them, is a counter."""
_RESETS_BELOW = 0.5
"""A counter that falls to less than this share of itself has started again."""


class RateJudge:
    """The change over `monitor.over`, in the value's own unit or in percent.

    A counter that falls has been restarted: what it shows since then is added to what it showed
    before, as Prometheus does in increase(). Whether a series is a counter is recognised by its
    never falling, unless the monitor says so.
    """

    __slots__ = ("_added", "_change", "_last", "_past", "_rises", "_unbroken", "monitor")
    sure = None

    def __init__(self, monitor: MetricMonitor, dumped: bytes = b"") -> None:
        """Raises ValueError when `dumped` is not from `dump`."""
        self.monitor = monitor
        self._past: deque[tuple[float, float]] = deque()
        """(epoch seconds, value without restarts), oldest first."""
        self._last = (-math.inf, math.nan)
        self._added = 0.0
        """What the counter had shown when it was restarted, over all restarts."""
        self._unbroken = self._rises = 0
        """Values since the last fall, and how many of them were rises."""
        self._change = math.nan
        if dumped:
            kept = json.loads(dumped)
            self._past.extend((at, value) for at, value in kept["past"])
            at, value = kept["last"]
            self._last = (at, value)
            self._added, self._unbroken, self._rises = kept["counted"]

    def feed(self, at: float, value: float) -> Judged:
        if not math.isfinite(value) or at <= self._last[0]:
            return UNTOLD
        shown = self._without_restarts(value)
        self._last = (at, value)
        before = self._before(at)
        self._keep(at, shown)
        if before is None:
            return UNTOLD
        self._change = self._changed(before, shown)
        if math.isnan(self._change):
            return UNTOLD
        low, high = self._band(before, value - shown)
        beyond, back = self._compared()
        return Judged(beyond, back, float(beyond), low, high)

    def says(self) -> str:
        unit = " %" if self.monitor.percent else ""
        over = say_duration(self.monitor.over)
        above, below = self.monitor.above, self.monitor.below
        limit, side = (above, "above") if above is not None else (below, "below")
        if above is not None and below is not None and self._change < below:
            limit, side = below, "below"
        way = f"by {self._change:+.4g}{unit}" if self._change else "not at all"
        return f"changed {way} within {over}, {side} {limit:.4g}{unit}"

    def dump(self) -> bytes:
        if math.isnan(self._last[1]):
            return b""
        counted = (self._added, self._unbroken, self._rises)
        kept = {"past": list(self._past), "last": self._last, "counted": counted}
        return json.dumps(kept).encode()

    def _without_restarts(self, value: float) -> float:
        last = self._last[1]
        if value < last:
            if self._is_counter and value < _RESETS_BELOW * last:
                self._added += last
            else:
                self._unbroken = self._rises = 0
        elif value > last:
            self._rises += 1
        self._unbroken += 1
        if self.monitor.counter is None and value < 0:
            self._unbroken = 0
        return self._added + value

    @property
    def _is_counter(self) -> bool:
        if self.monitor.counter is not None:
            return self.monitor.counter
        return self._unbroken >= _COUNTS_FROM and self._rises >= self._unbroken / 4

    def _before(self, at: float) -> float | None:
        """The value `over` ago: the newest that is at least so old; None where there is none, or
        it is too old to be compared with."""
        over, every = self.monitor.over.total_seconds(), self.monitor.every.total_seconds()
        old_enough = at - over + max(_EARLY_POLLS * every, over / POINTS)
        found = None
        while self._past and self._past[0][0] <= old_enough:
            found = self._past.popleft()
        if found is None:
            return None
        self._past.appendleft(found)
        return found[1] if at - found[0] <= over + _STALE_POLLS * every else None

    def _keep(self, at: float, shown: float) -> None:
        apart = self.monitor.over.total_seconds() / POINTS
        if not self._past or at - self._past[-1][0] >= apart:
            self._past.append((at, shown))

    def _changed(self, before: float, now: float) -> float:
        if not self.monitor.percent:
            return now - before
        # Of nothing there are no percents.
        return 100 * (now - before) / abs(before) if before else math.nan

    def _compared(self) -> tuple[bool, bool]:
        """Beyond a limit, and back from both."""
        above, below = self.monitor.above, self.monitor.below
        high = math.inf if above is None else above
        low = -math.inf if below is None else below
        beyond = self._change > high or self._change < low
        back_high = high - _MARGIN * abs(high) if above is not None else high
        back_low = low + _MARGIN * abs(low) if below is not None else low
        return beyond, back_low <= self._change <= back_high

    def _band(self, before: float, restarted: float) -> tuple[float, float]:
        """The values that the limits allow now; `restarted` leads back to what is shown."""

        def allowed(limit: float | None) -> float:
            if limit is None:
                return math.nan
            change = limit / 100 * abs(before) if self.monitor.percent else limit
            return before + change + restarted

        return allowed(self.monitor.below), allowed(self.monitor.above)
