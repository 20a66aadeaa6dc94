"""What senders get wrong on a bad day, for every source alike."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks import CHANGE_PARSERS, PARSERS, built_in, read, read_changes
from bot.webhooks.fields import CUT, LABELS_LIMIT, TEXT_LIMIT
from knowledge.errors import BadArgs
from skills.testing import NOON

SOURCES = built_in()
CAPTURED = Path(__file__).parent / "alertmanager_webhook.json"
WEBHOOK: dict[str, Any] = json.loads(CAPTURED.read_bytes())
ALERT: dict[str, Any] = WEBHOOK["alerts"][0]
STARTS = datetime(2026, 11, 22, 0, 32, 50, 108000, tzinfo=UTC)


def body(*alerts: object, **changed: object) -> bytes:
    return json.dumps({**WEBHOOK, "alerts": list(alerts), **changed}).encode()


def labelled(**labels: str) -> dict[str, Any]:
    return {**ALERT, "labels": {**ALERT["labels"], **labels}}


# Batches


def test_half_a_batch_malformed_loses_the_malformed_half_only() -> None:
    good = [labelled(alertname=f"Rule{n}") for n in range(50)]
    bad: list[object] = [{}, 7, None, {**ALERT, "startsAt": "soon"}, labelled(alertname="")]
    mixed = [alert for pair in zip(good, bad * 10, strict=True) for alert in pair]
    parsed = read("alertmanager", body(*mixed), NOON, SOURCES)
    assert [s.name for s in parsed.signals] == [f"Rule{n}" for n in range(50)]
    assert parsed.refusals == 50
    assert parsed.refused[0].path == "alerts[1].labels.alertname"
    assert parsed.refused[1].path == "alerts[3]"


def test_the_same_webhook_of_two_replicas_is_the_same_alert() -> None:
    """Each replica says who it is and sends at its own time, perhaps in another order."""
    one = body(ALERT, labelled(pod="b"), receiver="tandem", externalURL="http://am-0:9093")
    other = body(labelled(pod="b"), ALERT, receiver="tandem", externalURL="http://am-1:9093")
    first = read("alertmanager", one, NOON, SOURCES).signals
    second = read("alertmanager", other, NOON + timedelta(seconds=20), SOURCES).signals
    instances = [{(s.fingerprint, s.starts_at) for s in signals} for signals in (first, second)]
    assert instances[0] == instances[1]


def test_without_a_fingerprint_the_order_of_labels_does_not_matter() -> None:
    labels = ALERT["labels"]
    reordered = dict(reversed(labels.items()))
    bare = {name: value for name, value in ALERT.items() if name != "fingerprint"}
    given = ({**bare, "labels": labels}, {**bare, "labels": reordered})
    one, other = read("alertmanager", body(*given), NOON, SOURCES).signals
    assert one.fingerprint == other.fingerprint


# Clocks


@pytest.mark.parametrize("off", [timedelta(minutes=-10), timedelta(minutes=10)])
def test_a_clock_that_is_ten_minutes_off_is_taken_at_its_word(off: timedelta) -> None:
    """The sender's time names the alert's instance; the time of arrival stands beside it."""
    received_at = STARTS + off
    (signal,) = read("alertmanager", body(ALERT), received_at, SOURCES).signals
    assert (signal.starts_at, signal.received_at) == (STARTS, received_at)
    assert signal.firing


def test_an_end_in_the_future_is_an_end_all_the_same_when_the_sender_says_so() -> None:
    later = (NOON + timedelta(hours=1)).isoformat()
    ended = {**ALERT, "status": "resolved", "endsAt": later}
    (signal,) = read("alertmanager", body(ended), NOON, SOURCES).signals
    assert signal.ends_at == NOON + timedelta(hours=1)


# Sizes


def test_a_megabyte_in_a_label_is_cut_with_a_mark() -> None:
    (signal,) = read("alertmanager", body(labelled(query="x" * 2**20)), NOON, SOURCES).signals
    assert len(signal.labels["query"]) == TEXT_LIMIT
    assert signal.labels["query"].endswith(CUT)
    assert signal.labels["team"] == "payments"


def test_a_megabyte_in_a_labels_name_is_cut_too() -> None:
    (signal,) = read("alertmanager", body(labelled(**{"x" * 2**20: "1"})), NOON, SOURCES).signals
    assert max(map(len, signal.labels)) == TEXT_LIMIT


def test_a_thousand_labels_are_not_all_kept() -> None:
    many = {f"l{number}": "v" for number in range(1_000)}
    (signal,) = read("alertmanager", body(labelled(**many)), NOON, SOURCES).signals
    assert len(signal.labels) == LABELS_LIMIT + 1
    assert signal.labels["tandem_note"].endswith("more were left out")


@pytest.mark.parametrize("source", PARSERS)
def test_deep_nesting_is_a_named_mistake(source: str) -> None:
    for deep in (b"[" * 100_000, b'{"alerts":' * 100_000, b'{"data":' * 900 + b"1" + b"}" * 900):
        with pytest.raises(BadArgs) as caught:
            read(source, deep, NOON, SOURCES)
        assert caught.value.field


@pytest.mark.parametrize("source", CHANGE_PARSERS)
@pytest.mark.parametrize("odd", [b"", b"[]", b"{}", b"[" * 100_000, b"\xff", b"null", b"1e999"])
def test_odd_bodies_of_changes_are_named_mistakes(source: str, odd: bytes) -> None:
    with pytest.raises(BadArgs) as caught:
        read_changes(source, odd, NOON, SOURCES)
    assert caught.value.field
    assert caught.value.remedy


def test_numbers_beyond_all_bounds() -> None:
    with pytest.raises(BadArgs) as caught:
        read("generic", b'{"name": ' + b"9" * 5_000 + b"}", NOON, SOURCES)
    assert caught.value.field == "body"
    (signal,) = read("generic", b'{"name": ' + b"9" * 4_000 + b"}", NOON, SOURCES).signals
    assert len(signal.name) == TEXT_LIMIT


# Changes, whatever comes

NAMES = (
    *("action", "deployment", "deployment_status", "release", "workflow_run", "pusher", "ref"),
    *("repository", "object_kind", "object_attributes", "project", "builds", "status", "user"),
    *("app", "phase", "revision", "started_at", "_id", "kind", "name", "date", "target", "member"),
    *("id", "state", "tag_name", "full_name", "resources", "active", "environment", "sha", "tag"),
)
WORDS = st.sampled_from(
    ("deployment", "pipeline", "push", "running", "success", "flag", "Running", "published", "x")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=6)
    ),
    max_leaves=20,
)


@given(st.sampled_from(sorted(CHANGE_PARSERS)), JSON)
def test_any_json_is_changes_or_a_named_mistake(source: str, value: object) -> None:
    try:
        parsed = read_changes(source, json.dumps(value).encode(), NOON, SOURCES)
    except BadArgs as error:
        mistake = error
    else:
        assert parsed.changes or parsed.ignored
        assert all(c.id and c.service and c.at.tzinfo is UTC for c in parsed.changes)
        return
    assert mistake.field
    assert mistake.problem
