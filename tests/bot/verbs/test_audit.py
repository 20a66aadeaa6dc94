import argparse
import csv
import io
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.verbs import audit
from knowledge.adapters.s3_archive import S3Archive
from knowledge.adapters.sql import open_store
from knowledge.errors import UserError
from knowledge.records import Approval, ApprovalStatus, AuditEntry, Gate, GateResult, Move
from skills.testing import NOON
from tests.knowledge.adapters.aws_server import KEYS, REGION, aws_client, aws_server

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
    draft = Approval("", "eta-model", "5", "2", "U1", "ada", NOON, "=better()", gates=(gate,))
    made = store.approvals.add(draft)
    store.moves.add(Move("", "eta-model", "6", "5", NOON, NOON + timedelta(days=1), how="poll"))

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
    for minute, actor, skill, args in (
        (0, "U1", "promotion", {"model": "eta-model", "version": "5"}),
        (5, "U2", "approve", {"approval": made.id}),
        (6, "U1", "help", {}),
    ):
        at = NOON + timedelta(minutes=minute)
        store.audit.add(AuditEntry(at, actor, skill, args, "ok", '=HYPERLINK("x")'))
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
        "eta-model v5 became champion, in the place of v2",
        "ada (U1)",
        "chloe (U2)",
        "rmse 9.1 against 10.4",
        "champion moved from v2 to v5",
        "The chain holds",
        "=HYPERLINK(&quot;x&quot;)",
        "past Tandem",
    ):
        assert part in page
    assert ">help<" not in page


def test_csv_holds_no_formulas(run: Run, url: str) -> None:
    _, out, _ = run("export", "--database", url, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert {row["detail"] for row in rows} == {'\'=HYPERLINK("x")'}


def test_moves_are_a_line_each(run: Run, url: str) -> None:
    _, out, _ = run("export", "--database", url, "--format", "csv", "--moves")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["what"] for row in rows] == [
        "eta-model v5 became champion, in the place of v2",
        "eta-model v6 became champion, in the place of v5, past Tandem",
    ]
    assert (rows[0]["asked_by"], rows[0]["why"], rows[0]["holds"]) == (
        "ada (U1)",
        "'=better()",
        "False",
    )
    _, out, _ = run("export", "--database", url, "--format", "jsonl", "--moves")
    story = json.loads(out.splitlines()[0])
    assert [(step["actor"], step["entry"]) for step in story["steps"]] == [("U1", 1), ("U2", 2)]
    assert story["gates"][0]["detail"] == "rmse 9.1 against 10.4 on the same data"


def test_heads_kept_in_a_file_are_looked_for(run: Run, url: str, tmp_path: Path) -> None:
    head = json.loads(run("verify", "--database", url, "--json")[1])["head"]
    kept = tmp_path / "channel.txt"
    kept.write_text(f"Audit record: 3 entries\nHead `{head}`\n")
    code, out, _ = run("verify", "--database", url, "--anchors", kept)
    assert code == 0
    assert "Heads that were kept elsewhere: 1, all of them in the chain." in out
    kept.write_text(f"{head} and {'ab' * 32}")
    code, out, _ = run("verify", "--database", url, "--anchors", kept)
    assert code == 1
    assert "no entry has the anchored hash abababababab" in out


def test_a_place_without_heads_proves_nothing(run: Run, url: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("nothing")
    with pytest.raises(UserError, match="holds no head"):
        run("verify", "--database", url, "--anchors", empty)
    with pytest.raises(UserError, match=r"gone\.txt cannot be read"):
        run("verify", "--database", url, "--anchors", tmp_path / "gone.txt")
    with pytest.raises(UserError, match="TANDEM_AUDIT_ARCHIVE names none"):
        run("verify", "--database", url, "--anchors", "archive")


def test_heads_kept_under_a_lock_are_looked_for(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with aws_server() as aws:
        for name, value in KEYS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TANDEM_S3_ENDPOINT", aws)
        aws_client("s3", aws).create_bucket(
            Bucket="heads",
            ObjectLockEnabledForBucket=True,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
        archive = S3Archive("s3://heads/tandem", endpoint=aws, region=REGION)
        until = datetime.now(UTC) + timedelta(days=1)
        head = json.loads(run("verify", "--database", url, "--json")[1])["head"]
        archive.keep("2026-03-05-000000003.json", json.dumps({"head": head}).encode(), until)
        assert run("verify", "--database", url, "--anchors", "s3://heads/tandem")[0] == 0
        archive.keep("2026-03-06-000000009.json", json.dumps({"head": "cd" * 32}).encode(), until)
        code, out, _ = run("verify", "--database", url, "--anchors", "s3://heads/tandem")
    assert code == 1
    assert "cdcdcdcdcdcd" in out


def test_a_line_that_is_no_entry_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text('{"at": "2026-03-05T12:00:00+00:00"}\n')
    with pytest.raises(UserError, match="line 1 is no entry"):
        run("verify", "--file", file)


def test_a_model_nobody_heard_of_is_said(run: Run, url: str) -> None:
    with pytest.raises(UserError, match="--model: nothing on record concerns 'eta'"):
        run("export", "--database", url, "--model", "eta")
