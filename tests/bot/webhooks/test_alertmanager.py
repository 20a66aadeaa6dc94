import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks import PARSERS, parser_for
from bot.webhooks.alertmanager import parse
from bot.webhooks.fields import LABELS_LIMIT, TEXT_LIMIT
from knowledge.errors import BadArgs, NotFound

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
BODY = (Path(__file__).parent / "alertmanager_webhook.json").read_bytes()
ALERT: dict[str, Any] = json.loads(BODY)["alerts"][0]


def payload(*alerts: object) -> dict[str, Any]:
    return {"version": "4", "alerts": list(alerts)}


def but(**changed: object) -> dict[str, Any]:
    """The captured alert with some fields set, or taken out where the value is `...`."""
    alert = {**copy.deepcopy(ALERT), **changed}
    return {name: value for name, value in alert.items() if value is not ...}


def test_reads_a_captured_webhook() -> None:
    parsed = parse(BODY, NOW)
    assert parsed.refused == ()
    (signal,) = parsed.signals
    assert signal.fingerprint == "6aa1a2a05a92da1c"
    assert (signal.name, signal.service, signal.severity) == (
        "HighErrorRate",
        "checkout",
        "critical",
    )
    assert signal.starts_at == datetime(2026, 11, 22, 0, 32, 50, 108000, tzinfo=UTC)
    assert signal.firing
    assert signal.summary == "High 5xx rate on checkout"
    assert signal.runbook_url == "https://runbooks.example.com/high-error-rate"
    assert signal.url.startswith("http://vm:9190/graph")
    assert (signal.source, signal.received_at) == ("alertmanager", NOW)
    assert signal.labels["team"] == "payments"


def test_an_ended_alert() -> None:
    (signal,) = parse(
        payload(but(status="resolved", endsAt="2026-11-22T00:40:00+01:00")), NOW
    ).signals
    assert signal.ends_at == datetime(2026, 11, 21, 23, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "ends", "ends_at"),
    [
        ("firing", "2030-01-01T00:00:00Z", None),
        ("resolved", "0001-01-01T00:00:00Z", NOW),
        ("resolved", "", NOW),
        (..., "0001-01-01T00:00:00Z", None),
        (..., "2030-01-01T00:00:00Z", None),
        (..., "2026-11-22T00:59:59Z", datetime(2026, 11, 22, 0, 59, 59, tzinfo=UTC)),
    ],
)
def test_when_it_ended(status: object, ends: str, ends_at: datetime | None) -> None:
    (signal,) = parse(payload(but(status=status, endsAt=ends)), NOW).signals
    assert signal.ends_at == ends_at


@pytest.mark.parametrize(
    ("alert", "path"),
    [
        (17, "alerts[1]"),
        (None, "alerts[1]"),
        (but(labels=...), "alerts[1].labels.alertname"),
        (but(labels=[1]), "alerts[1].labels"),
        (but(labels={"alertname": 7}), "alerts[1].labels.alertname"),
        (but(annotations="x"), "alerts[1].annotations"),
        (but(startsAt=...), "alerts[1].startsAt"),
        (but(startsAt="0001-01-01T00:00:00Z"), "alerts[1].startsAt"),
        (but(startsAt="yesterday"), "alerts[1].startsAt"),
        (but(startsAt=12), "alerts[1].startsAt"),
        (but(endsAt=[]), "alerts[1].endsAt"),
        (but(status="burning"), "alerts[1].status"),
        (but(status={}), "alerts[1].status"),
        (but(fingerprint=3), "alerts[1].fingerprint"),
        (but(generatorURL=["x"]), "alerts[1].generatorURL"),
    ],
)
def test_a_malformed_alert_is_refused_alone(alert: object, path: str) -> None:
    parsed = parse(payload(ALERT, alert, ALERT), NOW)
    assert len(parsed.signals) == 2
    (refused,) = parsed.refused
    assert refused.path == path
    assert refused.problem
    assert refused.remedy


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"\xff\xfe", "body"),
        (b"{", "body"),
        (b"[" * 100_000, "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b"{}", "alerts"),
        ({"alerts": {}}, "alerts"),
        ({"version": "3", "alerts": []}, "version"),
    ],
)
def test_a_wholly_malformed_payload_names_the_field(
    body: bytes | dict[str, Any], field: str
) -> None:
    with pytest.raises(BadArgs) as caught:
        parse(body, NOW)
    assert caught.value.field == field
    assert caught.value.remedy


def test_no_alerts_are_no_signals() -> None:
    assert parse(payload(), NOW).signals == ()


def test_long_texts_and_many_labels_are_cut_and_say_so() -> None:
    labels = {"alertname": "X", **{f"l{n}": "v" for n in range(LABELS_LIMIT)}}
    (signal,) = parse(
        payload(but(labels=labels, annotations={"description": "x" * 100_000})), NOW
    ).signals
    assert len(signal.description) == TEXT_LIMIT
    assert signal.description.endswith("(cut)")
    assert signal.labels["tandem_note"] == "1 more were left out"


def test_text_that_no_database_stores_is_replaced() -> None:
    body = json.dumps(payload(but(annotations={"summary": "a\0b\ud83dc"}))).encode()
    assert parse(body, NOW).signals[0].summary == "ab?c"


def test_without_a_fingerprint_the_labels_make_one() -> None:
    one, two, other = parse(
        payload(
            but(fingerprint=...),
            but(fingerprint="", annotations={}),
            but(fingerprint=..., labels={"alertname": "X"}),
        ),
        NOW,
    ).signals
    assert one.fingerprint == two.fingerprint != other.fingerprint


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*ALERT, "alertname"]), inner, max_size=4)
        ),
        max_leaves=9,
    )
)
def test_no_alert_can_harm_its_neighbours(alert: object) -> None:
    parsed = parse(payload(alert, ALERT), NOW)
    assert parsed.signals[-1].fingerprint == ALERT["fingerprint"]
    assert len(parsed.signals) + len(parsed.refused) == 2


def test_an_unknown_source_is_told_the_known_ones() -> None:
    assert parser_for("alertmanager") is PARSERS["alertmanager"]
    with pytest.raises(NotFound, match="alertmanager"):
        parser_for("alertmanger")
