"""`tandem summarise`: files in, Markdown or JSON out."""

import argparse
import json
from pathlib import Path

import pytest

from bot.verbs import summarise

GOOD = {
    "id": "INC-1",
    "title": "Slow",
    "service": "api",
    "severity": "SEV3",
    "status": "open",
    "opened_at": "2026-01-10T14:05:00Z",
    "thread": [{"ts": "2026-01-10T14:06:00Z", "user": "ann", "text": "IC me"}],
}


def tandem(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    summarise.register(parser.add_subparsers())
    args = parser.parse_args(["summarise", *map(str, words)])
    return int(args.run(args))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.json"
    file.write_text(json.dumps(GOOD), encoding="utf-8")
    return file


def test_one_file_each(good: Path, tmp_path: Path) -> None:
    assert tandem(good, "--out", tmp_path / "out") == 0
    text = (tmp_path / "out" / "INC-1.md").read_text(encoding="utf-8")
    assert "Incident commander: ann." in text


def test_json_has_the_sources(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem(good, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    owner = next(s for s in data["statements"] if s["group"] == "owners")
    assert owner["sources"] == ["INC-1-M1"]


def test_a_bad_file_is_told_and_stops_nothing(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, missing, binary = tmp_path / "bad.json", tmp_path / "none.json", tmp_path / "bin.json"
    bad.write_text(json.dumps({**GOOD, "status": "?"}), encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00")
    assert tandem(bad, missing, binary, good, "--out", tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert "bad.json: status" in told
    assert "none.json: cannot be read" in told
    assert "bin.json: is not UTF-8" in told
    assert (tmp_path / "out" / "INC-1.md").exists()


def test_a_folder_that_cannot_be_written_is_told(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem(good, "--out", good / "inside") == 1
    assert "--out: cannot write" in capsys.readouterr().err
