"""Pure: how one signal stands now, against what is usual for it at this time of day.

Usual is the median of the earlier days at the same hour, or of all that was before where there are
no earlier days; the spread is 1.4826 times the median absolute deviation from it (Hampel 1974),
never less than what would matter to people. Now is the median of the newest points, so that one
spike is no news.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from knowledge.model_or_infra.evidence import Bad, Case, Kind, Reading, Watched, readings_of

Floats = NDArray[np.float64]

DAY_S, HOUR_S = 86_400.0, 3_600.0
NEAR_S = 2_700.0
"""Points of other days within so much of the time of day are comparable."""
FEWEST = 6
"""Fewer points before trouble began say nothing of what is usual."""
NEWEST_S = 1_800.0
"""Of so long, at least `NEWEST` points, is the median taken that stands for now."""
NEWEST = 2
LEFT = 3.5
"""In usual spreads: from here on a signal has left its usual range."""
SUDDEN_S = 3_600.0
"""Half of the way within so long is sudden."""


@dataclass(frozen=True)
class Matters:
    """The least spread: as a share of the usual value, and in the signal's own unit."""

    share: float
    least: float


MATTERS: dict[Kind, Matters] = {
    Kind.LATENCY: Matters(0.07, 0.002),
    Kind.ERRORS: Matters(0.1, 0.002),
    Kind.FALLBACK: Matters(0.1, 0.003),
    Kind.CPU: Matters(0.04, 0.02),
    Kind.GPU_LOAD: Matters(0.04, 0.02),
    Kind.MEMORY: Matters(0.03, 0.01),
    Kind.GPU: Matters(0.04, 0.0),
    Kind.QUEUE: Matters(0.15, 0.3),
    Kind.VOLUME: Matters(0.05, 0.0),
    Kind.FRESHNESS: Matters(0.2, 0.0),
    Kind.QUALITY: Matters(0.2, 0.006),
    Kind.INPUTS: Matters(0.1, 0.02),
    Kind.PREDICTIONS: Matters(0.1, 0.015),
    Kind.REALISED: Matters(0.02, 0.0),
    Kind.ESTIMATED: Matters(0.01, 0.0),
    Kind.BUSINESS: Matters(0.03, 0.0),
    Kind.NEIGHBOURS: Matters(0.07, 0.002),
}
"""What is less moves nobody to act, however steady a signal usually is."""


def read(case: Case) -> tuple[Reading, ...]:
    """All readings of a case, the most unusual first; of a signal with too little before or since
    nothing is said."""
    measured = [found for seen in case.watched if (found := measure(seen, case)) is not None]
    every = readings_of(case, measured)
    return tuple(sorted(every, key=lambda reading: -reading.unusual))


def measure(seen: Watched, case: Case) -> Reading | None:
    """None where there is nothing to compare, or nothing since trouble began."""
    known = np.isfinite(seen.values) & (seen.times <= case.now.timestamp())
    times, values = seen.times[known], seen.values[known]
    before = times < case.began.timestamp()
    if before.sum() < FEWEST or before.all():
        return None
    usual = _usual(times, values, before)
    off = values - usual
    spread = _spread(off[before], float(np.median(values[before])), MATTERS[seen.kind])
    worse = _worse(off, seen.bad) / spread
    noticed = case.noticed.timestamp() if case.noticed else None
    newest = _newest(times, ~before, noticed)
    return Reading(
        kind=seen.kind,
        name=seen.name,
        now=float(np.median(values[newest])),
        usual=float(np.median(usual[newest])),
        unusual=float(np.median(worse[newest])),
        since=_since(times, worse, before),
        sudden=_sudden(times, worse, before),
        up=bool(np.median(off[newest]) >= 0),
        unit=seen.unit,
        breadth=seen.breadth,
        place=seen.place,
    )


def _usual(times: Floats, values: Floats, before: NDArray[np.bool_]) -> Floats:
    """What each point would usually be."""
    overall = float(np.median(values[before]))
    if times[before][-1] - times[before][0] < 1.5 * DAY_S:
        return np.full(len(values), overall)
    clock = times % DAY_S
    grid = np.arange(0.0, DAY_S, 900.0)
    past_clock, past = clock[before], values[before]
    apart = np.abs(grid[:, None] - past_clock[None, :])
    near = np.minimum(apart, DAY_S - apart) <= NEAR_S
    levels = np.where(near.sum(axis=1) >= NEWEST, _medians(past, near), overall)
    return np.asarray(np.interp(clock, grid, levels, period=DAY_S))


def _medians(values: Floats, taken: NDArray[np.bool_]) -> Floats:
    """Of each row's taken values; NaN for none. One sort is many times faster than many medians."""
    ordered = np.sort(np.where(taken, values, np.nan), axis=1)
    count = taken.sum(axis=1)
    rows = np.arange(len(taken))
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    return np.asarray((ordered[rows, low] + ordered[rows, high]) / 2)


def _spread(off: Floats, level: float, matters: Matters) -> float:
    usual = 1.4826 * float(np.median(np.abs(off - np.median(off))))
    return max(usual, matters.share * abs(level), matters.least, 1e-12)


def _worse(off: Floats, bad: Bad) -> Floats:
    if bad is Bad.UP:
        return off
    return -off if bad is Bad.DOWN else np.abs(off)


def _newest(
    times: Floats, since: NDArray[np.bool_], noticed: float | None = None
) -> NDArray[np.bool_]:
    """The newest points; of trouble that is younger than NEWEST_S only those since it began."""
    first = max(times[-1] - NEWEST_S, noticed if noticed is not None else -np.inf)
    inside: NDArray[np.bool_] = since & (times >= first)
    if inside.sum() >= NEWEST:
        return inside
    last = np.zeros(len(times), dtype=bool)
    last[np.flatnonzero(since)[-NEWEST:]] = True
    return last


def _since(times: Floats, worse: Floats, before: NDArray[np.bool_]) -> datetime | None:
    """The first point since trouble began from which on it is mostly beyond its usual range, at
    once and to the end: a spike an hour before is not its beginning."""
    after = np.flatnonzero(~before)
    beyond = worse[after] > LEFT
    if len(beyond) < NEWEST or not beyond[-NEWEST:].any():
        return None
    # From each point to the end: which share lies beyond?
    share = np.cumsum(beyond[::-1])[::-1] / np.arange(len(beyond), 0, -1)
    ahead = np.convolve(np.append(beyond, [beyond[-1]] * 2), np.ones(3), "valid")
    starts = np.flatnonzero(beyond & (ahead >= NEWEST) & (share >= 0.7))
    return datetime.fromtimestamp(float(times[after[starts[0]]]), UTC) if len(starts) else None


def _sudden(times: Floats, worse: Floats, before: NDArray[np.bool_]) -> bool | None:
    """Did it go half of the way to its worst within SUDDEN_S?"""
    after = np.flatnonzero(~before)
    worst = float(np.quantile(worse[after], 0.9))
    if worst < 1.5 * LEFT or len(after) < 4:
        return None
    at = times[after]
    low = np.flatnonzero(worse[after] > 0.2 * worst)
    high = np.flatnonzero(worse[after] > 0.7 * worst)
    if not len(low) or not len(high):
        return None
    return bool(at[high[0]] - at[low[0]] <= SUDDEN_S)


def unusual(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Those that have left their usual range."""
    return tuple(reading for reading in readings if reading.unusual > LEFT)
