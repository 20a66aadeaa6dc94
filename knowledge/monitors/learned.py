"""A series that is compared with its own past."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from knowledge.detection import Detector, Looks
from knowledge.monitors.judge import UNTOLD, Judged
from knowledge.monitors.spec import MetricMonitor, Normal

LOOKS = {
    Normal.AUTO: Looks.ANY,
    Normal.SEASONAL: Looks.SEASONAL,
    Normal.NOVELTY: Looks.NOVELTY,
    Normal.SHIFT: Looks.SHIFT,
}
QUIET_POINTS = 30
"""A newcomer says nothing before: what is usual for it is not known."""
_SLEW = timedelta(hours=4)
"""A change of the clock is spread over so long, so that local time never goes backwards."""
_SECOND = timedelta(seconds=1)


class LearnedJudge:
    """A detector's episodes, told once they are sure enough.

    The monitor's own bar is held here and not in the detector: when people raise it, nothing that
    was learned is lost.
    """

    __slots__ = ("_clock", "_detector", "_fed", "_peak", "monitor")

    def __init__(self, monitor: MetricMonitor, dumped: bytes = b"") -> None:
        """Raises ValueError when `dumped` is not from `dump`."""
        self.monitor = monitor
        self._clock = LocalClock(monitor.zone)
        self._fed, self._peak = 0, 0.0
        if dumped:
            fed, peak, rest = dumped.split(b" ", 2)
            self._fed, self._peak = int(fed), float(peak)
            self._detector = Detector.load(rest)
        else:
            self._detector = Detector(LOOKS[monitor.normal], side=monitor.side.value)

    def feed(self, at: float, value: float) -> Judged:
        reading = self._detector.feed(self._clock(at), value)
        self._fed += 1
        self._peak = max(self._peak, reading.score) if reading.firing else 0.0
        if self._fed <= QUIET_POINTS:
            return UNTOLD
        return Judged(
            reading.firing and self._peak >= self.monitor.sure,
            not reading.firing,
            reading.score,
            reading.low,
            reading.high,
        )

    @property
    def sure(self) -> float:
        """The highest score of the present episode; 0 between episodes."""
        return self._peak

    def says(self) -> str:
        return self._detector.says().rstrip(".")

    def dump(self) -> bytes:
        return b"%d %r " % (self._fed, self._peak) + self._detector.dump()


class LocalClock:
    """Seconds of a place's clock, as if it were UTC, so that a day's pattern stays at its hours.

    When the clock is put back an hour repeats: the change is spread over some hours, so that the
    time given never goes backwards and no hour is left out.
    """

    __slots__ = ("_zone",)

    def __init__(self, zone: str) -> None:
        self._zone = None if zone == "UTC" else ZoneInfo(zone)

    def __call__(self, at: float) -> float:
        """From epoch seconds."""
        if self._zone is None:
            return at
        now = datetime.fromtimestamp(at, UTC)
        before, after = self._offset(now - _SLEW), self._offset(now)
        if before == after:
            return at + after
        share = (now - self._changed(now)) / _SLEW
        return at + before + (after - before) * share

    def _offset(self, at: datetime) -> float:
        offset = at.astimezone(self._zone).utcoffset()
        return offset.total_seconds() if offset is not None else 0.0

    def _changed(self, now: datetime) -> datetime:
        """When within the last hours the clock was changed, to the second."""
        early, late, after = now - _SLEW, now, self._offset(now)
        while late - early > _SECOND:
            middle = early + (late - early) / 2
            early, late = (early, middle) if self._offset(middle) == after else (middle, late)
        return late
