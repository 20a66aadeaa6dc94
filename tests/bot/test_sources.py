"""The file of sources as the settings name it, with secrets from the environment."""

from pathlib import Path

import pytest

from bot.settings import Settings
from bot.sources import load_sources, make_sources
from bot.webhooks.auth import Received, Secret
from knowledge.errors import UserError
from skills.testing import NOON

FILE = '[sources.azure]\nauth = "bearer"\ntoken_env = "AZURE_TOKEN"\n'


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[arg-type]


def accepts(auth: object, token: str) -> bool:
    assert isinstance(auth, Secret)
    return not auth.reason(Received(b"", {"authorization": f"Bearer {token}"}, {}, NOON))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZURE_TOKEN", raising=False)
    path = tmp_path / "sources.toml"
    path.write_text(FILE)
    return path


def test_without_a_file_one_token_guards_all() -> None:
    sources = make_sources(settings(tandem_webhook_token="shared"))
    assert all(accepts(s.auth, "shared") for s in sources.signals.values())
    assert all(accepts(s.auth, "shared") for s in sources.changes.values())
    assert make_sources(settings()).unguarded()


def test_a_secret_comes_from_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN", "of-the-environment")
    sources = make_sources(settings(tandem_sources=file, tandem_webhook_token="shared"))
    assert accepts(sources.signal_source("azure").auth, "of-the-environment")
    assert accepts(sources.signal_source("gcp").auth, "shared")


def test_or_from_the_env_file_beside_the_settings(file: Path) -> None:
    (file.parent / ".env").write_text("AZURE_TOKEN=of-the-file\n")
    assert accepts(load_sources(file).signal_source("azure").auth, "of-the-file")


def test_a_secret_that_is_not_set_stops_the_start(file: Path) -> None:
    with pytest.raises(UserError, match="AZURE_TOKEN is not set"):
        load_sources(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"TANDEM_SOURCES: .*nowhere\.toml cannot be read"):
        load_sources(tmp_path / "nowhere.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        load_sources(tmp_path / "binary.toml")
