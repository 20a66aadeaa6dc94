"""KPIs of a seed: values by the minute, what went wrong when, and the files of it."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kpis.events import BURSTS, COUNTS, FLOWS, WAVES, Event
from benchmarks.kpis.shapes import (
    DAY,
    Minutes,
    Normal,
    bytes_counter,
    errors,
    latency,
    queue,
    utilisation,
    web_traffic,
)

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""
QUIET_DAYS = 7
"""Nothing goes wrong in the first week: what is normal can be learned."""
APART = 300
"""Minutes of peace between two events."""


@dataclass(frozen=True)
class Shape:
    draw: Callable[[int, np.random.Generator], Normal]
    events: Mapping[str, Event]
    counter: bool = False


SHAPES: Mapping[str, Shape] = {
    "traffic_a": Shape(web_traffic, WAVES),
    "traffic_b": Shape(web_traffic, WAVES),
    "traffic_c": Shape(web_traffic, WAVES),
    "latency_a": Shape(latency, WAVES),
    "latency_b": Shape(latency, WAVES),
    "utilisation": Shape(utilisation, WAVES),
    "queue": Shape(queue, BURSTS),
    "errors": Shape(errors, COUNTS),
    "counter": Shape(bytes_counter, FLOWS, counter=True),
}


@dataclass(frozen=True)
class Happening:
    kind: str
    first: int
    """Row of the series."""
    last: int


@dataclass(frozen=True)
class Kpi:
    """One series: rows with gaps and a repeated stamp, and what went wrong."""

    name: str
    times: NDArray[np.float64]
    """Epoch seconds."""
    values: Minutes
    events: tuple[Happening, ...]
    changes: tuple[Happening, ...]
    """Deploys: one alarm in the three hours after is neither right nor wrong."""


def generate(seed: int, days: int = 28) -> list[Kpi]:
    """The KPIs of a seed, the same on every machine."""
    return [
        _one(name, shape, days, np.random.default_rng([seed, number]))
        for number, (name, shape) in enumerate(SHAPES.items())
    ]


def _one(name: str, shape: Shape, days: int, rng: np.random.Generator) -> Kpi:
    normal = shape.draw(days, rng)
    values = np.maximum(normal.values, 0)
    events: list[tuple[str, int, int]] = []
    for start in _starts(days, normal.deploys, rng):
        kind = str(rng.choice(list(shape.events)))
        before = values.copy()
        lasts = shape.events[kind](values, normal, start, rng)
        if kind == "lost season" and _moved(values - before, normal, start, lasts) < 5:
            # The pattern is flat at this hour: nothing went wrong that anyone could see.
            values = before
            continue
        events.append((kind, start, start + lasts - 1))
    values = np.maximum(values, 0)
    if shape.counter:
        values = _count_up(values, rng)
    kept = _kept(len(values), events, rng)
    rows = np.flatnonzero(kept)
    times = START.timestamp() + 60.0 * rows
    for row in rng.integers(DAY, len(rows) - 1, 2):
        times[row] = times[row - 1]
    deploys = [("deploy", minute, minute + 180) for minute in normal.deploys]
    return Kpi(name, times, values[rows], _happenings(events, rows), _happenings(deploys, rows))


def _starts(days: int, deploys: tuple[int, ...], rng: np.random.Generator) -> list[int]:
    """One to two events every two days, away from each other and from deploys."""
    taken = list(deploys)
    starts: list[int] = []
    for minute in rng.integers(QUIET_DAYS * DAY, days * DAY - DAY, 3 * days):
        if len(starts) < days // 2 and all(abs(minute - t) > APART + DAY // 2 for t in taken):
            starts.append(int(minute))
            taken.append(int(minute))
    return sorted(starts)


def _moved(change: Minutes, normal: Normal, start: int, lasts: int) -> float:
    """How far an event moved its values at most for half an hour, in standard deviations."""
    sigmas = np.abs(change[start : start + lasts]) / normal.noise[start : start + lasts]
    return float(np.sort(sigmas)[-30:].mean())


def _count_up(rates: Minutes, rng: np.random.Generator) -> Minutes:
    """A counter that starts anew three times, as after restarts."""
    total = np.cumsum(rates)
    for minute in sorted(rng.integers(DAY, len(rates), 3)):
        total[minute:] -= total[minute]
    return np.asarray(total.round(3))


def _kept(
    size: int, events: list[tuple[str, int, int]], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which minutes were collected: single ones are missing, and three longer gaps."""
    kept = rng.random(size) > 0.002
    for start in rng.integers(DAY, size - DAY, 3):
        kept[start : start + int(rng.integers(5, 120))] = False
    for _, first, last in events:
        kept[first : last + 1] = True
    return kept


def _happenings(
    spans: list[tuple[str, int, int]], rows: NDArray[np.int64]
) -> tuple[Happening, ...]:
    return tuple(
        Happening(kind, int(np.searchsorted(rows, first)), int(np.searchsorted(rows, last)))
        for kind, first, last in spans
    )


def write(kpis: list[Kpi], out: Path) -> None:
    """Files as NAB has them: data/<group>/<name>.csv, labels/combined_windows.json."""
    (out / "data" / "kpis").mkdir(parents=True, exist_ok=True)
    (out / "labels").mkdir(exist_ok=True)
    for kpi in kpis:
        with (out / "data" / "kpis" / f"{kpi.name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["timestamp", "value"])
            writer.writerows(
                (_stamp(at), f"{value:.10g}")
                for at, value in zip(kpi.times, kpi.values, strict=True)
            )
    for title, field in (("combined_windows", "events"), ("changes", "changes")):
        spans = {
            f"kpis/{kpi.name}.csv": [
                [_stamp(kpi.times[h.first]), _stamp(kpi.times[h.last])] for h in getattr(kpi, field)
            ]
            for kpi in kpis
        }
        (out / "labels" / f"{title}.json").write_text(json.dumps(spans, indent=1) + "\n")
    kinds = {f"kpis/{kpi.name}.csv": [h.kind for h in kpi.events] for kpi in kpis}
    (out / "labels" / "kinds.json").write_text(json.dumps(kinds, indent=1) + "\n")


def _stamp(at: float) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(at))).strftime(
        "%Y-%m-%d %H:%M:%S"
    )
