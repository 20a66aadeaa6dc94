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


# Changes, and sources of the file ------------------------------------------------------------

PUSH = {
    "ref": "refs/heads/main",
    "after": "c0ffee1234567890",
    "pusher": {"name": "ines"},
    "head_commit": {"message": "Coupon rules", "timestamp": "2026-03-05T11:42:10Z"},
    "repository": {"name": "checkout", "full_name": "shop/checkout", "default_branch": "main"},
}
FILE = """
[sources.acme]
auth = "vendor"
vendor = "github"
secret_env = "A_SECRET_THAT_IS_NOT_SET"
[sources.acme.map]
name = "$.title"
service = "$.component"
[changes.jenkins]
auth = "none"
[changes.jenkins.map]
service = "$.job"
summary = "$.text"
"""


def written(folder: Path, name: str, content: object) -> str:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(file)


def test_a_payload_about_a_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["signals", "test", "changes/github", written(tmp_path, "push.json", PUSH)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("push      Coupon rules\n  service      checkout\n")
    assert "  at           2026-03-05T11:42:10+00:00\n" in shown
    assert shown.endswith("1 taken, 0 refused\n")


def test_what_is_no_change_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "push.json", {**PUSH, "ref": "refs/heads/x"})
    assert main(["signals", "test", "changes/github", file]) == 0
    assert "no change: a push to refs/heads/x, which is not" in capsys.readouterr().out


def test_changes_alone_are_plain_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "change.json", {"service": "checkout", "summary": "4.12.0"})
    assert main(["signals", "test", "changes", file, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["changes"][0]["service"] == "checkout"
    assert main(["signals", "test", "changes", written(tmp_path, "bad.json", {})]) == 1
    assert "refused   service: " in capsys.readouterr().out


@pytest.mark.parametrize("named_by", ["--sources", "TANDEM_SOURCES"])
def test_a_source_of_the_file_needs_no_secret_to_be_tried(
    named_by: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources = written(tmp_path, "tandem-sources.toml", FILE)
    given = ["--sources", sources] if named_by == "--sources" else []
    if not given:
        monkeypatch.setenv("TANDEM_SOURCES", sources)
    file = written(tmp_path, "payload.json", {"title": "Disk full", "component": "orders"})
    assert main(["signals", "test", "acme", file, *given]) == 0
    assert "firing    Disk full\n  service      orders\n" in capsys.readouterr().out
    file = written(tmp_path, "build.json", {"job": "checkout", "text": "4.12.0"})
    assert main(["signals", "test", "changes/jenkins", file, *given]) == 0
    assert "deploy    4.12.0\n" in capsys.readouterr().out


def test_a_file_of_sources_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = written(tmp_path, "s.toml", '[sources.acme]\nauth = "bearer"\ntoken = "abc"')
    assert main(["signals", "test", "acme", "-", "--sources", sources]) == 2
    said = capsys.readouterr().err
    assert "s.toml, [sources.acme]: token: a secret does not belong in this file" in said
    assert "abc" not in said
