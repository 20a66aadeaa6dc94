import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.verbs import rca

AT = 1_700_000_000


def rows(start: int, count: int, slow: float) -> dict[str, Any]:
    draw = np.random.default_rng(count)
    late = np.arange(count) >= count - 4
    return {
        "timestamps": [start + 60 * i for i in range(count)],
        "series": {
            name: {"latency_avg": list(draw.normal(0.1, 0.005, count) + late * slow)}
            for name in ("web", "db")
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
        "edges": [["web", "db"]],
        "normal": "normal.json",
        "window": rows(AT - 600, 14, 0.5),
    }
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "shop-1.json").write_text(json.dumps(case))
    (tmp_path / "normal.json").write_text(json.dumps(rows(AT - 90_000, 60, 0.0)))
    return tmp_path


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    folder = tmp_path / "alerts"
    folder.mkdir()
    graph = {
        "nodes": [{"id": "web", "type": "Service"}, {"id": "db", "type": "Service"}],
        "edges": [{"source": "web", "target": "db", "label": "control_flow"}],
    }
    alert = {
        "t": AT + 30, "signal": "metric", "component": "db", "on": None, "name": "cpu",
        "direction": "up", "count": 1,
    }  # fmt: skip
    row = {"case_id": "shop-a", "window": [AT, AT + 600], "alerts": [alert]}
    (folder / "graph.json").write_text(json.dumps(graph))
    (folder / "cases.jsonl").write_text(json.dumps(row) + "\n")
    return folder


def tandem(*words: object) -> int:
    parser = argparse.ArgumentParser()
    rca.register(parser.add_subparsers())
    args = parser.parse_args(["rca", *map(str, words)])
    return int(args.run(args))


def test_a_data_set_is_ranked_into_a_file(data: Path, tmp_path: Path) -> None:
    assert tandem(data, "--out", tmp_path / "pred.json") == 0
    ranked = json.loads((tmp_path / "pred.json").read_text())
    assert list(ranked) == ["shop-1"]
    assert [row["service"] for row in ranked["shop-1"]] == ["db", "web"]
    assert ranked["shop-1"][0]["score"] > ranked["shop-1"][1]["score"]


def test_one_case_for_people(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem(data / "cases/shop-1.json") == 0
    told = capsys.readouterr().out
    assert told.startswith("shop-1: 2023-11-14 22:13:20 UTC, metrics of 2 services\n1. db  ")
    assert "   + latency_avg 6" in told
    assert "% of its extra time is that of db, which it calls" in told


def test_the_examples_of_the_guide(capsys: pytest.CaptureFixture[str]) -> None:
    examples = Path(__file__).parents[3] / "docs" / "examples"
    assert tandem(examples / "failure") == 0
    assert "\n1. payment  99%\n   + latency_p95 540 ms" in capsys.readouterr().out
    known = examples / "catalogue.toml"
    assert tandem(examples / "incident.json", "--catalogue", known) == 0
    assert "probably checkout-api" in capsys.readouterr().out


def test_cases_of_alerts_are_ranked_by_the_same_verb(
    data: Path, alerts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem(data, alerts, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["shop-1", "shop-a"]
    assert told["shop-a"][0]["service"] == "db"
    assert "cpu" in told["shop-a"][0]["clues"][0]["text"]


def test_what_cannot_be_read_is_left_out_and_said(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "cases" / "broken.json").write_text("{}")
    assert tandem(data) == 1
    told = capsys.readouterr()
    assert "1. db" in told.out
    assert "left out:" in told.err
    assert "broken.json: normal" in told.err


@pytest.mark.parametrize("path", ["empty", "none.json"])
def test_nothing_to_rank_is_an_error(
    tmp_path: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert tandem(tmp_path / path) == 2
    assert capsys.readouterr().err.startswith("tandem rca: ")


def test_alerts_need_the_graph(alerts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (alerts / "graph.json").unlink()
    assert tandem(alerts / "cases.jsonl") == 2
    assert "graph.json is missing beside it" in capsys.readouterr().err


def test_an_unwritable_out_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem(data, "--out", data / "nowhere" / "x.json") == 2
    assert "--out: cannot write" in capsys.readouterr().err
