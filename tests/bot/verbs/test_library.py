"""The verb shows what would be read, and what would not."""

import argparse
import json
from pathlib import Path

import pytest

from bot.verbs import library, similar
from tests.knowledge.ingest import exports


def called(*words: str) -> int:
    parser = argparse.ArgumentParser()
    library.register(parser.add_subparsers())
    args = parser.parse_args(["library", *words])
    return library.run(args)


def test_it_shows_documents_and_names_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jira.csv").write_text(exports.JIRA_CSV, "utf-8")
    assert called(str(tmp_path)) == 0
    shown = capsys.readouterr()
    assert "2026-03-03  SEV1  orders-db" in shown.out
    assert "cause and fix" in shown.out
    assert "OPS-8: neither a title nor a text" in shown.err


def test_what_is_kept_can_be_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text(exports.SERVICENOW_JSON, "utf-8")
    out = tmp_path / "past.jsonl"
    assert called(str(tmp_path / "a.json"), "--out", str(out), "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["resolution"] == "ANALYZE orders"
    (hit,) = similar.open_library(out, "hash").rank("orders are slow", 1)
    assert hit.document.id == "INC0010007"


def test_nothing_read_and_nowhere_to_write_are_failures(tmp_path: Path) -> None:
    assert called(str(tmp_path / "gone.csv")) == 1
    (tmp_path / "a.md").write_text("# A\n\nb", "utf-8")
    assert called(str(tmp_path / "a.md"), "--out", str(tmp_path / "no" / "x.jsonl")) == 2
