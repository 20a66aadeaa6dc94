"""A series that is compared with its own past."""

from collections.abc import Mapping
from dataclasses import dataclass
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
_BACK_FOR = 10
"""Points within the band after which an episode is over."""
_WRONG_AGAIN = 3
"""Points in a row that are not chance."""
_LONGEST_CHANGE = timedelta(hours=3)
"""No clock is put back by more."""
_FIRST, _LAST = 0.0, 2.5e11
"""Epoch seconds that a calendar can say."""
_SECOND = timedelta(seconds=1)


class LearnedJudge:
    """A detector's episodes. It is quiet until it has seen enough to know what is usual.

    A detector ends an episode once the value is well within the band of what was normal. Where an
    episode took the value out of the band, it is over for people once the value has been anywhere
    within it for some more points, too.
    """

    __slots__ = ("_clock", "_detector", "_episode", "_peak", "monitor")

    def __init__(self, monitor: MetricMonitor, dumped: bytes = b"") -> None:
        """Raises ValueError when `dumped` is not from `dump`. A bar that was raised since then is
        held to, and what was learned is kept."""
        self.monitor = monitor
        self._clock = LocalClock(monitor.zone)
        self._peak = 0.0
        self._episode = _Band()
        if dumped:
            peak, left, run, settled, rest = _parts(dumped)
            self._peak = float(peak)
            self._episode = _Band(left == b"1", int(run), settled == b"1")
            self._detector = Detector.load(rest, sure=monitor.sure)
        else:
            side = SIDES[monitor.side]
            self._detector = Detector(LOOKS[monitor.normal], side=side, sure=monitor.sure)

    def feed(self, at: float, value: float) -> Judged:
        reading = self._detector.feed(self._clock(at), value)
        beyond, back = False, reading.family is not Family.AUTO
        if reading.firing:
            self._peak = max(self._peak, reading.score)
            self._episode.add(reading.low <= value <= reading.high)
            beyond, back = self._episode.wrong, self._episode.settled
        elif self._peak:
            self._peak, self._episode = 0.0, _Band()
        return Judged(beyond, back, reading.score, reading.low, reading.high)

    @property
    def sure(self) -> float:
        """The highest score of the present episode; 0 between episodes."""
        return self._peak

    def says(self) -> str:
        said = self._detector.says().rstrip(".")
        return said[:1].lower() + said[1:]

    def dump(self) -> bytes:
        band = self._episode
        head = b"%r %d %d %d " % (self._peak, band.left, band.run, band.settled)
        return head + self._detector.dump()


@dataclass(slots=True)
class _Band:
    """How an episode stands to the band of what is normal."""

    left: bool = False
    """Whether the value was ever out of it."""
    run: int = 0
    """Points in a row: above 0 within the band, below 0 out of it."""
    settled: bool = False
    """It is back; only some points in a row out of the band are wrong again."""

    def add(self, inside: bool) -> None:
        self.run = max(self.run, 0) + 1 if inside else min(self.run, 0) - 1
        self.left = self.left or not inside
        if self.settled:
            self.settled = self.run > -_WRONG_AGAIN
        else:
            self.settled = self.left and self.run >= _BACK_FOR

    @property
    def wrong(self) -> bool:
        """Now, and not only lately: what is asked to last must be wrong all the time."""
        return not self.settled and not (self.left and self.run >= _WRONG_AGAIN)


def _parts(dumped: bytes) -> list[bytes]:
    parts = dumped.split(b" ", 4)
    if len(parts) != 5:
        raise ValueError("this is not the state of a judge")
    return parts


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
