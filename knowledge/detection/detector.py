"""One series, watched point by point."""

import json
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.detection.reading import ALARM, Family, Looks, Reading, Readings, Side

_VERSION = 0
_WARM = 30


class Detector:
    """Watches one series: one pass, bounded memory, one alarm an episode.

    `sure` is the bar of this detector, 0.5-1: a higher one wants more evidence.
    """

    def __init__(
        self, looks: Looks = Looks.ANY, *, side: Side = "both", sure: float = ALARM
    ) -> None:
        if not 0 < sure <= 1:
            raise ValueError("sure: must be above 0 and at most 1")
        self._looks, self._side, self._sure = looks, side, sure
        self._count = 0
        self._mean = self._spread = 0.0
        self._firing = False
        self._said = ""

    def feed(self, at: float, value: float) -> Reading:
        """Judge the next point: epoch seconds and a value. Never raises."""
        return self._step(at, value)

    def feed_many(
        self,
        times: Sequence[float] | NDArray[np.float64],
        values: Sequence[float] | NDArray[np.float64],
    ) -> Readings:
        """Judge the next points, as one by one, faster."""
        read = [self._step(at, value) for at, value in zip(times, values, strict=True)]
        return Readings(
            np.array([r.score for r in read], dtype=float),
            np.array([r.firing for r in read], dtype=bool),
            np.array([r.started for r in read], dtype=bool),
            np.array([r.ended for r in read], dtype=bool),
            np.array([r.expected for r in read], dtype=float),
            np.array([r.low for r in read], dtype=float),
            np.array([r.high for r in read], dtype=float),
            tuple(r.family for r in read),
        )

    def says(self) -> str:
        """Why, in one sentence, for the present or last episode; "" before the first."""
        return self._said

    def dump(self) -> bytes:
        """All that is known, to go on from after a restart."""
        state = {k: v for k, v in vars(self).items()}
        return json.dumps({"version": _VERSION, **state}).encode()

    @classmethod
    def load(cls, dumped: bytes) -> "Detector":
        """Go on where `dump` was taken. Raises ValueError when it is not from this version."""
        state = json.loads(dumped)
        if state.pop("version", None) != _VERSION:
            raise ValueError("a detector's state of another version")
        own = cls(Looks(state.pop("_looks")), side=state.pop("_side"), sure=state.pop("_sure"))
        vars(own).update(state)
        return own

    def _step(self, at: float, value: float) -> Reading:
        expected = self._mean
        if not math.isfinite(value):
            nan = math.nan
            return Reading(0.0, self._firing, False, False, nan, nan, nan, Family.AUTO)
        self._count += 1
        difference = value - expected
        spread = self._spread * 1.25
        width = 4 * spread
        z = abs(difference) / spread if spread > 0 else 0.0
        if (difference > 0 and self._side == "below") or (difference < 0 and self._side == "above"):
            z = 0.0
        score = 0.0 if self._count <= _WARM else 1 - 2 ** -(z / 6)
        now = score >= self._sure if not self._firing else score >= self._sure / 2
        reading = Reading(
            score,
            now,
            now and not self._firing,
            self._firing and not now,
            expected,
            expected - width,
            expected + width,
            Family.LEVEL if self._count > _WARM else Family.AUTO,
        )
        if reading.started:
            way = "above" if difference > 0 else "below"
            self._said = (
                f"{value:.4g} is {way} what is normal here, "
                f"{reading.low:.4g} to {reading.high:.4g}."
            )
        self._firing = now
        weight = 1 / min(self._count, 200)
        self._mean += weight * difference
        self._spread += weight * (abs(difference) - self._spread)
        return reading
