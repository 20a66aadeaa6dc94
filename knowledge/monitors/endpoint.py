"""Is a model's endpoint slower, more faulty or dearer than it usually is at this hour?

What is usual is the median of the same hour of earlier days, what varies their median absolute
deviation; an hour to either side counts too, so that the change of clocks is no surprise. A figure
is worse when it is both out of the ordinary and worse by a factor that matters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import TandemError
from knowledge.ports import Metrics
from knowledge.records import Series

PAST = timedelta(days=14)
LEAST_STEP = timedelta(minutes=5)
DAY_S = 86_400.0
HOUR_S = 3_600.0
FEWEST = 3
"""Fewer earlier days say nothing."""
DEVIATIONS = 4.0
LEAST_SPREAD = 0.1
"""Of what is usual: a series that never moved may move by that."""
NAMES: Mapping[str, str] = {
    "latency": "latency p99",
    "errors": "errors",
    "cost": "cost per inference",
    "tokens": "tokens per inference",
    "volume": "volume",
}
"""What a Look calls them, by their key in the model's settings."""
FACTORS: Mapping[str, float] = {"latency": 1.5, "errors": 2.0, "cost": 1.3, "tokens": 1.5}
"""From how many times the usual on it matters; what is not named is shown and not judged."""
LEAST_ERRORS = 0.01
"""A share of errors that is no worse than this matters to nobody."""


@dataclass(frozen=True)
class EndpointFigure:
    """One figure of the endpoint now. `strength` is 1 where it begins to count as worse."""

    name: str
    value: float
    usual: float | None
    """None where its past is too short."""
    strength: float = 0.0
    series: str = ""
    """Which of several series of the answer, by its labels."""

    @property
    def sentence(self) -> str:
        of = f" of {self.series}" if self.series else ""
        if self.usual is None:
            return f"{self.name}{of} is {self.value:.4g}; its past is too short to compare with"
        return f"{self.name}{of} is {self.value:.4g}, {self.usual:.4g} is usual at this hour"


def read_endpoint(
    queries: Mapping[str, str], metrics: Metrics, now: datetime, every: timedelta
) -> tuple[list[EndpointFigure], list[str]]:
    """The figures of an endpoint's queries, and in words which of them could not be read."""
    figures: list[EndpointFigure] = []
    problems: list[str] = []
    step = max(every, LEAST_STEP).total_seconds()
    for key, query in queries.items():
        if not query:
            continue
        try:
            series = metrics.range(query, now - PAST, now, step)
        except TandemError as error:
            # What the endpoint does is one part of a look; the others must not fail with it.
            problems.append(f"its endpoint's {NAMES.get(key, key)} cannot be read: {error}")
            continue
        figure = judge_endpoint(key, series, now, step)
        if figure is None:
            problems.append(f"its endpoint's {NAMES.get(key, key)}: the query gives no value now")
        else:
            figures.append(figure)
    return figures, problems


def judge_endpoint(
    key: str, series: Sequence[Series], now: datetime, step_s: float
) -> EndpointFigure | None:
    """The worst of a query's series now; None where none has a value."""
    found = [
        made
        for one in series
        if (made := _judge_series(key, one, now.timestamp(), step_s, named=len(series) > 1))
    ]
    return max(found, key=lambda f: (f.strength, f.value), default=None)


def _judge_series(
    key: str, series: Series, now: float, step_s: float, named: bool
) -> EndpointFigure | None:
    finite = np.isfinite(series.values)
    times, values = series.times[finite], series.values[finite]
    recent = values[times > now - max(2 * step_s, HOUR_S)]
    if not len(recent):
        return None
    value = float(np.median(recent[-3:]))
    name = NAMES.get(key, key)
    labels = ", ".join(f"{k}={v}" for k, v in sorted(series.labels.items())) if named else ""
    past = _same_hour(times, values, now)
    if len(past) < FEWEST:
        return EndpointFigure(name, value, None, series=labels)
    usual = float(np.median(past))
    spread = 1.4826 * float(np.median(np.abs(past - usual)))
    return EndpointFigure(name, value, usual, _strength(key, value, usual, spread), labels)


def _same_hour(
    times: NDArray[np.float64], values: NDArray[np.float64], now: float
) -> NDArray[np.float64]:
    """One value for each earlier day: the median within an hour of this time of day."""
    days = np.round((now - times) / DAY_S)
    near = np.abs(now - times - days * DAY_S) <= HOUR_S
    return np.array(
        [
            np.median(values[near & (days == day)])
            for day in range(1, PAST.days + 1)
            if (near & (days == day)).any()
        ]
    )


def _strength(key: str, value: float, usual: float, spread: float) -> float:
    factor = FACTORS.get(key)
    if factor is None or value <= usual or (key == "errors" and value < LEAST_ERRORS):
        return 0.0
    deviations = (value - usual) / max(spread, LEAST_SPREAD * abs(usual), 1e-12)
    grown = (value / usual - 1) / (factor - 1) if usual > 0 else DEVIATIONS
    return min(deviations / DEVIATIONS, grown)
