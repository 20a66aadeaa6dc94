"""Read one monitor through the ports."""

from datetime import datetime

from knowledge.monitors.look import Yardsticks, look_at
from knowledge.monitors.metric import decide_metric
from knowledge.monitors.spec import AnyMonitor, MetricMonitor
from knowledge.monitors.state import MonitorStates, recall, state_key
from knowledge.ports import Frames, Incidents, Metrics
from knowledge.records import Signal


def read_monitor(
    monitor: AnyMonitor,
    *,
    metrics: Metrics,
    frames: Frames,
    incidents: Incidents,
    states: MonitorStates,
    now: datetime,
    yardsticks: Yardsticks | None = None,
) -> list[Signal]:
    """Poll one monitor: the signals to take in. Raises what the ports raise; the state then stays
    as it was, so that nothing is lost and nothing told twice."""
    key = state_key(monitor)
    state = states.get(key)
    if state is None:
        state = recall(monitor, _open_signals(incidents))
    if isinstance(monitor, MetricMonitor):
        samples = metrics.instant(monitor.query, now)
        state, signals = decide_metric(monitor, state, samples, now)
    else:
        looked = look_at(
            monitor, frames=frames, metrics=metrics, now=now, state=state, yardsticks=yardsticks
        )
        state, signals = looked.state, looked.signals
    states.put(key, state)
    return signals


def _open_signals(incidents: Incidents) -> list[Signal]:
    return [s for incident in incidents.find(open_only=True, limit=1000) for s in incident.firing]
