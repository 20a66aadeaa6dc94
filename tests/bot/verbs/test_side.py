import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.__main__ import main

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
TIMES = [NOW - timedelta(minutes=10 * n) for n in range(200, 0, -1)]
BROKE = NOW - timedelta(hours=2)
REST = {"latency p99": 0.1, "errors": 0.002, "cpu": 0.4, "gpu clock": 1410.0, "queue": 1.0}
BROKEN = {"latency p99": 0.9, "errors": 0.2, "cpu": 0.9, "gpu clock": 600.0, "queue": 60.0}


def values(name: str, broken: bool = True) -> list[float]:
    noise = 1 + 0.01 * np.sin(np.arange(len(TIMES)))
    wrong = BROKEN if broken else REST
    return [(wrong if at >= BROKE else REST)[name] * n for at, n in zip(TIMES, noise, strict=True)]


def document(**more: Any) -> dict[str, Any]:
    times = [at.isoformat() for at in TIMES]
    signals = [{"name": name, "times": times, "values": values(name)} for name in REST]
    return {"model": "eta-model", "signals": signals, **more}


def written(folder: Path, content: Any, name: str = "case.json") -> str:
    path = folder / name
    path.write_text(json.dumps(content))
    return str(path)


def table(folder: Path, columns: dict[str, list[Any]]) -> str:
    rows = [",".join(columns)]
    rows += [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path = folder / "eta.csv"
    path.write_text("\n".join(rows))
    return str(path)


def test_a_file_gets_a_verdict_with_its_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["side", written(tmp_path, document()), "--began", "2026-03-05T09:30:00Z"]) == 0
    said = capsys.readouterr().out
    assert "the infrastructure" in said.splitlines()[0]
    assert "a GPU is slow or broken" in said
    assert "Gpu clock: 60" in said


def test_json_is_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["side", "--json", written(tmp_path, document())]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["side"] == "infrastructure"
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=0.001)
    assert found["explanations"][0]["causes"] == ["gpu"]
    assert {"says", "weight", "signal", "now", "usual", "since"} <= found["reasons"][0].keys()


def test_a_table_and_its_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns: dict[str, list[Any]] = {"timestamp": [at.timestamp() for at in TIMES]}
    columns |= {name: values(name) for name in REST if name != "gpu clock"}
    columns["who knows"] = [1] * len(TIMES)
    events = [
        {"what": "alias move", "at": (BROKE - timedelta(minutes=3)).isoformat(), "says": "v5"}
    ]
    file = table(tmp_path, columns)
    assert main(["side", "--json", file, "--events", written(tmp_path, events, "e.json")]) == 0
    out = capsys.readouterr()
    found = json.loads(out.out)
    assert (found["about"], found["side"], found["blamed"]) == ("eta", "model", ["v5"])
    assert "left out: who knows" in out.err


def test_parquet_is_read_like_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns: dict[str, list[Any]] = {"timestamp": TIMES, **{n: values(n) for n in REST}}
    pq.write_table(pa.table(columns), tmp_path / "eta.parquet")
    assert main(["side", "--json", str(tmp_path / "eta.parquet")]) == 0
    assert json.loads(capsys.readouterr().out)["side"] == "infrastructure"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"signals": []}, "no signal's name says what it measures"),
        ({"signals": [{"name": "cpu", "times": ["x"], "values": [1]}]}, "signals.0.times.0"),
        ({"signals": [{"name": "cpu", "times": [], "values": [1]}]}, "signals[0].values"),
        ({"signals": [], "sginals": []}, "sginals"),
        (document(began="2020-01-01T00:00:00Z"), "began"),
        (document(happened=[{"what": "magic", "at": "2026-03-05"}]), "happened.0.what"),
    ],
)
def test_bad_files_are_named_with_field_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: Any, problem: str
) -> None:
    assert main(["side", written(tmp_path, content)]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"at": [1, 2], "cpu": [1, 2]}, "timestamp"),
        ({"timestamp": ["soon", 2], "cpu": [1, 2]}, "row 2: timestamp"),
        ({"timestamp": [1, 2], "cpu": [1, "high"]}, "row 3: cpu"),
    ],
)
def test_bad_tables_are_named_by_row_and_column(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    columns: dict[str, list[Any]],
    problem: str,
) -> None:
    assert main(["side", table(tmp_path, columns)]) == 2
    assert problem in capsys.readouterr().err


def test_other_files_and_times_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["side", str(tmp_path / "case.txt")]) == 2
    assert main(["side", str(tmp_path / "none.json")]) == 2
    assert main(["side", written(tmp_path, document()), "--began", "lately"]) == 2
    errors = capsys.readouterr().err
    assert ".json, .csv, .parquet" in errors
    assert "cannot be read" in errors
    assert "--began: 'lately' is no time" in errors
