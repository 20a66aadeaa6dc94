"""One suite for memos and reservations: in memory, SQLite, PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.errors import Unavailable
from knowledge.ledger import DAY, HELD, StoreLedger
from knowledge.records import Limit, Limits, Prices, Reservation

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RESERVED = Reservation("U1", "shop", 0.5, 100, NOW + HELD)
Store = MemoryStore | SqlStore


class TestMemos:
    def test_remembers_until_its_time_is_over(self, store: Store) -> None:
        store.memos.put("a", "ü\0", NOW + SECOND)
        assert (store.memos.get("a", NOW) or "").rstrip("\0") == "ü"
        assert store.memos.get("a", NOW + SECOND) is None
        assert store.memos.get("b", NOW) is None

    def test_the_last_one_holds(self, store: Store) -> None:
        store.memos.put("a", "1", NOW + SECOND)
        store.memos.put("a", "2", NOW + 2 * SECOND)
        assert store.memos.get("a", NOW + SECOND) == "2"

    def test_tidying_forgets_what_is_over_and_what_is_too_much(self, store: Store) -> None:
        for number in range(5):
            store.memos.put(str(number), "x", NOW + number * SECOND)
        store.memos.tidy(NOW + SECOND)
        long_ago = NOW - DAY
        assert [store.memos.get(str(n), long_ago) for n in range(5)] == [None, None, "x", "x", "x"]
        store.memos.tidy(NOW + SECOND, most=2)
        assert [store.memos.get(str(n), long_ago) for n in range(2, 5)] == [None, "x", "x"]


class TestReservations:
    def test_holds_until_it_is_removed_or_over(self, store: Store) -> None:
        one = store.reservations.add(RESERVED)
        later = replace(RESERVED, user="U2", until=NOW + 2 * HELD)
        store.reservations.add(later)
        assert store.reservations.live(NOW) == [RESERVED, later]
        store.reservations.remove(one)
        assert store.reservations.live(NOW) == [later]
        assert store.reservations.live(NOW + 2 * HELD) == []
        store.reservations.tidy(NOW + 2 * HELD)
        assert store.reservations.live(NOW) == []

    def test_of_a_step_that_fails_nothing_is_kept(self, store: Store) -> None:
        def step() -> None:
            with store.reservations.alone():
                store.reservations.add(RESERVED)
                raise Unavailable("the database", "gone")

        with pytest.raises(Unavailable):
            step()
        assert store.reservations.live(NOW) == []

    def test_a_limit_holds_over_all_who_ask_at_the_same_time(self, store: Store) -> None:
        limits = Limits(everyone=Limit(tokens=1000))
        ledgers = [
            StoreLedger(store.uses, lambda: NOW, Prices(), limits, store.reservations)
            for _ in range(2)
        ]

        def ask(number: int) -> bool:
            try:
                with ledgers[number % 2].answer("m", "p@1", 80, 20) as spent:
                    spent.took(80, 20)
            except Unavailable:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(ask, range(20))) == 10
        assert len(store.uses.find(NOW, NOW + DAY)) == 10
        assert store.reservations.live(NOW) == []


def test_what_one_replica_set_aside_the_other_counts(empty_postgresql: str) -> None:
    limits = Limits(everyone=Limit(tokens=1000))
    stores = open_store(empty_postgresql), open_store(empty_postgresql)
    one, other = (
        StoreLedger(store.uses, lambda: NOW, Prices(), limits, store.reservations)
        for store in stores
    )
    with one.answer("m", "p@1", 600, 300) as spent:
        with pytest.raises(Unavailable, match="leaves no room"), other.answer("m", "p@1", 101, 0):
            pass
        spent.took(10, 10)
    with other.answer("m", "p@1", 900, 80):
        assert other.allowances()[0].tokens == 1000
    for store in stores:
        store.close()
