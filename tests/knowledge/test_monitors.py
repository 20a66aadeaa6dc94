from datetime import timedelta

import numpy as np
import pytest

from knowledge.adapters.memory.telemetry import MemoryFrames, MemoryMetrics
from knowledge.drift import compare
from knowledge.errors import UserError
from knowledge.monitors import (
    MetricMonitor,
    MonitorState,
    decide_metric,
    decide_model,
    parse_monitors,
    recall,
)
from knowledge.records import Sample, Signal, SignalKind
from skills.testing import NOON

MINUTE = timedelta(minutes=1)
P99 = """
[[metric]]
name = "p99"
query = "p99"
above = 1.5
recover = 1.2
for = "2m"
service = "checkout"
summary = "p99 of {route} is {value} s"
"""


def monitor() -> MetricMonitor:
    (only,) = parse_monitors(P99)
    assert isinstance(only, MetricMonitor)
    return only


def poll(
    values: list[float | None], state: MonitorState | None = None, start: int = 0
) -> tuple[MonitorState, list[Signal]]:
    """One value a minute; None is an answer without series."""
    state, told = state or MonitorState(), []
    for minute, value in enumerate(values, start):
        at = NOON + minute * MINUTE
        samples = [] if value is None else [Sample({"route": "/pay"}, at, value)]
        state, signals = decide_metric(monitor(), state, samples, at)
        told += signals
    return state, told


def test_one_signal_when_it_has_lasted_and_one_when_it_is_over() -> None:
    _, (firing, resolving) = poll([1, 2, 2, 2, 9, 1.3, 2, 1, 1, 1, 1])
    assert firing.starts_at == NOON + MINUTE
    assert firing.received_at == NOON + 3 * MINUTE
    assert firing.summary == "p99 of /pay is 2 s"
    assert (firing.kind, firing.service, firing.firing) == (SignalKind.METRIC, "checkout", True)
    assert resolving.ends_at == NOON + 7 * MINUTE
    assert resolving.fingerprint == firing.fingerprint
    assert resolving.starts_at == firing.starts_at


def test_a_short_spike_says_nothing() -> None:
    assert poll([1, 2, 2, 1, 2, 2, 1])[1] == []


def test_a_restart_within_an_episode_tells_nothing_twice_and_still_resolves() -> None:
    _, (firing,) = poll([2, 2, 2])
    state, told = poll([2, 2, 2], recall(monitor(), [firing]), start=3)
    assert told == []
    _, (resolving,) = poll([1, 1, 1], state, start=6)
    assert (resolving.fingerprint, resolving.starts_at) == (firing.fingerprint, firing.starts_at)


def test_silence_is_a_finding_of_its_own_and_keeps_what_fires() -> None:
    state, told = poll([2, 2, 2, None, None, None, None, None])
    assert [signal.name for signal in told] == ["p99", "p99: no data"]
    _, told = poll([2], state, start=8)
    assert [(signal.name, signal.firing) for signal in told] == [("p99: no data", False)]


def test_no_data_ever_is_no_finding() -> None:
    assert poll([None] * 30)[1] == []


def frames(drifting: bool) -> MemoryFrames:
    rng = np.random.default_rng(1)
    made = MemoryFrames()
    made.set_reference("fraud", {"amount": rng.normal(size=2000)})
    made.log("fraud", NOON, {"amount": rng.normal(drifting * 2.0, 1, 2000)})
    return made


def test_two_of_three_windows_fire_and_two_normal_ones_resolve() -> None:
    (watched,) = parse_monitors('[[model]]\nmodel = "fraud"')
    state, told = MonitorState(), []
    for hour, drifting in enumerate((True, False, True, True, False, False)):
        made, at = frames(drifting), NOON + timedelta(hours=hour)
        current = made.current("fraud", NOON, NOON + MINUTE)
        report = compare(made.profile("fraud"), current)
        assert not isinstance(watched, MetricMonitor)
        state, signals = decide_model(watched, state, report, at)
        told += [(hour, signal.kind, signal.firing, signal.severity) for signal in signals]
    assert told == [
        (2, SignalKind.DRIFT, True, "warning"),
        (5, SignalKind.DRIFT, False, "warning"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[metric]]\nname = "a"', "line 1, metric 'a': give either"),
        (
            '\n[[metric]]\nname = "a"\nquery = "q"\nabove = 1\nevry = "1m"',
            "line 6, metric 'a': evry",
        ),
        ('[[metric]]\nname = "a"\nquery = "q"\nabove = 1\nevery = "soon"', "write for example 45m"),
        ('[[model]]\nmodel = "m"\nneeds = "most"', 'write it as "2 of 3"'),
        ('[[model]]\nmodel = "m"\nwindow = "0m"', "longer than nothing"),
        ("[[metric]", "not valid TOML"),
        ("[[gauge]]\nx = 1", "[[metric]] or [[model]]"),
    ],
)
def test_wrong_fields_are_named_with_line_monitor_and_remedy(text: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_monitors(text)
    assert said in str(raised.value)


def test_memory_metrics_answer_like_a_prometheus() -> None:
    metrics = MemoryMetrics()
    metrics.add("up", 1, {"job": "api"})
    metrics.add("up", lambda at: float("nan"), {"job": "gone"})
    assert [sample.labels for sample in metrics.instant("up", NOON)] == [{"job": "api"}]
    (series,) = metrics.range("up", NOON, NOON + MINUTE, 30)
    assert series.values.tolist() == [1, 1, 1]
