import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.replay import Malformed, Webhook, histories
from knowledge.errors import UserError
from tests.bot.replay.conftest import Write, alert, storm, webhook


def read(path: Path) -> list[Webhook | Malformed]:
    return [item for history in histories([path]) for item in history.read()]


def mistakes(path: Path) -> list[tuple[int, str]]:
    return [(item.line, item.field) for item in read(path) if isinstance(item, Malformed)]


@pytest.mark.parametrize(
    ("name", "zipped"),
    [
        ("shop/alerts.jsonl", False),
        ("shop/alerts.jsonl.gz", True),
        # Named as if it were compressed, or as if it were not: the content tells.
        ("shop/alerts.jsonl.gz", False),
        ("shop/alerts.jsonl", True),
        ("shop/alerts.ndjson", False),
    ],
)
def test_files_are_read_gzipped_or_not(write: Write, name: str, zipped: bool) -> None:
    file = write(storm(), name, zipped)
    webhooks = [item for item in read(file) if isinstance(item, Webhook)]
    assert [len(w.signals) for w in webhooks] == [1, 2, 1, 1, 2, 5, 6, 1]
    assert webhooks[0].received_at == datetime(2026, 3, 5, 12, 0, 5, tzinfo=UTC)


def test_a_history_is_named_after_its_folder_or_its_file(write: Write, tmp_path: Path) -> None:
    named = write(storm(), "march.jsonl.gz", zipped=True)
    assert [h.name for h in histories([write(storm()), named])] == ["shop", "march"]
    assert [h.name for h in histories([tmp_path / "shop"])] == ["shop"]


def test_a_folder_of_days_is_one_history_and_one_of_folders_is_many(
    write: Write, tmp_path: Path
) -> None:
    lines = storm()
    write(lines[:4], "month/alerts-01.jsonl")
    write(lines[4:], "month/alerts-02.jsonl.gz", zipped=True)
    month = histories([tmp_path / "month"])
    assert [h.name for h in month] == ["month"]
    assert len(list(month[0].read())) == len(lines)
    write(lines, "shop/alerts.jsonl")
    assert [h.name for h in histories([tmp_path])] == ["month", "shop"]


def test_the_catalogue_beside_it_is_found(write: Write) -> None:
    file = write(storm())
    assert histories([file])[0].topology == file.parent / "topology.json"
    assert histories([file.parent])[0].topology == file.parent / "topology.json"


def test_paths_that_hold_no_history_are_told(tmp_path: Path, write: Write) -> None:
    with pytest.raises(UserError, match="no such file"):
        histories([tmp_path / "nothing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no history"):
        histories([tmp_path / "empty"])
    file = write(storm())
    with pytest.raises(UserError, match="two histories are called shop"):
        histories([file, file.parent])


def test_a_line_may_name_its_source(write: Write) -> None:
    payload = {"alerts": [alert("HighErrorRate", 1, service="web")]}
    lines = [webhook(1), {"received_at": "2026-03-05T12:00:00Z", "payload": payload}]
    lines[1]["source"] = "grafana"
    found = [item for item in read(write(lines)) if isinstance(item, Webhook)]
    assert [w.source for w in found] == ["alertmanager", "grafana"]
    assert found[1].signals[0].source == "grafana"


GOOD = webhook(1, alert("HighErrorRate", 0, service="web"))


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"{ not json", "line"),
        (b"\xff\xfe", "line"),
        (b"[1, 2]", "line"),
        (b"[" * 100_000, "line"),
        ({"payload": {"alerts": []}}, "received_at"),
        ({"received_at": "yesterday", "payload": {"alerts": []}}, "received_at"),
        ({"received_at": 12, "payload": {"alerts": []}}, "received_at"),
        ({"received_at": "2026-03-05T12:00:00Z"}, "payload"),
        ({"received_at": "2026-03-05T12:00:00Z", "payload": "{}"}, "payload"),
        ({"received_at": "2026-03-05T12:00:00Z", "payload": {}}, "payload.alerts"),
        (webhook(1, source="nagios"), "source"),
        (webhook(1, source=["x"]), "source"),
        (webhook(1, {**alert("X", 0), "startsAt": "soon"}), "payload.alerts[0].startsAt"),
        (webhook(1, {"labels": {}}), "payload.alerts[0].labels.alertname"),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_field(
    write: Write, line: Any, field: str
) -> None:
    file = write([GOOD, b"", line, GOOD])
    assert mistakes(file) == [(3, field)]
    # Empty lines are none, and what is around a mistake is read.
    assert sum(len(item.signals) for item in read(file) if isinstance(item, Webhook)) == 2


def test_one_bad_alert_does_not_cost_the_others_of_its_webhook(write: Write) -> None:
    bad = {**alert("X", 0), "startsAt": "soon"}
    file = write([webhook(1, alert("HighErrorRate", 0, service="web"), bad)])
    webhook_, mistake = read(file)
    assert isinstance(webhook_, Webhook)
    assert isinstance(mistake, Malformed)
    assert [s.name for s in webhook_.signals] == ["HighErrorRate"]
    assert "'soon' is no time" in mistake.problem
    assert mistake.file == "alerts.jsonl"


def test_a_file_that_was_cut_short_is_read_up_to_there(write: Write, tmp_path: Path) -> None:
    file = write([GOOD] * 500, "shop/alerts.jsonl.gz", zipped=True)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    *_, last = read(file)
    assert isinstance(last, Malformed)
    assert last.field == "file"
    assert gzip.decompress(whole)


def test_starts_are_kept_as_they_were_written(write: Write) -> None:
    odd = {
        **alert("HighErrorRate", 0, service="web"),
        "startsAt": "2026-03-05T14:00:00.123456+02:00",
    }
    (found,) = read(write([webhook(1, odd)]))
    assert isinstance(found, Webhook)
    assert found.starts().of(found.signals[0]) == odd["startsAt"]
