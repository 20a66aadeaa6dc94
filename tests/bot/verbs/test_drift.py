import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.verbs.drift import register


def tandem(*words: str) -> int:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(["drift", *words])
    return int(args.run(args))


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    rng = np.random.default_rng(1)
    for name, shift in (("r", 0.0), ("c", 7.4)):
        rows = {"amount": rng.normal(12 + shift, 3, 1000), "city": ["Bonn", "Köln"] * 500}
        pq.write_table(pa.table(rows), tmp_path / f"{name}.parquet")
    return str(tmp_path / "r.parquet"), str(tmp_path / "c.parquet")


def test_json_is_one_object(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem("--reference", files[0], "--current", files[1], "--json") == 0
    out = json.loads(capsys.readouterr().out)
    assert out["verdict"] == "drifting"
    assert [c["name"] for c in out["columns"] if c["drifted"]] == ["amount"]


def test_the_table_and_the_picture(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    png = tmp_path / "out.png"
    assert tandem("--reference", files[0], "--current", files[1], "--png", str(png)) == 0
    assert "median 11.9 → 19.4" in capsys.readouterr().out
    assert png.read_bytes().startswith(b"\x89PNG")
    assert tandem("--reference", files[0], "--current", files[1], "--exclude", "amount") == 0
    assert capsys.readouterr().out.startswith("stable.")


def test_wrong_input_ends_with_2_and_the_remedy(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem("--reference", "gone.csv", "--current", files[1]) == 2
    assert "gone.csv does not exist" in capsys.readouterr().err
    assert tandem("--reference", files[0], "--current", files[1], "--exclude", "amnt") == 2
    assert "there are amount, city" in capsys.readouterr().err
