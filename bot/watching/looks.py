"""Looks at models, over the ports where their data is."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.watching.entry import Found
from knowledge.monitors import ModelMonitor, MonitorState, Yardsticks, look_at
from knowledge.ports import Frames, Metrics


@dataclass(frozen=True)
class Looks:
    """`looks(monitor, state, at)`: one look, decided. Raises what the ports raise."""

    frames: Frames
    metrics: Metrics
    """Where the figures of models' endpoints are."""
    yardsticks: Yardsticks = field(default_factory=Yardsticks)

    def __call__(self, monitor: ModelMonitor, state: MonitorState, at: datetime) -> Found:
        looked = look_at(
            monitor,
            frames=self.frames,
            metrics=self.metrics,
            now=at,
            state=state,
            yardsticks=self.yardsticks,
        )
        return Found(looked.state, looked.signals, (looked.look,), 1)
