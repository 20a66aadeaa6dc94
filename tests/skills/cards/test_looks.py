from datetime import datetime, timedelta

import pytest

from knowledge.monitors import MetricMonitor, ModelMonitor, Watched
from knowledge.records import Look, Signal, SignalKind
from skills.cards.looks import (
    Health,
    Light,
    ModelState,
    ago,
    drift_of,
    figures,
    gravest,
    health,
    of_model,
    tally,
    watching,
)
from skills.testing import NOON

MONITOR = ModelMonitor(model="fraud", every=timedelta(hours=1))


def look(at: datetime = NOON - timedelta(minutes=30), **given: float) -> Look:
    return Look("fraud", at, at - timedelta(hours=24), at, 900, "stable", "7", given)


def watched(**given: object) -> Watched:
    return Watched("model:fraud", MONITOR, **given)  # type: ignore[arg-type]


def finding(kind: SignalKind, summary: str = "it is so", **labels: str) -> Signal:
    return Signal(
        "f", "Name", NOON, NOON, kind=kind, service="fraud", summary=summary, labels=labels
    )


def state(*findings: Signal, seen: Look | None = None, **given: object) -> ModelState:
    return ModelState("fraud", findings, (watched(**given),), seen or look())


def test_all_is_well() -> None:
    assert health(state(), NOON) == Health(Light.GREEN, "fine")


@pytest.mark.parametrize(
    ("kind", "light", "word"),
    [
        (SignalKind.PERFORMANCE, Light.RED, "performing worse"),
        (SignalKind.QUALITY, Light.RED, "broken data"),
        (SignalKind.DRIFT, Light.AMBER, "drifting"),
        (SignalKind.ALERT, Light.RED, "endpoint in trouble"),
    ],
)
def test_what_fires_decides(kind: SignalKind, light: Light, word: str) -> None:
    assert health(state(finding(kind)), NOON) == Health(light, word, "it is so")


def test_the_worst_comes_first() -> None:
    drift, worse = finding(SignalKind.DRIFT), finding(SignalKind.PERFORMANCE)
    assert health(state(drift, worse), NOON).word == "performing worse"


def test_a_monitor_of_the_endpoint_that_fires_is_red() -> None:
    endpoint = MetricMonitor(name="fraud-errors", query="errors", above=1, model="fraud")
    fires = Watched("metric:fraud-errors", endpoint, firing=1)
    known = ModelState("fraud", (), (watched(), fires), look())
    assert health(known, NOON) == Health(
        Light.RED, "endpoint in trouble", "fraud-errors is not normal"
    )


def test_what_nobody_looks_at_is_no_green() -> None:
    assert health(ModelState("fraud"), NOON).word == "not watched"
    assert health(ModelState("fraud", (), (watched(),)), NOON).light is Light.GREY
    paused = health(state(paused=True, paused_until=NOON + timedelta(hours=2)), NOON)
    assert paused == Health(
        Light.AMBER, "paused", "Its monitor is paused until 2026-03-05 14:00 UTC."
    )
    failing = health(state(problem="fraud.parquet does not exist"), NOON)
    assert failing == Health(
        Light.AMBER, "not seen", "Its monitor cannot look: fraud.parquet does not exist"
    )
    stale = health(state(seen=look(NOON - timedelta(hours=5))), NOON)
    assert stale == Health(Light.AMBER, "stale", "The last look was 5 h ago, one is due each 1 h.")


def test_signals_and_monitors_of_a_model() -> None:
    other = Signal("g", "Other", NOON, NOON, service="checkout")
    labelled = Signal("h", "Labelled", NOON, NOON, service="serving", labels={"model": "Fraud"})
    served = Signal("i", "Served", NOON, NOON, service="fraud-api")
    signals = (other, labelled, served)
    assert of_model(signals, "fraud", "fraud-api") == (labelled, served)
    assert of_model(signals, "fraud") == (labelled,)
    assert watching([watched()], "FRAUD") == (watched(),)
    assert watching([watched()], "churn") == ()


def test_figures_say_whether_they_are_realised_or_estimated() -> None:
    told = figures(
        look(**{"drift": 0.314, "estimated auc": 0.8412, "realised auc": 0.8, "missing": 0.021}),
    )
    assert told == {
        "auc (realised)": "0.8",
        "auc (estimated)": "0.841",
        "largest drift of a column (PSI)": "0.314",
        "missing values": "2.1%",
    }


def test_small_words() -> None:
    assert drift_of(look(drift=-0.01)) == "stable, PSI 0.00"
    assert drift_of(look()) == "stable"
    assert ago(NOON - timedelta(hours=3), NOON) == "3 h ago"
    assert ago(NOON, NOON) == "just now"
    assert gravest([Light.GREEN, Light.AMBER, Light.GREY]) is Light.AMBER
    assert gravest([]) is Light.GREY
    assert tally(["drifting", "fine", "fine"]) == "1 drifting, 2 fine"
