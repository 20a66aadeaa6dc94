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


@pytest.fixture
def resolved(tmp_path: Path) -> Path:
    thread = [
        ("14:06", "ann", "IC me"),
        ("14:10", "bo", "the disk is full because of the old logs, I forgot to rotate them"),
        ("14:20", "bo", "120 orders failed between 14:00 and 14:15"),
        ("14:30", "ann", "AIs: bo: rotate the logs by 12 January"),
    ]
    data = {
        **GOOD,
        "id": "INC-2",
        "status": "resolved",
        "resolved_at": "2026-01-10T14:40:00Z",
        "thread": [{"ts": f"2026-01-10T{c}:00Z", "user": u, "text": t} for c, u, t in thread],
    }
    file = tmp_path / "resolved.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("style", "told", "not_told"),
    [
        ("catch-up", "120 orders failed", "# Post-mortem"),
        ("status", "Resolved: the trouble with api is over.", "bo"),
        ("postmortem", "rotate the logs by 12 January (owner: bo)", "forgot"),
    ],
)
def test_styles(
    resolved: Path, capsys: pytest.CaptureFixture[str], style: str, told: str, not_told: str
) -> None:
    assert tandem(resolved, "--style", style, "--markdown") == 0
    text = capsys.readouterr().out
    assert told in text
    assert not_told not in text


def test_a_catch_up_since_a_time(resolved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem(resolved, "--style", "catch-up", "--since", "14:25", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert {s["group"] for s in data["statements"]} == {"state", "next steps"}


def test_a_handover_is_one_text_for_all_files(
    good: Path, resolved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem(good, resolved, "--style", "handover", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert [p["heading"] for p in data["parts"]][:2] == ["Open incidents", "Done this shift"]
    assert data["parts"][0]["statements"][0]["sources"] == ["INC-1"]


def test_a_time_that_is_none_is_told(resolved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem(resolved, "--style", "catch-up", "--since", "once") == 1
    assert "--since" in capsys.readouterr().err


def test_a_model_must_be_configured(
    good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_MODEL", raising=False)
    assert tandem(good, "--llm") == 1
    assert "OPENAI_MODEL" in capsys.readouterr().err
