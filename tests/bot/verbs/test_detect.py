import argparse
import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.verbs.detect import register

START = datetime(2026, 3, 2, tzinfo=UTC)


def tandem(*words: str) -> int:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(["detect", *words])
    return int(args.run(args))


@pytest.fixture(scope="module")
def values() -> list[float]:
    numbers = np.random.default_rng(2).normal(50, 2, 700)
    numbers[600:604] = 95
    return [round(float(number), 3) for number in numbers]


@pytest.fixture
def folder(tmp_path: Path, values: list[float]) -> Path:
    """data/web/latency.csv, and the same as JSON lines and Parquet."""
    group = tmp_path / "in" / "data" / "web"
    group.mkdir(parents=True)
    stamps = [START + timedelta(minutes=row) for row in range(len(values))]
    with (group / "latency.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "value"])
        writer.writerows(
            (f"{at:%Y-%m-%d %H:%M:%S}", v) for at, v in zip(stamps, values, strict=True)
        )
    lines = (
        json.dumps({"value": v, "timestamp": int(at.timestamp() * 1000)})
        for at, v in zip(stamps, values, strict=True)
    )
    (group / "lines.jsonl").write_text("\n".join(lines) + "\n")
    pq.write_table(pa.table({"timestamp": stamps, "value": values}), group / "table.parquet")
    return tmp_path / "in"


def test_every_format_gives_the_same_scores(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    assert tandem("--csv", str(folder), "--out", str(out)) == 0

    scores = []
    for name in ("latency", "lines", "table"):
        with (out / "web" / f"{name}.csv").open(newline="") as file:
            scores.append([float(row["anomaly_score"]) for row in csv.DictReader(file)])
    assert scores[0] == scores[1] == scores[2]
    assert [row for row, score in enumerate(scores[0]) if score >= 0.5] == [600]
    assert len(scores[0]) == 700


def test_the_table_tells_when_how_sure_and_why(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem("--csv", str(folder / "data" / "web" / "latency.csv")) == 0

    title, episode = capsys.readouterr().out.splitlines()
    assert title == "latency.csv: 1 episode in 700 rows (level)"
    assert episode.startswith("  2026-03-02 10:00:00 to 2026-03-02 ")
    assert "95" in episode


def test_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem("--csv", str(folder), "--json") == 0

    files = json.loads(capsys.readouterr().out)["files"]
    assert [file["file"] for file in files] == [
        "web/latency.csv",
        "web/lines.jsonl",
        "web/table.parquet",
    ]
    assert files[0]["episodes"][0]["start"] == "2026-03-02 10:00:00"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("timestamp,value\n2026-03-02,1\nsoon,2\n", "line 3: timestamp: 'soon' is no time"),
        ("timestamp,value\n2026-03-02,1\n2026-03-03,high\n", "line 3: value: 'high' is no number"),
        ("time,value\n1,2\n", "timestamp: no such column; there are time, value"),
        ("timestamp,value\n1,2,3\n", "line 2: 3 fields where the header has 2"),
        ("timestamp,value\n", "has no rows"),
        ("", "has no rows"),
    ],
)
def test_a_wrong_file_is_named_with_line_field_and_remedy(
    text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(text)

    assert tandem("--csv", str(path)) == 2

    said = capsys.readouterr().err
    assert problem in said
    assert "wrong.csv" in said


def test_the_other_files_are_judged_all_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wrong.jsonl").write_text('{"timestamp": 1}\n')

    assert tandem("--csv", str(folder)) == 1

    told = capsys.readouterr()
    assert "wrong.jsonl line 1: value: no such column" in told.err
    assert "web/latency.csv: 1 episode" in told.out


def test_nothing_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem("--csv", str(tmp_path / "gone")) == 2
    assert tandem("--csv", str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert "is not there; give a file or a folder" in said
    assert "has no file of .csv" in said


def test_missing_values_and_infinities_are_rows_without_a_score(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("timestamp,value\n1,\n2,nan\n3,inf\n4,5\n")

    assert tandem("--csv", str(path), "--out", str(tmp_path / "out")) == 0

    assert (tmp_path / "out" / "gaps.csv").read_text().splitlines()[1:] == [
        "1,,0.000000",
        "2,nan,0.000000",
        "3,inf,0.000000",
        "4,5,0.000000",
    ]
