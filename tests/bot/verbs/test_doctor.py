import json
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.settings import Settings


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In an empty folder; an embedder that does not exist, so that no model is loaded."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANDEM_EMBEDDER", "word2vec")


def test_it_says_what_is_broken_with_the_remedy_and_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "BROKEN   Slack: SLACK_BOT_TOKEN is not set\n         Create the app" in shown
    assert "ok       Database: sqlite:///tandem.db" in shown
    assert "off      Prometheus: not configured" in shown
    assert "BROKEN   Embedder: TANDEM_EMBEDDER is 'word2vec'" in shown


def test_its_findings_are_json_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"subject", "state", "words", "remedy"} == set(found[0])
    assert {f["state"] for f in found} == {"ok", "off", "warn", "broken"}


@pytest.mark.parametrize(
    ("variable", "value", "subject", "words"),
    [
        ("DATABASE_URL", "nonsense", "Database", "DATABASE_URL"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all.db", "Database", "/nowhere"),
        ("TANDEM_LIBRARY", "nowhere.jsonl", "Past incidents and runbooks", "nowhere.jsonl"),
        ("TANDEM_MODELS", "nowhere.toml", "Model data", "nowhere.toml"),
        ("TANDEM_MONITORS", "nowhere.toml", "Monitors", "nowhere.toml"),
        ("PROMETHEUS_URL", "nonsense", "Prometheus", "nonsense"),
        ("TANDEM_TELEMETRY", "nowhere.toml", "Metrics, logs and traces", "nowhere.toml"),
    ],
)
def test_what_does_not_work_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    subject: str,
    words: str,
) -> None:
    monkeypatch.setenv(variable, value)
    assert main(["doctor", "--json"]) == 1
    found = {f["subject"]: f for f in map(json.loads, capsys.readouterr().out.splitlines())}
    assert found[subject]["state"] == "broken"
    assert words in found[subject]["words"] + found[subject]["remedy"]
