"""What a KPI looks like when nothing is wrong, by the minute."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY = 1440
Minutes = NDArray[np.float64]


@dataclass(frozen=True)
class Normal:
    """A KPI without events: its level, the noise about it, and where it changed for good."""

    level: Minutes
    noise: Minutes
    """Standard deviation at each minute, in the units of the level."""
    values: Minutes
    deploys: tuple[int, ...] = ()
    """Minutes from which on another level is normal."""
    counts: bool = False
    """Whole numbers, drawn from Poisson's distribution: events change the rate."""


def web_traffic(days: int, rng: np.random.Generator) -> Normal:
    """Requests, orders, logins: daily and weekly pattern, noise that grows with the level."""
    level = _season(days, rng, depth=rng.uniform(0.5, 0.9), weekend=rng.uniform(0.4, 1.0))
    level *= 10 ** rng.uniform(1, 5)
    level, deploys = _changes(level, days, rng, steps=int(rng.integers(0, 3)))
    return _noisy(level, level * rng.uniform(0.015, 0.08), deploys, rng)


def latency(days: int, rng: np.random.Generator) -> Normal:
    """Milliseconds: follows the load a little, with a heavy tail to one side."""
    level = _season(days, rng, depth=rng.uniform(0.1, 0.4), weekend=rng.uniform(0.8, 1.0))
    level *= rng.uniform(20, 400)
    level, deploys = _changes(level, days, rng, steps=int(rng.integers(0, 3)))
    normal = _noisy(level, level * rng.uniform(0.03, 0.08), deploys, rng)
    tail = (rng.pareto(4.0, len(level)) + 1 - 4 / 3) * normal.noise
    return Normal(level, normal.noise * 1.4, normal.values + tail, deploys)


def utilisation(days: int, rng: np.random.Generator) -> Normal:
    """Per cent of a CPU or a pool: a level, bursts of scheduled jobs, at most 100."""
    level = np.full(days * DAY, rng.uniform(15, 55))
    level *= 1 + 0.1 * (_season(days, rng, depth=0.5, weekend=0.9) - 0.5)
    every, width = int(rng.choice([60, 360, DAY])), int(rng.integers(3, 12))
    offset = int(rng.integers(0, every))
    job = (np.arange(len(level)) - offset) % every < width
    level = level + job * rng.uniform(8, 30)
    normal = _noisy(level, np.full(len(level), rng.uniform(0.8, 2.5)), (), rng)
    return Normal(level, normal.noise, np.clip(normal.values, 0, 100))


def queue(days: int, rng: np.random.Generator) -> Normal:
    """Lengths of a queue: bursts of every size are its nature."""
    size = days * DAY
    level = np.full(size, rng.uniform(20, 200))
    bursts = np.zeros(size)
    for at in np.flatnonzero(rng.random(size) < 1 / 240):
        bursts[at : at + 60] += np.exp(-np.arange(min(60, size - at)) / rng.uniform(3, 12)) * (
            rng.exponential(1.0)
        )
    level = level * (1 + bursts)
    normal = _noisy(level, level * 0.08, (), rng)
    return Normal(level, normal.noise + level.std() * 1.5, np.maximum(normal.values, 0).round())


def errors(days: int, rng: np.random.Generator) -> Normal:
    """Failed requests a minute: mostly none."""
    rate = _season(days, rng, depth=0.6, weekend=0.8) * rng.uniform(0.02, 0.3)
    return Normal(rate, np.sqrt(rate), rng.poisson(rate).astype(float), counts=True)


def bytes_counter(days: int, rng: np.random.Generator) -> Normal:
    """What `web_traffic` adds up to; `generate` sums it up after the events are in."""
    return web_traffic(days, rng)


def _season(
    days: int, rng: np.random.Generator, *, depth: float, weekend: float
) -> NDArray[np.float64]:
    """A positive pattern about 1: a smooth day with two peaks, quieter weekends, holidays."""
    minute = np.arange(days * DAY)
    hour = minute % DAY / DAY * 2 * np.pi
    phase = rng.uniform(0, 2 * np.pi)
    second, third = rng.uniform(0.1, 0.5), rng.uniform(0.0, 0.2)
    wave = np.cos(hour - phase) + second * np.cos(2 * (hour - phase) + rng.uniform(0, 2 * np.pi))
    wave += third * np.cos(3 * hour + rng.uniform(0, 2 * np.pi))
    wave = (wave - wave.min()) / (wave.max() - wave.min())
    day = minute // DAY
    factor = np.where(day % 7 >= 5, weekend, 1.0)
    holiday = int(rng.integers(days // 2, days))
    factor = np.where((day == holiday) & (factor == 1.0), (1 + weekend) / 2, factor)
    # Each day is a little more or less than the last, and midnight is no cliff.
    factor = factor * np.exp(rng.normal(0, 0.025, days))[day]
    smooth = np.convolve(np.pad(factor, 90, mode="edge"), np.full(181, 1 / 181), mode="valid")
    return (1 - depth + depth * wave) * smooth


def _changes(
    level: Minutes, days: int, rng: np.random.Generator, steps: int
) -> tuple[Minutes, tuple[int, ...]]:
    """A trend, a slow wander, and deploys after which another level is normal."""
    size = len(level)
    wander = np.cumsum(rng.normal(0, 0.03, days + 1))
    slow = np.interp(np.arange(size), np.arange(days + 1) * DAY, wander)
    level = level * np.exp(slow - slow[0] + rng.uniform(-0.1, 0.3) * np.arange(size) / size)
    deploys = sorted(int(m) for m in rng.integers(size // 3, size - DAY, steps))
    for minute in deploys:
        level[minute:] *= rng.choice([rng.uniform(0.75, 0.88), rng.uniform(1.12, 1.3)])
    return level, tuple(deploys)


def _noisy(
    level: Minutes, noise: Minutes, deploys: tuple[int, ...], rng: np.random.Generator
) -> Normal:
    """Half of the noise lasts a few minutes, half is of the minute, a hundredth is wider."""
    size = len(level)
    white = rng.normal(0, 1, size) * np.where(rng.random(size) < 0.01, 2.0, 1.0)
    lasting, kept = np.empty(size), rng.uniform(0.5, 0.9)
    state, scale = 0.0, float(np.sqrt(1 - kept * kept))
    for i, push in enumerate(rng.normal(0, 1, size)):
        state = kept * state + scale * push
        lasting[i] = state
    return Normal(level, noise, level + noise * (0.7 * white + 0.7 * lasting), deploys)
