import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main


def webhook(second: int, *alerts: dict[str, Any]) -> str:
    at = f"2026-03-05T12:00:{second:02d}Z"
    payload = {"version": "4", "status": "firing", "alerts": list(alerts)}
    return json.dumps({"received_at": at, "payload": payload})


def alert(name: str, service: str, severity: str = "critical", **labels: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": name, "service": service, "severity": severity, **labels},
        "annotations": {"summary": f"{name} on {service}"},
        "startsAt": "2026-03-05T11:59:50Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"{name}-{service}",
    }


def lines() -> Iterator[str]:
    """Two signs of one trouble on checkout, a warning on search."""
    yield webhook(1, alert("HighErrorRate", "checkout"), alert("HighLatency", "checkout"))
    yield webhook(5, alert("HighErrorRate", "checkout"))
    yield webhook(9, alert("DiskBusy", "search", "warning"))


@pytest.fixture
def history(tmp_path: Path) -> Path:
    file = tmp_path / "march.jsonl"
    file.write_text("\n".join(lines()))
    return file


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["march"]
    return found


def test_a_preview_counts_and_warns(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["silence", "preview", str(history), "--match", "service=checkout", "--json"]) == 0
    found = told(capsys)
    assert (found["alerts"], found["hidden"], found["deliveries"]) == (3, 2, 3)
    assert found["by_rule"] == {"HighErrorRate": 1, "HighLatency": 1}
    assert [e["incident"] for e in found["incidents_hidden"]] == ["INC-1"]
    assert "INC-1 (SEV1)" in found["warning"]


def test_several_matchers_must_all_hold(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    match = ["--match", "service=checkout", "alertname=~'High(Latency|Load)'"]
    assert main(["silence", "preview", str(history), *match, "--json"]) == 0
    found = told(capsys)
    assert found["match"] == "service=checkout alertname=~High(Latency|Load)"
    assert (found["hidden"], found["warning"]) == (1, "")
    assert [(e["hidden"], e["alerts"]) for e in found["incidents_smaller"]] == [(1, 2)]


def test_in_words(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zipped = history.with_suffix(".jsonl.gz")
    zipped.write_bytes(gzip.compress(history.read_bytes()))
    history.unlink()
    assert main(["silence", "preview", str(zipped), "--match", "service=search"]) == 0
    out = capsys.readouterr().out
    assert "service=search would have hidden 1 alert" in out
    assert "1 of 3 alerts hidden" in out
    assert "DiskBusy: 1 alert" in out


def test_hiding_nothing_is_exit_code_1(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["silence", "preview", str(history), "--match", "service=chekout"]) == 1
    assert "Is each name written as it comes?" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ("checkout", "'checkout' has no ="),
        ("service=~'('", "no usable pattern"),
        ("service=~'.*'", "nearly every alert"),
    ],
)
def test_mistakes_are_exit_code_2(
    history: Path, capsys: pytest.CaptureFixture[str], match: str, says: str
) -> None:
    assert main(["silence", "preview", str(history), "--match", match]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["silence", "preview", "no-such.jsonl", "--match", "service=x"]) == 2
    assert "no-such.jsonl" in capsys.readouterr().err
