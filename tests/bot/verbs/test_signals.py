import io
import json
from pathlib import Path

import pytest

from bot.__main__ import main

PAYLOADS = Path(__file__).parents[1] / "webhooks" / "payloads"


def test_it_shows_what_a_payload_becomes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals", "test", "azure", str(PAYLOADS / "azure_firing.json")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("firing    checkout CPU\n  service      checkout\n")
    assert "  severity     SEV2 ('error')\n" in shown
    assert shown.endswith("1 taken, 0 refused\n")


def test_an_end_whose_start_nobody_said_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    main(["signals", "test", "cloudwatch", str(PAYLOADS / "cloudwatch_resolved.json")])
    shown = capsys.readouterr().out
    assert "resolved  checkout-5xx\n" in shown
    assert "began        not said\n" in shown
    assert "ended        2026-03-05T11:58:00+00:00\n" in shown


def test_what_is_refused_is_told_with_its_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "payload.json"
    file.write_text(
        json.dumps({"signals": [{"name": "A", "severity": "none"}, {"status": "burning"}]})
    )
    assert main(["signals", "test", "generic", str(file)]) == 1
    shown = capsys.readouterr().out
    assert "note         a heartbeat or of no importance: it opens nothing\n" in shown
    assert "refused   signals[1].name: missing. Say what is wrong\n" in shown
    assert shown.endswith("1 taken, 1 refused\n")


def test_a_body_that_is_not_the_senders_is_refused_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "payload.json"
    file.write_text("<html>")
    assert main(["signals", "test", "gcp", str(file)]) == 1
    assert "refused   body: not JSON" in capsys.readouterr().out


def test_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["signals", "test", "grafana", str(PAYLOADS / "grafana_resolved.json"), "--json"]) == 0
    )
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {"signals", "refused", "ignored", "handshake"}
    (signal,) = shown["signals"]
    assert (signal["status"], signal["level"], signal["opens"]) == ("resolved", "SEV1", True)
    assert signal["starts_at"] == "2026-03-05T11:42:10+00:00"


def test_a_handshake_shows_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(PAYLOADS / "cloudwatch_handshake.json")
    for options in ([], ["--json"]):
        assert main(["signals", "test", "cloudwatch", file, *options]) == 0
        shown = capsys.readouterr().out
        assert "SubscriptionConfirmation" in shown
        assert "0000aaaa1111bbbb" not in shown


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"name": "A"}')))
    assert main(["signals", "test", "generic", "-"]) == 0
    assert "firing    A\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "file", "words"),
    [("grafanna", "-", "`grafana`"), ("grafana", "nowhere.json", "FILE: nowhere.json")],
)
def test_called_wrongly(
    source: str, file: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["signals", "test", source, file]) == 2
    assert words in capsys.readouterr().err
