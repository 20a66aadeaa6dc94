"""Looks at models, over the ports where their data is."""

from dataclasses import dataclass
from datetime import datetime

from bot.watching.entry import Found
from knowledge.monitors import ModelMonitor, MonitorState, read_monitor
from knowledge.ports import Frames, Incidents, Metrics


@dataclass(frozen=True)
class Looks:
    """`looks(monitor, state, at)`: one look, decided. Raises what the ports raise."""

    frames: Frames
    metrics: Metrics
    incidents: Incidents

    def __call__(self, monitor: ModelMonitor, state: MonitorState, at: datetime) -> Found:
        one = _OneState(state)
        signals = read_monitor(
            monitor,
            metrics=self.metrics,
            frames=self.frames,
            incidents=self.incidents,
            states=one,
            now=at,
        )
        return Found(one.state, signals, (), one.state.rows[-1] if one.state.rows else 0)


@dataclass
class _OneState:
    """`MonitorStates` of one monitor."""

    state: MonitorState

    def get(self, name: str) -> MonitorState:
        return self.state

    def put(self, name: str, state: MonitorState) -> None:
        self.state = state
