"""When a value will reach its limit, and how sure that is.

A line is laid through the last hours by Theil-Sen (the median of the slopes between all pairs of
points), which a few wild points do not turn. How far its slope may be off comes from the slope's
standard error by Kendall's test (Sen, 1968), made wider where neighbouring residuals are alike
(effective number of observations, Bayley and Hammersley, 1946). The probability that the limit is
reached in time is that of a normal distribution about the line's end.
"""

import json
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.monitors.judge import UNTOLD, Judged
from knowledge.monitors.spec import MetricMonitor

SPANS = (1.0, 1 / 4, 1 / 16)
"""Lines are laid through so much of `within`: the long one is the surest, the short one sees what
began just now."""
REACH = 4.0
"""A line is not drawn out further than so many times its own length."""
POINTS = 32
"""So many points, each the mean of what came in its share of the time, make a line."""
_FEWEST = 10
_COVERED = 0.7
"""A line needs points over so much of its length."""
ALARM_AT = 0.9
"""The probability that is an alarm (a score of 0.5)."""
ALARM_SCORE = 0.5
_AGAINST = 0.05
"""A shorter line that gives it less than this takes the alarm back: the trend has ended."""
_SIGNIFICANT = 6.0
"""A slope is one from so many of its standard errors on: it is looked at every minute for months
through few points, and chance must not do it in all that time."""
_UNSURE = 0.5
"""The most that is said of a slope that may be chance."""
_UNUSUAL = 2.0
"""A short line must be so many times as steep as any for a time before: what rises and falls by
itself all day is on its way to nowhere."""
_FADES = 0.998
"""By so much of itself, for each point of a line, that steepness counts less."""
_USUAL = 1.5
"""A rise of up to so many times an earlier day's is the day's own."""
_DAY_S = 86_400.0
_DAYS = 7
_FEWEST_DAYS = 2
_HOURLY = 48
"""Points of a day that are kept to know how the day usually goes."""


class ForecastJudge:
    """Fires while the value is on its way to the limit and there within `monitor.within`."""

    __slots__ = ("_days", "_found", "_last", "_lines", "_value", "monitor")

    def __init__(self, monitor: MetricMonitor, dumped: bytes = b"") -> None:
        """Raises ValueError when `dumped` is not from `dump`."""
        within = monitor.within.total_seconds()
        self.monitor = monitor
        self._lines = tuple(_Points(within * span / POINTS, POINTS) for span in SPANS)
        self._days = _Points(_DAY_S / _HOURLY, _HOURLY * _DAYS)
        self._last = -math.inf
        self._value = math.nan
        self._found: _Forecast | None = None
        if dumped:
            kept = json.loads(dumped)
            self._last = kept["last"]
            for points, values in zip((*self._lines, self._days), kept["points"], strict=True):
                points.restore(**values)

    def feed(self, at: float, value: float) -> Judged:
        if not math.isfinite(value) or at <= self._last:
            return UNTOLD
        self._last, self._value = at, value
        for points in (*self._lines, self._days):
            points.add(at, value)
        monitor = self.monitor
        if monitor.breaches(value):
            self._found = _Forecast(1.0, 0.0, 0.0, 0.0)
        else:
            self._found = self._forecast(at)
        if self._found is None:
            return UNTOLD
        score = score_of(self._found.probability)
        for points in self._lines:
            points.calm = score < ALARM_SCORE
        return Judged(
            score >= monitor.sure,
            self._found.probability < ALARM_AT / 2,
            score,
            math.nan if monitor.below is None else monitor.below,
            math.nan if monitor.above is None else monitor.above,
        )

    @property
    def sure(self) -> float:
        return 0.0 if self._found is None else self._found.probability

    def says(self) -> str:
        monitor, found = self.monitor, self._found
        if found is None or not found.seconds:
            side = "above" if monitor.above is not None else "below"
            return f"{self._value:.4g}, already {side} {monitor.limit:.4g}"
        when = datetime.fromtimestamp(self._last + found.seconds, UTC)
        per_hour = found.slope * 3600
        return (
            f"{self._value:.4g} and changing by {per_hour:+.3g} an hour; at this rate it reaches "
            f"{monitor.limit:.4g} in {_about(found)}, at {when:%H:%M} UTC "
            f"({100 * min(found.probability, 0.99):.0f} % sure that within {_hours(monitor)})"
        )

    def dump(self) -> bytes:
        if self._last == -math.inf:
            return b""
        points = [points.known() for points in (*self._lines, self._days)]
        return json.dumps({"last": self._last, "points": points}).encode()

    def _forecast(self, at: float) -> "_Forecast | None":
        """The surest of the lines, unless a shorter one or earlier days speak against it."""
        within = self.monitor.within.total_seconds()
        found: _Forecast | None = None
        for points in self._lines:
            line = points.line(at)
            if line is None:
                continue
            made = _reaching(line, self.monitor, min(within, REACH * line.length))
            if points is not self._lines[0] and not points.unusual:
                made = replace(made, probability=min(made.probability, _UNSURE))
            against = _reaching(line, self.monitor, within).probability < _AGAINST
            if found is None or against or made.probability > found.probability:
                found = made
        if found is not None and found.probability >= ALARM_AT / 2 and self._turns(at):
            return replace(found, probability=0.0)
        return found

    def _turns(self, at: float) -> bool:
        """Whether it rose like this at this hour on earlier days too, and stayed off the limit."""
        within = self.monitor.within.total_seconds()
        sign = 1.0 if self.monitor.above is not None else -1.0
        before = self._days.span(at - within / 2, 0.0)
        if not before:
            return False
        rise = sign * (self._value - before[0])
        rises, went = [], []
        for day in range(1, _DAYS + 1):
            then = at - day * _DAY_S
            past, ahead = self._days.span(then - within / 2, 0.0), self._days.span(then, within)
            if past and ahead:
                rises.append(sign * (ahead[0] - past[0]))
                went.append(max(sign * (value - ahead[0]) for value in ahead))
        if len(rises) < _FEWEST_DAYS or rise > _USUAL * median(rises):
            return False
        room = sign * (self.monitor.limit - self._value)
        return _USUAL * max(went) < room


@dataclass(frozen=True, slots=True)
class _Forecast:
    probability: float
    """That the limit is reached within the monitor's time."""
    seconds: float
    """Until then, by the line; 0 when it is there."""
    longest: float
    """The same, were the line as flat as it may well be (1 in 10)."""
    slope: float
    """Per second."""


@dataclass(frozen=True, slots=True)
class _Line:
    level: float
    """The line's value at `end`."""
    slope: float
    slope_error: float
    """Standard error of the slope."""
    noise: float
    """Standard deviation of the points about the line."""
    length: float
    """Seconds."""
    end: float
    """Epoch seconds."""

    def at(self, moment: float) -> "_Line":
        """The same line, drawn out to a moment."""
        return replace(self, level=self.level + self.slope * (moment - self.end), end=moment)


def score_of(probability: float) -> float:
    """ALARM_AT becomes 0.5, and 1 stays 1."""
    if probability < ALARM_AT:
        return 0.5 * probability / ALARM_AT
    return 0.5 + 0.5 * (probability - ALARM_AT) / (1 - ALARM_AT)


def _reaching(line: _Line, monitor: MetricMonitor, ahead: float) -> _Forecast:
    """Within `ahead` seconds."""
    sign = 1.0 if monitor.above is not None else -1.0
    room = sign * (monitor.limit - line.level)
    slope = sign * line.slope
    spread = math.hypot(ahead * line.slope_error, line.noise)
    if spread > 0:
        probability = _normal((slope * ahead - room) / spread)
    else:
        probability = float(slope * ahead >= room)
    if slope < _SIGNIFICANT * line.slope_error:
        probability = min(probability, _UNSURE)
    flat = slope - 1.28 * line.slope_error
    seconds = max(room / slope, 1.0) if slope > 0 else math.inf
    longest = max(room / flat, 1.0) if flat > 0 else math.inf
    return _Forecast(probability, seconds, longest, line.slope)


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _about(found: _Forecast) -> str:
    """ "about 4 h", "2 to 3 h", "40 to 55 min"."""
    unit, name = (3600.0, "h") if found.seconds >= 2 * 3600 else (60.0, "min")
    near = max(found.seconds / unit, 1.0)
    far = found.longest / unit
    if far < 1.1 * near or not math.isfinite(far) or far > 5 * near:
        return f"about {near:.0f} {name}"
    return f"{near:.0f} to {math.ceil(far):.0f} {name}"


def _hours(monitor: MetricMonitor) -> str:
    seconds = monitor.within.total_seconds()
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


class _Points:
    """Means of equal shares of the time, the last `most` of them: [share's number, sum, count]."""

    __slots__ = ("_kept", "_line", "_most", "_slopes", "_steepest", "_width", "calm")

    def __init__(self, width_s: float, most: int) -> None:
        self._width = width_s
        self._most = most
        self._kept: deque[list[float]] = deque(maxlen=most + 1)
        """The last one is not full yet."""
        self._line: _Line | None = None
        """Through the shares that are full; it is laid anew when another one is."""
        self._slopes: deque[float] = deque(maxlen=most)
        """Of the last lines: what is seen now is in them, so they are not what is usual yet."""
        self._steepest = 0.0
        """Of the lines before."""
        self.calm = True
        """Whether a line that is laid now may be what is usual: not during an alarm."""

    def add(self, at: float, value: float) -> None:
        number = at // self._width
        if self._kept and self._kept[-1][0] == number:
            self._kept[-1][1] += value
            self._kept[-1][2] += 1
            return
        if self._kept:
            self._line = self._laid(self._kept)
            if self._line is not None:
                self._remember(abs(self._line.slope) if self.calm else 0.0)
        self._kept.append([number, value, 1])

    @property
    def unusual(self) -> bool:
        """Whether the line is much steeper than any before, where enough of them are known."""
        known = len(self._slopes) == self._most and self._steepest > 0
        return self._line is not None and (
            known and abs(self._line.slope) > _UNUSUAL * self._steepest
        )

    def known(self) -> dict[str, Any]:
        return {"kept": list(self._kept), "slopes": list(self._slopes), "steepest": self._steepest}

    def restore(
        self, kept: Sequence[Sequence[float]], slopes: Sequence[float], steepest: float
    ) -> None:
        self._kept.extend([float(v) for v in one] for one in kept)
        self._slopes.extend(slopes)
        self._steepest = steepest
        if len(self._kept) > 1:
            self._line = self._laid(list(self._kept)[:-1])

    def _remember(self, slope: float) -> None:
        if len(self._slopes) == self._most:
            self._steepest = max(_FADES * self._steepest, self._slopes[0])
        self._slopes.append(slope)

    def span(self, start: float, length_s: float) -> list[float] | None:
        """The means of the shares from `start` on; None where more than a fifth of them is
        missing."""
        first, last = start // self._width, (start + length_s) // self._width
        found = [total / n for number, total, n in self._kept if first <= number <= last]
        return found if len(found) >= 0.8 * (last - first + 1) else None

    def line(self, at: float) -> "_Line | None":
        """Through what lies within the last `most` shares; None where that is too little."""
        return self._line.at(at) if self._line is not None else None

    def _laid(self, shares: Sequence[list[float]]) -> "_Line | None":
        last = shares[-1][0]
        kept = [one for one in shares if one[0] > last - self._most]
        if len(kept) < _FEWEST or kept[-1][0] - kept[0][0] < _COVERED * self._most:
            return None
        points = np.array(kept)
        # The mean of a share stands at its middle.
        end = (last + 1) * self._width
        times = (points[:, 0] + 0.5) * self._width - end
        return _theil_sen(times, points[:, 1] / points[:, 2], end, self._width * self._most)


def _theil_sen(
    times: NDArray[np.float64], values: NDArray[np.float64], end: float, length: float
) -> _Line:
    """Times are seconds before `end`, both of shape (n,)."""
    n = len(times)
    first, second = _pairs(n)
    slopes = np.sort((values[second] - values[first]) / (times[second] - times[first]))
    slope = _middle(slopes)
    level = _middle(np.sort(values - slope * times))
    residuals = values - level - slope * times
    noise = 1.4826 * _middle(np.sort(np.abs(residuals)))
    alike = _alike(residuals)
    # Kendall's variance gives the ranks of the slopes that lie two standard errors off the median.
    rank = 2 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18) * alike / 2
    middle = (len(slopes) - 1) / 2
    low = slopes[max(0, math.floor(middle - rank))]
    high = slopes[min(len(slopes) - 1, math.ceil(middle + rank))]
    # By least squares, where the ranks say less: both are guesses from few points.
    least = noise * alike / (float(np.std(times)) * math.sqrt(n))
    return _Line(level, slope, max(float(high - low) / 4, least), noise, length, end)


def _middle(ordered: NDArray[np.float64]) -> float:
    """The median of values in order."""
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if n not in _PAIRS:
        _PAIRS[n] = np.triu_indices(n, 1)
    return _PAIRS[n]


_PAIRS: dict[int, tuple[NDArray[np.intp], NDArray[np.intp]]] = {}


def _alike(residuals: NDArray[np.float64]) -> float:
    """By how much likeness of neighbours widens a standard error: 1 where there is none."""
    power = float(residuals @ residuals)
    if power <= 0:
        return 1.0
    lag = min(0.9, max(0.0, float(residuals[1:] @ residuals[:-1]) / power))
    return math.sqrt((1 + lag) / (1 - lag))
