"""`tandem oncall` as it is called in a shell."""

import json
from pathlib import Path

import pytest

from bot.__main__ import main

ROOT = Path(__file__).parents[3]
EXAMPLE = str(ROOT / "deploy" / "oncall.toml")


def test_who_is_on_call_then(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["oncall", EXAMPLE, "--at", "2026-03-05T18:00"]) == 0
    told = capsys.readouterr().out
    assert " ".join(told.split()) == "platform ada until Fri 06 Mar 08:00 UTC, then chloe"


def test_a_service_with_how_its_incidents_are_escalated(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["oncall", EXAMPLE, "--service", "Checkout", "--at", "2026-03-07T10:00+01:00"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "dev until" in lines[0]
    assert lines[1] == "standard: for SEV3 and graver, without an acknowledgement"
    assert " ".join(lines[3].split()) == "after 15 min whoever is next on call, #incidents"
    assert lines[4] == "  again every 30 min, 2 times more"


def test_what_the_file_does_not_name_goes_by_the_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["oncall", EXAMPLE, "--service", "ledger"]) == 0
    assert "(the default rotation)" in capsys.readouterr().out


def test_a_week_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["oncall", EXAMPLE, "--week", "--json", "--at", "2026-03-06T00:00"]) == 0
    turns = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [turn["person"] for turn in turns[:4]] == ["ada", "chloe", "ada", "dev"]
    assert turns[3]["from"] == "2026-03-06T17:00:00+00:00"
    assert turns[3]["id"] == "U04DEV0000"
    assert turns[-1]["until"] == "2026-03-13T00:00:00+00:00"


def test_a_rotation_without_anybody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "oncall.toml"
    file.write_text(
        '[[rotations.x.layers]]\npeople = ["U01ADA0000"]\nstart = 2026-03-05T00:00:00\n', "utf-8"
    )
    assert main(["oncall", str(file), "--at", "2026-03-01T00:00"]) == 1
    assert "nobody until Thu 05 Mar 00:00 UTC, then U01ADA0000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.toml"], "none.toml cannot be read"),
        ([EXAMPLE, "--at", "soon"], "--at: 'soon' is no time. Write for example 2026-03-05T18:00"),
    ],
)
def test_called_wrongly(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["oncall", *words]) == 2
    assert told in capsys.readouterr().err
