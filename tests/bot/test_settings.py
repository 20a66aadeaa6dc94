from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bot.settings import Settings, is_secret, read_settings
from knowledge.errors import UserError


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In an empty folder, with none of our variables set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
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


# Secrets from files

SECRETS = [name for name, field in Settings.model_fields.items() if is_secret(name, field)]


def value_of(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_come_from_a_file(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("sqlite:///hunter2\n")
    monkeypatch.setenv(f"{name.upper()}_FILE", str(tmp_path / "secret"))
    settings = read_settings()
    assert value_of(settings, name) == "sqlite:///hunter2"
    assert name == "database_url" or "hunter2" not in repr(settings)


def test_what_is_no_secret_does_not_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "channel").write_text("#ops")
    monkeypatch.setenv("TANDEM_CHANNEL_FILE", str(tmp_path / "channel"))
    assert read_settings().tandem_channel == "#incidents"


def test_the_environment_goes_before_the_file_of_settings_also_for_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN_FILE={tmp_path}/token\n")
    assert value_of(read_settings(), "slack_bot_token") == "from-a-file"
    monkeypatch.setenv("SLACK_BOT_TOKEN", "from-the-environment")
    assert value_of(read_settings(), "slack_bot_token") == "from-the-environment"
    assert value_of(read_settings(slack_bot_token="given"), "slack_bot_token") == "given"


def test_a_secret_that_is_given_twice_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JIRA_TOKEN", "one")
    monkeypatch.setenv("JIRA_TOKEN_FILE", str(tmp_path / "two"))
    with pytest.raises(UserError, match="JIRA_TOKEN and JIRA_TOKEN_FILE are both set"):
        read_settings()
