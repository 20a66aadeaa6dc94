"""Read one monitor through the ports."""

from datetime import datetime
from statistics import median

from knowledge.drift import compare
from knowledge.monitors.metric import decide_metric
from knowledge.monitors.model import decide_model
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
        current = frames.current(monitor.model, now - monitor.window, now)
        # Windows that overlap are alike, so a few of them tell what is usual.
        usual = median(state.rows) if len(state.rows) >= 3 else 0.0
        report = compare(
            frames.profile(monitor.model),
            current,
            weights=frames.roles(monitor.model).weights,
            usual_rows=usual,
        )
        state, signals = decide_model(monitor, state, report, now)
    states.put(key, state)
    return signals


def _open_signals(incidents: Incidents) -> list[Signal]:
    return [s for incident in incidents.find(open_only=True, limit=1000) for s in incident.firing]
