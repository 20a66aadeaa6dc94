import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.__main__ import main
from knowledge.adapters.sql import open_store
from knowledge.records import AuditEntry

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def url(empty_sqlite: str) -> str:
    store = open_store(empty_sqlite)
    store.audit.add(AuditEntry(NOW, "U1", "approve", {}, "ok"))
    store.close()
    return empty_sqlite


def test_a_backup_and_its_restore_say_what_is_in_them(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "b.db")
    assert main(["backup", file, "--database", url]) == 0
    said = capsys.readouterr().out
    assert "1 rows of 1 tables; the audit record holds (1 entries, head " in said
    assert main(["restore", file, "--database", f"sqlite:///{tmp_path / 'new.db'}"]) == 0
    assert "Restored 1 rows" in capsys.readouterr().out
    assert main(["restore", file, "--database", url]) == 1
    assert "not empty (1 of audit)" in capsys.readouterr().err
    assert main(["restore", file, "--database", url, "--force", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["audit"]["holds"]) == ({"audit": 1}, True)
    assert Path(told["former"]).is_file()


def test_a_backup_is_told_for_programs(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "b.db"
    assert main(["backup", str(file), "--database", url, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["size"], told["former"]) == (file.stat().st_size, None)
    assert main(["backup", str(file), "--database", url]) == 1
    assert "FILE: " in capsys.readouterr().err


def test_a_store_moves_and_what_to_do_next_is_said(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = f"sqlite:///{tmp_path / 'target.db'}"
    assert main(["migrate-store", "--from", url, "--to", target]) == 0
    said = capsys.readouterr().out
    assert "Copied 1 rows of 1 tables" in said
    assert "Next: set DATABASE_URL" in said
    assert main(["migrate-store", "--from", url, "--to", target, "--json"]) == 1
    assert "--to: the database is not empty" in capsys.readouterr().err
    again = f"sqlite:///{tmp_path / 'again.db'}"
    assert main(["migrate-store", "--from", url, "--to", again, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == {"audit": 1}
