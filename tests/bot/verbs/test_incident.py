"""`tandem incident`: incidents in files, as cards, time lines and exports."""

import argparse
import json
from pathlib import Path

import pytest

from bot.verbs import incident
from knowledge.errors import UserError
from knowledge.incident_files import read_incident

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "incident.json"


def tandem(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    incident.register(parser.add_subparsers())
    args = parser.parse_args(["incident", *map(str, words)])
    return int(args.run(args))


def test_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem("show", EXAMPLE) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("[ok] INC-41 · checkout-api: error rate above 5 %")
    assert "deploy checkout-api 4.12.0" in shown
    assert "Lasted    25 min, 14:06 to 14:31 UTC" in shown
    assert tandem("show", EXAMPLE, "--json") == 0
    card = json.loads(capsys.readouterr().out)
    assert card["state"] == "resolved after 25 min"
    assert card["sections"][0]["heading"] == "Likely cause"


def test_the_time_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem("timeline", EXAMPLE) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "14:01 *deploy checkout-api 4.12.0* by ines: new coupon rules" in lines
    assert tandem("timeline", EXAMPLE, "--json") == 0
    told = json.loads(capsys.readouterr().out)["timeline"]
    assert told[0]["at"] == "2026-03-05T14:01:00+00:00"
    assert [entry["kind"] for entry in told] == ["change", "alert", "acknowledged"]


def test_an_export_to_read_and_to_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem("export", EXAMPLE, "--out", tmp_path / "out") == 0
    assert "# INC-41" in (tmp_path / "out" / "INC-41.md").read_text(encoding="utf-8")
    again = read_incident((tmp_path / "out" / "INC-41.json").read_text(encoding="utf-8"))
    assert again.thread == read_incident(EXAMPLE.read_text(encoding="utf-8")).thread
    assert tandem("export", EXAMPLE, "--json") == 0
    assert json.loads(capsys.readouterr().out)["id"] == "INC-41"


def test_a_bad_file_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}", encoding="utf-8")
    assert tandem("show", bad, tmp_path / "none.json", EXAMPLE) == 1
    out, err = capsys.readouterr()
    assert "INC-41" in out
    assert "bad.json: id: Field required" in err
    assert "none.json: cannot be read" in err


def test_only_an_export_writes_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--out"):
        tandem("show", EXAMPLE, "--out", tmp_path)
