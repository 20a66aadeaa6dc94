from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.correlate import is_noise, place, service_of
from knowledge.incidents import open_from, resolve
from knowledge.records import Incident, Signal, SignalKind

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def signal(fingerprint: str = "a", service: str = "checkout", **labels: str) -> Signal:
    return Signal(fingerprint, "High5xx", NOW, NOW, service=service, labels=labels)


def incident(number: int, *signals: Signal, at: datetime = NOW) -> Incident:
    return replace(open_from(signals, at), id=f"INC-{number}")


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"pod": "x", "service": "checkout"}, "checkout"),
        ({"app": "cart"}, "cart"),
        ({"job": "shop/payment"}, "payment"),
        ({"job": "kube-state-metrics", "pod": "cart-5d8f9c7b6d-x2x9q"}, "cart"),
        ({"pod": "redis-cart-0"}, "redis-cart"),
        ({"pod": "frontend-842fbfa6-39697"}, "frontend"),
        ({"job": "blackbox", "target": "https://checkout.shop.example/healthz"}, "checkout"),
        ({"instance": "10.0.0.7:9100"}, "10.0.0.7"),
        ({"target": "http://[broken"}, "http://[broken"),
        ({"model": "fraud"}, "fraud"),
        ({"severity": "critical"}, ""),
    ],
)
def test_guesses_the_service_from_labels(labels: dict[str, str], service: str) -> None:
    assert service_of(replace(signal(service=""), labels=labels)) == service


def test_a_known_fingerprint_comes_home() -> None:
    homes = [incident(1, signal("a")), incident(2, signal("b"))]
    again = replace(signal("a", service="other"), starts_at=NOW + MINUTE)
    assert place(again, homes, NOW) == "INC-1"


def test_the_same_service_joins_a_recent_incident_and_no_other() -> None:
    homes = [incident(1, signal("a")), incident(2, signal("b", "search"))]
    assert place(signal("new", "SEARCH"), homes, NOW) == "INC-2"
    assert place(signal("new", "cart"), homes, NOW) is None
    assert place(signal("new", ""), homes, NOW) is None
    assert place(signal("new"), homes, NOW + timedelta(hours=2)) is None


def test_clusters_stay_apart() -> None:
    homes = [incident(1, signal("a", cluster="eu"))]
    assert place(signal("b", cluster="us"), homes, NOW) is None
    assert place(signal("b", cluster="eu"), homes, NOW) == "INC-1"
    assert place(signal("b"), homes, NOW) == "INC-1"


def test_a_models_drift_and_its_servers_alerts_are_two_troubles() -> None:
    homes = [incident(1, signal("a", "fraud"))]
    drift = replace(signal("d", "fraud"), kind=SignalKind.DRIFT)
    assert place(drift, homes, NOW) is None


def test_fires_again_soon_after_the_end_and_only_then() -> None:
    over = resolve(incident(1, signal("a")), "U1", NOW)
    again = replace(signal("a"), starts_at=NOW + 10 * MINUTE)
    assert place(again, [over], NOW + 10 * MINUTE) == "INC-1"
    assert place(again, [over], NOW + 60 * MINUTE) is None
    assert place(signal("other"), [over], NOW + MINUTE) is None


def test_a_repeat_is_known_however_long_its_incident_is_over() -> None:
    over = resolve(incident(1, signal("a")), "U1", NOW)
    assert place(signal("a"), [over], NOW + timedelta(days=2)) == "INC-1"


def test_the_newest_incident_wins() -> None:
    old, new = incident(1, signal("a")), incident(2, signal("b"), at=NOW + MINUTE)
    assert place(signal("c"), [new, old], NOW) == "INC-2"


@pytest.mark.parametrize(
    ("name", "severity", "noise"),
    [
        ("Watchdog", "none", True),
        ("InfoInhibitor", "", True),
        ("X", "None", True),
        ("X", "", False),
    ],
)
def test_heartbeats_are_noise(name: str, severity: str, noise: bool) -> None:
    assert is_noise(replace(signal(), name=name, severity=severity)) is noise
