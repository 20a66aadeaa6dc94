import argparse
import csv
import io
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.verbs import audit
from knowledge.adapters.sql import open_store
from knowledge.errors import UserError
from knowledge.records import Approval, ApprovalStatus, AuditEntry, Gate, GateResult
from skills.testing import NOON

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    parser = argparse.ArgumentParser()
    audit.register(parser.add_subparsers())

    def call(*words: object) -> tuple[int, str, str]:
        args = parser.parse_args(["audit", *map(str, words)])
        code = args.run(args)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A record of three calls, one of them the approval of a request."""
    address = f"sqlite:///{tmp_path / 'tandem.db'}"
    store = open_store(address)
    gate = Gate("metric", GateResult.PASS, "rmse 9.1 against 10.4 on the same data")
    draft = Approval("", "eta-model", "5", "2", "U1", "ada", NOON, "<b>better</b>", gates=(gate,))
    made = store.approvals.add(draft)

    def decided(stored: Approval) -> Approval:
        return replace(
            stored,
            status=ApprovalStatus.APPROVED,
            decided_by="U2",
            decided_by_name="chloe",
            decided_at=NOON + timedelta(minutes=5),
            outcome="champion moved from v2 to v5",
        )

    store.approvals.decide(made.id, ApprovalStatus.PENDING, decided)
    for actor, skill, args in (
        ("U1", "promotion", {"model": "eta-model", "version": "5"}),
        ("U2", "approve", {"approval": made.id}),
        ("U1", "help", {}),
    ):
        store.audit.add(AuditEntry(NOON, actor, skill, args, "ok", '=HYPERLINK("x")'))
    store.close()
    return address


def test_a_record_nobody_touched_holds(run: Run, url: str) -> None:
    code, out, _ = run("verify", "--database", url)
    assert code == 0
    assert out.startswith("The chain holds: 3 entries are linked, head ")


def test_a_row_that_was_changed_behind_the_triggers_is_named(run: Run, url: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET actor = 'U9' WHERE number = 2")
    connection.close()
    code, out, _ = run("verify", "--database", url, "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["holds"], found["broken_at"]) == (False, 2)
    assert "changed after it was written" in found["why"]


def test_an_export_can_be_verified_again_and_a_head_anchors_it(
    run: Run, url: str, tmp_path: Path
) -> None:
    out = tmp_path / "audit.jsonl"
    assert run("export", "--database", url, "--out", out)[0] == 0
    head = json.loads(run("verify", "--file", out, "--json")[1])["head"]
    assert run("verify", "--file", out, "--anchor", head)[0] == 0
    lines = out.read_text().splitlines()
    out.write_text("\n".join(lines[:-1]))
    assert run("verify", "--file", out)[0] == 0
    code, said, _ = run("verify", "--file", out, "--anchor", head)
    assert code == 1
    assert "cut off" in said


def test_what_concerns_a_model_answers_who_on_what_evidence_and_who_agreed(
    run: Run, url: str
) -> None:
    _, page, _ = run("export", "--database", url, "--format", "html", "--model", "eta-model")
    for part in (
        "Promote eta-model v5",
        "ada (U1)",
        "chloe (U2)",
        "rmse 9.1 against 10.4",
        "champion moved from v2 to v5",
        "The chain holds",
        "&lt;b&gt;better&lt;/b&gt;",
    ):
        assert part in page
    assert ">help<" not in page


def test_csv_holds_no_formulas(run: Run, url: str) -> None:
    _, out, _ = run("export", "--database", url, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert {row["detail"] for row in rows} == {'\'=HYPERLINK("x")'}


def test_a_line_that_is_no_entry_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text('{"at": "2026-03-05T12:00:00+00:00"}\n')
    with pytest.raises(UserError, match="line 1 is no entry"):
        run("verify", "--file", file)


def test_a_model_nobody_heard_of_is_said(run: Run, url: str) -> None:
    with pytest.raises(UserError, match="--model: nothing on record concerns 'eta'"):
        run("export", "--database", url, "--model", "eta")
