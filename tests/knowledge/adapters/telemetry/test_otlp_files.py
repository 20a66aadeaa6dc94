"""Real files, as the OpenTelemetry Collector's file exporter writes them."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from knowledge.adapters.telemetry.otlp_files import OtlpFiles
from knowledge.errors import Unavailable, UserError
from tests.knowledge.adapters.telemetry.recorded import NOON, NOON_NS, otlp_resource

MINUTE = timedelta(minutes=1)
SECOND = 10**9
Write = Callable[..., Path]


def log(service: str, second: int, text: str) -> dict[str, Any]:
    record = {"timeUnixNano": str(NOON_NS + second * SECOND), "body": {"stringValue": text}}
    scopes = [{"logRecords": [record]}]
    return {"resourceLogs": [{"resource": otlp_resource(service), "scopeLogs": scopes}]}


def span(service: str, trace: int, number: int, second: int) -> dict[str, Any]:
    made = {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "name": f"{service} {number}",
        "startTimeUnixNano": str(NOON_NS + second * SECOND),
        "endTimeUnixNano": str(NOON_NS + second * SECOND + 1000),
    }
    scopes = [{"spans": [made]}]
    return {"resourceSpans": [{"resource": otlp_resource(service), "scopeSpans": scopes}]}


def memory(service: str, second: int, value: float) -> dict[str, Any]:
    point = {"timeUnixNano": str(NOON_NS + second * SECOND), "asDouble": value}
    metric = {"name": "process.memory.usage", "sum": {"dataPoints": [point]}}
    scopes = [{"metrics": [metric]}]
    return {"resourceMetrics": [{"resource": otlp_resource(service), "scopeMetrics": scopes}]}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def one(name: str, *batches: dict[str, Any], tail: bytes = b"", minutes: float = 1) -> Path:
        """Last changed that many minutes after noon."""
        file = tmp_path / name
        text = "".join(json.dumps(batch, ensure_ascii=False) + "\n" for batch in batches)
        file.write_bytes(text.encode() + tail)
        changed = (NOON + minutes * MINUTE).timestamp()
        os.utime(file, (changed, changed))
        return file

    return one


@pytest.fixture
def files(tmp_path: Path) -> OtlpFiles:
    return OtlpFiles([f"{tmp_path}/*.jsonl", f"{tmp_path}/l*.jsonl"])


def test_lines_of_a_service_newest_first(files: OtlpFiles, write: Write) -> None:
    write("logs.jsonl", log("shop", 1, "one"), log("other", 2, "shop"), log("shop", 600, "late"))
    write("logs-2.jsonl", log("shop", 3, "two"), tail=b'{"resourceLogs": [{"shop"', minutes=2)
    write("old.jsonl", log("shop", 2, "in a file of yesterday"), minutes=-1500)
    write("logs.txt", log("shop", 2, "in another file"))
    lines = files.lines("shop", NOON, NOON + MINUTE)
    assert [line.text for line in lines] == ["two", "one"]
    assert [line.text for line in files.lines("shop", NOON, NOON + MINUTE, 1)] == ["two"]
    assert files.lines("sho", NOON, NOON + MINUTE) == []


def test_a_name_may_be_written_in_any_letters(files: OtlpFiles, write: Write) -> None:
    write("logs.jsonl", log("Größe", 1, "one"), log('a"b\\c', 2, "two"))
    assert len(files.lines("Größe", NOON, NOON + MINUTE)) == 1
    assert len(files.lines('a"b\\c', NOON, NOON + MINUTE)) == 1


def test_whole_traces_newest_first(files: OtlpFiles, write: Write) -> None:
    write(
        "traces.jsonl",
        span("shop", 1, 1, 10),
        span("pay", 1, 2, 11),
        span("pay", 2, 3, 12),
        span("shop", 3, 4, 20),
        span("shop", 4, 6, 400),
    )
    write("traces-2.jsonl", span("pay", 3, 5, 70), minutes=2)
    found = files.spans("shop", NOON, NOON + MINUTE)
    assert [s.operation for s in found] == ["shop 4", "pay 5", "shop 1", "pay 2"]
    assert [s.operation for s in files.spans("shop", NOON, NOON + MINUTE, 3)] == ["shop 4", "pay 5"]
    assert [s.operation for s in files.spans("shop", NOON, NOON + MINUTE, 1)] == ["shop 4"]
    assert files.spans("nobody", NOON, NOON + MINUTE) == []


def test_signals_of_several_services(files: OtlpFiles, write: Write) -> None:
    write("m.jsonl", memory("shop", 30, 5.0), memory("shop", 90, 6.0), memory("pay", 30, 1.0))
    found = files.signals(["shop", "nobody"], NOON, NOON + 2 * MINUTE, 60)
    assert set(found) == {"shop"}
    assert found["shop"]["memory"].values.tolist() == [5, 6]


def test_of_large_files_the_end_is_read(write: Write, tmp_path: Path) -> None:
    batches = [log("shop", number % 50, f"l{number}") for number in range(100)]
    write("logs.jsonl", *batches)
    size = len(json.dumps(batches[-1])) + 1
    few = OtlpFiles([f"{tmp_path}/*.jsonl"], most_bytes=10 * size + 5)
    texts = {line.text for line in few.lines("shop", NOON, NOON + MINUTE)}
    assert texts == {f"l{number}" for number in range(90, 100)}
    write("newer.jsonl", log("shop", 1, "new"), minutes=3)
    one = OtlpFiles([f"{tmp_path}/*.jsonl"], most_bytes=20)
    assert one.lines("shop", NOON, NOON + MINUTE) == []


def test_the_check_says_what_is_wrong(files: OtlpFiles, write: Write) -> None:
    with pytest.raises(UserError, match=r"no file fits .*\.jsonl"):
        files.check(NOON)
    file = write("logs.jsonl", {"level": "info"})
    with pytest.raises(UserError, match=r"logs\.jsonl holds no OTLP JSON lines"):
        files.check(NOON)
    write("logs.jsonl", log("shop", 1, "one"))
    files.check(NOON)
    file.unlink()
    file.symlink_to("/proc/self/mem")
    with pytest.raises(Unavailable, match="cannot be read"):
        OtlpFiles([str(file)]).check(NOON)
