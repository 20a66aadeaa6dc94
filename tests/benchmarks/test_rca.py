"""The benchmark of causes: what its figures mean, on a data set of one case."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import rca
from benchmarks.figure import read_json

AT = 1_700_000_000


def rows(start: int, count: int, slow: float) -> dict[str, Any]:
    draw = np.random.default_rng(count)
    late = np.arange(count) >= count - 4
    levels = {"web": 1.0, "db": 0.9, "noisy": 0.0}
    return {
        "timestamps": [start + 60 * i for i in range(count)],
        "series": {
            name: {"latency_avg": list(draw.normal(0.2, 0.01, count) + late * slow * much)}
            for name, much in levels.items()
        },
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    case = {
        "schema": "rca-case/1",
        "case_id": "shop-1",
        "step_s": 60,
        "failure_time": AT,
        "target": {"service": "web", "metric": "latency_avg"},
        "edges": [["web", "db"], ["web", "noisy"]],
        "normal": "normal.json",
        "window": rows(AT - 600, 14, 0.5),
    }
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "shop-1.json").write_text(json.dumps(case))
    (tmp_path / "normal.json").write_text(json.dumps(rows(AT - 90_000, 60, 0.0)))
    labels = {"shop-1": {"root_cause": "db", "fault_type": "delay"}}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    return tmp_path


def test_the_table_and_the_figures(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rca.main(["--data", str(data), "--json"])
    told = capsys.readouterr().out
    assert "shop, delay" in told
    figures, worst = read_json(told)
    assert [(f.metric, f.value, f.cases, f.baseline) for f in figures] == [
        ("cause shop AC@1", 1.0, 1, 0.0),
        ("cause shop AC@3", 1.0, 1, 1.0),
    ]
    assert worst == []


def test_a_cause_that_is_not_ranked_is_wrong_at_any_place() -> None:
    way = rca.Way("any", {"a": 1, "b": 3, "c": 0})
    cases = ["a", "b", "c"]
    assert [way.accuracy(cases, k) for k in (1, 3, 5)] == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert way.average(cases) == pytest.approx((1 + 1 + 2 + 2 + 2) / 15)
