"""A series that is compared with its own past."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from knowledge.detection import Detector, Family, Looks
from knowledge.detection import Side as OneSide
from knowledge.monitors.judge import Judged
from knowledge.monitors.spec import MetricMonitor, Normal, Side

LOOKS = {
    Normal.AUTO: Looks.ANY,
    Normal.SEASONAL: Looks.SEASONAL,
    Normal.NOVELTY: Looks.NOVELTY,
    Normal.SHIFT: Looks.SHIFT,
}
SIDES: Mapping[Side, OneSide] = {Side.BOTH: "both", Side.ABOVE: "above", Side.BELOW: "below"}
_LONGEST_CHANGE = timedelta(hours=3)
"""No clock is put back by more."""
_FIRST, _LAST = 0.0, 2.5e11
"""Epoch seconds that a calendar can say."""
_SECOND = timedelta(seconds=1)


class LearnedJudge:
    """A detector's episodes. It is quiet until it has seen enough to know what is usual."""

    __slots__ = ("_clock", "_detector", "_peak", "monitor")

    def __init__(self, monitor: MetricMonitor, dumped: bytes = b"") -> None:
        """Raises ValueError when `dumped` is not from `dump`. A bar that was raised since then is
        held to, and what was learned is kept."""
        self.monitor = monitor
        self._clock = LocalClock(monitor.zone)
        self._peak = 0.0
        if dumped:
            peak, _, rest = dumped.partition(b" ")
            self._peak = float(peak)
            self._detector = Detector.load(rest, sure=monitor.sure)
        else:
            side = SIDES[monitor.side]
            self._detector = Detector(LOOKS[monitor.normal], side=side, sure=monitor.sure)

    def feed(self, at: float, value: float) -> Judged:
        reading = self._detector.feed(self._clock(at), value)
        self._peak = max(self._peak, reading.score) if reading.firing else 0.0
        learning = reading.family is Family.AUTO
        return Judged(
            reading.firing,
            not reading.firing and not learning,
            reading.score,
            reading.low,
            reading.high,
        )

    @property
    def sure(self) -> float:
        """The highest score of the present episode; 0 between episodes."""
        return self._peak

    def says(self) -> str:
        said = self._detector.says().rstrip(".")
        return said[:1].lower() + said[1:]

    def dump(self) -> bytes:
        return b"%r " % self._peak + self._detector.dump()


class LocalClock:
    """Seconds of a place's clock, as if it were UTC, so that a day's pattern stays at its hours.

    When the clock is put back and an hour repeats, the time given stands still until the clock has
    caught up: it never goes backwards, and no point is left out.
    """

    __slots__ = ("_zone",)

    def __init__(self, zone: str) -> None:
        self._zone = None if zone == "UTC" else ZoneInfo(zone)

    def __call__(self, at: float) -> float:
        """From epoch seconds."""
        if self._zone is None or not _FIRST <= at <= _LAST:
            return at
        now = datetime.fromtimestamp(at, UTC)
        before, after = self._offset(now - _LONGEST_CHANGE), self._offset(now)
        if before <= after:
            return at + after
        return max(at + after, self._changed(now).timestamp() + before)

    def _offset(self, at: datetime) -> float:
        offset = at.astimezone(self._zone).utcoffset()
        return offset.total_seconds() if offset is not None else 0.0

    def _changed(self, now: datetime) -> datetime:
        """When within the last hours the clock was changed, to the second."""
        early, late, after = now - _LONGEST_CHANGE, now, self._offset(now)
        while late - early > _SECOND:
            middle = early + (late - early) / 2
            early, late = (early, middle) if self._offset(middle) == after else (middle, late)
        return late.replace(microsecond=0)
