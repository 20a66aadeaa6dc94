"""Exports of other systems become documents; what cannot be read is named, and the rest is read."""

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.ingest import read_paths
from knowledge.records import Document
from tests.knowledge.ingest import exports


def only(path: Path) -> Document:
    reading = read_paths([path])
    assert not reading.problems
    (document,) = reading.documents
    return document


def written(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, "utf-8")
    return file


FIELDS = (
    *("issues", "fields", "key", "records", "number", "short_description", "incidents"),
    *("results", "body", "title", "comment", "labels", "notes"),
)

EXPORTS = [
    ("issues.json", exports.JIRA_JSON, "OPS-7"),
    ("issues.xml", exports.JIRA_XML, "OPS-7"),
    ("incident.json", exports.SERVICENOW_JSON, "INC0010007"),
    ("incident.csv", exports.SERVICENOW_CSV, "INC0010007"),
    ("incidents.json", exports.PAGERDUTY_JSON, "PD-7"),
    ("incidents.csv", exports.PAGERDUTY_CSV, "PD-7"),
    ("Orders-are-slow_98304.html", exports.CONFLUENCE_HTML, "Orders-are-slow_98304"),
    ("pages.json", exports.CONFLUENCE_JSON, "orders-are-slow-98304"),
    (f"{exports.NOTION_NAME}.md", exports.NOTION, "notion-0123456789ab"),
    (f"{exports.NOTION_NAME}.html", exports.NOTION_HTML, "notion-0123456789ab"),
]


@pytest.mark.parametrize(("name", "content", "document_id"), EXPORTS)
def test_each_export_gives_title_and_date(
    tmp_path: Path, name: str, content: str, document_id: str
) -> None:
    document = only(written(tmp_path, name, content))
    assert (document.id, document.title) == (document_id, "Orders are slow")
    assert document.date == "2026-03-03"
    assert "<" not in document.text


@pytest.mark.parametrize(
    "index", [i for i, (name, _, _) in enumerate(EXPORTS) if "Orders-are" not in name and i != 7]
)
def test_tickets_and_tables_give_service_and_severity(tmp_path: Path, index: int) -> None:
    name, content, _ = EXPORTS[index]
    document = only(written(tmp_path, name, content))
    assert document.service == "orders-db"
    assert document.severity == ("SEV2" if name == "incidents.csv" else "SEV1")


@pytest.mark.parametrize(
    "index", [i for i, (_, content, _) in enumerate(EXPORTS) if "Root cause" in content]
)
def test_the_section_of_the_cause_is_found(tmp_path: Path, index: int) -> None:
    name, content, _ = EXPORTS[index]
    assert only(written(tmp_path, name, content)).root_cause == "Statistics were stale."


def test_jira_csv_keeps_comments_and_names_the_line_it_cannot_use(tmp_path: Path) -> None:
    reading = read_paths([written(tmp_path, "jira.csv", exports.JIRA_CSV)])
    (document,) = reading.documents
    assert (document.id, document.severity, document.date) == ("OPS-7", "SEV1", "2026-03-03")
    assert document.root_cause == "Statistics were *stale*."
    assert document.resolution == "ANALYZE orders"
    assert "plan flipped, see @ben" in document.text
    assert document.tags == ("postgres", "slow", "orders-db")
    (problem,) = reading.problems
    assert (problem.line, problem.why) == (8, "OPS-8: neither a title nor a text")


@pytest.mark.parametrize(
    ("name", "content", "fix"),
    [
        ("a.json", exports.SERVICENOW_JSON, "ANALYZE orders"),
        ("a.html", exports.CONFLUENCE_HTML, "- ANALYZE orders"),
        (f"{exports.NOTION_NAME}.md", exports.NOTION, "ANALYZE orders"),
    ],
)
def test_what_fixed_it_is_kept(tmp_path: Path, name: str, content: str, fix: str) -> None:
    assert only(written(tmp_path, name, content)).resolution == fix


def test_a_slack_export_gives_incident_channels_and_long_threads(tmp_path: Path) -> None:
    for name, content in exports.SLACK.items():
        written(tmp_path / "export", name, content)
    reading = read_paths([tmp_path / "export"])
    assert not reading.problems
    thread, incident = reading.documents
    assert incident.id == "slack-inc-7-orders"
    assert incident.title == "#inc-7-orders: orders take 10 s & more"
    assert incident.text.splitlines() == [
        "Ada: orders take 10 s & more",
        "U2: @Ada turned out to be stale statistics, see plan",
    ]
    assert incident.resolution.startswith("U2: @Ada turned out")
    assert (thread.title, thread.date) == ("search is down, step 0", "2026-03-03")


def test_an_archive_is_read_as_its_folder_is(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as inside:
        for name, content in exports.SLACK.items():
            inside.writestr(name, content)
        inside.writestr("readme.exe", "x")
    assert [d.id for d in read_paths([archive]).documents] == [
        "slack-general-17725350000",
        "slack-inc-7-orders",
    ]


def test_an_archive_in_an_archive_is_read_and_its_tables_are_not(tmp_path: Path) -> None:
    part = tmp_path / "part.zip"
    with zipfile.ZipFile(part, "w") as inside:
        inside.writestr(f"Incidents/{exports.NOTION_NAME}.md", exports.NOTION)
        inside.writestr("Incidents 0123456789abcdef0123456789abcdef.csv", "Name,Severity\nx,y\n")
    archive = tmp_path / "notion.zip"
    with zipfile.ZipFile(archive, "w") as outside:
        outside.write(part, "Export-Part-1.zip")
    assert only(archive).service == "orders-db"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", '{"a": 1}', "no export that is known"),
        ("a.json", "[" * 100_000, "too deep"),
        ("a.csv", "a,b\n1,2\n", "no export that is known"),
        ("a.csv", "", "no export that is known"),
        ("a.xml", "<a>", "not XML"),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "entities are not read"),
        ("a.zip", "no zip", "not a zip file"),
        ("empty.md", "", "the file is empty"),
        ("a.txt", "x", "cannot be read; give"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: str, why: str) -> None:
    reading = read_paths([written(tmp_path, name, content)])
    (problem,) = reading.problems
    assert not reading.documents
    assert name in problem.file
    assert why in problem.why


def test_a_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    written(tmp_path, "a.json", "{")
    written(tmp_path, "b.md", "# Fine\n\nIt was slow.")
    reading = read_paths([tmp_path])
    assert [d.title for d in reading.documents] == ["Fine"]
    assert len(reading.problems) == 1


@pytest.mark.parametrize("suffix", [".json", ".csv", ".xml", ".html", ".md", ".jsonl", ".zip"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(str.encode),
        st.recursive(
            st.none() | st.text(max_size=8) | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(FIELDS),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda data: json.dumps(data).encode()),
    )
)
def test_whatever_a_file_holds_it_is_read_or_named(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    file = tmp_path / f"a{suffix}"
    file.write_bytes(content)
    read_paths([file])


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    written(tmp_path, "private/key.md", "# secret")
    folder = tmp_path / "library"
    inside = written(folder, "a.md", "# a")
    (folder / "b.md").symlink_to(inside)
    (folder / "c.md").symlink_to(tmp_path / "private" / "key.md")
    reading = read_paths([folder])
    assert sorted(d.text for d in reading.documents) == ["# a", "# a"]
    assert [p.why for p in reading.problems] == [
        "a link that leads out of the folder; it is not followed"
    ]


class _Nameless(zipfile.ZipInfo):
    """As no honest program packs it: zipfile itself stumbles over the empty name."""

    def is_dir(self) -> bool:
        return False


def test_a_file_without_a_name_does_not_hide_the_others(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as made:
        nameless = _Nameless()
        nameless.filename = ""
        made.writestr(nameless, "# b")
        made.writestr("a.md", "# a")
    reading = read_paths([archive])
    assert [d.text for d in reading.documents] == ["# a"]


def test_what_cannot_be_unpacked_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.md", "# a")
    whole = archive.read_bytes()
    for byte, at_file, why in ((1, 6, "RuntimeError"), (99, 8, "NotImplementedError")):
        damaged = bytearray(whole)
        damaged[whole.index(b"PK\3\4") + at_file] = byte
        damaged[whole.index(b"PK\1\2") + at_file + 2] = byte
        archive.write_bytes(damaged)
        assert [p.why for p in read_paths([archive]).problems] == [f"it cannot be unpacked: {why}"]


def test_one_line_that_is_too_much_does_not_hide_the_others(tmp_path: Path) -> None:
    good = json.dumps({"id": "A-1", "text": "x"})
    file = written(
        tmp_path, "x.jsonl", "\n".join(("[" * 100_000, '{"id": ' + "9" * 5000 + "}", good))
    )
    reading = read_paths([file])
    assert [d.id for d in reading.documents] == ["A-1"]
    assert [p.line for p in reading.problems] == [1, 2]
    digits = written(tmp_path, "x.json", "[" + "9" * 5000 + "]")
    assert ["too deep" in p.why for p in read_paths([digits]).problems] == [True]


def test_html_that_pythons_parser_trips_over_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    page = written(tmp_path, "x.html", "<html><title>x</title><p>one</p><![nonsense[x]]><p>two")
    assert only(page).text == "x\none"


def test_odd_exports_are_read_or_named(tmp_path: Path) -> None:
    table = written(tmp_path, "x.csv", "incident_number,description\n1,a\rb\n")
    assert [p.why[:7] for p in read_paths([table]).problems] == ["not CSV"]
    issue = {"key": "A-1", "fields": {"summary": "x", "comment": {"comments": 0.5}}}
    assert only(written(tmp_path, "x.json", json.dumps({"issues": [issue]}))).title == "x"
