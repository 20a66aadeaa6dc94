from datetime import timedelta

import numpy as np
import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames, MemoryMetrics
from knowledge.errors import NotFound
from knowledge.monitors import (
    AnyMonitor,
    MemoryStates,
    MetricMonitor,
    ModelMonitor,
    read_monitor,
)
from knowledge.records import Signal
from skills.testing import NOON

HOUR = timedelta(hours=1)


def read(
    monitor: AnyMonitor, frames: MemoryFrames, states: MemoryStates, hour: int
) -> list[Signal]:
    metrics = MemoryMetrics()
    metrics.add("q", 5)
    return read_monitor(
        monitor,
        metrics=metrics,
        frames=frames,
        incidents=MemoryStore().incidents,
        states=states,
        now=NOON + hour * HOUR,
    )


def test_a_metric_and_a_model_are_read_by_one_function() -> None:
    rng = np.random.default_rng(0)
    frames = MemoryFrames()
    frames.set_reference("fraud", {"x": rng.normal(size=2000)})
    states = MemoryStates()
    limit = MetricMonitor(name="m", query="q", above=1)
    (told,) = read(limit, frames, states, 0)
    assert told.name == "m"
    model = ModelMonitor(model="fraud", window=HOUR)
    signals = []
    for hour in range(1, 3):
        frames.log("fraud", NOON + hour * HOUR - HOUR / 2, {"x": rng.normal(2, 1, 1000)})
        signals += read(model, frames, states, hour)
    assert [signal.name for signal in signals] == ["ModelDrift"]


def test_a_model_that_cannot_be_read_leaves_the_state_as_it_was() -> None:
    states = MemoryStates()
    with pytest.raises(NotFound):
        read(ModelMonitor(model="fraud"), MemoryFrames(), states, 0)
    assert states.get("model:fraud") is None
