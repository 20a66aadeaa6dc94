"""A monitor polled minute by minute, as the running bot does."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.monitors import MetricMonitor, MonitorState, decide_metric
from knowledge.records import Sample, Series, Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Polled:
    """One monitor, the state it is in and what it has told so far. Values are one series' or, as a
    mapping from the label `pod`, several; None is an answer without series."""

    def __init__(self, **fields: Any) -> None:
        self.monitor = MetricMonitor.model_validate(
            {"name": "m", "query": "q", "every": "1m", **fields}
        )
        self.state = MonitorState()
        self.told: list[Signal] = []
        self.now = NOON

    def __call__(
        self, values: Sequence[float | Mapping[str, float] | None] | NDArray[np.float64]
    ) -> list[Signal]:
        """Poll once a minute; what these polls told."""
        before = len(self.told)
        for value in values:
            given = {} if value is None else value
            pods = given if isinstance(given, Mapping) else {"": given}
            samples = [
                Sample({"pod": pod} if pod else {}, self.now, float(v)) for pod, v in pods.items()
            ]
            self.state, signals = decide_metric(self.monitor, self.state, samples, self.now)
            self.told += signals
            self.now += MINUTE
        return self.told[before:]

    def tune(self, **fields: Any) -> None:
        given = self.monitor.model_dump(by_alias=True, exclude_unset=True)
        self.monitor = MetricMonitor.model_validate({**given, **fields})

    def away(self, length: timedelta) -> None:
        """Nobody polls for so long."""
        self.now += length


@pytest.fixture
def polled() -> Callable[..., Polled]:
    return Polled


@pytest.fixture
def series() -> Callable[..., Series]:
    """A series of one value a minute from NOON on."""

    def make(values: Sequence[float] | NDArray[np.float64], **labels: str) -> Series:
        times = NOON.timestamp() + np.arange(0, 60.0 * len(values), 60.0)
        return Series(labels, times, np.asarray(values, dtype=np.float64))

    return make
