from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.adapters.absent import AbsentMetrics
from knowledge.adapters.memory.telemetry import MemoryFrames, MemoryMetrics
from knowledge.errors import NotFound
from knowledge.monitors import (
    Looked,
    ModelMonitor,
    MonitorState,
    Yardsticks,
    dump_state,
    load_state,
    look_at,
)
from knowledge.records import ColumnRoles, Frame, ModelFacts, Signal
from skills.testing import NOON

HOUR = timedelta(hours=1)
ROLES = ColumnRoles(label="y", probability="p", version="v", slices=("merchant",), groups=("sex",))


def log(rows: int, seed: int, *, turned: float = 0.0, version: str = "7", **given: Any) -> Frame:
    """A calibrated log; in `turned` of its rows the truth is the opposite."""
    rng = np.random.default_rng(seed)
    x = rng.normal(given.get("shift", 0.0), 1, rows)
    merchant = rng.choice(["a", "b", "c"], rows).astype(object)
    p = 1 / (1 + np.exp(-2 * x))
    y = (rng.random(rows) < p).astype(float)
    weak = merchant == given.get("weak", "")
    y = np.where((rng.random(rows) < turned) | (weak & (rng.random(rows) < 0.5)), 1 - y, y)
    return {
        "x": x,
        "merchant": merchant,
        "sex": rng.choice(["f", "m"], rows).astype(object),
        "v": np.full(rows, version, dtype=object),
        "p": p,
        "y": np.full(rows, np.nan) if given.get("unlabelled") else y,
    }


class World:
    """One model whose log grows by the hour, looked at every hour."""

    def __init__(self, roles: ColumnRoles = ROLES, **facts: Any) -> None:
        self.frames = MemoryFrames()
        self.frames.set_reference("fraud", log(8000, 0), roles, ModelFacts(**facts))
        self.metrics = MemoryMetrics()
        self.state = MonitorState()
        self.yardsticks = Yardsticks()
        self.hour = 0
        self.told: list[Signal] = []

    def after(self, logged: Frame | None, **spec: Any) -> Looked:
        """An hour passes, in which these rows are logged, and there is a look."""
        at = NOON + self.hour * HOUR
        if logged is not None:
            self.frames.log("fraud", at, logged)
        self.hour += 1
        monitor = ModelMonitor.model_validate({"model": "fraud", "window": "1h", **spec})
        looked = look_at(
            monitor,
            frames=self.frames,
            metrics=self.metrics,
            now=at + HOUR,
            state=self.state,
            yardsticks=self.yardsticks,
        )
        restored = load_state(dump_state(looked.state), "model:fraud")
        assert restored is not None
        self.state = restored
        self.told += looked.signals
        return looked

    def names(self) -> Sequence[tuple[str, bool]]:
        return [(signal.name, signal.firing) for signal in self.told]


def test_windows_as_usual_are_looked_at_without_a_word() -> None:
    world = World()
    for seed in range(8):
        look = world.after(log(1500, seed + 1)).look
        assert (look.verdict, look.version) == ("stable", "7")
    assert world.told == []
    assert look.figures["realised auc"] == pytest.approx(look.figures["usual auc"], abs=0.03)
    assert look.figures["estimated auc"] == pytest.approx(look.figures["usual auc"], abs=0.03)


def test_worse_answers_fire_once_and_are_over_once_also_over_restarts() -> None:
    world = World()
    for hour, turned in enumerate((0.0, 0.3, 0.3, 0.3, 0.0, 0.0, 0.0)):
        world.after(log(1500, hour + 1, turned=turned))
    assert world.names() == [("ModelPerformance", True), ("ModelPerformance", False)]
    assert world.told[0].starts_at == NOON + 3 * HOUR
    assert world.told[1].ends_at == NOON + 6 * HOUR


def test_drift_that_costs_nothing_is_drift_alone() -> None:
    world = World()
    for seed in range(3):
        look = world.after(log(1500, seed + 1, shift=0.4)).look
    assert {name for name, _ in world.names()} == {"ModelDrift"}
    assert "inputs drift" in world.told[0].summary
    assert look.verdict == "drifting"


def test_before_labels_come_the_estimate_speaks_and_after_them_the_realised_one() -> None:
    """Labels take two hours: the window of two hours ago is realised, the newest is estimated."""
    world = World(label_delay=2 * HOUR)
    for hour in range(3):
        world.after(log(1500, hour + 1))
    world.frames = MemoryFrames()
    world.frames.set_reference("fraud", log(8000, 0), ROLES, ModelFacts(label_delay=2 * HOUR))
    world.frames.log("fraud", NOON + 1 * HOUR, log(1500, 9, turned=0.3))
    looked = world.after(log(1500, 4, unlabelled=True))
    figures = looked.look.figures
    assert figures["realised auc"] < figures["usual auc"] - 0.1
    assert figures["estimated auc"] == pytest.approx(figures["usual auc"], abs=0.03)
    assert figures["labelled"] == 1.0


def test_a_weak_segment_is_a_finding_of_its_own() -> None:
    world = World()
    for seed in range(2):
        looked = world.after(log(3000, seed + 1, weak="b"), least=0.5)
    (signal,) = world.told
    assert signal.summary.startswith("fraud: performs worse in a segment, merchant b: AUC 0.")
    assert signal.labels["columns"] == "merchant"
    assert looked.look.verdict == "performing worse"


def test_only_the_version_that_answers_most_is_judged() -> None:
    """A few rows of a challenger that is bad do not speak for the champion."""
    world = World()
    for seed in range(2):
        champion = log(1500, seed + 1)
        shadow = log(600, seed + 9, turned=0.9, version="8")
        both = {name: np.concatenate((champion[name], shadow[name])) for name in champion}
        look = world.after(both).look
    assert look.version == "7"
    assert world.told == []


def test_stale_data_is_said_even_if_the_window_still_holds_rows() -> None:
    world = World()
    looked = world.after(log(1500, 1))
    for _ in range(3):
        looked = world.after(None, window="6h", fresh="90m")
    (signal,) = world.told
    assert signal.name == "ModelDataQuality"
    assert signal.summary == "fraud: the last row is 3 h old; expected within 1 h 30 min"
    assert looked.look.verdict == "broken data"


def test_a_window_by_count_is_judged_when_rows_have_come() -> None:
    world = World()
    looked = world.after(log(3000, 1, turned=0.3), rows=2000)
    assert (looked.look.rows, looked.look.verdict) == (2000, "performing worse")
    for _ in range(4):
        looked = world.after(None, rows=2000)
    assert world.told == []
    world.after(log(3000, 2, turned=0.3), rows=2000)
    assert world.names() == [("ModelPerformance", True)]
    assert world.told[0].description.startswith("Over the last 2,000 rows: realised AUC")


def test_a_dear_and_slow_endpoint_is_compared_with_its_past() -> None:
    world = World(service="scorer", endpoint={"latency": "p99", "cost": "usd"})
    world.metrics.add("p99", lambda at: 3.0 if at > NOON.timestamp() - 20_000 else 0.5)
    world.metrics.add("usd", 0.002)
    for seed in range(2):
        looked = world.after(log(1500, seed + 1))
    (signal,) = world.told
    assert (signal.name, signal.service) == ("ModelEndpoint", "scorer")
    assert looked.look.figures["cost per inference"] == 0.002
    assert looked.look.verdict == "endpoint worse"


def test_a_prometheus_out_of_reach_spoils_nothing_else() -> None:
    world = World(endpoint={"latency": "p99"})
    monitor = ModelMonitor(model="fraud", window=HOUR)
    world.frames.log("fraud", NOON, log(1500, 1))
    looked = look_at(
        monitor,
        frames=world.frames,
        metrics=AbsentMetrics(),
        now=NOON + HOUR,
        state=MonitorState(),
    )
    assert looked.look.verdict == "stable"
    assert looked.look.figures["realised auc"] > 0.8
    assert looked.look.findings[-1].startswith("its endpoint's latency p99 cannot be read")


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (
            replace(ROLES, label="truth"),
            "performance is not judged: in the reference, label: there is no column `truth`",
        ),
        (
            replace(ROLES, probability="x"),
            "performance is not judged: in the reference, probability: `x` holds values from -",
        ),
        (replace(ROLES, slices=("shop",)), "performance is not judged: slices: there is no column"),
        (replace(ROLES, groups=("g",)), "performance is not judged: groups: there is no column"),
    ],
)
def test_settings_that_do_not_fit_the_data_are_said_in_the_look(
    roles: ColumnRoles, said: str
) -> None:
    looked = World(roles).after(log(1500, 1))
    assert looked.look.findings[-1].startswith(said)
    assert looked.look.verdict == "stable"


def test_a_measure_that_is_none_is_said_with_those_there_are() -> None:
    looked = World().after(log(1500, 1), measure="gini")
    assert "there is no 'gini' for a binary task. Use auc, accuracy" in looked.look.findings[-1]


def test_a_model_without_data_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(NotFound, match="fraud"):
        look_at(
            ModelMonitor(model="froud"),
            frames=World().frames,
            metrics=MemoryMetrics(),
            now=NOON,
            state=MonitorState(),
        )


def test_no_rows_at_all_from_the_start_is_no_finding() -> None:
    world = World()
    for _ in range(3):
        looked = world.after(None)
    assert world.told == []
    assert (looked.look.verdict, looked.look.rows) == ("not enough data", 0)


def test_infinite_and_missing_scores_do_not_stop_the_look() -> None:
    window = log(1500, 1)
    p = window["p"].copy()
    p[:5], p[5:9] = np.inf, np.nan
    look = World().after({**window, "p": p}).look
    assert "9 rows left out: no `p`" in look.findings
    assert look.figures["realised auc"] > 0.8


def test_labels_of_one_class_are_not_judged_by_their_area() -> None:
    window = log(1500, 1)
    look = World().after({**window, "y": np.ones(1500)}).look
    assert "realised auc" not in look.figures
    assert "estimated auc" in look.figures


def test_a_model_without_a_label_column_has_no_performance() -> None:
    look = World(ColumnRoles(probability="p", version="v")).after(log(1500, 1)).look
    assert not [name for name in look.figures if name.endswith("auc")]


@pytest.mark.parametrize("hours", [23, 24, 25])
def test_the_day_on_which_clocks_change_is_a_window_like_any_other(hours: int) -> None:
    """Berlin, 2026-03-29: the local day has 23 hours; windows are spans of UTC."""
    frames = MemoryFrames()
    frames.set_reference("fraud", log(8000, 0), ROLES)
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)
    for hour in range(hours):
        frames.log("fraud", midnight + hour * HOUR, log(100, hour))
    looked = look_at(
        ModelMonitor(model="fraud", window=timedelta(hours=hours)),
        frames=frames,
        metrics=MemoryMetrics(),
        now=midnight + hours * HOUR,
        state=MonitorState(),
    )
    assert (looked.look.rows, looked.look.verdict) == (100 * hours, "stable")


def test_a_reference_is_learned_once_and_again_when_it_changes() -> None:
    world, kept = World(), Yardsticks()
    first = kept.of(world.frames, "fraud", "", ROLES)
    assert kept.of(world.frames, "fraud", "", ROLES) is first
    world.frames.set_reference("fraud", log(8000, 5), ROLES)
    assert kept.of(world.frames, "fraud", "", ROLES) is not first
