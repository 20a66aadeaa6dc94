"""Several writes as one transaction: `together` of the stores."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
import sqlalchemy as sa

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.errors import NotFound, Unavailable
from knowledge.incidents import add_note, open_from
from knowledge.records import AlertRecord, Incident, Lesson, Signal, Status, Teaching

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SIGNAL = Signal("f1", "High5xx", NOW, NOW, service="checkout")
LESSON = Lesson(NOW, "U1", Teaching.SAME_INCIDENT, ("A", ""), ("B", ""))

Store = MemoryStore | SqlStore


@pytest.fixture(params=["sqlite", "postgresql"])
def sql(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    opened = open_store(request.getfixturevalue(f"empty_{request.param}"))
    yield opened
    opened.close()


def draft() -> Incident:
    return open_from((SIGNAL,), NOW)


def noted(incident: Incident) -> Incident:
    return add_note(incident, "looking", "U1", NOW)


def test_what_is_written_is_read_inside_and_stays(store: Store) -> None:
    with store.together():
        batch = store.inbox.put("a", b"1", NOW)
        opened = store.incidents.open(draft(), tell=("card",))
        store.incidents.change(opened.id, noted, tell=("card", "thread"))
        changed = store.incidents.change(opened.id, noted)
        store.alerts.record([AlertRecord(SIGNAL, NOW, incident=opened.id)])
        store.lessons.add(LESSON)
        with store.together():
            store.outbox.put("card:INC-9", NOW)
        assert [b.id for b in store.inbox.waiting()] == [batch]
        assert store.incidents.get(opened.id) == changed
        assert store.incidents.find(open_only=True) == [changed]
        assert store.alerts.find(incident=opened.id) == [store.alerts.get("f1", NOW)]
        assert store.lessons.all() == [LESSON]
        assert store.outbox.count_due(NOW) == 3
        store.inbox.done([batch])
        assert store.inbox.waiting() == []
    assert store.incidents.get(opened.id) == changed
    assert len(changed.timeline) == 3
    assert {d.key: d.revision for d in store.outbox.due(NOW)} == {
        "card:INC-1": 2,
        "thread:INC-1": 1,
        "card:INC-9": 1,
    }
    assert store.inbox.count() == 0


def test_what_is_not_found_inside_spoils_nothing(store: Store) -> None:
    with store.together():
        store.lessons.add(LESSON)
        with pytest.raises(NotFound):
            store.incidents.get("INC-7")
    assert store.lessons.all() == [LESSON]


def test_an_error_leaves_nothing_behind(sql: SqlStore) -> None:
    batch = sql.inbox.put("a", b"1", NOW)
    first = sql.incidents.open(draft())

    def crash() -> None:
        with sql.together():
            sql.incidents.change(first.id, noted, tell=("card",))
            sql.incidents.open(draft(), tell=("card",))
            sql.alerts.record([AlertRecord(SIGNAL, NOW)])
            sql.outbox.put("card:INC-9", NOW)
            sql.lessons.add(LESSON)
            sql.inbox.put("a", b"2", NOW)
            sql.inbox.done([batch])
            raise ValueError("crash")

    with pytest.raises(ValueError, match="crash"):
        crash()
    assert [b.body for b in sql.inbox.waiting()] == [b"1"]
    assert sql.incidents.find() == [first] == [sql.incidents.get("1")]
    assert (sql.alerts.find(), sql.lessons.all(), sql.outbox.due(NOW)) == ([], [], [])
    assert sql.alerts.tally(NOW, NOW.replace(hour=13)) == []


def test_an_incident_that_was_not_committed_is_not_remembered(sql: SqlStore) -> None:
    first = sql.incidents.open(draft())

    def crash() -> None:
        with sql.together():
            sql.incidents.change(first.id, lambda i: replace(i, title="lost"))
            raise ValueError("crash")

    for _ in range(2):
        with pytest.raises(ValueError, match="crash"):
            crash()
    kept = sql.incidents.change(first.id, lambda i: replace(i, status=Status.MONITORING))
    assert kept == replace(first, status=Status.MONITORING) == sql.incidents.get(first.id)


def test_others_see_nothing_before_the_end(sql: SqlStore) -> None:
    with ThreadPoolExecutor(1) as other:
        with sql.together():
            sql.lessons.add(LESSON)
            opened = sql.incidents.open(draft())
            sql.incidents.change(opened.id, noted)
            assert other.submit(sql.lessons.all).result() == []
            assert other.submit(sql.incidents.find).result() == []
        assert other.submit(sql.lessons.all).result() == [LESSON]
        assert other.submit(sql.incidents.find).result() == [sql.incidents.get(opened.id)]


def test_others_write_until_its_first_write(sql: SqlStore) -> None:
    with ThreadPoolExecutor(1) as other, sql.together():
        assert sql.lessons.all() == []
        other.submit(sql.lessons.add, LESSON).result(timeout=10)
        sql.outbox.put("card:INC-1", NOW)
        assert sql.lessons.all() == [LESSON]
    assert sql.outbox.count_due(NOW) == 1


def test_after_a_failure_of_the_database_nothing_is_kept(sql: SqlStore) -> None:
    rename(sql, "lesson", "lost")

    def write() -> None:
        with sql.together():
            sql.outbox.put("card:INC-9", NOW)
            for step in (partial(sql.lessons.add, LESSON), sql.incidents.find):
                with pytest.raises(Unavailable):
                    step()

    with pytest.raises(Unavailable):
        write()
    assert sql.outbox.due(NOW) == []
    sql.outbox.put("card:INC-1", NOW)
    assert sql.outbox.count_due(NOW) == 1
    rename(sql, "lost", "lesson")


def rename(sql: SqlStore, table: str, to: str) -> None:
    with sql.database.engine.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE {table} RENAME TO {to}"))


def test_writers_at_once_wait_for_each_other(store: Store) -> None:
    opened = store.incidents.open(draft())
    gate = threading.Barrier(4)

    def work(_: int) -> None:
        gate.wait(timeout=10)
        for _ in range(5):
            with store.together():
                first = store.incidents.change(opened.id, noted)
                assert store.incidents.get(opened.id) == first
                second = store.incidents.change(opened.id, noted)
                assert len(second.timeline) == len(first.timeline) + 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(store.incidents.get(opened.id).timeline) == 41
