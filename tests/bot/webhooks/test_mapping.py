"""Generic JSON by a mapping, with the mappings read from the file as people write them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks import Parsed, Sources, parse_sources, read, read_changes
from bot.webhooks.mapping import Here, Path
from knowledge.errors import BadArgs
from skills.testing import NOON

FILE = """
[sources.acme]
auth = "none"
[sources.acme.map]
alerts = "$.data.alerts"
name = ["$.title", "$.rule['display name']", "Acme alert"]
status = "$.state"
firing = ["Open", "Acked"]
resolved = ["Closed"]
starts_at = "$.opened"
ends_at = "$.closed"
service = "$.target[0].service"
severity = "$.level"
summary = "$.text"
url = "$root.links.console"
labels_from = ["$.tags", "$.attributes"]
fingerprint_of = ["$.rule.id", "$.target[0].host"]
[sources.acme.map.severities]
1 = "critical"
low = "info"
[sources.acme.map.labels]
host = "$.target[0].host"
region = ["$root.region", "nowhere"]
[sources.acme.map.only]
"$.kind" = ["alert", "problem"]

[sources.tiny]
auth = "none"
[sources.tiny.map]
name = "$.what"

[changes.jenkins]
auth = "none"
[changes.jenkins.services]
shop-api = "checkout"
[changes.jenkins.map]
service = "$.job"
summary = ["$.build.description", "build"]
version = "$.build.number"
id = "$.build.id"
at = "$.build.at"
kind = "deploy"
[changes.jenkins.map.only]
"$.build.result" = ["SUCCESS", "FAILURE"]
"""
SOURCES = parse_sources(FILE, "tandem-sources.toml", lambda name: "")

ALERT: dict[str, Any] = {
    "kind": "alert",
    "title": "Queue is long",
    "state": "open",
    "opened": "2026-03-05T11:42:10Z",
    "target": [{"service": "orders", "host": "q-1"}],
    "level": 1,
    "text": "9,000 wait",
    "rule": {"id": 7, "display name": "Queue"},
    "tags": ["env:prod", "urgent"],
    "attributes": {"rack": 4, "nothing": None},
}


def body(*alerts: object, **more: object) -> bytes:
    whole = {"data": {"alerts": list(alerts)}, "links": {"console": "https://acme.example"}, **more}
    return json.dumps(whole).encode()


def acme(*alerts: object, sources: Sources = SOURCES) -> Parsed:
    return read("acme", body(*alerts, region="eu-1"), NOON, sources)


def but(**changed: object) -> dict[str, Any]:
    alert = {**ALERT, **changed}
    return {name: value for name, value in alert.items() if value is not ...}


def test_every_field_stands_where_the_mapping_says() -> None:
    (signal,) = acme(ALERT).signals
    assert (signal.name, signal.service, signal.severity) == ("Queue is long", "orders", "critical")
    assert (signal.summary, signal.url) == ("9,000 wait", "https://acme.example")
    assert (signal.source, signal.received_at) == ("acme", NOON)
    assert signal.starts_at == datetime(2026, 3, 5, 11, 42, 10, tzinfo=UTC)
    assert signal.firing
    assert signal.labels == {
        "env": "prod",
        "tags": "urgent",
        "rack": "4",
        "host": "q-1",
        "region": "eu-1",
    }


def test_the_first_that_says_something_counts() -> None:
    assert acme(but(title="")).signals[0].name == "Queue"
    assert acme(but(title=None, rule={})).signals[0].name == "Acme alert"
    assert read("acme", body(ALERT), NOON, SOURCES).signals[0].labels["region"] == "nowhere"


def test_words_of_the_sender_mean_firing_or_resolved() -> None:
    assert acme(but(state="ACKED")).signals[0].firing
    end = acme(but(state="closed", closed=1772710990)).signals[0]
    assert end.ends_at == datetime(2026, 3, 5, 11, 43, 10, tzinfo=UTC)
    assert end.fingerprint == acme(ALERT).signals[0].fingerprint


def test_a_severity_that_is_not_in_the_table_is_kept() -> None:
    assert acme(but(level="LOW")).signals[0].severity == "info"
    assert acme(but(level="major")).signals[0].severity == "major"


def test_the_fingerprint_is_made_of_the_values_named() -> None:
    prints = [acme(a).signals[0].fingerprint for a in (ALERT, but(title="Longer"), but(rule={}))]
    assert prints[0] == prints[1] != prints[2]


def test_items_of_another_kind_are_left_out() -> None:
    parsed = acme(but(kind="comment"), ALERT, but(kind="PROBLEM", title="Two"))
    assert [s.name for s in parsed.signals] == ["Queue is long", "Two"]
    assert acme(but(kind="comment")).ignored


def test_one_bad_item_leaves_the_others_and_is_named() -> None:
    parsed = acme(but(state="melted"), ALERT, but(opened="soon"), but(title=["x"]))
    assert len(parsed.signals) == 1
    places = [refused.path for refused in parsed.refused]
    assert places == ["data.alerts[0].state", "data.alerts[2].opened", "data.alerts[3].title"]
    assert all(refused.problem and refused.remedy for refused in parsed.refused)


def test_a_list_that_is_not_there_is_named() -> None:
    with pytest.raises(BadArgs) as caught:
        read("acme", b'{"data": {}}', NOON, SOURCES)
    assert caught.value.field == "data.alerts"


def test_the_smallest_mapping() -> None:
    (signal,) = read("tiny", b'{"what": "Backup failed"}', NOON, SOURCES).signals
    assert (signal.name, signal.starts_at, signal.firing) == ("Backup failed", NOON, True)
    with pytest.raises(BadArgs) as caught:
        read("tiny", b"{}", NOON, SOURCES)
    assert caught.value.field == "what"


def test_a_body_that_is_a_list_holds_many() -> None:
    parsed = read("tiny", b'[{"what": "One"}, 7, {"what": "Two"}]', NOON, SOURCES)
    assert [s.name for s in parsed.signals] == ["One", "Two"]
    assert [r.path for r in parsed.refused] == ["[1].what"]


# Changes

BUILD = {
    "job": "Shop-API",
    "build": {
        "id": 981,
        "number": 12,
        "result": "success",
        "at": "2026-03-05T11:00:00Z",
        "description": "coupon rules",
    },
}


def test_changes_are_mapped_too() -> None:
    (change,) = read_changes("jenkins", json.dumps(BUILD).encode(), NOON, SOURCES).changes
    assert (change.service, change.summary, change.version) == ("checkout", "coupon rules", "12")
    assert (change.id, change.kind) == ("jenkins:981", "deploy")
    assert change.at == datetime(2026, 3, 5, 11, tzinfo=UTC)


def test_a_change_that_is_not_of_the_kind_is_ignored() -> None:
    started = {**BUILD, "build": {**BUILD["build"], "result": None}}  # type: ignore[dict-item]
    parsed = read_changes("jenkins", json.dumps(started).encode(), NOON, SOURCES)
    assert parsed.changes == ()
    assert parsed.ignored


def test_a_change_without_its_service_is_named() -> None:
    with pytest.raises(BadArgs) as caught:
        read_changes("jenkins", json.dumps({**BUILD, "job": ""}).encode(), NOON, SOURCES)
    assert caught.value.field == "job"


# Paths


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$", {"a": [{"b.c": 1}], "root": 2}),
        ("$.a[0]['b.c']", 1),
        ('$.a[0]["b.c"]', 1),
        ("$.a[1]", None),
        ("$.a.b", None),
        ("$.root", 2),
        ("$root.rooted", 3),
        ("$rooted", ValueError),
        ("$.", ValueError),
        ("$.a[x]", ValueError),
        ("$.a..b", ValueError),
        ("plain", "plain"),
    ],
)
def test_paths(text: str, found: object) -> None:
    here = Here({"a": [{"b.c": 1}], "root": 2}, {"rooted": 3})
    if found is ValueError:
        with pytest.raises(ValueError, match="is no path"):
            Path.read(text)
    else:
        assert Path.read(text).of(here) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "alerts", "kind", "title", "state", "target", "opened"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(JSON, st.sampled_from(["acme", "tiny"]))
def test_any_json_is_signals_or_a_named_mistake(value: object, source: str) -> None:
    try:
        parsed = read(source, json.dumps(value).encode(), NOON, SOURCES)
    except BadArgs as error:
        mistake = error
    else:
        assert parsed.signals or parsed.refused or parsed.ignored
        assert all(s.name and s.fingerprint for s in parsed.signals)
        return
    assert mistake.field
    assert mistake.remedy


@given(JSON)
def test_any_json_is_changes_or_a_named_mistake(value: object) -> None:
    try:
        parsed = read_changes("jenkins", json.dumps(value).encode(), NOON, SOURCES)
    except BadArgs as error:
        mistake = error
    else:
        assert parsed.changes or parsed.refused or parsed.ignored
        return
    assert mistake.field
