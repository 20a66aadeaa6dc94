"""Every source's parser, on payloads after the shapes that the vendors document."""

import copy
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks import PARSERS, Parsed, parser_for
from knowledge.correlation import is_noise, service_of
from knowledge.errors import BadArgs
from knowledge.incidents import severity_of, start_is_unknown
from knowledge.records import Severity, Signal
from skills.testing import NOON

PAYLOADS = Path(__file__).parent / "payloads"
ALERTMANAGER = Path(__file__).parent / "alertmanager_webhook.json"
BEGAN = datetime(2026, 3, 5, 11, 42, 10, tzinfo=UTC)
OVER = datetime(2026, 3, 5, 11, 58, tzinfo=UTC)
START_NOT_SAID = {"datadog", "appdynamics", "cloudwatch", "cloudevents"}
"""Senders whose resolve does not say when the alert began."""
NO_RESOLVE = {"splunk"}
PAIRED = sorted(set(PARSERS) - {"alertmanager"} - NO_RESOLVE)


def payload(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    return read


def source_of(file: Path) -> str:
    return max((s for s in PARSERS if file.stem.startswith(s)), key=len)


def one(source: str, body: bytes | dict[str, Any]) -> Signal:
    parsed = parser_for(source)(body, NOON)
    assert parsed.refused == ()
    (signal,) = parsed.signals
    return signal


def but(name: str, path: str, value: object) -> dict[str, Any]:
    """The payload with one field set, or taken out where the value is `...`."""
    body = payload(name)
    *parents, last = path.split(".")
    inside: Any = body
    for part in parents:
        inside = inside[int(part)] if isinstance(inside, list) else inside[part]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    return body


# What a payload becomes


@pytest.mark.parametrize(
    ("source", "name", "service", "severity", "level", "value"),
    [
        ("grafana", "Checkout latency", "checkout", "critical", "SEV1", "A=2.41, C=1"),
        ("datadog", "High error rate on checkout", "checkout", "P2", "SEV2", "7.25"),
        ("pagerduty", "Connection pool of checkout is exhausted", "checkout", "P1", "SEV1", ""),
        ("opsgenie", "Disk of db-2 is 95 % full", "orders-db", "P3", "SEV3", ""),
        ("splunk", "Payment declines above normal", "payment", "high", "SEV2", "412"),
        ("dynatrace", "Failure rate increase on checkout", "checkout", "error", "SEV2", ""),
        ("appdynamics", "Calls per minute too low", "checkout", "critical", "SEV1", ""),
        (
            *("servicenow", "Checkout cannot reach the payment gateway"),
            *("checkout", "High", "SEV2", ""),
        ),
        ("bmc_helix", "HeapUsed", "checkout", "MAJOR", "SEV2", "92"),
        ("moogsoft", "Checkout and cart are slow", "checkout", "critical", "SEV1", ""),
        ("bigpanda", "Checkout: 12 related alerts", "checkout", "critical", "SEV1", ""),
        ("cloudwatch", "checkout-5xx", "checkout", "", "SEV3", ""),
        ("azure", "checkout CPU", "checkout", "error", "SEV2", "Percentage CPU=93.5"),
        ("gcp", "Checkout latency", "checkout", "Critical", "SEV1", "2.41"),
        ("sentry", "Too many errors in checkout", "checkout", "critical", "SEV1", ""),
        ("cloudevents", "Login check fails", "checkout", "critical", "SEV1", ""),
        ("generic", "QueueTooLong", "orders", "warning", "SEV3", "9000"),
    ],
)
def test_what_a_firing_alert_becomes(
    source: str, name: str, service: str, severity: str, level: str, value: str
) -> None:
    signal = one(source, payload(f"{source}_firing"))
    assert (signal.name, signal.service, signal.severity) == (name, service, severity)
    assert severity_of(signal.severity) is Severity(level)
    assert signal.value == value
    assert signal.firing
    assert not is_noise(signal)
    assert (signal.source, signal.received_at) == (source, NOON)
    assert signal.starts_at.replace(microsecond=0, second=10) == BEGAN
    assert signal.summary


@pytest.mark.parametrize("source", PAIRED)
def test_the_end_is_of_the_same_alert(source: str) -> None:
    fire, end = (one(source, payload(f"{source}_{state}")) for state in ("firing", "resolved"))
    assert end.fingerprint == fire.fingerprint
    assert end.ends_at is not None
    assert end.ends_at.replace(microsecond=0) == OVER
    assert start_is_unknown(end) is (source in START_NOT_SAID)
    assert start_is_unknown(end) or end.starts_at == fire.starts_at
    assert fire.starts_at < end.ends_at


@pytest.mark.parametrize("source", sorted(set(PARSERS) - {"alertmanager", "cloudevents"}))
def test_labels_or_fields_name_the_service(source: str) -> None:
    assert service_of(one(source, payload(f"{source}_firing"))) in (
        "checkout",
        "orders",
        "orders-db",
        "payment",
    )


@pytest.mark.parametrize(
    ("source", "path", "value", "firing"),
    [
        ("datadog", "transition", "Re-Triggered", True),
        ("datadog", "transition", "No Data", True),
        ("pagerduty", "event.data.status", "acknowledged", True),
        ("opsgenie", "action", "Acknowledge", True),
        ("opsgenie", "action", "Delete", False),
        ("dynatrace", "State", "MERGED", False),
        ("appdynamics", "event_type", "POLICY_UPGRADED", True),
        ("appdynamics", "event_type", "POLICY_CANCELED_WARNING", False),
        ("servicenow", "state", "2", True),
        ("servicenow", "state", "7", False),
        ("servicenow", "severity", "0", False),
        ("bmc_helix", "status", "ACK", True),
        ("bmc_helix", "severity", "OK", False),
        ("moogsoft", "severity", "clear", False),
        ("moogsoft", "status", "In Progress", True),
        ("bigpanda", "status", "acknowledged", True),
        ("sentry", "action", "warning", True),
    ],
)
def test_states(source: str, path: str, value: str, firing: bool) -> None:
    assert one(source, but(f"{source}_firing", path, value)).firing is firing


@pytest.mark.parametrize(
    ("given", "read"),
    [("Sev0", Severity.SEV1), ("Sev2", Severity.SEV3), ("Sev3", Severity.SEV4)],
)
def test_azure_counts_severities_from_zero(given: str, read: Severity) -> None:
    signal = one("azure", but("azure_firing", "data.essentials.severity", given))
    assert severity_of(signal.severity) is read
    assert signal.labels["severity"] == given


@pytest.mark.parametrize(
    ("source", "path", "value"),
    [
        ("pagerduty", "event.event_type", "incident.annotated"),
        ("opsgenie", "action", "AddNote"),
    ],
)
def test_what_tells_no_state_is_ignored_with_a_reason(source: str, path: str, value: str) -> None:
    body = but(f"{source}_firing", path, value)
    if source == "pagerduty":
        body["event"]["data"] = {"id": "N1", "type": "incident_note", "content": "looking"}
    parsed = parser_for(source)(body, NOON)
    assert parsed == Parsed((), ignored=parsed.ignored)
    assert value in parsed.ignored


def test_a_reopened_incident_of_pagerduty_starts_anew() -> None:
    body = but("pagerduty_firing", "event.event_type", "incident.reopened")
    assert one("pagerduty", body).starts_at > BEGAN


def test_grafana_names_the_rule_that_could_not_be_evaluated() -> None:
    labels = {"alertname": "DatasourceNoData", "rulename": "Checkout latency"}
    signal = one("grafana", but("grafana_firing", "alerts.0.labels", labels))
    assert signal.name == "DatasourceNoData: Checkout latency"


def test_variables_that_datadog_did_not_fill_in_say_nothing() -> None:
    body = but("datadog_firing", "priority", "$ALERT_PRIORITY")
    assert one("datadog", {**body, "hostname": "null"}).severity == "error"
    assert "hostname" not in one("datadog", {**body, "hostname": ""}).labels


def test_one_monitor_of_datadog_has_a_fingerprint_for_each_group() -> None:
    other = but("datadog_firing", "scope", "service:cart,env:prod")
    fingerprints = {one("datadog", b).fingerprint for b in (payload("datadog_firing"), other)}
    assert len(fingerprints) == 2


def test_a_search_of_splunk_that_finds_again_is_the_same_series() -> None:
    sid = "scheduler__ops__search__RMD5a1b2c3d4e5f6a7b_at_1772711220_418"
    first, again = (
        one("splunk", payload("splunk_firing")),
        one("splunk", but("splunk_firing", "sid", sid)),
    )
    assert first.fingerprint == again.fingerprint
    assert first.starts_at < again.starts_at
    assert one("splunk", but("splunk_firing", "sid", "rt_1")).starts_at == NOON


def test_an_issue_of_sentry_ends_what_its_alert_began() -> None:
    fire, end = (one("sentry", payload(f"sentry_{f}")) for f in ("event_alert", "issue_resolved"))
    assert fire.fingerprint == end.fingerprint
    assert fire.firing
    assert not end.firing
    assert fire.service == "payment"


@pytest.mark.parametrize("zone", ["UTC", "CET"])
def test_times_as_appdynamics_prints_them(zone: str) -> None:
    body = but("appdynamics_firing", "event_time", f"Thu Mar 05 11:42:10 {zone} 2026")
    assert one("appdynamics", body).starts_at == (BEGAN if zone == "UTC" else NOON)


# CloudWatch through SNS


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_handshake_is_told_apart_from_signals(kind: str) -> None:
    parsed = parser_for("cloudwatch")(but("cloudwatch_handshake", "Type", kind), NOON)
    assert parsed.signals == ()
    assert parsed.handshake is not None
    assert parsed.handshake.kind == kind
    assert parsed.handshake.topic.endswith(":tandem")
    assert "ConfirmSubscription" in parsed.handshake.confirm_url
    assert parsed.handshake.token


def test_raw_delivery_is_read_too() -> None:
    envelope = payload("cloudwatch_firing")
    assert one("cloudwatch", json.loads(envelope["Message"])) == one("cloudwatch", envelope)


def test_too_little_data_changes_nothing() -> None:
    alarm = json.loads(payload("cloudwatch_firing")["Message"])
    parsed = parser_for("cloudwatch")({**alarm, "NewStateValue": "INSUFFICIENT_DATA"}, NOON)
    assert parsed.signals == ()
    assert "checkout-5xx" in parsed.ignored


def test_a_message_longer_than_our_texts_is_read_whole() -> None:
    body = payload("cloudwatch_firing")
    alarm = {**json.loads(body["Message"]), "AlarmDescription": "x" * 10_000}
    signal = one("cloudwatch", {**body, "Message": json.dumps(alarm)})
    assert signal.description.endswith("(cut)")


# CloudEvents and plain JSON


def test_a_cloudevent_says_what_its_data_leaves_out() -> None:
    event = but("cloudevents_firing", "data", {})
    signal = one("cloudevents", event)
    assert (signal.name, signal.starts_at) == ("example.check.failed", BEGAN)


def test_a_batch_of_cloudevents() -> None:
    event = payload("cloudevents_firing")
    body = json.dumps([event, {**event, "specversion": "2.0"}, 7]).encode()
    parsed = parser_for("cloudevents")(body, NOON)
    assert len(parsed.signals) == 1
    assert [r.path for r in parsed.refused] == ["events[1].specversion", "events[2]"]


def test_the_smallest_plain_signal_fires_now() -> None:
    signal = one("generic", {"name": "Backup failed"})
    assert (signal.name, signal.starts_at, signal.firing) == ("Backup failed", NOON, True)
    assert one("generic", {"name": "Backup failed", "status": "resolved"}).ends_at == NOON


def test_a_plain_signal_may_be_of_no_importance() -> None:
    assert is_noise(one("generic", {"name": "Heartbeat", "severity": "none"}))


# What is wrong is named


@pytest.mark.parametrize(
    ("source", "path", "value", "field"),
    [
        ("grafana", "alerts", {}, "alerts"),
        ("datadog", "transition", "Melted", "transition"),
        ("datadog", "date", "yesterday", "date"),
        ("datadog", "title", ["x"], "title"),
        ("pagerduty", "event", ..., "event"),
        ("pagerduty", "event.data.id", None, "event.data.id"),
        ("pagerduty", "event.data.status", "melted", "event.data.status"),
        ("pagerduty", "event.data.created_at", "soon", "event.data.created_at"),
        ("opsgenie", "alert", ..., "alert"),
        ("opsgenie", "alert.message", "", "alert.message"),
        ("opsgenie", "action", None, "action"),
        ("splunk", "sid", ..., "sid"),
        ("splunk", "result", [1], "result"),
        ("dynatrace", "PID", ..., ""),
        ("dynatrace", "State", "{State}", "State"),
        ("dynatrace", "ProblemDetails", "text", "ProblemDetails"),
        ("appdynamics", "event_type", "APPLICATION_DEPLOYMENT", "event_type"),
        ("appdynamics", "event_time", "Thu Foo 05 11:42:10 UTC 2026", "event_time"),
        ("servicenow", "state", "Melted", "state"),
        ("servicenow", "opened_at", "5/3/26", "opened_at"),
        ("bmc_helix", "_identifier", ..., "_identifier"),
        ("bmc_helix", "status", "", "status"),
        ("moogsoft", "incident_id", ..., "dedupe_key"),
        ("bigpanda", "incident_id", ..., "incident_id"),
        ("cloudwatch", "Message", "{", "Message"),
        ("cloudwatch", "Message", "[]", "Message"),
        ("cloudwatch", "Message", "{}", "Message.AlarmName"),
        ("cloudwatch", "Message", ..., "Message"),
        ("cloudwatch", "Type", "Letter", "Type"),
        ("azure", "schemaId", "AzureMonitorMetricAlert", "schemaId"),
        ("azure", "data.essentials", ..., "data.essentials"),
        ("azure", "data.essentials.monitorCondition", "Maybe", "data.essentials.monitorCondition"),
        ("gcp", "version", "2.0", "version"),
        ("gcp", "incident", ..., "incident"),
        ("gcp", "incident.state", "ajar", "incident.state"),
        ("sentry", "data", {}, "data"),
        ("sentry", "action", "melted", "action"),
        ("cloudevents", "specversion", ..., "specversion"),
        ("cloudevents", "data_base64", "AA==", "data_base64"),
        ("cloudevents", "data", "text", "data"),
        ("generic", "signals", {}, "signals"),
    ],
)
def test_what_is_wrong_is_named(source: str, path: str, value: object, field: str) -> None:
    body = but(f"{source}_firing", path, value)
    if not field:  # PID may stand in for ProblemID: both must be missing.
        body.pop("ProblemID")
        field = path
    with pytest.raises(BadArgs) as caught:
        parser_for(source)(body, NOON)
    assert caught.value.field == field
    assert caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("source", "items"), [("grafana", "alerts"), ("bmc_helix", "events"), ("generic", "signals")]
)
def test_one_bad_item_leaves_the_others(source: str, items: str) -> None:
    whole = payload(f"{source}_firing")
    good = whole[items][0] if items in whole else whole
    parsed = parser_for(source)({items: [{}, good, 7]}, NOON)
    assert len(parsed.signals) == 1
    assert [r.path.partition("]")[0] for r in parsed.refused] == [f"{items}[0", f"{items}[2"]
    assert all(r.remedy for r in parsed.refused)


# Whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
FILES = [ALERTMANAGER, *sorted(PAYLOADS.glob("*.json"))]


def check(source: str, body: bytes | dict[str, Any]) -> None:
    """It is signals that can be stored and told apart, or mistakes that are named."""
    try:
        parsed = parser_for(source)(body, NOON)
    except BadArgs as error:
        mistake = error
    else:
        assert all(is_sound(signal) for signal in parsed.signals)
        return
    assert mistake.field
    assert mistake.problem


def storable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def is_sound(signal: Signal) -> bool:
    times = [t for t in (signal.starts_at, signal.ends_at) if t is not None]
    texts = [signal.name, signal.summary, signal.severity, signal.url, *signal.labels.values()]
    return (
        bool(signal.name.strip() and signal.fingerprint.strip())
        and all(t.tzinfo is UTC for t in times)
        and all(storable(t) == t for t in texts)
    )


@given(st.sampled_from(sorted(PARSERS)), JSON)
def test_any_json_is_signals_or_a_named_mistake(source: str, value: object) -> None:
    check(source, json.dumps(value).encode())


@given(st.sampled_from(sorted(PARSERS)), st.binary(max_size=40))
def test_any_bytes_are_signals_or_a_named_mistake(source: str, body: bytes) -> None:
    check(source, body)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every value inside."""
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [place for key, part in inside for place in [(*path, key), *places(part, (*path, key))]]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """One of our payloads with up to three of its values replaced."""
    file = draw(st.sampled_from(FILES))
    body: dict[str, Any] = json.loads(file.read_bytes())
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(places(body)))
        inside: Any = body
        for key in parents:
            inside = inside[key]
        inside[last] = draw(JSON)
        body = copy.deepcopy(body)
        if not places(body):
            break
    return source_of(file), body


@given(mutated())
def test_any_change_of_a_payload_is_signals_or_a_named_mistake(
    case: tuple[str, dict[str, Any]],
) -> None:
    check(*case)
    check(case[0], json.dumps(case[1]).encode())


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
@pytest.mark.parametrize(
    "value", [None, "", "\0", " ", "\ud800", 0, -1, 1e300, True, [], {}, [None]]
)
def test_any_one_value_may_be_odd(file: Path, value: object) -> None:
    body = json.loads(file.read_bytes())
    for *parents, last in places(body):
        odd: Any = copy.deepcopy(body)
        inside = odd
        for key in parents:
            inside = inside[key]
        inside[last] = value
        check(source_of(file), odd)


# What docs/reference/webhooks.md says

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "webhooks.md"


def template(heading: str) -> set[str]:
    """Names of the fields of the payload that the page shows under a heading."""
    section = PAGE.read_text("utf-8").partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    block = re.search(r"```(?:json|text)\n(.*?)```", section, re.DOTALL)
    assert block
    return set(re.findall(r'^  "(\w+)":', block[1], re.MULTILINE))


def test_every_source_has_its_row() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| .* \| .* \| .* \| .* \| .* \| .* \|$",
        PAGE.read_text("utf-8"),
        re.MULTILINE,
    )
    assert rows == list(PARSERS)


@pytest.mark.parametrize(
    ("heading", "source", "more"),
    [
        ("Datadog", "datadog", {"value"}),
        ("Dynatrace", "dynatrace", {"ProblemDetailsText"}),
        ("AppDynamics", "appdynamics", set()),
        ("ServiceNow", "servicenow", set()),
        ("BMC Helix", "bmc_helix", set()),
        ("Moogsoft", "moogsoft", {"manager", "url"}),
        ("BigPanda", "bigpanda", set()),
    ],
)
def test_the_templates_shown_are_the_payloads_tested(
    heading: str, source: str, more: set[str]
) -> None:
    assert template(heading) | more == set(payload(f"{source}_firing"))


def test_the_fields_of_plain_json_are_documented() -> None:
    section = PAGE.read_text("utf-8").partition("## Plain JSON")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert documented == set(payload("generic_firing")["signals"][0]) | {"ends_at"}
