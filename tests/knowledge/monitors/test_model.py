from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.drift import DriftReport, compare, profile
from knowledge.incidents import severity_of
from knowledge.monitors import Looked, ModelMonitor, MonitorState
from knowledge.monitors.endpoint import EndpointFigure
from knowledge.monitors.model import Seen, decide_look, sure_of
from knowledge.performance import assess, make_yardstick
from knowledge.performance.yardstick import Yardstick
from knowledge.records import ColumnRoles, Frame, Severity, Signal, SignalKind
from skills.testing import NOON

HOUR = timedelta(hours=1)
ROLES = ColumnRoles(label="y", probability="p")


def frame(rows: int = 2000, seed: int = 0, **moved: float) -> Frame:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(moved.get(name, 0.0), 1, rows) for name in "abcdefgh"}


REFERENCE = profile(frame())


def report(current: Frame, usual_rows: float = 0.0) -> DriftReport:
    return compare(REFERENCE, current, usual_rows=usual_rows)


def seen(current: Frame | None = None, **given: Any) -> Seen:
    made = report(frame(seed=1) if current is None else current)
    return Seen(made, NOON - HOUR, NOON, **given)


def run(
    windows: Sequence[Seen], state: MonitorState | None = None, **spec: Any
) -> tuple[Looked, list[tuple[int, Signal]]]:
    """One look an hour; what was told, with the number of the look."""
    monitor = ModelMonitor(model="fraud", **spec)
    told: list[tuple[int, Signal]] = []
    state = state or MonitorState()
    looked = None
    for number, window in enumerate(windows):
        looked = decide_look(monitor, state, window, NOON + number * HOUR)
        state = looked.state
        told += [(number, signal) for signal in looked.signals]
    assert looked is not None
    return looked, told


CALM, MOVED = seen(), seen(frame(seed=2, a=1.0))


def test_two_of_three_windows_fire_and_two_normal_ones_resolve() -> None:
    _, told = run([MOVED, CALM, MOVED, MOVED, CALM, CALM])
    assert [(n, s.kind, s.firing) for n, s in told] == [
        (2, SignalKind.DRIFT, True),
        (5, SignalKind.DRIFT, False),
    ]
    assert told[0][1].fingerprint == told[1][1].fingerprint


def test_one_bad_window_in_three_says_nothing() -> None:
    assert run([MOVED, CALM, CALM, MOVED, CALM, CALM])[1] == []


def test_a_drift_signal_says_what_moved_how_sure_and_never_pages() -> None:
    _, [(_, signal)] = run([MOVED, MOVED], severity="critical")
    assert signal.summary == "fraud: inputs drift, 1 of 8 columns moved, most of all a"
    assert signal.name == "ModelDrift"
    assert severity_of(signal.severity) >= severity_of("warning")
    assert signal.labels["pages"] == "no"
    assert float(signal.labels["sure"]) > 0.95
    assert signal.labels["columns"] == "a"


def test_the_look_keeps_the_figures_that_were_decided_by() -> None:
    look = run([MOVED])[0].look
    assert (look.verdict, look.rows, look.model) == ("drifting", 2000, "fraud")
    assert look.figures["columns drifted"] == 1
    assert look.figures["drift"] > 0.5
    assert look.figures["sure drift"] > 0.95
    assert look.findings[0].startswith("inputs drift")
    calm = run([CALM])[0].look
    assert (calm.verdict, calm.findings) == ("stable", ())


def test_a_raised_bar_tells_less() -> None:
    little = seen(frame(seed=2, a=0.3))
    assert [s.labels["sure"] for _, s in run([little, little])[1]] != []
    assert run([little, little], sure=0.9)[1] == []


def test_what_carries_little_weight_moves_without_alarm_and_is_said() -> None:
    weights = {"a": 0.1, **dict.fromkeys("bcdefgh", 2.0)}
    light = seen(frame(seed=2, a=1.0), weights=weights)
    looked, told = run([light, light, light])
    assert told == []
    assert looked.look.verdict == "stable"
    assert looked.look.findings == ("minor drift: a moved, which matter little to the model",)
    assert run([seen(frame(seed=2, b=1.0), weights=weights)] * 2)[1] != []


def test_answers_that_move_are_told_apart_from_inputs() -> None:
    moved = compare(profile(frame(), predictions=("h",)), frame(seed=3, h=1.0))
    window = Seen(moved, NOON - HOUR, NOON)
    looked, [(_, signal)] = run([window, window])
    assert signal.summary == "fraud: answers drift (h), inputs do not"
    assert looked.look.figures["prediction drift"] > 0.5
    assert looked.look.figures["columns drifted"] == 0


def test_broken_data_comes_first_and_broken_columns_are_not_judged() -> None:
    rows = frame(seed=2)
    broken = seen({**rows, "a": np.where(np.arange(2000) % 3 == 0, np.nan, rows["a"] + 2)})
    looked, [(_, signal)] = run([broken, broken], severity="critical")
    assert (signal.kind, signal.name) == (SignalKind.QUALITY, "ModelDataQuality")
    assert signal.summary.startswith("fraud: its data is unsound: a missing 0.0% → 33")
    assert severity_of(signal.severity) == severity_of("critical") == Severity.SEV1
    assert "pages" not in signal.labels
    assert looked.look.verdict == "broken data"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"a": np.array(["x"] * 2000, dtype=object)}, "a numeric in the reference"),
        ({"a": np.ones(2000)}, "a every row holds 1"),
    ],
)
def test_a_column_that_changed_type_or_became_constant(changed: Frame, said: str) -> None:
    window = seen({**frame(seed=1), **changed})
    _, [(_, signal)] = run([window, window])
    assert said in signal.summary


def test_a_vanished_column_is_named() -> None:
    rows = {name: values for name, values in frame(seed=1).items() if name != "a"}
    _, [(_, signal)] = run([seen(rows)] * 2)
    assert signal.summary == (
        "fraud: its data is unsound: a in the reference, not in the current data"
    )


def test_no_rows_where_there_used_to_be_some_is_a_finding() -> None:
    empty = seen({name: values[:0] for name, values in frame().items()})
    assert run([empty, empty, empty])[1] == []
    _, [(number, signal)] = run([CALM, empty, empty])
    assert (number, signal.summary) == (2, "fraud: no rows have come in")


def test_few_rows_say_nothing() -> None:
    few = seen(frame(150, seed=2, a=3.0))
    looked, told = run([few, few, few])
    assert told == []
    assert looked.look.verdict == "not enough data"
    assert "drift" not in looked.look.figures


# Performance ---------------------------------------------------------------------------------


def answers(rows: int, seed: int, turned: float = 0.0, shift: float = 0.5) -> Frame:
    """A calibrated log; in `turned` of its rows the truth is the opposite."""
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(0.5, 0.5, rows) * 2 * shift, 0, 1)
    y = (rng.random(rows) < p).astype(float)
    return {"p": p, "y": np.where(rng.random(rows) < turned, 1 - y, y)}


@pytest.fixture(scope="module")
def yardstick() -> Yardstick:
    return make_yardstick(answers(10_000, 0), ROLES)


def performing(yardstick: Yardstick, turned: float = 0.0, **given: Any) -> Seen:
    told = assess(yardstick, answers(3000, 1, turned))
    return Seen(report(frame(seed=1)), NOON - HOUR, NOON, current=told, labelled=told, **given)


def test_worse_answers_fire_as_realised_and_may_page(yardstick: Yardstick) -> None:
    worse = performing(yardstick, 0.2)
    looked, [(_, signal)] = run([worse, worse], severity="critical")
    assert (signal.kind, signal.name) == (SignalKind.PERFORMANCE, "ModelPerformance")
    assert signal.summary.startswith("fraud: performs worse, realised AUC 0.")
    assert signal.labels["basis"] == "realised"
    assert signal.severity == "critical"
    assert "pages" not in signal.labels
    assert looked.look.verdict == "performing worse"
    assert looked.look.figures["realised auc"] < looked.look.figures["usual auc"] - 0.1
    assert looked.look.figures["labelled"] == 1.0
    assert "concept drift" in signal.description


def test_an_estimate_fires_as_such_and_never_pages(yardstick: Yardstick) -> None:
    rng = np.random.default_rng(0)
    unsure = {"p": np.clip(0.5 + rng.normal(0, 0.05, 3000), 0, 1), "y": np.full(3000, np.nan)}
    told = assess(yardstick, unsure)
    window = seen()
    window = Seen(window.report, NOON - HOUR, NOON, current=told, labelled=told)
    looked, [(_, signal)] = run([window, window], severity="critical")
    assert signal.name == "ModelPerformanceEstimate"
    assert "is expected to perform worse, estimated AUC" in signal.summary
    assert (signal.labels["pages"], signal.labels["basis"]) == ("no", "estimated")
    assert severity_of(signal.severity) >= severity_of("warning")
    assert "it is no proof" in signal.description
    assert looked.look.verdict == "expected to perform worse"
    assert "realised auc" not in looked.look.figures
    # Labels come and all is well: the estimate's episode ends.
    well = performing(yardstick)
    _, [(number, over)] = run([well, well], looked.state)
    assert (number, over.firing, over.fingerprint) == (1, False, signal.fingerprint)


def test_another_version_starts_with_a_clean_slate(yardstick: Yardstick) -> None:
    old, new = performing(yardstick, 0.2, version="3"), performing(yardstick, 0.2, version="4")
    assert run([old, new])[1] == []
    looked, told = run([old, new, new])
    assert [(n, s.labels["version"]) for n, s in told] == [(2, "4")]
    assert looked.look.version == "4"


# Endpoint ------------------------------------------------------------------------------------


def test_a_slow_endpoint_is_its_services_trouble() -> None:
    slow = EndpointFigure("latency p99", 2.0, 0.5, strength=3.0)
    cheap = EndpointFigure("cost per inference", 0.01, 0.01)
    window = seen(endpoint=(slow, cheap), service="scorer")
    looked, [(_, signal)] = run([window, window], severity="critical")
    assert (signal.name, signal.service) == ("ModelEndpoint", "scorer")
    assert signal.summary == "fraud: its endpoint's latency p99 is 2, 0.5 is usual at this hour"
    assert signal.labels["model"] == "fraud"
    assert looked.look.verdict == "endpoint worse"
    assert looked.look.figures["latency p99"] == 2.0
    assert looked.look.figures["cost per inference"] == 0.01


def test_a_window_of_the_same_rows_is_not_counted_twice() -> None:
    again = Seen(MOVED.report, NOON - HOUR, NOON, unchanged=True)
    assert run([MOVED, again, again])[1] == []


def test_what_could_not_be_looked_at_is_said_last() -> None:
    look = run([seen(frame(seed=2, a=1.0), problems=("performance is not judged: why",))])[0].look
    assert look.findings[-1] == "performance is not judged: why"


@pytest.mark.parametrize(
    ("strength", "sure"), [(-1, 0.0), (0, 0.0), (1, 0.5), (2, 0.75), (99, 0.99)]
)
def test_how_sure_grows_with_the_effect(strength: float, sure: float) -> None:
    assert sure_of(strength) == pytest.approx(sure)
