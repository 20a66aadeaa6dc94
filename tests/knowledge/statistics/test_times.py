from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from knowledge.incidents import add_note, assign
from knowledge.records import AlertRecord, Incident, Verdict
from knowledge.statistics.times import (
    by_week,
    compare,
    counted,
    first_alerts,
    grouped,
    in_maintenance,
    times_of,
    unattended,
)

MakeIncident = Callable[..., Incident]
MakeRecord = Callable[..., AlertRecord]


def test_the_three_times_of_an_incident(incident: MakeIncident) -> None:
    found = times_of(incident(1, detect=2, ack=5, end=40))
    assert found.detect == timedelta(minutes=2)
    assert found.acknowledge == timedelta(minutes=5)
    assert found.resolve == timedelta(minutes=40)


def test_what_has_not_happened_has_no_time(incident: MakeIncident) -> None:
    found = times_of(incident(1))
    assert (found.acknowledge, found.resolve) == (None, None)


def test_taking_it_counts_as_acknowledging_and_a_note_does_not(
    incident: MakeIncident, monday: datetime
) -> None:
    noted = add_note(incident(1), "looks odd", "U2", monday + timedelta(minutes=1))
    taken = assign(noted, "U2", "U2", monday + timedelta(minutes=7))
    assert times_of(noted).acknowledge is None
    assert times_of(taken).acknowledge == timedelta(minutes=7)


def test_a_clock_that_is_ahead_makes_no_time_negative(incident: MakeIncident) -> None:
    assert times_of(incident(1, detect=-10)).detect == timedelta()


def test_the_alerts_that_opened_it_are_its_beginning(
    incident: MakeIncident, record: MakeRecord, monday: datetime
) -> None:
    opened_on = record("A", monday - timedelta(minutes=3), incident="INC-1")
    joined = record("B", monday - timedelta(days=9), incident="INC-1", verdict=Verdict.ATTACHED)
    first = first_alerts([opened_on, joined])
    assert times_of(incident(1, detect=60), first["INC-1"]).detect == timedelta(minutes=3)


def test_drafts_merged_ones_and_maintenance_do_not_count(incident: MakeIncident) -> None:
    plain, merged, draft, planned = (incident(n) for n in range(1, 5))
    incidents = [plain, replace(merged, merged_into="INC-1"), replace(draft, id=""), planned]
    assert counted(incidents, {"INC-4"}) == [plain]


def test_an_incident_is_maintenance_when_a_window_hid_every_alert(
    record: MakeRecord, monday: datetime
) -> None:
    records = [
        record("A", monday, incident="INC-1", silence="SIL-1"),
        record("B", monday, incident="INC-1", silence="SIL-1"),
        record("A", monday, incident="INC-2", silence="SIL-1"),
        record("B", monday, incident="INC-2"),
        record("A", monday, incident="INC-3", silence="SIL-9"),
    ]
    assert in_maintenance(records, {"SIL-1"}) == {"INC-1"}


def test_unattended_is_what_ended_by_itself_untouched(
    incident: MakeIncident, monday: datetime
) -> None:
    alone = incident(1, end=9, by="")
    assert unattended(alone)
    assert not unattended(incident(2))
    assert not unattended(incident(3, ack=1, end=9, by=""))
    assert not unattended(incident(4, end=9))
    assert not unattended(add_note(alone, "seen", "U2", monday))
    assert not unattended(replace(alone, merged_into="INC-9"))


def test_groups_are_ordered_by_size_and_small_ones_stay_silent(incident: MakeIncident) -> None:
    times = [times_of(incident(n, service="search", end=n)) for n in range(1, 4)]
    times.append(times_of(incident(9, end=5)))
    found = grouped(times, lambda t: t.service)
    assert list(found) == ["search", "checkout"]
    assert found["search"].resolve.median == timedelta(minutes=2)
    assert found["checkout"].resolve.median is None


def test_a_comparison_tells_a_change_from_chance(incident: MakeIncident) -> None:
    slow = [times_of(incident(n, ack=1, end=100 + n)) for n in range(10)]
    fast = [times_of(incident(n, ack=1, end=10 + n)) for n in range(10)]
    found = compare(fast, slow)
    assert found.resolve
    assert not found.acknowledge


def test_weeks_begin_on_monday_and_empty_ones_are_there(
    incident: MakeIncident, monday: datetime
) -> None:
    sunday_night = monday - timedelta(seconds=1)
    times = [times_of(incident(1, at=sunday_night, end=3)), times_of(incident(2, end=3))]
    weeks = by_week(times, monday - timedelta(days=14), monday + timedelta(days=1))
    assert [(day.isoformat(), week.incidents) for day, week in weeks.items()] == [
        ("2026-02-16", 0),
        ("2026-02-23", 1),
        ("2026-03-02", 1),
    ]


def test_days_are_those_of_utc(incident: MakeIncident) -> None:
    late = datetime(2026, 3, 8, 23, 59, tzinfo=UTC)
    weeks = by_week([times_of(incident(1, at=late))], late, late)
    assert [day.isoformat() for day in weeks] == ["2026-03-02"]
