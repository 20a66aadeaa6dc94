"""`tandem runbook`: files in, words out; real programs are run only after a yes."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.verbs import runbook
from knowledge.adapters.sql import open_store
from knowledge.errors import UserError

GOOD = """---
title: Notes
---
# Notes

```toml tandem=parameters
[word]
default = "hello"
```

1. Look.

   ```toml tandem=shell
   argv = ["/bin/echo", "looked", "{word}"]
   reads_only = true
   ```

2. Write.

   ```toml tandem=shell
   argv = ["/bin/sh", "-c", "echo written > note"]
   dry_argv = ["/bin/echo", "looked", "first"]
   confirm = "Write it?"
   ```
"""


def tandem(*words: str | Path, answers: str = "") -> int:
    """`answers` are what is typed, a letter each."""
    parser = argparse.ArgumentParser()
    runbook.register(parser.add_subparsers())
    args = parser.parse_args(["runbook", *map(str, words)])
    typed: Iterator[str] = iter(answers)

    def ask(question: str) -> str:
        print(question)
        return next(typed)

    return runbook.run(args, ask)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'tandem.db'}")
    (tmp_path / "notes.md").write_text(GOOD, "utf-8")
    write = json.dumps(["/bin/sh", "-c", "echo written > note"])
    (tmp_path / "runners.toml").write_text(
        f"""
folder = "runs"
[[runbook]]
id = "notes"
[shell]
allow = [
  {{ argv = ["/bin/echo", "looked", {{ pattern = "[a-z]+" }}], reads_only = true }},
  {{ argv = {write} }},
]
""",
        "utf-8",
    )
    return tmp_path


def test_check_names_file_line_and_field(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = files / "bad.md"
    bad.write_text(GOOD.replace("confirm =", "confrm ="), "utf-8")
    assert tandem("check", files / "notes.md") == 0
    assert capsys.readouterr().out == f"{files / 'notes.md'}: 2 runnable steps (2 shell)\n"
    assert tandem("check", bad, files / "none.md") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{bad}:23: tandem=shell: confrm: there is no such field"
    assert "none.md: cannot be read" in lines[1]


def test_show_lists_steps_between_prose(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem("show", files / "notes.md") == 0
    shown = capsys.readouterr().out
    assert "1. Look.\n  > step 1 (shell, only looks, 5 min at most)" in shown
    assert "  > /bin/echo looked {word}" in shown


def test_dry_changes_nothing_and_asks_nothing(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem("run", files / "notes.md", "--runners", files / "runners.toml", "--dry") == 0
    shown = capsys.readouterr().out
    assert "-- dry run\n     looked first" in shown
    assert "0 of 2 steps done, 2 skipped" in shown
    assert not (files / "tandem.db").exists()


def test_a_yes_runs_a_step_and_is_in_the_audit_record(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", files / "notes.md", "--runners", files / "runners.toml", "--as", "U1")
    assert tandem(*words, "--set", "word=hi", answers="yy") == 0
    shown = capsys.readouterr().out
    assert "looked hi" in shown
    assert "Write it? [y/N]" in shown
    written = list(files.glob("runs/*/note"))
    assert written == [], "the folder of its own goes with the end"
    store = open_store(f"sqlite:///{files / 'tandem.db'}")
    entries = store.audit.find(limit=5)
    store.close()
    told = [(e.actor, e.skill, e.outcome) for e in entries]
    assert told == [
        ("U1", "runbook_step", "done"),
        ("U1", "runbook_dry", "done"),
        ("U1", "runbook_step", "done"),
    ]


def test_a_no_runs_nothing(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", files / "notes.md", "--runners", files / "runners.toml", "--as", "U1")
    assert tandem(*words, answers="nn") == 0
    assert "0 of 2 steps done, 2 skipped" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--as: missing"),
        (("--dry",), "TANDEM_RUNNERS is not set"),
        (("--dry", "--runners", "runners.toml", "--set", "word"), "--set: 'word' is no NAME=VALUE"),
        (("--dry", "--runners", "runners.toml", "--set", "word=-x"), "word: it begins with `-`"),
        (("--dry", "--runners", "runners.toml", "--set", "colour=x"), "no such parameter"),
    ],
)
def test_called_wrongly(
    files: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert tandem("run", files / "notes.md", *words) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there(files: Path) -> None:
    with pytest.raises(UserError, match=r"none\.md: cannot be read"):
        tandem("show", files / "none.md")
