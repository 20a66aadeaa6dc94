"""A served model as its monitors show it: steady, until something is said to leave its range."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from knowledge.model_or_infra import Bad, Case, Happened, Kind, Watched, What

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=3)
STEP_S = 600.0

USUAL: dict[Kind, tuple[float, Bad]] = {
    Kind.LATENCY: (0.1, Bad.UP),
    Kind.ERRORS: (0.002, Bad.UP),
    Kind.FALLBACK: (0.001, Bad.UP),
    Kind.CPU: (0.4, Bad.UP),
    Kind.MEMORY: (0.5, Bad.UP),
    Kind.GPU: (1410.0, Bad.DOWN),
    Kind.QUEUE: (1.0, Bad.UP),
    Kind.VOLUME: (90.0, Bad.EITHER),
    Kind.FRESHNESS: (0.5, Bad.UP),
    Kind.QUALITY: (0.003, Bad.UP),
    Kind.INPUTS: (0.01, Bad.UP),
    Kind.PREDICTIONS: (0.01, Bad.UP),
    Kind.REALISED: (12.0, Bad.UP),
    Kind.ESTIMATED: (12.0, Bad.UP),
    Kind.BUSINESS: (240.0, Bad.DOWN),
    Kind.NEIGHBOURS: (0.02, Bad.UP),
}
"""Kind -> (value at rest, which way is worse)."""


def watched(
    kind: Kind, to: float | None = None, at: datetime = NOW, over: timedelta = timedelta()
) -> Watched:
    """One signal of two days; from `at` on it goes `to`, at once or over some time."""
    usual, bad = USUAL[kind]
    times = np.arange(NOW.timestamp() - 2 * 86_400, NOW.timestamp(), STEP_S)
    values = usual * (1 + 0.01 * np.sin(times / 777))
    if to is not None:
        risen = np.clip((times - at.timestamp()) / max(over.total_seconds(), 1.0), 0, 1)
        values = values + (to - usual) * risen
    return Watched(kind, kind.value, times, values, bad)


def case(
    moved: dict[Kind, float],
    *happened: Happened,
    at: Callable[[Kind], datetime] = lambda kind: NOW - timedelta(hours=1),
    over: timedelta = timedelta(),
    without: tuple[Kind, ...] = (),
    asked: frozenset[What] = frozenset(What),
) -> Case:
    """All signals at rest but those that moved."""
    seen = tuple(
        watched(kind, moved.get(kind), at(kind), over) for kind in USUAL if kind not in without
    )
    return Case(NOW, BEGAN, seen, happened=happened, asked=asked, about="eta-model")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)
