"""What Tandem's own monitors find, among the alerts of others: one cause, one incident."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from knowledge.catalogue import Catalogue
from knowledge.correlation import Correlator
from knowledge.records import Signal, SignalKind, Verdict
from tests.knowledge.correlation.conftest import START, Alerts, at

MODELS = Catalogue.from_toml(
    """
    [services.web]
    calls = ["eta-api"]
    [services.eta-api]
    calls = ["weather"]
    [services.search]
    calls = ["index"]
    """
)
HOUR = 3600.0


def finding(
    alerts: Alerts, kind: SignalKind, service: str, second: float, severity: str = "warning"
) -> Signal:
    """Of the metric of a service, or of the model `eta`, which that service answers for."""
    labels = {"monitor": "metric:p99"} if kind is SignalKind.METRIC else {"model": "eta"}
    made = alerts(f"Own{kind}", service, second, severity=severity, source="monitor", **labels)
    return replace(made, kind=kind)


def moved(signal: Signal, second: float) -> Signal:
    return replace(signal, starts_at=at(second), received_at=at(second))


def play(correlator: Correlator, signals: Iterable[Signal]) -> list[str]:
    """After a quiet hour, feed each at its arrival, with time passing between; the incidents that
    opened and stayed."""
    now = START - timedelta(hours=1)
    correlator.advance(now)
    for signal in signals:
        while now + timedelta(seconds=30) < signal.received_at:
            now += timedelta(seconds=30)
            correlator.advance(now)
        correlator.feed([signal], signal.received_at)
        now = max(now, signal.received_at)
    correlator.advance(now + timedelta(seconds=60))
    return list(correlator.groups())


def home(correlator: Correlator, signal: Signal) -> str:
    placed = correlator.placed((signal.fingerprint, signal.starts_at))
    assert placed is not None
    return placed[1]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("kind", [SignalKind.DRIFT, SignalKind.QUALITY, SignalKind.PERFORMANCE])
def test_an_anomaly_an_alert_and_a_drift_of_one_cause_are_one_incident(
    alerts: Alerts, kind: SignalKind, order: tuple[int, ...]
) -> None:
    """In whichever order they are noticed, two minutes apart."""
    correlator = Correlator(MODELS)
    three = [
        finding(alerts, SignalKind.METRIC, "eta-api", 0),
        alerts("HighErrorRate", "web", 0),
        finding(alerts, kind, "eta-api", 0),
    ]
    signals = [moved(three[n], 120.0 * place) for place, n in enumerate(order)]
    (group,) = play(correlator, signals)
    # An alert that came first, alone, waits; the others draw it in.
    assert {home(correlator, s) for s in signals} == {group}


def test_the_incident_is_named_after_a_service_or_its_model(alerts: Alerts) -> None:
    correlator = Correlator(MODELS)
    signals = [
        finding(alerts, SignalKind.METRIC, "eta-api", 0),
        alerts("HighErrorRate", "web", 60),
        finding(alerts, SignalKind.DRIFT, "eta-api", 120),
    ]
    (group,) = play(correlator, signals)
    assert correlator.suspects(group)[0] == "eta-api"


def test_without_a_catalogue_a_model_goes_with_its_server(alerts: Alerts) -> None:
    correlator = Correlator()
    signals = [
        finding(alerts, SignalKind.METRIC, "eta-api", 0),
        finding(alerts, SignalKind.DRIFT, "eta-api", 120),
    ]
    assert len(play(correlator, signals)) == 1


def test_a_drift_elsewhere_is_an_incident_of_its_own(alerts: Alerts) -> None:
    for catalogue in (MODELS, None):
        correlator = Correlator(catalogue)
        signals = [
            finding(alerts, SignalKind.METRIC, "search", 0),
            alerts("HighErrorRate", "index", 10),
            finding(alerts, SignalKind.DRIFT, "eta-api", 30),
        ]
        play(correlator, signals)
        assert home(correlator, signals[2]) != home(correlator, signals[0])


def test_a_drift_long_after_is_an_incident_of_its_own(alerts: Alerts) -> None:
    correlator = Correlator(MODELS)
    signals = [
        finding(alerts, SignalKind.METRIC, "eta-api", 0),
        finding(alerts, SignalKind.DRIFT, "eta-api", 3 * HOUR),
    ]
    play(correlator, signals)
    assert home(correlator, signals[0]) != home(correlator, signals[1])


def test_a_finding_alone_opens_at_once(alerts: Alerts) -> None:
    correlator = Correlator(MODELS)
    outcome = correlator.feed([finding(alerts, SignalKind.METRIC, "eta-api", 0)], START)
    assert [o.says for o in outcome.openings] == ["Ownmetric is proof by itself"]


def bouts(alerts: Alerts, count: int, severity: str = "warning") -> list[Signal]:
    """One series that fires for a minute every hour."""
    found = []
    for n in range(count):
        start = finding(alerts, SignalKind.METRIC, "eta-api", n * HOUR, severity)
        found += [start, replace(start, ends_at=at(n * HOUR + 60), received_at=at(n * HOUR + 60))]
    return found


def test_one_that_flaps_opens_no_fourth_card_within_six_hours(alerts: Alerts) -> None:
    correlator = Correlator(MODELS)
    signals = bouts(alerts, 5)
    for signal in signals:
        correlator.feed([signal], signal.received_at)
        if signal.ends_at is not None and (group := home(correlator, signal)):
            correlator.close(group)
    verdicts = [correlator.placed((s.fingerprint, s.starts_at)) for s in signals[::2]]
    assert [v[0] for v in verdicts if v] == [Verdict.OPENED] * 3 + [Verdict.CHRONIC] * 2
    later = finding(alerts, SignalKind.METRIC, "eta-api", 12 * HOUR)
    assert correlator.feed([later], later.received_at).openings


def test_what_is_urgent_opens_however_often_it_comes(alerts: Alerts) -> None:
    correlator = Correlator(MODELS)
    signals = bouts(alerts, 5, "critical")
    for signal in signals:
        correlator.feed([signal], signal.received_at)
        if signal.ends_at is not None and (group := home(correlator, signal)):
            correlator.close(group)
    assert all(home(correlator, signal) for signal in signals[::2])


def test_a_restart_remembers_that_it_flapped(alerts: Alerts) -> None:
    correlator = Correlator(MODELS)
    signals = bouts(alerts, 3)[::2]
    history = [
        (replace(s, ends_at=s.starts_at + timedelta(minutes=1)), f"INC-{n}")
        for n, s in enumerate(signals)
    ]
    correlator.restore(history, at(2.9 * HOUR))
    fourth = finding(alerts, SignalKind.METRIC, "eta-api", 3 * HOUR)
    assert not correlator.feed([fourth], fourth.received_at).openings


def test_the_server_of_a_model_is_the_one_that_its_finding_names(alerts: Alerts) -> None:
    """Where the model is called otherwise than the service that answers for it."""
    correlator = Correlator(MODELS)
    drift = finding(alerts, SignalKind.DRIFT, "arrivals", 60)
    drift = replace(drift, labels={**drift.labels, "model": "arrivals"})
    named = replace(drift, labels={**drift.labels, "served_by": "eta-api"})
    assert len(play(correlator, [finding(alerts, SignalKind.METRIC, "eta-api", 0), named])) == 1
    apart = Correlator(MODELS)
    assert len(play(apart, [finding(alerts, SignalKind.METRIC, "eta-api", 0), drift])) == 2


def test_without_a_catalogue_findings_of_one_moment_are_no_incident_together(
    alerts: Alerts,
) -> None:
    correlator = Correlator()
    signals = [finding(alerts, SignalKind.METRIC, name, 0) for name in ("cart", "search", "web")]
    outcomes = [correlator.feed([signal], START) for signal in signals]
    assert [len(outcome.openings) for outcome in outcomes] == [1, 1, 1]
    assert len(correlator.groups()) == 3
