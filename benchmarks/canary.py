"""How often does the watch over a new champion cry wolf, and how soon does it see what is wrong?

    python -m benchmarks.canary                     200 watches of a day for each line
    python -m benchmarks.canary --watches 50 --write benchmarks/canary.md

Seeded worlds of two weeks and a day, minute by minute: traffic by the hour of the day and of the
week with days that differ, errors and latency that wander, and every other day a few minutes in
which latency or errors burst for reasons that are nobody's release. What is read is the mean of the
last minute or, as rate() over [5m] does, of the last five.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.promotion.canary import EVIDENCE, slots_of
from knowledge.promotion.figures import RULES, SLOT, STEP, judge
from knowledge.promotion.glaring import MINUTES, glaring, limit_of
from knowledge.promotion.policy import CanaryRule
from knowledge.records import Series

Array = NDArray[np.float64]
Delays = Mapping[str, float | None]

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = 1440
DAYS = 15
RULE = CanaryRule()
OTHERS = 1_000_000
"""Seeds of the worlds in which something is wrong begin here."""
WORSE = {"errors": "errors x 2", "latency": "latency x 1.5", "volume": "volume x 0.5"}
OUTRIGHT = {"errors": "errors x 20", "latency": "latency x 5"}
"""A release that breaks its service: seen in minutes."""


@dataclass(frozen=True)
class Traffic:
    name: str
    per_second: float
    errors: float
    window: int = 1
    """Minutes that one value is the mean of."""
    days: int = 14
    """How much of the past there is."""


TRAFFIC = (
    Traffic("50/s, 0.5% errors, [1m]", 50, 0.005),
    Traffic("50/s, 0.5% errors, [5m]", 50, 0.005, 5),
    Traffic("50/s, 0.5% errors, [1m], one day of past", 50, 0.005, days=1),
    Traffic("5/s, 1% errors, [1m]", 5, 0.01),
    Traffic("5/s, 1% errors, [5m]", 5, 0.01, 5),
    Traffic("0.5/s, 1% errors, [1m]", 0.5, 0.01),
)


@dataclass
class World:
    """Per minute: requests, mean latency in seconds and the share of errors."""

    requests: NDArray[np.int64]
    latency: Array
    errors: Array
    moved: int

    def worsen(self, name: str, rng: np.random.Generator, at: int, outright: bool) -> None:
        if name == "errors":
            self.errors[at:] = np.minimum(self.errors[at:] * (20 if outright else 2), 1)
        elif name == "latency":
            self.latency[at:] *= 5 if outright else 1.5
        else:
            self.requests[at:] = rng.binomial(self.requests[at:], 0.5)


def make_world(traffic: Traffic, rng: np.random.Generator) -> World:
    minutes = np.arange((DAYS + 1) * DAY)
    phase = rng.uniform(0, 2 * np.pi)
    season = 1 + 0.5 * np.sin(2 * np.pi * minutes / DAY + phase)
    week = np.where(minutes // DAY % 7 >= 5, 0.8, 1.0)
    level = np.exp(wander(rng, len(minutes), 0.1, 600) + wander(rng, len(minutes), 0.03, 20))
    requests = rng.poisson(traffic.per_second * 60 * season * week * level)
    slow = np.exp(wander(rng, len(minutes), 0.06, 400) + wander(rng, len(minutes), 0.04, 15))
    latency = 0.1 * np.exp(0.2 * (season - 1)) * slow
    errors = traffic.errors * np.exp(wander(rng, len(minutes), 0.15, 300))
    for _ in range(rng.poisson((DAYS + 1) / 2)):
        begin = rng.integers(0, len(minutes))
        burst = slice(begin, begin + rng.integers(2, 6))
        latency[burst] *= rng.uniform(1.3, 2.5)
        errors[burst] = np.minimum(errors[burst] * rng.uniform(2, 6), 0.5)
    return World(requests, latency, errors, DAYS * DAY - int(rng.integers(0, DAY)))


def wander(rng: np.random.Generator, many: int, spread: float, memory: float) -> Array:
    """An autoregressive walk of the first order with that standard deviation."""
    keep = float(np.exp(-1 / memory))
    steps = rng.normal(0, spread * np.sqrt(1 - keep**2), many)
    steps[0] = rng.normal(0, spread)
    walk = np.empty(many)
    value = 0.0
    for index, step in enumerate(steps.tolist()):
        value = keep * value + step
        walk[index] = value
    return walk


def figures(world: World, window: int, rng: np.random.Generator) -> Mapping[str, Array]:
    """What Prometheus would answer, minute by minute."""
    failed = rolling(rng.binomial(world.requests, world.errors).astype(np.float64), window)
    count = rolling(world.requests.astype(np.float64), window)
    # A high quantile of few requests is less sure than that of many.
    noise = 0.5 / np.sqrt(np.maximum(world.requests * 0.05, 1))
    latency = world.latency * np.exp(rng.normal(0, 1, len(noise)) * noise)
    return {
        "errors": failed / np.maximum(count, 1),
        "latency": rolling(latency, window) / window,
        "volume": count / (60 * window),
    }


def rolling(values: Array, window: int) -> Array:
    return np.convolve(values, np.ones(window))[: len(values)]


def first_alarm(name: str, values: Array, moved: int, past: int, minutes: int) -> float | None:
    """Minutes from the move until the watch calls it worse; it looks whenever a slot is over."""
    moment = START + moved * STEP
    times = START.timestamp() + 60.0 * np.arange(len(values), dtype=np.float64)
    before = slice(max(moved - past, 0), moved)
    known = Series({}, times[before], values[before])
    settled = moment + RULE.settle

    after = slice(moved, moved + minutes)
    since = Series({}, times[after], values[after])
    trail = judge(RULES[name], known, since, moment, settled, slots_of(RULE)).trail
    first = next((n for n, won in enumerate(trail, 1) if won >= EVIDENCE), None)
    by_bets = None if first is None else (RULE.settle + first * SLOT) / STEP
    return _earlier(by_bets, _first_glaring(name, known, since, settled.timestamp()))


def _first_glaring(name: str, known: Series, since: Series, settled: float) -> float | None:
    """Minutes from the move until it is beyond anything seen before; it looks every minute."""
    limit = limit_of(RULES[name], known)
    first = int(np.searchsorted(since.times, settled))
    for minute in range(first + MINUTES, len(since.times) + 1):
        lately = since.values[max(minute - MINUTES, first) : minute]
        if glaring(RULES[name], limit, lately) is not None:
            return float(minute)
    return None


def _earlier(one: float | None, other: float | None) -> float | None:
    there = [moment for moment in (one, other) if moment is not None]
    return min(there, default=None)


def watch(
    traffic: Traffic, seed: int, minutes: int, worse: str = "", outright: bool = False
) -> Delays:
    """By figure the minute of the alarm; with `worse` only this one is, from the move on."""
    rng = np.random.default_rng(seed)
    world = make_world(traffic, rng)
    if worse:
        world.worsen(worse, rng, world.moved, outright)
    read = figures(world, traffic.window, rng)
    return {
        name: first_alarm(name, read[name], world.moved, traffic.days * DAY, minutes)
        for name in ([worse] if worse else WORSE)
    }


@dataclass(frozen=True)
class Row:
    traffic: Traffic
    alarms: int
    watches: int
    delays: Mapping[str, Sequence[float | None]]
    outright: Mapping[str, Sequence[float | None]]

    def cells(self) -> Sequence[str]:
        wolf = f"{self.alarms} of {self.watches} ({self.alarms / self.watches:.1%})"
        return (
            self.traffic.name,
            wolf,
            *(_say_delay(self.delays[n]) for n in WORSE),
            *(_say_delay(self.outright[n]) for n in OUTRIGHT),
        )


def _say_delay(delays: Sequence[float | None]) -> str:
    hits = [d for d in delays if d is not None]
    share = f"{len(hits)} of {len(delays)}"
    if not hits:
        return share
    return f"{share}, {np.median(hits):.0f} min ({np.quantile(hits, 0.9):.0f})"


def measure(traffic: Traffic, watches: int) -> Row:
    calm = [watch(traffic, seed, DAY) for seed in range(watches)]
    alarms = sum(any(v is not None for v in one.values()) for one in calm)
    delays = {
        name: [watch(traffic, OTHERS + seed, 240, name)[name] for seed in range(watches // 4)]
        for name in WORSE
    }
    outright = {
        name: [
            watch(traffic, OTHERS + seed, 60, name, outright=True)[name]
            for seed in range(watches // 4)
        ]
        for name in OUTRIGHT
    }
    return Row(traffic, alarms, watches, delays, outright)


def table(rows: Sequence[Row]) -> str:
    header = ("traffic", "a day with nothing wrong: alarms", *WORSE.values(), *OUTRIGHT.values())
    lines = [header, ("---",) * len(header), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--watches", type=int, default=200)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    rows = [measure(traffic, asked.watches) for traffic in TRAFFIC]
    text = f"""# The watch over a new champion

{table(rows)}

Found within four hours of the move, and what breaks outright within one: how many, the median delay
from the move and, in brackets, the slowest tenth. The first {RULE.settle.seconds // 60} minutes
after a move are not judged. Each line:
{asked.watches} watches of a day with nothing wrong, three figures each, and {asked.watches // 4}
with each fault. `python -m benchmarks.canary --write benchmarks/canary.md` makes this table.
"""
    print(text)
    if asked.write:
        asked.write.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
