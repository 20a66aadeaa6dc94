"""`tandem telemetry` over files of the OpenTelemetry Collector."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
NOON_NS = int(NOON.timestamp()) * 10**9
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
RECORD = {
    "timeUnixNano": str(NOON_NS),
    "severityText": "ERROR",
    "body": {"stringValue": "payment\nfailed"},
}
SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "spanId": "eee19b7ec3c1b174",
    "name": "POST /pay",
    "startTimeUnixNano": str(NOON_NS),
    "endTimeUnixNano": str(NOON_NS + 10**9),
    "status": {"code": 2},
}
POINT = {"timeUnixNano": str(NOON_NS), "asDouble": 5.5}
METRIC = {"name": "process.memory.usage", "sum": {"dataPoints": [POINT]}}
BATCHES: list[dict[str, Any]] = [
    {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [{"logRecords": [RECORD]}]}]},
    {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"spans": [SPAN]}]}]},
    {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"metrics": [METRIC]}]}]},
]
WHEN = ("--since", "30m", "--until", "2026-03-05T12:10")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    recording = tmp_path / "all.jsonl"
    recording.write_text("".join(json.dumps(batch) + "\n" for batch in BATCHES))
    os.utime(recording, (NOON.timestamp(), NOON.timestamp()))
    config = tmp_path / "telemetry.toml"
    config.write_text(f'[otlp]\nfiles = ["{recording}"]\n')
    return config


def test_what_was_read_is_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["telemetry", "--service", "shop", "--file", str(file), *WHEN]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "shop, 2026-03-05 11:40 to 12:10 UTC, from OTLP files"
    assert "memory               1           5.5           5.5           5.5" in said
    assert "Log lines: 1 (1 error)" in said
    assert "  12:00:00 error    payment failed" in said
    assert "Spans: 1 in 1 traces, 1 failed" in said
    assert "      1  shop  POST /pay" in said


def test_all_of_it_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["telemetry", "--service", "shop", "--file", str(file), "--json", *WHEN]
    assert main(given) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["signals"]["memory"]["values"] == [5.5]
    assert told["lines"][0]["text"] == "payment\nfailed"
    assert told["spans"][0]["start"] == "2026-03-05T12:00:00+00:00"
    assert told["sources"] == ["OTLP files"]


def test_a_service_without_any_is_a_failure(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["telemetry", "--service", "nobody", "--file", str(file), *WHEN]) == 1
    said = capsys.readouterr().out
    assert "Signals: none." in said
    assert "Log lines: 0\n" in said


def test_a_source_that_is_down_does_not_hide_the_others(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    down = '[jaeger]\nurl = "http://127.0.0.1:9"\ntimeout = "1s"\n'
    file.write_text(file.read_text() + down)
    assert main(["telemetry", "--service", "shop", "--file", str(file), *WHEN]) == 1
    told = capsys.readouterr()
    assert "Spans: 1 in 1 traces, 1 failed" in told.out
    assert told.err.count("tandem telemetry: Jaeger: http://127.0.0.1:9 cannot be") == 1
    file.write_text(down)
    assert main(["telemetry", "--service", "shop", "--file", str(file), *WHEN]) == 1
    assert "tandem telemetry: Jaeger: http://127.0.0.1:9 cannot be" in capsys.readouterr().err


def test_what_a_source_calls_the_service_is_shown(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(f'{file.read_text()}[otlp.services]\nstorefront = "shop"\n')
    given = ["telemetry", "--service", "storefront", "--file", str(file), *WHEN]
    assert main(given) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "  OTLP files calls it shop"
    assert "Log lines: 1 (1 error)" in said
    assert "      1  storefront  POST /pay" in said
    assert main([*given, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["called"] == {"OTLP files": "shop"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--since", "1x"), "--since: '1x' is not a length of time"),
        (("--since", "0m"), "--since: it must be longer than nothing"),
        (("--until", "noon"), "--until: 'noon' is no time; write such as 2026-03-05T12:00 (UTC)"),
        (("--file", "/none.toml"), "TANDEM_TELEMETRY: /none.toml cannot be read"),
    ],
)
def test_called_wrongly(
    file: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], words: str
) -> None:
    assert main(["telemetry", "--service", "shop", "--file", str(file), *given]) == 2
    assert words in capsys.readouterr().err


def test_the_recording_of_the_guide(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    file = "docs/examples/telemetry/telemetry.toml"
    given = ["telemetry", "--service", "payment", "--file", file, "--until", "2026-03-05T12:10"]
    assert main(given) == 0
    said = capsys.readouterr().out
    assert "OTLP files calls it prod/payment" in said
    assert "Log lines: 12 (10 error, 2 info)" in said
    assert "Spans: 35 in 7 traces, 2 failed" in said


def test_without_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TANDEM_TELEMETRY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["telemetry", "--service", "shop"]) == 2
    assert "--file: missing; name a file, or set TANDEM_TELEMETRY" in capsys.readouterr().err
