import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.verbs import stats

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    parser = argparse.ArgumentParser()
    stats.register(parser.add_subparsers())

    def call(*words: object) -> tuple[int, str, str]:
        args = parser.parse_args(["stats", *map(str, words)])
        code = args.run(args)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def webhook(at: datetime, name: str, *, ended: bool, start: datetime) -> dict[str, Any]:
    alert = {
        "status": "resolved" if ended else "firing",
        "labels": {"alertname": name, "service": "search", "severity": "warning"},
        "annotations": {},
        "startsAt": start.isoformat(),
        "endsAt": at.isoformat() if ended else "0001-01-01T00:00:00Z",
        "fingerprint": name,
    }
    return {"received_at": at.isoformat(), "payload": {"version": "4", "alerts": [alert]}}


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    """A warning that goes on and off for two hours, each time delivered by two replicas."""
    rows = []
    for number in range(20):
        start = START + timedelta(minutes=6 * number)
        rows += [webhook(start, "DiskFull", ended=False, start=start)] * 2
        rows.append(webhook(start + timedelta(seconds=50), "DiskFull", ended=True, start=start))
    file = tmp_path / "march.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def incident(number: int, **given: Any) -> dict[str, Any]:
    opened = START + timedelta(hours=number)
    return {
        "id": f"INC-{number}",
        "title": "Search is slow",
        "service": "search",
        "severity": "SEV2",
        "status": "resolved",
        "opened_at": opened.isoformat(),
        "resolved_at": (opened + timedelta(minutes=10 * number)).isoformat(),
        "timeline": [
            {"ts": opened.isoformat(), "type": "opened", "actor": "tandem"},
            {
                "ts": (opened + timedelta(minutes=number)).isoformat(),
                "type": "acknowledged",
                "actor": "ada",
            },
        ],
        **given,
    }


@pytest.fixture
def incidents(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"INC-{number}.json" for number in (1, 2, 3)]
    for number, file in enumerate(files, 1):
        file.write_text(json.dumps(incident(number)))
    return files


def test_recorded_alerts_give_reduction_rules_and_flapping(run: Run, alerts: Path) -> None:
    code, out, _ = run(alerts)
    assert code == 0
    assert "20 alerts (60 deliveries) became 0 cards" in out
    assert "`DiskFull` fired 20 times" in out
    assert "`DiskFull` on search started 20 times, 10 within one hour" in out
    assert "acknowledge" not in out


def test_incident_files_give_times(run: Run, incidents: list[Path]) -> None:
    code, out, _ = run(*incidents)
    assert code == 0
    assert "Time to acknowledge  median 2 min" in out
    assert "Time to resolve      median 20 min" in out


def test_json_has_every_figure_in_seconds(run: Run, alerts: Path, incidents: list[Path]) -> None:
    code, out, _ = run("--json", alerts, *incidents)
    found = json.loads(out)
    assert code == 0
    assert found["3 incident files"]["times"]["now"]["resolve"]["median"] == 1200
    assert found["march"]["reduction"] == {
        "deliveries": 60,
        "instances": 20,
        "cards": 0,
        "share": 1.0,
    }
    assert found["march"]["advice"][0]["rule"] == "DiskFull"


def test_only_the_last_days_count(run: Run, incidents: list[Path]) -> None:
    old = json.loads(incidents[0].read_text())
    old["opened_at"] = (START - timedelta(days=40)).isoformat()
    incidents[0].write_text(json.dumps(old))
    assert "2 incidents in 30 days" in run(*incidents)[1]
    assert "3 incidents in 60 days" in run(*incidents, "--days", 60)[1]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("none.jsonl", None, "none.jsonl"),
        ("none.json", None, "cannot be read"),
        ("bad.json", "{", "bad.json"),
        ("bad.jsonl", "no JSON\n", "no line could be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    run: Run, tmp_path: Path, name: str, text: str | None, says: str
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    code, _, err = run(file)
    assert code == 2
    assert says in err


def test_days_must_be_a_number(run: Run, alerts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(alerts, "--days", "many")
    assert "'many' is no number of days" in capsys.readouterr().err
