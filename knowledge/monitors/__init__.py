"""Monitors: rules that poll a metric or a model and may produce signals.

Deciding is pure: a state and what was read go in, a state and signals come out. One episode gives
one firing signal and one resolving signal, both with the same fingerprint and `starts_at`.
"""

from knowledge.monitors.backtest import backtest
from knowledge.monitors.catch_up import Missed, catch_up, history, missed
from knowledge.monitors.codec import dump_state, load_state
from knowledge.monitors.file import (
    MonitorsFile,
    SourceSpec,
    load_file,
    load_monitors,
    parse_file,
    parse_monitors,
)
from knowledge.monitors.look import Yardsticks, look_at
from knowledge.monitors.metric import decide_metric, problem_of, trace, traces
from knowledge.monitors.model import Looked, decide_model
from knowledge.monitors.sources import Sources
from knowledge.monitors.spec import (
    AnyMonitor,
    MetricMonitor,
    ModelMonitor,
    Normal,
    Side,
)
from knowledge.monitors.state import (
    SOURCE,
    MonitorState,
    Watch,
    fingerprint,
    recall,
    state_key,
)
from knowledge.monitors.step import step
from knowledge.monitors.watched import Watched
from knowledge.monitors.words import say_normal

__all__ = [
    "SOURCE",
    "AnyMonitor",
    "Looked",
    "MetricMonitor",
    "Missed",
    "ModelMonitor",
    "MonitorState",
    "MonitorsFile",
    "Normal",
    "Side",
    "SourceSpec",
    "Sources",
    "Watch",
    "Watched",
    "Yardsticks",
    "backtest",
    "catch_up",
    "decide_metric",
    "decide_model",
    "dump_state",
    "fingerprint",
    "history",
    "load_file",
    "load_monitors",
    "load_state",
    "look_at",
    "missed",
    "parse_file",
    "parse_monitors",
    "problem_of",
    "recall",
    "say_normal",
    "state_key",
    "step",
    "trace",
    "traces",
]
