"""Monitors: rules that poll a metric or a model and may produce signals.

Deciding is pure: a state and what was read go in, a state and signals come out. One episode gives
one firing signal and one resolving signal, both with the same fingerprint and `starts_at`.
"""

from knowledge.monitors.file import load_monitors, parse_monitors
from knowledge.monitors.metric import decide_metric
from knowledge.monitors.model import decide_model
from knowledge.monitors.poll import read_monitor
from knowledge.monitors.spec import (
    AnyMonitor,
    MetricMonitor,
    ModelMonitor,
    Normal,
    Side,
)
from knowledge.monitors.state import (
    SOURCE,
    MemoryStates,
    MonitorState,
    MonitorStates,
    Watch,
    fingerprint,
    recall,
    state_key,
)
from knowledge.monitors.step import step
from knowledge.monitors.watched import Watched

__all__ = [
    "SOURCE",
    "AnyMonitor",
    "MemoryStates",
    "MetricMonitor",
    "ModelMonitor",
    "MonitorState",
    "MonitorStates",
    "Normal",
    "Side",
    "Watch",
    "Watched",
    "decide_metric",
    "decide_model",
    "fingerprint",
    "load_monitors",
    "parse_monitors",
    "read_monitor",
    "recall",
    "state_key",
    "step",
]
