"""Reads long spans of metrics, in pieces that a Prometheus answers."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from knowledge.monitors import MetricMonitor
from knowledge.records import Series

MOST_POINTS = 10_000
"""Of one series in one piece; Prometheus refuses more than 11,000."""

ReadRange = Callable[[MetricMonitor, datetime, datetime, float], list[Series]]


def read_range(
    read: ReadRange, monitor: MetricMonitor, start: datetime, end: datetime, step_s: float
) -> list[Series]:
    """All of [start, end] at this step, however long it is. Raises what `read` raises."""
    step, pieces = timedelta(seconds=step_s), []
    while start <= end:
        until = min(end, start + step * (MOST_POINTS - 1))
        pieces += read(monitor, start, until, step_s)
        start = until + step
    return joined(pieces)


def joined(pieces: list[Series]) -> list[Series]:
    """Pieces of one series, oldest first, as one."""
    of: dict[frozenset[tuple[str, str]], list[Series]] = {}
    for piece in pieces:
        of.setdefault(frozenset(piece.labels.items()), []).append(piece)
    return [
        parts[0]
        if len(parts) == 1
        else Series(
            parts[0].labels,
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.values for part in parts]),
        )
        for parts in of.values()
    ]
