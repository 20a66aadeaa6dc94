from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.errors import UserError
from knowledge.ingest import (
    incident_document,
    parse_line,
    parse_markdown,
    read_paths,
    read_setting,
)
from knowledge.records import DocumentKind, Event, Incident, Severity, Signal, Status

CONTENT = Path(__file__).parents[3] / "bot" / "demo" / "content"
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)

POSTMORTEM = """---
service: orders-db
date: 2025-03-21
tags: [postgres, slow query]
---
# Slow queries on orders-db

It was slow.

## Root cause

Statistics were stale.

## Resolution

ANALYZE.
"""


def test_a_post_mortem_gives_its_sections() -> None:
    document = parse_markdown(POSTMORTEM, "pm-12")
    assert document.id == "pm-12"
    assert document.title == "Slow queries on orders-db"
    assert document.kind is DocumentKind.INCIDENT
    assert (document.service, document.date) == ("orders-db", "2025-03-21")
    assert document.root_cause == "Statistics were stale."
    assert document.resolution == "ANALYZE."
    assert document.tags == ("postgres", "slow query")


def test_markdown_without_front_matter_or_heading_still_counts() -> None:
    document = parse_markdown("Just words.", "2025-01-02-note")
    assert (document.title, document.date) == ("2025-01-02-note", "2025-01-02")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"text": "x"}', "id: missing"),
        ('{"id": "a"}', "text: missing in 'a'"),
    ],
)
def test_a_bad_line_says_what_is_wrong(line: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        parse_line(line)


def test_the_least_a_line_needs() -> None:
    document = parse_line('{"id": 7, "text": "short", "kind": "chitchat", "tags": null}')
    assert (document.id, document.title, document.kind) == ("7", "short", DocumentKind.INCIDENT)


def test_bad_parts_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "past.jsonl").write_text('{"id": "a", "text": "x"}\nnope\n\n{"id": "b"}\n')
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "latin.md").write_bytes(b"fine\n\xff")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "disk.md").write_text("# Disk full\nLook.")
    reading = read_paths([tmp_path, tmp_path / "gone.md"])
    assert {(d.id, d.kind) for d in reading.documents} == {
        ("a", DocumentKind.INCIDENT),
        ("disk", DocumentKind.RUNBOOK),
    }
    told = [str(problem).removeprefix(f"{tmp_path}/") for problem in reading.problems]
    assert told == [
        "empty.md: the file is empty",
        "latin.md:2: not UTF-8",
        "past.jsonl:2: not JSON: Expecting value at column 1",
        "past.jsonl:4: text: missing in 'b'; give text or title",
        "gone.md: No such file or directory",
    ]


def test_one_id_twice_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "past.jsonl"
    file.write_text('{"id": "a", "text": "old"}\n{"id": "a", "text": "new"}\n')
    reading = read_setting(f" {file} ,")
    assert [d.text for d in reading.documents] == ["new"]
    assert "more than once" in reading.problems[0].why


def test_a_resolved_incident_becomes_a_document() -> None:
    signal = Signal("f", "DiskFull", NOON, NOON, summary="broker 2", url="http://alerts.example/1")
    incident = Incident(
        id="INC-12",
        title="Disk full on kafka",
        service="kafka",
        severity=Severity.SEV2,
        status=Status.RESOLVED,
        opened_at=NOON,
        updated_at=NOON,
        signals=(signal, replace(signal, fingerprint="g")),
        timeline=(Event("1", NOON, "note", "ada", "retention was raised"),),
        cause="retention",
        resolution="lowered it",
    )
    document = incident_document(incident)
    assert (document.id, document.date, document.severity) == ("INC-12", "2026-03-05", "SEV2")
    assert document.text.count("DiskFull: broker 2") == 1
    assert "retention was raised" in document.text
    assert (document.root_cause, document.resolution) == ("retention", "lowered it")
    assert (document.tags, document.url) == (("DiskFull",), "http://alerts.example/1")


def test_the_demo_content_is_whole() -> None:
    reading = read_paths([CONTENT])
    assert reading.problems == ()
    past = [d for d in reading.documents if d.kind is DocumentKind.INCIDENT]
    runbooks = [d for d in reading.documents if d.kind is DocumentKind.RUNBOOK]
    assert len(past) >= 60
    assert len(runbooks) >= 12
    for document in past:
        assert document.date
        assert document.root_cause
        assert document.resolution
        assert document.url.endswith(document.id)


def test_what_a_runbook_is_for_stands_among_its_tags() -> None:
    text = "---\ntags: disk\nalerts: Disk*, NodeFull\nlabels: team=core\n---\n# Disk\n\nLook."
    document = parse_markdown(text, "disk-full", DocumentKind.RUNBOOK)
    assert document.tags == ("disk", "alert:Disk*", "alert:NodeFull", "label:team=core")
