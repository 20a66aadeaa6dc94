"""A small shop whose telemetry is made here: what is broken in it is known."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.causes import Case, Readings, Symptom
from knowledge.records import Series

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
STEP = timedelta(minutes=1)
CALM_ROWS, WINDOW_ROWS, FAULT_ROW = 120, 14, 10
EDGES = (("web", "search"), ("web", "pay"), ("pay", "bank"), ("pay", "db"), ("search", "db"))
RATES = {"web": 50.0, "search": 30.0, "pay": 10.0, "bank": 10.0, "db": 60.0}
USUAL = {"web": 0.200, "search": 0.050, "pay": 0.300, "bank": 0.120, "db": 0.004}
SLOW = Symptom("web", "latency_avg")
Change = Mapping[tuple[str, str], float]
"""(service, signal) -> what the failure adds."""


def shop(
    added: Change | None = None,
    symptom: Symptom = SLOW,
    seed: int = 1,
    **more: Any,
) -> Case:
    """A case of the shop in which the failure adds to signals."""
    draw = np.random.default_rng(seed)
    began = AT - FAULT_ROW * STEP
    window = _readings(draw, began, WINDOW_ROWS, added or {})
    calm = _readings(draw, AT - timedelta(days=1), CALM_ROWS, {})
    return Case("shop-1", AT, STEP, symptom, window, calm, **({"edges": EDGES} | more))


def series(values: NDArray[np.float64] | list[float], start: datetime = AT) -> Series:
    rows = np.asarray(values, dtype=np.float64)
    times = start.timestamp() + STEP.total_seconds() * np.arange(len(rows), dtype=np.float64)
    return Series({}, times, rows)


def _readings(draw: np.random.Generator, start: datetime, rows: int, added: Change) -> Readings:
    failing = np.arange(rows) >= FAULT_ROW
    found: dict[str, dict[str, Series]] = {}
    for service, rate in RATES.items():
        levels = {
            "latency_avg": draw.normal(USUAL[service], 0.05 * USUAL[service], rows),
            "error_rate": draw.poisson(0.001 * rate * 60, rows) / (rate * 60),
            "requests": draw.normal(rate, 0.05 * rate, rows),
            "cpu": draw.normal(30, 2, rows),
        }
        found[service] = {
            name: series(values + failing * added.get((service, name), 0.0), start)
            for name, values in levels.items()
        }
    return found
