from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.records import AlertRecord, Incident, Matcher, Silence
from knowledge.statistics import Report, gather, make_report, say_span
from knowledge.statistics.report import days_of

MakeIncident = Callable[..., Incident]
MakeRecord = Callable[..., AlertRecord]
DAY = timedelta(days=1)


def report_of(
    store: MemoryStore, end: datetime, span: timedelta = 7 * DAY, **limits: str
) -> Report:
    facts = gather(store.incidents, store.alerts, store.silences, end - span, end)
    teams = {"checkout": "payments", "search": "discovery"}
    return make_report(facts, team_of=lambda service: teams.get(service, ""), **limits)


@pytest.fixture
def store(incident: MakeIncident, record: MakeRecord, monday: datetime) -> MemoryStore:
    """A week: five incidents, one of them the week before and one that nobody attended to; twenty
    alerts that led to nothing, and the alerts of the incidents."""
    made = MemoryStore()
    for number, days in enumerate((-3, 0, 1, 2, 3), 1):
        at = monday + days * DAY
        attended = number < 5
        found = incident(number, at=at, ack=2 if attended else None, end=10 * number, by="")
        made.incidents.open(found)
        made.alerts.record([record("HighErrorRate", at, incident=f"INC-{number}")])
    made.alerts.record(
        [
            record("DiskFull", monday + n * timedelta(hours=3), service="search", deliveries=4)
            for n in range(20)
        ]
    )
    return made


def test_the_figures_of_a_week(store: MemoryStore, monday: datetime) -> None:
    found = report_of(store, monday + 7 * DAY)
    assert (found.reduction.deliveries, found.reduction.instances, found.reduction.cards) == (
        84,
        24,
        4,
    )
    assert found.times.now.incidents == 4
    assert found.times.now.resolve.median == timedelta(minutes=35)
    assert found.times.now.acknowledge.count == 3
    assert found.times.before.incidents == 1


def test_noise_by_rule_and_by_team(store: MemoryStore, monday: datetime) -> None:
    found = report_of(store, monday + 7 * DAY)
    assert [(n.name, n.noisy, n.useful) for n in found.noise_by_rule] == [
        ("DiskFull", 20, 0),
        ("HighErrorRate", 1, 3),
    ]
    assert [(n.name, n.noisy) for n in found.noise_by_team] == [("discovery", 20), ("payments", 1)]
    assert [a.reason for a in found.advice] == ["fired 20 times in 7 days, in no incident"]


def test_each_day_has_its_alerts_and_cards(store: MemoryStore, monday: datetime) -> None:
    found = report_of(store, monday + 7 * DAY)
    assert [(d.alerts, d.cards) for d in found.days] == [
        (9, 1), (9, 1), (5, 1), (1, 1), (0, 0), (0, 0), (0, 0),
    ]  # fmt: skip


def test_limits_to_a_service_or_a_team(store: MemoryStore, monday: datetime) -> None:
    end = monday + 7 * DAY
    of_service = report_of(store, end, service="Search")
    assert (of_service.reduction.instances, of_service.reduction.cards) == (20, 0)
    of_team = report_of(store, end, team="payments")
    assert (of_team.reduction.instances, of_team.reduction.cards) == (4, 4)


def test_incidents_in_maintenance_do_not_count(
    store: MemoryStore, record: MakeRecord, monday: datetime
) -> None:
    matcher = (Matcher("service", "=", "checkout"),)
    window = store.silences.add(
        Silence("", matcher, monday, monday + DAY, "U1", monday, kind="maintenance")
    )
    hidden = record("HighErrorRate", monday, incident="INC-2", silence=window.id)
    store.alerts.record([hidden])
    found = report_of(store, monday + 7 * DAY)
    assert (found.times.now.incidents, found.left_out) == (3, 1)


def test_an_empty_store_has_nothing_to_tell(monday: datetime) -> None:
    found = report_of(MemoryStore(), monday)
    assert found.nothing
    assert found.reduction.share is None
    assert found.advice == ()


def test_days_are_cut_at_midnight() -> None:
    start, end = (datetime(2026, 3, day, 15, tzinfo=UTC) for day in (1, 3))
    assert [last - first for first, last in days_of(start, end)] == [
        timedelta(hours=9),
        DAY,
        timedelta(hours=15),
    ]


@pytest.mark.parametrize(
    ("span", "says"),
    [(30 * DAY, "30 days"), (2 * DAY, "2 days"), (DAY, "24 h"), (DAY * 2.5, "2 d 12 h")],
)
def test_spans_in_words(span: timedelta, says: str) -> None:
    assert say_span(span) == says
