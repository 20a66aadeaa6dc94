"""The suites of the ports about alerts, run in memory and in SQL: Alerts, Silences, Lessons."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore
from knowledge.errors import NotFound
from knowledge.incidents import open_from
from knowledge.records import (
    AlertRecord,
    Lesson,
    Matcher,
    Signal,
    Silence,
    Status,
    Tally,
    Teaching,
    Term,
    Verdict,
)

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

Store = MemoryStore | SqlStore


def signal(number: int = 1, at: datetime = NOW, **more: object) -> Signal:
    known = Signal(
        fingerprint=f"f{number}",
        name="High5xx",
        starts_at=at,
        received_at=at,
        source="alertmanager",
        service="checkout",
        severity="page",
        summary="half \ud83d of a pair, nul \0, ü",
        labels={"pod": f"checkout-{number}", "ü": "<&>"},
    )
    return replace(known, **more)  # type: ignore[arg-type]


def record(number: int = 1, at: datetime = NOW, **more: object) -> AlertRecord:
    return replace(AlertRecord(signal(number, at), at), **more)  # type: ignore[arg-type]


class TestAlerts:
    def test_what_no_database_takes_finds_nothing(self, store: Store) -> None:
        assert store.alerts.find(incident="\udfff\ud800") == []

    def test_keeps_all_of_a_record(self, store: Store) -> None:
        whole = AlertRecord(
            signal(ends_at=NOW + HOUR, value="0.2", url="http://x.example", id="s1"),
            NOW + MINUTE,
            3,
            "INC-7",
            Verdict.ATTACHED,
            (Term("calls", 1.25, "calls payment"), Term("rare", -0.5, "rare")),
            "SIL-1",
        )
        store.alerts.record([whole])
        assert store.alerts.get("f1", NOW) == whole
        assert store.alerts.find() == [whole]

    def test_one_that_is_unknown_is_not_found(self, store: Store) -> None:
        store.alerts.record([record()])
        for fingerprint, starts_at in (("f2", NOW), ("f1", NOW + MINUTE)):
            with pytest.raises(NotFound, match=fingerprint):
                store.alerts.get(fingerprint, starts_at)

    def test_recorded_again_it_adds_deliveries_and_takes_the_new_verdict(
        self, store: Store
    ) -> None:
        store.alerts.record([record(silence="SIL-1", verdict=Verdict.SILENCED)])
        more = record(
            deliveries=2, incident="INC-1", verdict=Verdict.OPENED, why=(Term("a", 1.0, "b"),)
        )
        later = replace(more, first_received_at=NOW + HOUR)
        store.alerts.record([later])
        assert store.alerts.get("f1", NOW) == replace(more, deliveries=3)

    def test_an_end_is_final(self, store: Store) -> None:
        ended = signal(ends_at=NOW + MINUTE, received_at=NOW + MINUTE)
        late = signal(received_at=NOW + HOUR)
        store.alerts.record([record(), record(signal=ended), record(signal=late)])
        store.alerts.record([record(signal=late)])
        store.alerts.repeated([(late, 1)])
        known = store.alerts.get("f1", NOW)
        assert (known.signal, known.deliveries) == (ended, 5)

    def test_repeats_add_up_and_leave_the_rest(self, store: Store) -> None:
        placed = record(incident="INC-1", verdict=Verdict.OPENED, why=(Term("a", 1.0, "b"),))
        store.alerts.record([placed])
        ended = signal(ends_at=NOW + MINUTE)
        store.alerts.repeated([(signal(), 2), (ended, 1), (signal(2), 1)])
        assert store.alerts.find() == [replace(placed, signal=ended, deliveries=4)]
        store.alerts.repeated([])
        store.alerts.record([])

    def test_more_than_one_query_takes(self, store: Store) -> None:
        many = [record(n, NOW + n * MINUTE) for n in range(1201)]
        store.alerts.record(many)
        store.alerts.repeated([(r.signal, 1) for r in many])
        store.alerts.record(many[:700])
        deliveries = Counter(r.deliveries for r in store.alerts.find(limit=2000))
        assert deliveries == {3: 700, 2: 501}

    def test_finds_the_newest_oldest_first_by_each_filter(self, store: Store) -> None:
        at = [NOW, NOW + HOUR, NOW + 3 * DAY, NOW + 200 * DAY]
        store.alerts.record(
            [
                record(1, at[0], incident="INC-1"),
                record(2, at[1], incident="INC-1"),
                record(1, at[2], incident="INC-2"),
                record(1, at[3]),
            ]
        )

        def found(**by: object) -> list[int]:
            records = store.alerts.find(**by)  # type: ignore[arg-type]
            return [at.index(r.signal.starts_at) for r in records]

        assert found() == [0, 1, 2, 3]
        assert found(limit=2) == [2, 3]
        assert found(since=at[1]) == [1, 2, 3]
        assert found(until=at[2]) == [0, 1]
        assert found(incident="INC-1") == [0, 1]
        assert found(incident="INC-3") == []
        assert found(fingerprint="f1") == [0, 2, 3]
        assert found(fingerprint="f1", limit=2) == [2, 3]
        assert found(fingerprint="f1", until=at[3], limit=1) == [2]
        assert found(fingerprint="f1", incident="INC-2", since=at[1]) == [2]
        assert found(fingerprint="f3") == []

    def test_counts_by_rule_service_severity_and_source(self, store: Store) -> None:
        ended = replace(signal(1), ends_at=NOW + MINUTE)
        backwards = replace(signal(2), ends_at=NOW - MINUTE)
        store.alerts.record(
            [
                record(1, signal=ended, deliveries=3, incident="INC-1", verdict=Verdict.OPENED),
                record(2, signal=backwards, incident="INC-1", verdict=Verdict.ATTACHED),
                record(3, verdict=Verdict.SILENCED, silence="SIL-1"),
                record(4, signal=signal(4, service="search")),
            ]
        )
        assert store.alerts.tally(NOW, NOW + MINUTE) == [
            Tally("High5xx", "checkout", "page", "alertmanager", 3, 5, 2, 1, 60.0),
            Tally("High5xx", "search", "page", "alertmanager", 1, 1, 0, 0, 0.0),
        ]

    def test_counts_follow_what_becomes_of_an_instance(self, store: Store) -> None:
        store.alerts.record([record(verdict=Verdict.SILENCED)])
        store.alerts.record([record(incident="INC-1", verdict=Verdict.ATTACHED)])
        graver = signal(severity="critical", received_at=NOW + MINUTE, ends_at=NOW + HOUR)
        store.alerts.repeated([(graver, 4)])
        day = NOW.replace(hour=0)
        for since, until in ((day, day + DAY), (NOW, NOW + MINUTE)):
            assert store.alerts.tally(since, until) == [
                Tally("High5xx", "checkout", "critical", "alertmanager", 1, 6, 1, 0, 3600.0)
            ]

    def test_counts_any_span_of_time(self, store: Store) -> None:
        midnight = NOW.replace(hour=0)
        store.alerts.record([record(n, midnight + n * 6 * HOUR) for n in range(16)])

        def counted(since: int, until: int) -> int:
            hour = HOUR
            tallies = store.alerts.tally(midnight + since * hour, midnight + until * hour)
            return sum(tally.instances for tally in tallies)

        for since in (0, 3, 24, 27, 48, 96):
            for until in (0, 3, 23, 24, 25, 51, 72, 96):
                assert counted(since, until) == len(range(-(-since // 6), -(-until // 6)))

    def test_compacted_instances_are_gone_and_still_counted(self, store: Store) -> None:
        midnight = NOW.replace(hour=0)
        store.alerts.record([record(n, midnight + n * 6 * HOUR) for n in range(12)])
        before = store.alerts.tally(midnight, midnight + 3 * DAY)
        assert store.alerts.compact(midnight + 30 * HOUR, limit=2) == 2
        assert store.alerts.compact(midnight + 30 * HOUR) == 3
        assert store.alerts.compact(midnight + 30 * HOUR) == 0
        assert [r.signal.fingerprint for r in store.alerts.find()] == [
            f"f{n}" for n in range(5, 12)
        ]
        assert store.alerts.find(fingerprint="f1") == []
        assert store.alerts.tally(midnight, midnight + 3 * DAY) == before

        def counted(since: int, until: int) -> int:
            tallies = store.alerts.tally(midnight + since * HOUR, midnight + until * HOUR)
            return sum(tally.instances for tally in tallies)

        # The first two days are taken whole: of the second, instances are gone.
        assert counted(6, 12) == 4
        assert counted(6, 25) == 8
        assert counted(47, 55) == 6
        assert counted(49, 55) == 1
        assert counted(24, 24) == 0

    def test_alerts_of_open_incidents_stay(self, store: Store) -> None:
        one, two = (store.incidents.open(open_from((signal(n),), NOW)).id for n in (1, 2))
        store.incidents.change(two, lambda i: replace(i, status=Status.RESOLVED, resolved_at=NOW))
        store.alerts.record([record(1, incident=one), record(2, incident=two), record(3)])
        assert store.alerts.compact(NOW + DAY) == 2
        assert [r.incident for r in store.alerts.find()] == [one]

    def test_one_that_comes_back_after_it_was_compacted_counts_again(self, store: Store) -> None:
        store.alerts.record([record()])
        store.alerts.compact(NOW + DAY)
        store.alerts.record([record(first_received_at=NOW + 2 * DAY)])
        (tally,) = store.alerts.tally(NOW, NOW + 3 * DAY)
        assert (tally.instances, tally.deliveries) == (2, 2)


class TestSilences:
    def draft(self, starts_at: datetime = NOW, hours: int = 1) -> Silence:
        return Silence(
            "",
            (Matcher("service", "=", "checkout"), Matcher("name", "=~", "High.*")),
            starts_at,
            starts_at + hours * HOUR,
            "U1",
            NOW,
            "upgrade",
            "maintenance",
        )

    def test_keeps_all_of_it(self, store: Store) -> None:
        added = store.silences.add(self.draft())
        assert added == replace(self.draft(), id="SIL-1")
        for wording in ("SIL-1", "sil 1", "1", "#1"):
            assert store.silences.get(wording) == added

    def test_finds_newest_first_those_that_hold_or_begin_later(self, store: Store) -> None:
        for day in range(3):
            store.silences.add(self.draft(NOW + day * DAY))
        assert [s.id for s in store.silences.find()] == ["SIL-3", "SIL-2", "SIL-1"]
        assert [s.id for s in store.silences.find(limit=1)] == ["SIL-3"]
        assert [s.id for s in store.silences.find(at=NOW)] == ["SIL-3", "SIL-2", "SIL-1"]
        assert [s.id for s in store.silences.find(at=NOW + HOUR)] == ["SIL-3", "SIL-2"]

    def test_ends_before_its_time_once(self, store: Store) -> None:
        added = store.silences.add(self.draft())
        ended = store.silences.end("sil-1", "U2", NOW + MINUTE)
        assert ended == replace(added, ends_at=NOW + MINUTE, ended_by="U2")
        assert store.silences.end("1", "U3", NOW + 2 * MINUTE) == ended
        assert store.silences.get("1") == ended

    def test_an_unknown_id_offers_those_there_are(self, store: Store) -> None:
        store.silences.add(self.draft())
        with pytest.raises(NotFound) as caught:
            store.silences.get("SIL-7")
        assert caught.value.nearest == ("SIL-1",)
        with pytest.raises(NotFound):
            store.silences.end("what", "U1", NOW)


class TestLessons:
    def test_oldest_first(self, store: Store) -> None:
        one = Lesson(
            NOW, "U1", Teaching.NOT_RELATED, ("High5xx", "checkout"), ("Disk", "db"), "INC-1"
        )
        two = Lesson(NOW - DAY, "U2", Teaching.SAME_INCIDENT, ("A", ""), ("B", ""))
        assert store.lessons.all() == []
        store.lessons.add(one)
        store.lessons.add(two)
        assert store.lessons.all() == [one, two]
