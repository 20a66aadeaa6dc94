from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.catalogue import Catalogue
from knowledge.causes.ranking import ClueKind, Suspect
from knowledge.diagnosis import Gathered, diagnose
from knowledge.diagnosis.gather import MOVE
from knowledge.diagnosis.measured import measure
from knowledge.diagnosis.weigh import windows_of
from knowledge.ports import Telemetry
from knowledge.records import Band, Change, Document, Hit, Signal, SignalKind

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Jump = Callable[[str, datetime], Telemetry]


def alert(name: str, service: str, at: datetime = NOON, **labels: str) -> Signal:
    key = f"{name}-{service}-{labels.get('pod', '')}"
    return Signal(key, name, at, at, service=service, labels=labels, id=key)


@pytest.fixture
def found(catalogue: Catalogue) -> Gathered:
    signals = (alert("Slow", "checkout"), alert("Slow", "shop", NOON + MINUTE))
    return Gathered("shop", NOON, NOON + 20 * MINUTE, signals, catalogue=catalogue)


def of(suspects: Iterable[Suspect], name: str) -> Suspect:
    return next(s for s in suspects if s.component == name)


def test_a_change_right_before_lifts_its_service(found: Gathered) -> None:
    deploy = Change("C1", NOON - 4 * MINUTE, "deploy", "shop", "new cache", "4.2", "ines")
    before = diagnose(found)
    after = diagnose(replace(found, changes=(deploy,)))
    assert before.suspects[0].component == "checkout"
    lifted = of(after.suspects, "shop")
    assert lifted.probability > 3 * of(before.suspects, "shop").probability
    clue = next(c for c in lifted.clues if c.kind is ClueKind.CHANGE)
    assert clue.text == "deploy shop 4.2 by ines, 4 min before the first alert: new cache"
    assert clue.sources == ("C1",)


def test_a_change_counts_less_the_older_it_is_and_not_at_all_afterwards(found: Gathered) -> None:
    def belief(minutes: float) -> float:
        change = Change("C1", NOON - minutes * MINUTE, "deploy", "shop", "new cache")
        return of(diagnose(replace(found, changes=(change,))).suspects, "shop").probability

    assert belief(1) > belief(40) > belief(600)
    assert belief(600) == pytest.approx(belief(-30))


def test_a_changed_service_without_an_alert_may_be_the_cause(found: Gathered) -> None:
    deploy = Change("C1", NOON - MINUTE, "deploy", "payment", "retries")
    ranking = diagnose(replace(found, changes=(deploy,)))
    assert of(ranking.suspects, "payment").clues[0].kind is ClueKind.CHANGE


def test_a_model_that_moved_is_a_suspect_and_its_server_half_as_much() -> None:
    drift = alert("drift", "", model="fraud", served_by="scorer")
    drift = replace(drift, kind=SignalKind.DRIFT)
    move = Change("MOV-1", NOON - MINUTE, MOVE, "fraud", "champion v6 → v7")
    ranking = diagnose(Gathered("fraud", NOON, NOON, (drift,), changes=(move,)))
    assert ranking.suspects[0].component == "fraud"
    by = {s.component: [c.weight for c in s.clues if c.kind is ClueKind.CHANGE] for s in
          ranking.suspects}  # fmt: skip
    assert by["fraud"][0] == pytest.approx(2 * by["scorer"][0])


def test_a_past_incident_like_it_speaks_for_its_service(found: Gathered) -> None:
    document = Document("INC-3", "Slow", "x", service="Shop", root_cause="pool exhausted")
    near, far = (Hit(document, 1.0, 0.7, band) for band in (Band.SIMILAR, Band.POSSIBLE))
    with_near = of(diagnose(replace(found, past=(near,))).suspects, "shop")
    with_far = of(diagnose(replace(found, past=(far,))).suspects, "shop")
    assert with_near.probability > with_far.probability
    clue = next(c for c in with_near.clues if c.kind is ClueKind.PAST)
    assert clue.text == "INC-3, which looks like this, was on it: pool exhausted"


def test_telemetry_and_alerts_are_weighed_together(
    found: Gathered, catalogue: Catalogue, jump: Jump
) -> None:
    telemetry = jump("payment", NOON - 3 * MINUTE)
    case = measure(telemetry, "shop", NOON, NOON + 15 * MINUTE, catalogue).case
    both = diagnose(replace(found, case=case))
    assert both.suspects[0].component == "payment"
    assert any("p95" in clue.text for clue in both.suspects[0].clues)
    assert {"checkout", "shop"} <= {s.component for s in both.suspects}
    assert any("metrics of 3 services (Prometheus)" in line for line in both.looked_at)


def test_the_history_of_alerts_makes_the_usual_ones_weak(found: Gathered) -> None:
    history = tuple(alert("Slow", "checkout", NOON - n * 40 * MINUTE) for n in range(1, 60))
    fresh = of(diagnose(found).suspects, "checkout")
    worn = diagnose(replace(found, history=history))
    assert worn.suspects[0].component == "shop"
    assert of(worn.suspects, "checkout").probability < fresh.probability / 2


def test_history_is_cut_into_windows_and_quiet_ones_count_too() -> None:
    history = [alert("A", "shop", NOON - 10 * MINUTE), alert("A", "shop", NOON - 100 * MINUTE)]
    windows = windows_of(history, NOON, Catalogue())
    assert [len(w.keys) for w in windows] == [1, 0, 0, 1]
    assert windows_of([], NOON, Catalogue()) == ()


def test_beliefs_sum_to_one_with_none_of_these(found: Gathered) -> None:
    total = sum(s.probability for s in diagnose(found).suspects)
    assert 0 < total < 1


def test_nothing_to_go_by_names_nobody(catalogue: Catalogue) -> None:
    assert diagnose(Gathered("shop", NOON, NOON, catalogue=catalogue)).suspects == ()


def test_without_alerts_a_change_alone_is_a_suspicion(catalogue: Catalogue) -> None:
    deploy = Change("C1", NOON - MINUTE, "deploy", "shop", "retries")
    ranking = diagnose(Gathered("shop", NOON, NOON, changes=(deploy,), catalogue=catalogue))
    assert [s.component for s in ranking.suspects] == ["shop"]
