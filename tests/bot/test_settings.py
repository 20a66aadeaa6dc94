from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.settings import Settings, read_settings
from knowledge.errors import UserError


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In an empty folder, with none of our variables set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_there_are_defaults() -> None:
    settings = read_settings()
    assert settings.tandem_channel == "#incidents"
    assert settings.database_url == "sqlite:///tandem.db"
    assert settings.slack_mode == "http"


def test_variables_come_from_the_environment_then_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TANDEM_CHANNEL=#ops\nTANDEM_HTTP_PORT=9000\nOTHER=1\n")
    monkeypatch.setenv("TANDEM_CHANNEL", "#oncall")
    monkeypatch.setenv("TANDEM_OPERATORS", "")
    settings = read_settings()
    assert (settings.tandem_channel, settings.tandem_http_port) == ("#oncall", 9000)
    assert settings.tandem_operators == "*", "an empty variable is one that is not set"


def test_every_field_is_a_variable_of_its_own_with_an_explanation() -> None:
    for name, field in Settings.model_fields.items():
        assert name == name.lower()
        assert field.description, name


def test_wrong_values_are_named_each_with_its_variable() -> None:
    with pytest.raises(UserError) as refused:
        read_settings(tandem_http_port=99999, tandem_slack_mode="pigeon", tandem_llm_timeout=0)
    words = str(refused.value)
    assert "\n" not in words
    for part in ("TANDEM_HTTP_PORT", "99999", "TANDEM_SLACK_MODE", "'pigeon'", "TANDEM_LLM_TIME"):
        assert part in words


def test_settings_do_not_change_and_show_no_secret() -> None:
    settings = read_settings(slack_bot_token="xoxb-hunter2", openai_api_key="sk-hunter2")
    assert "hunter2" not in f"{settings!r} {settings}"
    with pytest.raises(ValidationError):
        settings.tandem_channel = "#other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({}, "http"),
        ({"slack_app_token": "xapp-1"}, "socket"),
        ({"slack_app_token": "xapp-1", "tandem_slack_mode": "http"}, "http"),
        ({"tandem_slack_mode": "socket"}, "socket"),
    ],
)
def test_the_way_in_follows_from_the_tokens(given: dict[str, Any], mode: str) -> None:
    assert read_settings(**given).slack_mode == mode


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "SLACK_BOT_TOKEN is not set"),
        ({"slack_bot_token": "xoxb-1"}, "Neither SLACK_APP_TOKEN"),
        (
            {"slack_bot_token": "xoxb-1", "tandem_slack_mode": "socket"},
            "SLACK_APP_TOKEN is not set, and Socket Mode needs it",
        ),
        (
            {
                "slack_bot_token": "xoxb-1",
                "slack_app_token": "xapp-1",
                "tandem_slack_mode": "http",
            },
            "SLACK_SIGNING_SECRET",
        ),
    ],
)
def test_a_missing_token_stops_the_start_with_one_clear_line(
    given: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError) as refused:
        read_settings(**given).require_slack()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("given", [{"slack_app_token": "xapp-1"}, {"slack_signing_secret": "abc"}])
def test_with_the_tokens_of_its_way_in_the_bot_may_start(given: dict[str, Any]) -> None:
    read_settings(slack_bot_token="xoxb-1", **given).require_slack()
