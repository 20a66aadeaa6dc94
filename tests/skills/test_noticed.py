from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.errors import Unavailable
from knowledge.incidents import open_from
from knowledge.monitors import MetricMonitor, ModelMonitor
from knowledge.records import (
    AlertRecord,
    Approval,
    ApprovalStatus,
    Change,
    Incident,
    Look,
    Matcher,
    Opinion,
    Purpose,
    Signal,
    SignalKind,
    Silence,
    Trace,
)
from skills.noticed import Reading
from skills.testing import NOON
from tests.skills.watching_double import WatchingDouble

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHOP = Catalogue.from_toml('[services.checkout]\ncalls = ["payment"]')
SLOW = Signal(
    "slow",
    "p99",
    NOON,
    NOON,
    source="monitor",
    kind=SignalKind.METRIC,
    service="checkout",
    summary="p99 of checkout is far above its usual",
    labels={"monitor": "metric:p99", "sure": "0.97"},
)
DRIFT = replace(
    SLOW,
    fingerprint="drift",
    kind=SignalKind.DRIFT,
    service="fraud",
    summary="fraud: inputs drift",
    labels={"monitor": "model:fraud", "model": "fraud", "window": "24h"},
)


def trace() -> Trace:
    at = np.arange(-60.0, 10.0)
    return Trace(
        {},
        NOON.timestamp() + 60 * at,
        np.where(at < 0, 0.2, 2.0),
        np.full(len(at), 0.1),
        np.full(len(at), 0.3),
        np.zeros(len(at)),
    )


def watching() -> WatchingDouble:
    double = WatchingDouble(traces=(trace(),))
    double.add(MetricMonitor(name="p99", query="p99"))
    double.add(ModelMonitor(model="fraud", name="fraud"))
    return double


def reading(store: MemoryStore, double: WatchingDouble | None = None) -> Reading:
    return Reading(
        watching=double or watching(),
        incidents=store.incidents,
        changes=store.changes,
        alerts=store.alerts,
        approvals=store.approvals,
        silences=store.silences,
        catalogue=SHOP,
    )


def opened(store: MemoryStore, *signals: Signal) -> Incident:
    return store.incidents.open(open_from(signals, NOON))


def test_what_nobody_of_tandems_found_is_nothing_noticed() -> None:
    store = MemoryStore()
    alert = replace(SLOW, kind=SignalKind.ALERT)
    assert reading(store).noticed(opened(store, alert), NOON) is None


def test_changes_and_other_incidents_explain_a_finding() -> None:
    store = MemoryStore()
    store.changes.add(Change("c1", NOON - 5 * MINUTE, "deploy", "checkout", "", "4.2"))
    store.changes.add(Change("c2", NOON - 5 * MINUTE, "deploy", "search", "", "1.0"))
    payment = Signal("pay", "HighErrorRate", NOON - MINUTE, NOON, service="payment")
    opened(store, payment)
    noticed = reading(store).noticed(opened(store, SLOW), NOON)
    assert noticed is not None
    assert [clue.text for clue in noticed.clues] == [
        "payment, which it calls: *High error rate*, since 11:59",
        "11:55 *deploy checkout 4.2*, 5 min before",
    ]


def test_the_picture_marks_what_concerns_it() -> None:
    store = MemoryStore()
    for number, service in enumerate(("checkout", "payment", "search")):
        store.changes.add(Change(f"c{number}", NOON - 5 * MINUTE, "deploy", service, "", "4.2"))
    noticed = reading(store).noticed(opened(store, SLOW), NOON + 10 * MINUTE)
    assert noticed is not None
    (picture,) = noticed.pictures
    assert "deploy checkout 4.2 at 11:55; deploy payment 4.2 at 11:55" in picture.alt
    assert "search" not in picture.alt


def test_a_models_trend_marks_promotions() -> None:
    store = MemoryStore()
    double = watching()
    for n in range(6):
        at = NOON - (5 - n) * HOUR
        double.kept.add_look(
            Look("fraud", at, at - DAY, at, 1000, "drifting", figures={"drift": 0.2})
        )
    asked = Approval("", "fraud", "7", "6", "U1", "ada", NOON - 4 * HOUR)
    store.approvals.add(replace(asked, status=ApprovalStatus.APPROVED, decided_at=NOON - 3 * HOUR))
    noticed = reading(store, double).noticed(opened(store, DRIFT), NOON)
    assert noticed is not None
    (picture,) = noticed.pictures
    assert "promotion fraud v7 at 09:00" in picture.alt
    assert noticed.clues[0].text.startswith("09:00 *promotion fraud v7*")


def test_the_same_found_on_other_days_is_a_pattern() -> None:
    store = MemoryStore()
    for days in (1, 2, 3):
        past = replace(SLOW, starts_at=NOON - days * DAY, received_at=NOON - days * DAY)
        store.alerts.record([AlertRecord(past, past.received_at)])
    noticed = reading(store).noticed(opened(store, SLOW), NOON)
    assert noticed is not None
    assert noticed.clues[0].text.startswith("It was found at about 12:00 on 3 of the 14 days")


def test_opinions_and_snoozes_are_read() -> None:
    store, double = MemoryStore(), watching()
    for days, useful in ((1, False), (2, True), (40, False)):
        at = NOON - days * DAY
        double.say(Opinion("metric:p99", at, "U1", useful, f"f{days}", at))
    store.silences.add(
        Silence("", (Matcher("monitor", "=", "metric:p99"),), NOON, NOON + 8 * HOUR, "U1", NOON)
    )
    noticed = reading(store, double).noticed(opened(store, SLOW), NOON)
    assert noticed is not None
    assert (noticed.not_useful, noticed.useful) == (1, 1)
    assert noticed.snoozed == "until 2026-03-05 20:00 UTC (SIL-1)"


@dataclass
class _OutOfReach(WatchingDouble):
    def trace(self, signal: Signal) -> Trace | None:
        raise Unavailable("prometheus", "took too long")

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]:
        raise Unavailable("the store", "is away")

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]:
        raise Unavailable("the store", "is away")


def test_what_cannot_be_reached_is_left_out() -> None:
    store = MemoryStore()
    read = reading(store, _OutOfReach())
    for finding in (SLOW, DRIFT):
        noticed = read.noticed(opened(store, finding), NOON)
        assert noticed is not None
        assert noticed.pictures == ()
        assert noticed.not_useful == 0


PROMOTED = Approval(
    "", "fraud", "7", "6", "U1", "ada", NOON, status=ApprovalStatus.APPROVED, decided_at=NOON
)


@pytest.mark.parametrize(
    ("moves", "found"),
    [
        ((PROMOTED,), "7"),
        ((PROMOTED, replace(PROMOTED, version="8", decided_at=NOON + HOUR)), "8"),
        ((replace(PROMOTED, decided_at=NOON - DAY),), None),
        (
            (
                PROMOTED,
                replace(
                    PROMOTED,
                    version="6",
                    purpose=Purpose.ROLLBACK,
                    champion="7",
                    decided_at=NOON + HOUR,
                ),
            ),
            None,
        ),
        ((replace(PROMOTED, champion=""),), None),
        ((replace(PROMOTED, status=ApprovalStatus.PENDING),), None),
        ((replace(PROMOTED, model="eta"),), None),
    ],
    ids=["fresh", "newest", "old", "rolled back", "first", "not moved", "other"],
)
def test_the_promotion_that_made_a_young_champion(
    moves: tuple[Approval, ...], found: str | None
) -> None:
    store = MemoryStore()
    for move in moves:
        store.approvals.add(move)
    noticed = reading(store).noticed(opened(store, DRIFT), NOON + 47 * HOUR)
    assert noticed is not None
    assert (noticed.promoted.version if noticed.promoted else None) == found
