from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.findings import (
    findings,
    lead,
    model_of,
    only_findings,
    onset,
    places_of,
    say_sure,
    sure_of,
    window_of,
)
from knowledge.incidents import open_from
from knowledge.records import Incident, Signal, SignalKind

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def signal(name: str, kind: SignalKind, severity: str = "warning", **labels: str) -> Signal:
    return Signal(
        name, name, NOON, NOON, kind=kind, service="eta", severity=severity, labels=labels
    )


def incident(*signals: Signal) -> Incident:
    return replace(open_from(signals, NOON), id="INC-1")


DRIFT = signal("Drift", SignalKind.DRIFT, model="eta-model", window="86400s")
SLOW = signal("p99", SignalKind.METRIC, sure="0.97")
ALERT = signal("HighErrorRate", SignalKind.ALERT)


def test_findings_are_told_from_alerts() -> None:
    mixed = incident(DRIFT, ALERT, SLOW)
    assert findings(mixed) == (DRIFT, SLOW)
    assert not only_findings(mixed)
    assert only_findings(incident(DRIFT, SLOW))
    assert not only_findings(replace(mixed, signals=()))


def test_the_card_is_about_what_hurts_most() -> None:
    assert lead(incident(DRIFT, SLOW)) == SLOW
    worse = signal("auc", SignalKind.PERFORMANCE)
    assert lead(incident(DRIFT, SLOW, worse)) == worse
    over = replace(worse, ends_at=NOON + timedelta(hours=1))
    assert lead(incident(DRIFT, over)) == DRIFT
    grave = replace(DRIFT, severity="critical")
    assert lead(incident(SLOW, grave)) == grave
    assert lead(incident(ALERT)) is None


def test_a_model_is_named_by_its_label_or_is_the_service() -> None:
    assert model_of(DRIFT) == "eta-model"
    assert model_of(signal("Quality", SignalKind.QUALITY)) == "eta"
    assert model_of(SLOW) == ""


@pytest.mark.parametrize(
    ("label", "sure"),
    [("0.97", 0.97), ("", None), ("certain", None), ("nan", None), ("1.7", None), ("-1", None)],
)
def test_how_sure_is_what_the_label_says(label: str, sure: float | None) -> None:
    assert sure_of(signal("x", SignalKind.METRIC, sure=label)) == sure


def test_how_sure_is_said_in_words_with_the_number() -> None:
    assert say_sure(0.97) == "very sure (0.97)"
    assert say_sure(0.85) == "sure (0.85)"
    assert say_sure(0.7) == "fairly sure (0.70)"
    assert say_sure(0.51) == "not very sure (0.51)"


def test_a_window_may_have_begun_with_the_cause() -> None:
    assert window_of(DRIFT) == timedelta(days=1)
    assert onset(DRIFT) == NOON - timedelta(days=1)
    assert onset(SLOW) == NOON
    assert window_of(signal("x", SignalKind.DRIFT, window="soon")) == timedelta()


def test_a_models_place_is_also_the_service_that_answers_for_it() -> None:
    assert places_of(SLOW) == {"eta"}
    served = replace(DRIFT, labels={**DRIFT.labels, "served_by": "eta-api"})
    assert places_of(served) == {"eta", "eta-model", "eta-api"}
