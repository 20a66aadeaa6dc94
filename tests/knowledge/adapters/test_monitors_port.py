"""The suite of the port Monitors, run in memory and in SQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, isnan, nan

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore
from knowledge.records import KeptMonitor, Look, Opinion

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEY = "metric:checkout-p99"

Store = MemoryStore | SqlStore


def kept(key: str = KEY, **more: object) -> KeptMonitor:
    return replace(KeptMonitor(key, "U1", NOW), **more)  # type: ignore[arg-type]


def look(at: datetime = NOW, model: str = "fraud", **more: object) -> Look:
    return replace(Look(model, at, at - DAY, at, 1_000, "stable"), **more)  # type: ignore[arg-type]


def opinion(by: str = "U1", at: datetime = NOW, **more: object) -> Opinion:
    made = Opinion(KEY, at, by, False, "f1", NOW - HOUR, 0.9, "a deploy")
    return replace(made, **more)  # type: ignore[arg-type]


class TestKept:
    def test_keeps_all_of_it(self, store: Store) -> None:
        full = kept(
            spec='{"name": "p99 ü"}', removed=True, paused=True, paused_until=NOW + HOUR, sure=0.9
        )
        store.monitors.keep(full)
        assert store.monitors.kept() == [full]

    def test_the_last_change_of_a_key_holds(self, store: Store) -> None:
        store.monitors.keep(kept(paused=True, sure=0.7))
        store.monitors.keep(kept("model:fraud"))
        store.monitors.keep(kept(changed_by="U2"))
        assert store.monitors.kept() == [kept(changed_by="U2"), kept("model:fraud")]


class TestStates:
    def test_by_key_or_all(self, store: Store) -> None:
        store.monitors.put_states({"metric:a": b"1", "metric:b": b"\x00\xff"})
        store.monitors.put_states({"metric:a": b"2"})
        store.monitors.put_states({})
        assert store.monitors.states() == {"metric:a": b"2", "metric:b": b"\x00\xff"}
        assert store.monitors.states(["metric:b", "metric:c"]) == {"metric:b": b"\x00\xff"}
        assert store.monitors.states([]) == {}

    def test_thousands_at_once(self, store: Store) -> None:
        many = {f"metric:{n}": str(n).encode() for n in range(1_201)}
        store.monitors.put_states(many)
        assert store.monitors.states(list(many)) == many
        store.monitors.drop_states([key for key in many if key != "metric:7"])
        assert store.monitors.states() == {"metric:7": b"7"}

    def crash(self, store: Store) -> None:
        with store.together():
            store.monitors.put_states({"metric:a": b"again"})
            store.inbox.put("monitor", b"fires again", NOW)
            raise ValueError("crash")

    def test_with_what_they_told_or_not_at_all(self, store: Store) -> None:
        with store.together():
            store.inbox.put("monitor", b"fires", NOW)
            store.monitors.put_states({"metric:a": b"fired"})
            assert store.monitors.states() == {"metric:a": b"fired"}
        assert store.monitors.states() == {"metric:a": b"fired"}
        if isinstance(store, MemoryStore):
            return
        with pytest.raises(ValueError, match="crash"):
            self.crash(store)
        assert store.monitors.states() == {"metric:a": b"fired"}
        assert [batch.body for batch in store.inbox.waiting()] == [b"fires"]


class TestLooks:
    def test_keeps_all_of_it(self, store: Store) -> None:
        full = look(
            version="3",
            verdict="drifting",
            figures={"drift": 0.31, "realised auc": inf},
            findings=("amount moved", "ü \ud83d".encode("utf-8", "replace").decode()),
        )
        store.monitors.add_look(full)
        assert store.monitors.looks("fraud", NOW) == [full] == [store.monitors.last_look("fraud")]

    def test_a_figure_that_is_no_number_stays_one(self, store: Store) -> None:
        store.monitors.add_look(look(figures={"latency p99": nan}))
        (found,) = store.monitors.looks("fraud", NOW)
        assert isnan(found.figures["latency p99"])

    def test_oldest_first_within_the_span(self, store: Store) -> None:
        for hours in (2, 0, 1):
            store.monitors.add_look(look(NOW + hours * HOUR))
        store.monitors.add_look(look(NOW + 3 * HOUR, "churn"))
        times = [found.at for found in store.monitors.looks("fraud", NOW)]
        assert times == [NOW, NOW + HOUR, NOW + 2 * HOUR]
        between = store.monitors.looks("fraud", NOW + HOUR, NOW + 2 * HOUR)
        assert [found.at for found in between] == [NOW + HOUR]

    def test_the_last_one(self, store: Store) -> None:
        assert store.monitors.last_look("fraud") is None
        for at, rows in ((NOW + HOUR, 1), (NOW + HOUR, 2), (NOW, 3)):
            store.monitors.add_look(look(at, rows=rows))
        assert store.monitors.last_look("fraud") == look(NOW + HOUR, rows=2)

    def test_old_ones_are_forgotten(self, store: Store) -> None:
        for days in range(4):
            store.monitors.add_look(look(NOW + days * DAY))
        assert store.monitors.tidy(NOW + 2 * DAY) == 2
        assert store.monitors.tidy(NOW + 2 * DAY) == 0
        assert len(store.monitors.looks("fraud", NOW)) == 2


class TestOpinions:
    def test_keeps_all_of_it_and_the_latest_of_a_person_on_a_finding(self, store: Store) -> None:
        store.monitors.say(opinion())
        store.monitors.say(opinion("U2"))
        changed = opinion(at=NOW + MINUTE, useful=True, note="")
        store.monitors.say(changed)
        assert store.monitors.opinions() == [opinion("U2"), changed]

    def test_by_monitor_and_since_when(self, store: Store) -> None:
        other = opinion(at=NOW + HOUR, key="model:fraud")
        later = opinion(at=NOW + HOUR, fingerprint="f2")
        for one in (later, other, opinion()):
            store.monitors.say(one)
        assert store.monitors.opinions(KEY) == [opinion(), later]
        assert store.monitors.opinions(since=NOW + MINUTE) == [later, other]
        assert store.monitors.opinions("metric:other") == []
