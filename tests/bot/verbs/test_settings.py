import pytest

from bot.__main__ import main
from bot.settings import Settings
from bot.verbs.settings import table


def test_every_setting_is_one_row_with_its_default() -> None:
    rows = table().splitlines()
    assert len(rows) == 2 + len(Settings.model_fields)
    assert "| `TANDEM_CHANNEL` | `#incidents` | The channel" in table()
    assert all(row.count("|") >= 4 for row in rows)


def test_the_table_shows_defaults_and_never_what_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-hunter2")
    assert main(["settings"]) == 0
    shown = capsys.readouterr().out
    assert "hunter2" not in shown
    assert "`SLACK_BOT_TOKEN` \\* |  |" in shown
