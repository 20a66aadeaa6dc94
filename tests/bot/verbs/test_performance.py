import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.verbs.performance import register

Files = dict[str, str]


def tandem(*words: str) -> int:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(["performance", *words])
    return int(args.run(args))


def table(rows: int, seed: int, weak: str = "", start: str = "2026-01-01") -> pa.Table:
    """A calibrated log; at the merchant `weak` the truth is a coin toss."""
    rng = np.random.default_rng(seed)
    merchant = rng.choice(["5411", "5812"], rows)
    score = rng.random(rows)
    truth = np.where(merchant == weak, 0.5, score)
    return pa.table(
        {
            "at": np.datetime64(start, "s") + np.arange(rows),
            "merchant": merchant,
            "sex": rng.choice(["f", "m"], rows),
            "p": score,
            "y": (rng.random(rows) < truth).astype(int),
        }
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("logs")
    made = {
        "reference": table(6000, 0),
        "well": table(3000, 1, start="2026-02-01"),
        "weak": table(3000, 2, weak="5812", start="2026-02-01"),
        "fresh": table(3000, 3, start="2026-02-01").drop_columns(["y"]),
        "old": table(300, 4, start="2020-01-01"),
    }
    for name, rows in made.items():
        pq.write_table(rows, folder / f"{name}.parquet")
    return {name: str(folder / f"{name}.parquet") for name in made}


def judged(files: Files, current: str, *more: str) -> list[str]:
    return [
        *("--reference", files["reference"], "--current", files[current]),
        *("--label", "y", "--probability", "p", *more),
    ]


def test_json_is_one_object(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    words = judged(files, "weak", "--slices", "merchant", "--groups", "sex", "--json")
    assert tandem(*words) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["verdict"] == "performing worse"
    assert [s["slice"] for s in out["slices"]] == ["merchant 5812"]
    assert {gap["group"] for gap in out["groups"]} == {"f", "m"}
    assert out["realised"]["auc"]["low"] < out["realised"]["auc"]["value"]


def test_the_text_names_what_is_realised_and_what_estimated(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    png = tmp_path / "out.png"
    words = judged(files, "weak", "--slices", "merchant", "--png", str(png))
    assert tandem(*words) == 0
    out = capsys.readouterr().out
    assert out.startswith("Performing worse (AUC): realised AUC is 0.")
    assert "measure      reference  realised" in out
    assert "  merchant 5812: AUC 0." in out
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_log_as_usual_and_a_log_without_labels(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem(*judged(files, "well", "--slices", "merchant", "--groups", "sex")) == 0
    out = capsys.readouterr().out
    assert out.startswith("Performing as usual (AUC): realised")
    assert "Segments" not in out
    assert "Differences" not in out
    assert tandem(*judged(files, "fresh")) == 0
    out = capsys.readouterr().out
    assert out.startswith("Performing as usual (AUC): estimated AUC")
    assert "it is no proof." in out


def test_a_reference_newer_than_the_data_is_a_warning(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem(*judged(files, "old")) == 0
    assert "after the current data ends" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--label", "truth", "--probability", "p"), "label: there is no column `truth`"),
        (("--label", "y"), "prediction: it is not given. Columns are at, merchant"),
        (("--label", "y", "--probability", "q"), "probability: there is no column `q`"),
        (("--label", "y", "--probability", "p", "--slices", "m"), "slices: there is no column `m`"),
        (("--label", "y", "--probabilities", "p"), "--probabilities: 'p' is no pair. Write it as"),
        (("--label", "y", "--probability", "p", "--measure", "x"), "measure: there is no 'x' for"),
        (
            ("--label", "y", "--probability", "p", "--png", "/no/where.png"),
            "--png: /no/where.png cannot be written",
        ),
    ],
)
def test_wrong_input_ends_with_2_and_the_remedy(
    files: Files, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem("--reference", files["reference"], "--current", files["well"], *words) == 2
    assert said in capsys.readouterr().err
