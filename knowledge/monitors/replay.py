"""Series from the past, as the polls that would have seen them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from knowledge.records import Sample, Series

Poll = tuple[datetime, list[Sample]]
_HOLE = 1.5
"""Times further apart than so many steps have a hole between them."""


def usual_step(
    series: Sequence[Series], every: timedelta, start: datetime, end: datetime
) -> timedelta:
    """How far apart polls of this data can be at best: its own step between the two times, where
    that is longer than `every`."""
    times = _moments(series)
    times = times[(times >= start.timestamp()) & (times <= end.timestamp())]
    if len(times) < 3:
        return every
    return max(every, timedelta(seconds=float(np.median(np.diff(times)))))


def polls(
    series: Sequence[Series], start: datetime, end: datetime, step: timedelta | None = None
) -> Iterator[Poll]:
    """One poll for each time at which any series has a value in [start, end]; with `step`, also
    empty ones in the holes and up to `end`."""
    moments = _moments(series)
    first, last = start.timestamp(), end.timestamp()
    moments = moments[(moments >= first) & (moments <= last)]
    if step is not None:
        moments = _without_holes(moments, first, last, step.total_seconds())
    read = [_Reader(one) for one in series]
    for moment in moments.tolist():
        at = datetime.fromtimestamp(moment, UTC)
        values = ((reader.labels, reader.at(moment)) for reader in read)
        yield at, [Sample(labels, at, value) for labels, value in values if value is not None]


class _Reader:
    """Reads one series from its beginning to its end."""

    def __init__(self, series: Series) -> None:
        order = np.argsort(series.times, kind="stable")
        self.labels = series.labels
        self._times: list[float] = series.times[order].tolist()
        self._values: list[float] = series.values[order].tolist()
        self._place = 0

    def at(self, moment: float) -> float | None:
        """Its value then, the last one where there are several; None where there is none. Later
        moments only."""
        found = None
        while self._place < len(self._times) and self._times[self._place] <= moment:
            if self._times[self._place] == moment:
                found = self._values[self._place]
            self._place += 1
        return found


def _moments(series: Sequence[Series]) -> NDArray[np.float64]:
    if not series:
        return np.empty(0)
    return np.unique(np.concatenate([one.times for one in series]))


def _without_holes(
    moments: NDArray[np.float64], first: float, last: float, step: float
) -> NDArray[np.float64]:
    if not len(moments):
        return np.empty(0)
    ends = np.append(moments, last + step)
    filled = [moments]
    for at, following in pairwise(ends):
        if following - at > _HOLE * step:
            filled.append(np.arange(at + step, following - step / 2, step))
    found = np.concatenate(filled)
    return np.sort(found[found <= last])
