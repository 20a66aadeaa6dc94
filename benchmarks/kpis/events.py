"""What goes wrong in a KPI: each kind changes a stretch of minutes."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.kpis.shapes import DAY, Minutes, Normal

Event = Callable[[Minutes, Normal, int, np.random.Generator], int]
"""(values, normal, start, rng) -> minutes it lasts; changes the values in place."""


def spike(values: Minutes, normal: Normal, start: int, rng: np.random.Generator) -> int:
    """A few minutes far above: rarely a record, mostly only for the hour."""
    return _push(values, normal, start, int(rng.integers(1, 6)), rng.uniform(7, 16))


def dip(values: Minutes, normal: Normal, start: int, rng: np.random.Generator) -> int:
    """A few minutes far below."""
    return _push(values, normal, start, int(rng.integers(2, 9)), -rng.uniform(7, 16))


def level_shift(values: Minutes, normal: Normal, start: int, rng: np.random.Generator) -> int:
    """Another level for half an hour to four hours, then as before."""
    sigmas = rng.uniform(4, 8) * rng.choice([-1, 1])
    return _push(values, normal, start, int(rng.integers(30, 240)), sigmas)


def ramp(values: Minutes, normal: Normal, start: int, rng: np.random.Generator) -> int:
    """Slowly up over one to four hours, and back at once: a leak, a queue that fills."""
    lasts = int(rng.integers(60, 240))
    shape = np.linspace(0, 1, lasts)[: len(values) - start]
    values[start : start + lasts] += shape * rng.uniform(8, 14) * normal.noise[start]
    return lasts


def lost_season(values: Minutes, normal: Normal, start: int, rng: np.random.Generator) -> int:
    """The daily pattern stands still for a third of a day: a stuck exporter, a cache."""
    lasts = int(rng.integers(DAY // 4, DAY // 2))
    stretch = slice(start, start + lasts)
    values[stretch] += normal.level[start] - normal.level[stretch]
    return lasts


def noise_burst(values: Minutes, normal: Normal, start: int, rng: np.random.Generator) -> int:
    """The same level, five to eight times as restless."""
    lasts = int(rng.integers(20, 90))
    stretch = slice(start, start + lasts)
    values[stretch] += rng.normal(0, rng.uniform(5, 8), lasts) * normal.noise[stretch]
    return lasts


def silence(values: Minutes, normal: Normal, start: int, rng: np.random.Generator) -> int:
    """Zero for a while: nothing arrives."""
    lasts = int(rng.integers(5, 60))
    values[start : start + lasts] = 0.0
    return lasts


def outbreak(values: Minutes, normal: Normal, start: int, rng: np.random.Generator) -> int:
    """Counts only: many times the usual rate for some minutes."""
    lasts = int(rng.integers(5, 40))
    stretch = slice(start, start + lasts)
    values[stretch] += rng.poisson(max(4.0, 25 * float(normal.level[start])), lasts)
    return lasts


WAVES: Mapping[str, Event] = {
    "spike": spike,
    "dip": dip,
    "level shift": level_shift,
    "ramp": ramp,
    "lost season": lost_season,
    "noise burst": noise_burst,
    "silence": silence,
}
COUNTS: Mapping[str, Event] = {"outbreak": outbreak}
BURSTS: Mapping[str, Event] = {"spike": spike, "level shift": level_shift, "silence": silence}
"""Of a queue, whose bursts hide all that is smaller."""
FLOWS: Mapping[str, Event] = {"spike": spike, "level shift": level_shift, "silence": silence}
"""Of a counter: what its rate can do."""


def _push(values: Minutes, normal: Normal, start: int, lasts: int, sigmas: float) -> int:
    """Up or down by so many standard deviations; a fall stops at a tenth of the level."""
    stretch = slice(start, start + lasts)
    moved = values[stretch] + sigmas * normal.noise[stretch]
    values[stretch] = np.maximum(moved, 0.1 * normal.level[stretch])
    return lasts
