from dataclasses import replace
from datetime import UTC, datetime

import pytest

from knowledge.catalogue import Catalogue
from knowledge.correlation.subject import Subject, is_noise, service_of, subject_of
from knowledge.records import Signal, SignalKind

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
CATALOGUE = Catalogue.from_topology(
    {
        "edges": [["checkout", "cart"], ["cart", "redis-cart"]],
        "pods": [{"cluster": "eu", "service": "cart", "pod": "cart-77aa00bb-12345", "node": "n1"}],
        "zones": {"n1": "eu-a"},
        "namespaces": {"cart": "shop"},
    }
)


def signal(**labels: str) -> Signal:
    return Signal("a", "High5xx", NOW, NOW, labels=labels)


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"app": "cart"}, "cart"),
        ({"app.kubernetes.io/name": "cart"}, "cart"),
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
def test_guesses_the_service_from_labels_alone(labels: dict[str, str], service: str) -> None:
    assert service_of(signal(**labels)) == service


def test_takes_the_service_as_it_is_said() -> None:
    assert service_of(replace(signal(pod="x"), service="checkout")) == "checkout"


@pytest.mark.parametrize(
    "labels",
    [
        {"pod": "cart-77aa00bb-12345"},
        {"k8s_thing": "cart-77aa00bb-12345"},
        {"whatever": "Cart"},
        {"service": "cart_service"},
        {"check_url": "https://cart.shop.svc.cluster.local/health"},
    ],
)
def test_the_catalogue_finds_the_service_under_any_label(labels: dict[str, str]) -> None:
    assert subject_of(signal(**labels), CATALOGUE).service == "cart"


def test_the_catalogue_finds_the_one_service_named_in_the_summary() -> None:
    found = replace(signal(), summary="p95 of cart is 4 s")
    assert subject_of(found, CATALOGUE).service == "cart"
    both = replace(signal(), summary="cart cannot reach redis-cart")
    assert subject_of(both, CATALOGUE).service == ""


def test_a_known_pod_gives_its_place() -> None:
    assert subject_of(signal(pod="cart-77aa00bb-12345"), CATALOGUE) == Subject(
        service="cart",
        cluster="eu",
        pod="cart-77aa00bb-12345",
        node="n1",
        zone="eu-a",
        namespace="shop",
    )


def test_a_node_is_no_service() -> None:
    found = subject_of(signal(node="n1", instance="n1:9100"), CATALOGUE)
    assert (found.service, found.node, found.cluster) == ("", "n1", "eu")


def test_who_is_complained_of_is_not_whom_the_alert_is_about() -> None:
    found = subject_of(signal(service="checkout", upstream="cart"), CATALOGUE)
    assert (found.service, found.peer) == ("checkout", "cart")


def test_drift_is_about_its_model() -> None:
    drift = replace(signal(model="fraud", service="fraud-api"), kind=SignalKind.DRIFT)
    assert subject_of(drift, CATALOGUE).model == "fraud"


def test_megabytes_of_labels_are_not_looked_at() -> None:
    labels = {f"l{i}": "x" * 1_000_000 for i in range(3)} | {"service": "y" * 1_000_000}
    assert len(service_of(signal(**labels))) == 256


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
