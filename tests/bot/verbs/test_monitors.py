import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.verbs import monitors

Run = Callable[..., tuple[int, str, str]]
FILE = """
[[metric]]
name = "p99"
query = "latency"
above = 5
every = "1h"
tell = ["#ops"]

[[metric]]
name = "errors"
query = "errors"
above = 0.1

[[model]]
model = "fraud"
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    parser = argparse.ArgumentParser()
    monitors.register(parser.add_subparsers())
    (tmp_path / "monitors.toml").write_text(FILE)

    def call(act: str, *words: str) -> tuple[int, str, str]:
        args = parser.parse_args(["monitors", act, str(tmp_path / "monitors.toml"), *words])
        code = int(args.run(args))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def week(folder: Path, name: str = "p99") -> None:
    """Hourly values, too high from ten to twelve on the third day."""
    rows = [f"2026-03-{day:02}T{hour:02}:00:00Z,{value(day, hour)}" for day, hour in hours()]
    (folder / f"{name}.csv").write_text("\n".join(["timestamp,value", *rows]) + "\n")


def hours() -> list[tuple[int, int]]:
    return [(day, hour) for day in range(1, 9) for hour in range(24)]


def value(day: int, hour: int) -> float:
    return 9.0 if day == 3 and 10 <= hour < 12 else 1.0


def test_a_file_without_a_mistake_is_fine(run: Run) -> None:
    code, out, _ = run("check")
    assert code == 0
    assert out.endswith("is fine: 2 of metrics, 1 of models.\n")


def test_every_mistake_is_named(run: Run, tmp_path: Path) -> None:
    wrong = FILE.replace("above = 5", "abve = 5").replace('model = "fraud"', 'every = "often"')
    (tmp_path / "monitors.toml").write_text(wrong)
    code, out, err = run("check")
    assert (code, out) == (2, "")
    for named in ("abve", "every", "model", "line 5"):
        assert named in err


def test_what_is_watched_is_listed(run: Run) -> None:
    _, out, _ = run("list")
    assert "p99" in out
    assert "at most 5" in out
    assert "#ops" in out
    given = json.loads(run("list", "--json")[1])["monitors"]
    assert [(m["kind"], m["name"]) for m in given] == [
        ("metric", "p99"),
        ("metric", "errors"),
        ("model", "fraud"),
    ]


def test_a_backtest_on_files(run: Run, tmp_path: Path) -> None:
    week(tmp_path)
    code, out, _ = run("backtest", "--csv", str(tmp_path))
    assert code == 0
    assert "p99: 1 alarm in 7 d" in out
    assert "2026-03-03 10:00" in out
    assert "errors: no alarm in 7 d  (There is no file errors.csv" in out


def test_a_backtest_for_programs_with_a_picture(run: Run, tmp_path: Path) -> None:
    week(tmp_path)
    png = tmp_path / "out.png"
    code, out, _ = run(
        "backtest", "--csv", str(tmp_path), "--monitor", "p99", "--since", "2d", "--json",
        "--png", str(png),
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert list(found) == ["p99"]
    assert found["p99"]["episodes"] == [], "the third is more than two days before the end"
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_folder_holds_a_file_for_each_series(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p99").mkdir()
    week(tmp_path / "p99", "checkout")
    week(tmp_path / "p99", "search")
    found = json.loads(run("backtest", "--csv", str(tmp_path), "--json")[1])["p99"]
    assert found["series"] == 2
    assert {e["labels"]["series"] for e in found["episodes"]} == {"checkout", "search"}


def test_without_a_source_each_says_what_to_set(run: Run) -> None:
    code, out, _ = run("backtest")
    assert code == 0
    assert out.count("PROMETHEUS_URL") == 2


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--csv", "/nowhere"), "--csv"),
        (("--monitor", "p95"), "p99"),
    ],
)
def test_what_is_wrong_is_named(run: Run, words: tuple[str, ...], named: str) -> None:
    code, _, err = run("backtest", *words)
    assert code == 2
    assert named in err


def test_rows_that_cannot_be_read_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p99.csv").write_text("timestamp,value\nyesterday,1\n")
    code, _, err = run("backtest", "--csv", str(tmp_path))
    assert code == 2
    assert "p99.csv" in err
