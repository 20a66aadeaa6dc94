import hashlib
import json
from pathlib import Path

import pytest

from bot.__main__ import main

V6 = {
    "model": "fraud",
    "version": "6",
    "created_at": "2026-11-01",
    "aliases": ["champion"],
    "metrics": {"auc": 0.897},
    "dataset": "holdout",
    "dataset_digest": "ab12",
}
V7 = {**V6, "version": "7", "aliases": [], "metrics": {"auc": 0.912}}
WORSE = {**V7, "version": "8", "metrics": {"auc": 0.85}}
POLICY = """
[default]
min_gain = 0.001
[model.fraud.gates.age]
mode = "off"
"""


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    path = tmp_path / "versions.jsonl"
    path.write_text("\n".join(json.dumps(v) for v in (V6, V7, WORSE)))
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_better_version_may_be_asked_for(
    versions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promotion", "check", str(versions), "--version", "7"]) == 0
    text = said(capsys)
    assert text.startswith("fraud v7, against v6\n")
    assert "0.897 → 0.912" in text
    assert text.endswith("nothing prevents asking for it\n")


def test_a_worse_one_may_not_and_the_newest_is_taken(
    versions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promotion", "check", str(versions), "--json"]) == 1
    found = json.loads(said(capsys))
    assert (found["version"], found["champion"]) == ("8", "6")
    failing = [gate["name"] for gate in found["gates"] if gate["result"] == "fail"]
    assert failing == found["prevented"]
    assert failing


def test_as_a_rollback_a_worse_one_may_serve_again(versions: Path) -> None:
    check = ["promotion", "check", str(versions), "--version", "8"]
    assert main(check) == 1
    assert main([*check, "--rollback"]) == 0


def test_frozen_evidence_is_judged_again_under_another_policy(
    versions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = tmp_path / "APR-1.json"
    check = ["promotion", "check", str(versions), "--version", "7"]
    assert main([*check, "--freeze", str(evidence)]) == 0
    text = evidence.read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    again = ["promotion", "again", str(evidence)]
    assert main([*again, "--hash", digest]) == 0
    strict = tmp_path / "strict.toml"
    strict.write_text("[default]\nmin_gain = 0.5\n")
    assert main([*again, "--policy", str(strict)]) == 1
    evidence.write_text(text.replace("0.912", "0.999"))
    assert main([*again, "--hash", digest]) == 2
    assert "it was changed" in capsys.readouterr().err


def test_the_policy_of_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "promotion.toml"
    path.write_text(POLICY)
    assert main(["promotion", "policy", "--policy", str(path), "--model", "fraud", "--json"]) == 0
    found = json.loads(said(capsys))
    assert (found["min_gain"], found["gates"]["age"]["mode"]) == (0.001, "off")
    assert main(["promotion", "policy", "--policy", str(path)]) == 0
    assert "min_gain" in said(capsys)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check"], "check needs a file"),
        (["check", "nowhere.jsonl"], "cannot be read"),
        (["policy", "--policy", "nowhere.toml"], "TANDEM_PROMOTION: nowhere.toml cannot be read"),
        (["again", __file__], "holds no evidence"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promotion", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_gate_that_nobody_knows_is_named(
    versions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "promotion.toml"
    path.write_text("[default.gates.magic]\n")
    assert main(["promotion", "check", str(versions), "--policy", str(path)]) == 2
    assert "magic" in capsys.readouterr().err


def test_of_several_models_one_must_be_chosen(
    versions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with versions.open("a") as file:
        file.write("\n" + json.dumps({**V7, "model": "churn"}))
    assert main(["promotion", "check", str(versions)]) == 2
    assert "holds churn, fraud: choose one" in capsys.readouterr().err
    assert main(["promotion", "check", str(versions), "--model", "churn"]) == 0
