"""What somebody sees who has just started Tandem: nothing but the catalogue is known."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.demo.files import catalogue
from bot.demo.rules import RULES, Rule
from bot.demo.world import World, readings
from knowledge.catalogue import Catalogue
from knowledge.correlation import Correlator, Outcome
from knowledge.records import Signal, SignalKind
from tests.knowledge.correlation.conftest import START, at

Webhook = tuple[datetime, list[Signal]]
QUIET_FOR = 120


def alert(name: str, service: str, second: float, severity: str) -> Signal:
    return Signal(
        f"{name}/{service}", name, at(second), at(second), service=service, severity=severity
    )


class Site:
    """Northwind Parcel's correlator, started a while ago; nothing was heard so far."""

    def __init__(self) -> None:
        self.correlator = Correlator(Catalogue.from_toml(catalogue()))
        self.now = at(-QUIET_FOR)
        self.openings: list[tuple[str, datetime]] = []
        self._note(self.correlator.advance(self.now))

    def hear(self, *signals: Signal, now: datetime | None = None) -> None:
        now = now or signals[0].received_at
        self.wait(now)
        self._note(self.correlator.feed(signals, now))

    def wait(self, until: datetime) -> None:
        while self.now + timedelta(seconds=5) < until:
            self.now += timedelta(seconds=5)
            self._note(self.correlator.advance(self.now))
        self.now = until

    def _note(self, outcome: Outcome) -> None:
        self.openings += [(o.group, o.at) for o in outcome.openings]


def test_slow_payments_that_checkout_feels_are_one_incident_soon() -> None:
    site = Site()
    site.hear(alert("LatencyP99High", "payments", 0, "warning"))
    site.hear(alert("LatencyP99High", "checkout-api", 6, "warning"))
    site.hear(alert("HighErrorRate", "checkout-api", 8, "critical"))
    [(group, opened_at)] = site.openings
    assert opened_at <= at(8)
    assert site.correlator.groups() == {group: 3}
    assert site.correlator.suspects(group)[0] == "payments"


def test_errors_and_a_page_of_one_service_open_at_once() -> None:
    site = Site()
    site.hear(alert("HighErrorRate", "checkout-api", 0, "critical"))
    site.hear(alert("ErrorBudgetBurn", "checkout-api", 4, "page"))
    assert [opened_at for _, opened_at in site.openings] == [at(4)]


def test_a_lone_critical_alert_opens_within_four_minutes() -> None:
    site = Site()
    site.hear(alert("HighErrorRate", "checkout-api", 0, "critical"))
    site.wait(at(240))
    assert len(site.openings) == 1


def test_a_monitors_finding_opens_and_what_follows_joins_it() -> None:
    site = Site()
    found = alert("gpu-temperature", "eta-model", 0, "warning")
    site.hear(replace(found, kind=SignalKind.METRIC, labels={"node": "gpu-3"}))
    site.hear(alert("LatencyP99High", "eta-model", 6, "warning"))
    [(group, opened_at)] = site.openings
    assert opened_at == at(0)
    assert site.correlator.groups() == {group: 2}


def test_a_lone_warning_opens_nothing() -> None:
    site = Site()
    site.hear(alert("LatencyP99High", "search", 0, "warning"))
    site.wait(at(1200))
    assert site.openings == []


def test_unrelated_services_in_trouble_at_one_time_have_a_card_each() -> None:
    site = Site()
    names = ("pricing", "auth", "route-planner", "notify")
    for n, name in enumerate(names):
        site.hear(
            alert("HighErrorRate", name, 40 * n, "critical"),
            alert("SlowRequests", name, 40 * n, "critical"),
        )
    assert len(site.openings) == len(names)


# The demo's breakages, as its Prometheus tells them


def scrapes(breakage: str, order: random.Random) -> Iterator[Webhook]:
    """What each evaluation of the rules finds, one webhook a service, in any order, and each
    within some seconds, as Alertmanager's grouping waits."""
    world = World()
    world.break_(breakage, START)
    since: dict[tuple[str, str], datetime] = {}
    fired: set[tuple[str, str]] = set()
    phase = order.random() * 2
    for n in range(60):
        now = at(2 * n + phase)
        groups: dict[str, list[Signal]] = {}
        for rule, labels in breached(world, now):
            key = rule.name, "/".join(labels.values())
            began = since.setdefault(key, now)
            if key not in fired and now - began >= rule.lasting:
                fired.add(key)
                groups.setdefault(labels["service"], []).append(signal(rule, labels, now))
        services = list(groups)
        order.shuffle(services)
        for service in services:
            order.shuffle(groups[service])
            yield now + timedelta(seconds=order.random() * 5), groups[service]


def breached(world: World, now: datetime) -> Iterator[tuple[Rule, dict[str, str]]]:
    for metric, labels, value in readings(world, now):
        for rule in RULES:
            if rule.metric == metric and rule.breached(value):
                yield rule, dict(labels)


def signal(rule: Rule, labels: dict[str, str], now: datetime) -> Signal:
    return Signal(
        f"{rule.name}/{'/'.join(labels.values())}",
        rule.name,
        now,
        now,
        source="alertmanager",
        service=labels["service"],
        severity=rule.severity,
        labels=labels,
    )


def tell(breakage: str, seed: int) -> tuple[Site, Sequence[Signal]]:
    site = Site()
    webhooks = sorted(scrapes(breakage, random.Random(seed)), key=lambda w: w[0])
    for now, signals in webhooks:
        site.hear(*signals, now=now)
    site.wait(at(220))
    return site, [s for _, signals in webhooks for s in signals]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("breakage", "suspect"),
    [("latency", "payments"), ("deploy", "checkout-api"), ("storm", "depot-gateway")],
)
def test_each_breakage_of_the_demo_is_one_incident(breakage: str, suspect: str, seed: int) -> None:
    site, told = tell(breakage, seed)
    assert site.correlator.groups() == {site.openings[0][0]: len(told)}
    assert site.openings[0][1] <= at(30)
    assert site.correlator.suspects(site.openings[0][0])[0] == suspect
