"""One series, watched point by point."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.detection.clock import Clock
from knowledge.detection.counter import Counter
from knowledge.detection.episode import Episode
from knowledge.detection.grain import Grain
from knowledge.detection.held import Held
from knowledge.detection.level import Level
from knowledge.detection.means import Mean, Middle
from knowledge.detection.reading import ALARM, Family, Looks, Reading, Readings, Side
from knowledge.detection.season import Season
from knowledge.detection.state import fill, read_bytes, to_bytes
from knowledge.detection.tail import Tail
from knowledge.detection.views import DEMANDS, SEEN_BY, View
from knowledge.detection.words import why

_WARM = 300
"""Points before which nothing is an alarm."""
_LONG_GAP = 12.0
"""Steps without a point after which the level of the last minutes is no longer known."""
_SEASON_FROM = 2.5
"""Days after which a point can be wrong for its time of day."""
_MOST = 1e30
"""What is larger is no measurement; the state is kept in single precision."""
_SEASON_MOST = 8.0

_MATERIAL = 2.0
"""Times the usual error of a point that a mean must be off by to matter to anybody."""


_JUMP, _VALUE, _SHIFT, _DRIFT, _RESTLESS, _SEASON, _SEASON_SHIFT, _SEASON_DRIFT = range(8)


class Detector:
    """Watches one series: one pass, bounded memory, one alarm an episode.

    Several statistics look at each point, each against the tail of its own past, and the one that
    is furthest beyond its limit counts. Nothing is summed: a tame series is judged by its tail, a
    bursty one by its records, a seasonal one also by its time of day.

    `sure` is the bar of this detector: 0.5 is the product's, and a higher one wants more evidence:
    0.6 is one and a half times as far beyond the limit, 0.75 three times.
    """

    __slots__ = (
        "_band",
        "_clock",
        "_counter",
        "_down",
        "_drift",
        "_episode",
        "_grain",
        "_held",
        "_level",
        "_middle",
        "_points",
        "_restless",
        "_said",
        "_scale",
        "_season",
        "_season_drift",
        "_season_shift",
        "_seasonal",
        "_shift",
        "_up",
        "_wide",
        "given_above",
        "given_bar",
        "given_below",
        "given_looks",
        "given_side",
        "given_sure",
        "given_views",
    )

    def __init__(
        self, looks: Looks = Looks.ANY, *, side: Side = "both", sure: float = ALARM
    ) -> None:
        if not 0 < sure < 1:
            raise ValueError("sure: must be above 0 and below 1")
        self.given_looks = looks
        self.given_views = SEEN_BY[looks]
        self.given_side: Side = side
        self.given_sure = sure
        self.given_above, self.given_below = side != "below", side != "above"
        self.given_bar = sure / (1 - sure)
        self._clock = Clock()
        self._counter = Counter()
        self._episode = Episode()
        self._held = Held()
        self._said = ""
        self._learn_anew()

    def feed(self, at: float, value: float) -> Reading:
        """Judge the next point: epoch seconds and a value. Never raises.

        NaN and infinities are passed over; a stamp that is not later than the one before is taken
        for another point of the same time.
        """
        score, started, ended = self._judge(at, value)
        expected, low, high = self._band
        return Reading(
            score, self._episode.firing, started, ended, expected, low, high, self.family
        )

    def feed_many(
        self,
        times: Sequence[float] | NDArray[np.float64],
        values: Sequence[float] | NDArray[np.float64],
    ) -> Readings:
        """Judge the next points: the same as one by one."""
        rows = []
        families = []
        for at, value in zip(_floats(times), _floats(values), strict=True):
            judged = self._judge(at, value)
            rows.append((*judged, self._episode.firing, *self._band))
            families.append(self.family)
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 7)
        return Readings(
            score=table[:, 0],
            started=table[:, 1] > 0,
            ended=table[:, 2] > 0,
            firing=table[:, 3] > 0,
            expected=table[:, 4],
            low=table[:, 5],
            high=table[:, 6],
            family=tuple(families),
        )

    def says(self) -> str:
        """Why, in one sentence, for the present or last episode; "" before the first."""
        return self._said

    def dump(self) -> bytes:
        """All that is known and asked for, to go on from after a restart; a few kB."""
        asked = {"looks": self.given_looks, "side": self.given_side, "sure": self.given_sure}
        return to_bytes(self, asked)

    @classmethod
    def load(cls, dumped: bytes, *, sure: float | None = None) -> "Detector":
        """Go on where `dump` was taken, with another bar if one is given.

        Raises ValueError when it is not the state of a detector of this version.
        """
        known, asked = read_bytes(dumped)
        try:
            bar = asked["sure"] if sure is None else sure
            detector = cls(Looks(asked["looks"]), side=asked["side"], sure=bar)
            fill(detector, known)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("this is not the state of a detector") from error
        return detector

    @property
    def family(self) -> Family:
        """What the series is, as far as is known."""
        if self._points < _WARM:
            return Family.AUTO
        if self._grain.sparse:
            return Family.SPARSE
        if self._season.daily:
            return Family.SEASONAL
        if self._up[_JUMP].heavy or self._down[_JUMP].heavy:
            return Family.BURSTY
        return Family.LEVEL

    def _learn_anew(self) -> None:
        """Forget all but the clock: the series begins, or turns out to be a counter."""
        self._points = 0
        self._grain = Grain()
        self._season = Season()
        self._seasonal = False
        self._level = Level()
        self._middle = Middle()
        self._shift, self._drift = Mean(10), Mean(50)
        self._season_shift, self._season_drift = Mean(10), Mean(50)
        self._restless = 1.0
        self._scale = self._wide = 0.0
        self._band = [math.nan, math.nan, math.nan]
        self._up = tuple(Tail(DEMANDS[view]) for view in View)
        self._down = tuple(Tail(DEMANDS[view]) for view in View)

    def _judge(self, at: float, value: float) -> tuple[float, bool, bool]:
        """(score, started, ended)."""
        if not -_MOST < value < _MOST:
            return 0.0, False, False
        clock = self._clock
        settled = clock.settled
        if not -_MOST < at < _MOST:
            at = clock.last if clock.last > -_MOST else 0.0
        gap = clock.tick(at)
        counter = self._counter
        if counter.follow(value):
            self._learn_anew()
        value = counter.change(at, value, clock.step)
        if value != value:
            return 0.0, False, False
        points = self._points = self._points + 1
        if points == 1:
            self._begin(value)
        elif settled != clock.settled or (points == 2 and settled):
            self._season = Season(clock.step, self._season.expected)
        stats = self._measure(at, value, gap)
        return self._decide(value, stats)

    def _begin(self, value: float) -> None:
        self._season = Season(self._clock.step, value)
        self._level.put(value)
        self._middle.put(value)
        self._grain.mode = value

    def _measure(self, at: float, value: float, gap: float) -> list[float]:
        """The statistics of a point, one for each view, and learn from it."""
        season, level, frozen = self._season, self._level, self._episode.frozen
        grain = self._grain.feed(value)
        off = season.look(at, value)
        if season.daily != self._seasonal:
            self._seasonal = season.daily
            level.move(-season.expected if self._seasonal else season.expected)
        pattern = season.expected if self._seasonal else 0.0
        if gap > _LONG_GAP and not self._seasonal:
            level.put(value)
        error, scale = level.feed(value - pattern, at, 1800 / self._clock.step, grain, frozen)
        self._scale = scale
        jump = error / scale
        size = jump if jump >= 0 else -jump
        self._restless += 0.1 * ((size if size < 4 else 4) - self._restless)
        stats = [
            jump,
            self._middle.feed(value, grain),
            self._shift.feed(season.from_mean, grain),
            self._drift.feed(season.from_mean, grain),
            self._restless,
            0.0,
            0.0,
            0.0,
        ]
        if season.known and season.days > _SEASON_FROM:
            wide = self._wide = 0.7 * season.wide + 0.3 * level.usual + grain
            wrong = off / wide
            stats[_SEASON] = wrong
            if wrong > _SEASON_MOST:
                wrong = _SEASON_MOST
            elif wrong < -_SEASON_MOST:
                wrong = -_SEASON_MOST
            stats[_SEASON_SHIFT] = self._season_shift.feed(wrong, 0.01)
            stats[_SEASON_DRIFT] = self._season_drift.feed(wrong, 0.01)
        season.learn(value, 5 * (season.wide + level.usual + grain), frozen)
        return stats

    def _decide(self, value: float, stats: list[float]) -> tuple[float, bool, bool]:
        """Hold each statistic against the tail of its past, and learn from it."""
        episode, frozen = self._episode, self._episode.frozen
        pattern = self._pattern()
        if self._points > _WARM:
            self._band = self._draw(pattern, bool(stats[_SEASON]))
        most, worst, over = 0.0, _JUMP, []
        for view, stat in enumerate(stats):
            if stat > 0:
                tail, heard = self._up[view], self.given_above
            elif stat < 0:
                stat, tail, heard = -stat, self._down[view], self.given_below
            else:
                continue
            beyond = stat / tail.limit
            if beyond >= 1:
                over.append((tail, stat))
                beyond = min(beyond, self._matters(view))
            elif not frozen:
                tail.see(stat)
            if beyond > most and (heard or view == _RESTLESS) and view in self.given_views:
                most, worst = beyond, view
        if self._points <= _WARM:
            for tail, stat in over:
                tail.see(stat)
            if self._points == _WARM:
                for tail in (*self._up[:_SEASON], *self._down[:_SEASON]):
                    tail.settle()
            return 0.0, False, False
        back = episode.firing and self._held.back(value, pattern)
        judged = episode.judge(self._clock.last, most / self.given_bar, back)
        if back:
            self._calm()
        for tail, stat in over:
            if episode.frozen:
                tail.mark(stat)
            else:
                tail.see(stat)
        if judged[1]:
            for tail, _ in over:
                tail.told()
            self._tell(View(worst), value, stats[worst])
        return judged

    def _calm(self) -> None:
        """The value is back: what the means still carry of the episode is no news."""
        for mean in (self._shift, self._drift, self._season_shift, self._season_drift):
            mean.mean = 0.0
        self._restless = 1.0

    def _matters(self, view: int) -> float:
        """How large an effect is beside what would matter, for the views that are means."""
        if view in (_SHIFT, _DRIFT):
            mean = (self._shift if view == _SHIFT else self._drift).mean
            return abs(mean) / (_MATERIAL * self._level.usual + 1e-30)
        if view in (_SEASON_SHIFT, _SEASON_DRIFT):
            mean = (self._season_shift if view == _SEASON_SHIFT else self._season_drift).mean
            return abs(mean) / _MATERIAL
        return math.inf

    def _pattern(self) -> float:
        season = self._season
        return season.expected + season.hour if self._seasonal and season.known else 0.0

    def _tell(self, view: View, value: float, stat: float) -> None:
        """An episode begins: say why, and hold what was normal."""
        expected, mean = self._usual(view, value)
        self._said = why(
            view,
            value,
            expected,
            mean,
            up=stat > 0,
            seasonal=self._seasonal,
            times=abs(stat),
            same=self._grain.same,
            mode=self._grain.mode,
            step=self._clock.step if self._counter.is_counter else 0.0,
        )
        pattern, (middle, low, high) = self._pattern(), self._band
        centre = 0.0 if pattern and view in (View.SHIFT, View.DRIFT) else expected - pattern
        self._held.start(centre, middle - low, high - middle, mean)

    def _usual(self, view: View, value: float) -> tuple[float, float]:
        """What a view expected, and how far its last points were off, if it is of several."""
        season = self._season
        if view in (View.JUMP, View.RESTLESS):
            return self._level.expected + (season.expected if self._seasonal else 0.0), 0.0
        if view is View.VALUE:
            return self._middle.expected, 0.0
        if view in (View.SHIFT, View.DRIFT):
            mean = (self._shift if view is View.SHIFT else self._drift).mean
            return value - season.from_mean, mean
        expected = season.expected + season.hour
        if view is View.SEASON:
            return expected, 0.0
        by = self._season_shift if view is View.SEASON_SHIFT else self._season_drift
        return expected, by.mean * self._wide

    def _draw(self, pattern: float, by_season: bool) -> list[float]:
        """[expected, low, high]: beyond them a point would be an alarm by itself."""
        if self._episode.firing:
            return list(self._held.band(pattern))
        # Every point comes through here: spelled out for speed.
        up, down, bar = self._up, self._down, self.given_bar
        season, middle = self._season, self._middle
        expected = self._level.expected + (season.expected if self._seasonal else 0.0)
        wide = self._scale * bar
        low, high = expected - down[_JUMP].limit * wide, expected + up[_JUMP].limit * wide
        tightest = high - low
        centre, wide = middle.expected, middle.wide * bar
        below, above = centre - down[_VALUE].limit * wide, centre + up[_VALUE].limit * wide
        if above - below < tightest:
            tightest, expected = above - below, centre
        low = low if low > below else below
        high = high if high < above else above
        if by_season:
            centre, wide = pattern if self._seasonal else season.expected + season.hour, self._wide
            wide *= bar
            below, above = centre - down[_SEASON].limit * wide, centre + up[_SEASON].limit * wide
            if above - below < tightest:
                expected = centre
            low = low if low > below else below
            high = high if high < above else above
        return [
            expected,
            low if low < expected else expected,
            high if high > expected else expected,
        ]


def _floats(numbers: Sequence[float] | NDArray[np.float64]) -> list[float]:
    floats: list[float] = np.asarray(numbers, dtype=np.float64).tolist()
    return floats
