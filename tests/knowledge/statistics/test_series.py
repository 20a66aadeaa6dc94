from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from knowledge.records import AlertRecord
from knowledge.statistics.series import chronic, figures, flapping

MakeRecord = Callable[..., AlertRecord]
DAY = timedelta(days=1)


def test_overlapping_spells_count_once(record: MakeRecord, monday: datetime) -> None:
    records = [
        record("A", monday, minutes=360),
        record("A", monday + timedelta(hours=3), minutes=360),
        record("A", monday + timedelta(hours=20), minutes=None),
    ]
    [found] = figures(records, monday, monday + DAY)
    assert found.firing == pytest.approx(13 / 24)
    assert found.starts == 3


def test_what_fired_before_the_span_counts_from_its_beginning(
    record: MakeRecord, monday: datetime
) -> None:
    [found] = figures([record("A", monday - 9 * DAY, minutes=None)], monday, monday + DAY)
    assert found.firing == pytest.approx(1)


def test_chronic_fires_most_of_the_time(record: MakeRecord, monday: datetime) -> None:
    records = [record("Stuck", monday, minutes=None), record("Short", monday, minutes=30)]
    found = figures(records, monday, monday + 2 * DAY)
    assert [s.name for s in chronic(found, 2 * DAY)] == ["Stuck"]
    assert chronic(found, timedelta(hours=5)) == []


@pytest.mark.parametrize(("every", "found"), [(12, 1), (15, 0)])
def test_five_starts_within_an_hour_are_flapping(
    record: MakeRecord, monday: datetime, every: int, found: int
) -> None:
    records = [record("F", monday + timedelta(minutes=every * n)) for n in range(20)]
    series = figures(records, monday, monday + DAY)
    assert len(flapping(series)) == found


def test_two_replicas_copies_of_one_start_are_one(record: MakeRecord, monday: datetime) -> None:
    [found] = figures([record("A", monday)] * 6, monday, monday + DAY)
    assert (found.starts, found.busiest_hour) == (1, 1)


def test_series_are_told_apart_by_where_they_are(record: MakeRecord, monday: datetime) -> None:
    records = [
        record("A", monday, fingerprint=pod, labels={"pod": pod}, minutes=None)
        for pod in ("web-0", "web-1")
    ]
    assert {s.where for s in figures(records, monday, monday + DAY)} == {"web-0", "web-1"}


def test_heartbeats_are_neither(record: MakeRecord, monday: datetime) -> None:
    assert figures([record("Watchdog", monday, minutes=None)], monday, monday + DAY) == []
