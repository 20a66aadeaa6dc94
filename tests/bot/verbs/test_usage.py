"""`tandem usage` reads the store and prints figures."""

import json
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.clock import utc_now
from knowledge.adapters.sql import open_store
from knowledge.records import Use


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'tandem.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("TANDEM_LLM_PRICE_IN", "1")
    monkeypatch.setenv("TANDEM_LLM_CURRENCY", "EUR")
    monkeypatch.setenv("TANDEM_LLM_DAILY_LIMIT", "5")
    return url


def test_it_prints_what_was_used_and_what_is_left(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = open_store(store)
    opened.uses.add(Use(utc_now(), "m", "investigate", "investigate@1", "U1", "shop", 9000, 900, 2))
    opened.close()
    assert main(["usage", "--window", "1d"]) == 0
    said = capsys.readouterr().out
    assert "Language model: 2.00 EUR, 9,900 tokens in 24 h" in said
    assert "Everyone: 3.00 EUR of 5.00 EUR left" in said
    assert main(["usage", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["all"]["answers"], told["team"][0]["key"]) == (1, "shop")
    assert told["limits"][0]["share"] == pytest.approx(0.4)


def test_an_empty_store_says_so(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["usage"]) == 0
    assert "was not used in 7 d" in capsys.readouterr().out


def test_a_wrong_span_or_limit_is_named(
    store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["usage", "--window", "soon"]) == 2
    assert "'soon'" in capsys.readouterr().err
    monkeypatch.setenv("TANDEM_LLM_DAILY_LIMIT", "five")
    assert main(["usage"]) == 2
    assert "TANDEM_LLM_DAILY_LIMIT" in capsys.readouterr().err
