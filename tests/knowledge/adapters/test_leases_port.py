"""Leases and rounds: one suite in memory, on SQLite and on PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import sleep

import pytest
import sqlalchemy as sa

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.sql.database import Database
from knowledge.errors import Unavailable
from knowledge.records import Deciding, Decision, Lesson, Teaching
from tests.knowledge.adapters.at_once import at_once

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SHORT_S = 0.1
LONG_S = 60.0

Store = MemoryStore | SqlStore

LESSON = Lesson(NOW, "U1", Teaching.NOT_RELATED, ("A", "shop"), ("B", ""), "INC-1")
DECISIONS = (
    Decision(Deciding.CLOSE, "INC-1"),
    Decision(Deciding.SPLIT, "INC-1", "INC-2", (("f1", NOW), ("f2 ü", NOW))),
    Decision(Deciding.TEACH, lesson=LESSON),
)
"""Something in every field."""


def test_one_has_it_and_others_do_not(store: Store) -> None:
    assert store.leases.take("intake", "one", LONG_S) == 1
    assert store.leases.take("intake", "two", LONG_S) is None
    assert store.leases.take("courier", "two", LONG_S) == 1
    assert [(x.name, x.holder, x.token) for x in store.leases.held()] == [
        ("courier", "two", 1),
        ("intake", "one", 1),
    ]
    assert all(LONG_S - 10 < lease.left_s <= LONG_S for lease in store.leases.held())


def test_holding_on_keeps_the_token(store: Store) -> None:
    first = store.leases.take("intake", "one", LONG_S)
    assert store.leases.take("intake", "one", LONG_S) == first


def test_what_is_over_goes_to_whoever_asks_with_a_larger_token(store: Store) -> None:
    assert store.leases.take("intake", "one", SHORT_S) == 1
    sleep(SHORT_S + 0.05)
    assert store.leases.held() == []
    assert store.leases.take("intake", "two", LONG_S) == 2
    assert store.leases.take("intake", "one", LONG_S) is None


def test_one_that_let_it_lapse_learns_that_it_had(store: Store) -> None:
    assert store.leases.take("intake", "one", SHORT_S) == 1
    sleep(SHORT_S + 0.05)
    assert store.leases.take("intake", "one", LONG_S) == 2


def test_what_is_let_go_is_free_at_once(store: Store) -> None:
    store.leases.take("intake", "one", LONG_S)
    store.leases.release("intake", "two")
    assert store.leases.take("intake", "two", LONG_S) is None
    store.leases.release("intake", "one")
    assert store.leases.take("intake", "two", LONG_S) == 2


def test_of_many_at_once_one_gets_it(store: Store) -> None:
    got = at_once(lambda n: store.leases.take("intake", f"replica {n}", LONG_S))
    assert sorted(token for token in got if token is not None) == [1]


def test_whether_it_stands(store: Store) -> None:
    token = store.leases.take("intake", "one", LONG_S)
    assert token is not None
    assert store.leases.stands("intake", "one", token)
    with store.together():
        assert store.leases.stands("intake", "one", token)
    assert not store.leases.stands("intake", "one", token + 1)
    assert not store.leases.stands("intake", "two", token)
    assert not store.leases.stands("courier", "one", token)
    store.leases.release("intake", "one")
    assert not store.leases.stands("intake", "one", token)


def test_what_was_over_a_moment_ago_is_kept(store: Store) -> None:
    store.leases.take("intake", "one", SHORT_S)
    sleep(SHORT_S + 0.05)
    assert store.leases.tidy() == 0
    assert store.leases.take("intake", "one", LONG_S) == 2


def test_rounds_are_numbered(store: Store) -> None:
    assert store.rounds.latest() == 0
    for number in (1, 2, 3):
        with store.together():
            assert store.rounds.begin() == number
            store.rounds.alive()
        assert store.rounds.latest() == number


def test_what_people_decided_is_found_by_round(store: Store) -> None:
    for number in range(1, 6):
        with store.together():
            assert store.rounds.begin() == number
            if number in (2, 4):
                store.rounds.note(number, DECISIONS[: number - 1])
    assert store.rounds.notes(0, 9) == {2: DECISIONS[:1], 4: DECISIONS[:3]}
    assert store.rounds.notes(2, 4) == {}
    assert store.rounds.notes(2, 5) == {4: DECISIONS[:3]}
    assert store.rounds.tidy(keep=1) == 1
    assert store.rounds.notes(0, 9) == {4: DECISIONS[:3]}


# Several processes on one PostgreSQL


def test_a_round_waits_for_the_one_before(empty_postgresql: str) -> None:
    one, two = open_store(empty_postgresql), open_store(empty_postgresql)
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with one.together():
            one.rounds.begin()
            inside.set()
            sleep(0.2)
            order.append("first")

    def second() -> int:
        inside.wait(5)
        with two.together():
            number = two.rounds.begin()
            order.append("second")
            return number

    with ThreadPoolExecutor(2) as pool:
        began, after = pool.submit(first), pool.submit(second)
        began.result(10)
        assert after.result(10) == 2
    assert order == ["first", "second"]
    one.close()
    two.close()


def test_a_round_that_failed_left_no_number(empty_postgresql: str) -> None:
    store = open_store(empty_postgresql)

    def fail() -> None:
        with store.together():
            store.rounds.begin()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.rounds.latest() == 0
    store.close()


def test_a_round_that_is_stuck_is_undone_and_the_next_one_begins(
    empty_postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.adapters.sql.leases._STUCK", "200ms")
    stopped, other = open_store(empty_postgresql), open_store(empty_postgresql)

    def goes_on_too_late() -> None:
        with stopped.together():
            assert stopped.rounds.begin() == 1
            stopped.lessons.add(LESSON)
            with other.together():
                assert other.rounds.begin() == 1
            stopped.rounds.note(1, DECISIONS)

    with pytest.raises(Unavailable):
        goes_on_too_late()
    assert (other.rounds.latest(), other.rounds.notes(0, 9)) == (1, {})
    assert list(other.lessons.all()) == []
    with stopped.together():
        assert stopped.rounds.begin() == 2
    stopped.close()
    other.close()


def test_nobody_takes_a_lease_from_a_transaction_that_relies_on_it(empty_postgresql: str) -> None:
    one, two = open_store(empty_postgresql), open_store(empty_postgresql)
    token = one.leases.take("schedule", "one", 0.2)
    assert token is not None
    taken = threading.Event()

    def take() -> int | None:
        try:
            return two.leases.take("schedule", "two", LONG_S)
        finally:
            taken.set()

    with ThreadPoolExecutor(1) as pool:
        with one.together():
            assert one.leases.stands("schedule", "one", token)
            sleep(0.3)
            after = pool.submit(take)
            assert not taken.wait(0.2)
        assert after.result(10) == 2
    assert not one.leases.stands("schedule", "one", token)
    one.close()
    two.close()


def test_a_database_out_of_reach_is_said_to_be() -> None:
    nowhere = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    store = SqlStore(Database(nowhere))
    with pytest.raises(Unavailable):
        store.leases.take("intake", "one", LONG_S)
    store.close()
