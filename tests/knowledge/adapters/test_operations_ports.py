"""Handovers, executions, uses and judgements: one suite in memory, on SQLite and on PostgreSQL."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.errors import NotFound
from knowledge.records import (
    Event,
    Execution,
    Handover,
    HandoverState,
    Judgement,
    StepRun,
    StepState,
    Use,
    UseTotal,
)
from tests.knowledge.adapters.at_once import at_once

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Store = MemoryStore | SqlStore

OFFERED = Handover("", "INC-7", "ml", "infra", NOW, "U1", "GPU memory is full")
ANSWERED = Handover(
    id="",
    incident="INC-7",
    from_team="ml ü",
    to_team="infra",
    offered_at=NOW,
    offered_by="U1",
    summary="GPU <memory> is full 🚀",
    model="fraud",
    side="infrastructure",
    state=HandoverState.RETURNED,
    answered_at=NOW + MINUTE,
    answered_by="U2",
    reason="the node is healthy",
)
"""Something in every field."""

BEGUN = Execution("", "restart-checkout", "Restart checkout", "ab12", "1. look", NOW, "U1")
ENDED = Execution(
    id="",
    runbook="restart-checkout",
    title="Restart checkout ü",
    digest="ab12",
    text="1. `kubectl rollout restart`\r\n\0 half \ud83d of a pair",
    started_at=NOW,
    started_by="U1",
    incident="INC-7",
    channel="C1",
    values=(("namespace", "shop"), ("reason", "quotes \" ' \\ and \u2028")),
    steps=(
        StepRun(1, StepState.DONE, NOW, NOW + MINUTE, "U1", "restarted ü", "would restart", 0),
        StepRun(2, StepState.FAILED, NOW + MINUTE, NOW + 2 * MINUTE, "U2", "no", "", -9),
        StepRun(3),
    ),
    ended_at=NOW + 3 * MINUTE,
    timeline=(Event("E1", NOW, "started", "ada", "started ü", "http://x.example"),),
)
"""Something in every field."""


def told(store: Store) -> dict[str, int]:
    """The revisions of what is due, by key."""
    return {d.key: d.revision for d in store.outbox.due(NOW + DAY)}


def unlike(full: Any, plain: Any) -> set[str]:
    return {f.name for f in fields(full) if getattr(full, f.name) != getattr(plain, f.name)}


class TestHandovers:
    def test_keeps_every_field(self, store: Store) -> None:
        opened = store.handovers.open(ANSWERED)
        assert opened == replace(ANSWERED, id="HND-1") == store.handovers.get("hnd 1")
        # A field added to the record must be added to ANSWERED, or this test says nothing of it.
        shared = {"id", "incident", "to_team", "offered_at", "offered_by"}
        assert unlike(ANSWERED, OFFERED) == {f.name for f in fields(Handover)} - shared

    def test_are_numbered_and_found_newest_first(self, store: Store) -> None:
        for minutes, incident in enumerate(("INC-7", "INC-8", "INC-7")):
            store.handovers.open(
                replace(OFFERED, incident=incident, offered_at=NOW + minutes * MINUTE)
            )

        def found(**by: Any) -> list[str]:
            return [handover.id for handover in store.handovers.find(**by)]

        assert found() == ["HND-3", "HND-2", "HND-1"]
        assert found(incident="INC-7") == ["HND-3", "HND-1"]
        assert found(since=NOW + MINUTE) == ["HND-3", "HND-2"]
        assert found(incident="INC-7", since=NOW + MINUTE) == ["HND-3"]
        assert found(limit=1) == ["HND-3"]
        assert found(incident="INC-9") == []

    def test_one_is_changed_and_told_of(self, store: Store) -> None:
        opened = store.handovers.open(OFFERED, tell=("handover",))
        answered = store.handovers.change(
            opened.id, lambda before: replace(ANSWERED, id="lost", incident="INC-7"), ("handover",)
        )
        assert answered == replace(ANSWERED, id="HND-1") == store.handovers.get("1")
        assert told(store) == {"handover:HND-1": 2}
        assert store.outbox.count_due(NOW - MINUTE) == 0

    def test_an_unknown_one_is_not_found(self, store: Store) -> None:
        store.handovers.open(OFFERED)
        with pytest.raises(NotFound, match="HND-1"):
            store.handovers.get("HND-9")
        with pytest.raises(NotFound):
            store.handovers.change("HND-9", lambda before: before, ("handover",))
        assert told(store) == {}

    def test_nobody_overwrites_anybody(self, store: Store) -> None:
        opened = store.handovers.open(replace(OFFERED, reason=""))

        def add(number: int) -> None:
            store.handovers.change(opened.id, lambda h: replace(h, reason=f"{h.reason}{number}"))

        at_once(add)
        assert sorted(store.handovers.get(opened.id).reason) == list("01234567")


class TestExecutions:
    def test_keeps_every_field(self, store: Store) -> None:
        opened = store.executions.open(ENDED)
        assert opened == replace(ENDED, id="EXE-1") == store.executions.get("exe-1")
        shared = {"id", "runbook", "digest", "started_at", "started_by"}
        assert unlike(ENDED, BEGUN) == {f.name for f in fields(Execution)} - shared

    def test_output_that_no_database_stores_is_kept_as_far_as_it_can_be(self, store: Store) -> None:
        step = StepRun(1, output="half \ud83d of a pair, nul \0.")
        opened = store.executions.open(replace(BEGUN, steps=(step,)))
        assert "of a pair" in store.executions.get(opened.id).steps[0].output

    def test_are_found_newest_first(self, store: Store) -> None:
        store.executions.open(replace(BEGUN, incident="INC-7"))
        store.executions.open(ENDED)
        store.executions.open(replace(BEGUN, runbook="scale-up"))

        def found(**by: Any) -> list[str]:
            return [execution.id for execution in store.executions.find(**by)]

        assert found() == ["EXE-3", "EXE-2", "EXE-1"]
        assert found(incident="INC-7") == ["EXE-2", "EXE-1"]
        assert found(runbook="restart-checkout") == ["EXE-2", "EXE-1"]
        assert found(open_only=True) == ["EXE-3", "EXE-1"]
        assert found(incident="INC-7", runbook="restart-checkout", open_only=True) == ["EXE-1"]
        assert found(limit=2) == ["EXE-3", "EXE-2"]

    def test_one_is_changed_and_told_of_since_its_last_step(self, store: Store) -> None:
        opened = store.executions.open(BEGUN)
        ran = StepRun(1, StepState.RUNNING, NOW + 5 * MINUTE, by="U2")
        store.executions.change(opened.id, lambda e: replace(e, steps=(ran,)), tell=("run",))
        assert store.executions.get(opened.id).steps == (ran,)
        assert store.outbox.due(NOW + 4 * MINUTE) == []
        assert told(store) == {"run:EXE-1": 1}

    def test_an_unknown_one_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.executions.get("EXE-1")
        with pytest.raises(NotFound):
            store.executions.change("what", lambda before: before)


def use(**given: Any) -> Use:
    return Use(**{"at": NOW, "model": "small", "purpose": "root_cause", "prompt": "rca@1", **given})


class TestUses:
    def test_keeps_every_field(self, store: Store) -> None:
        full = Use(
            at=NOW + timedelta(microseconds=1),
            model="large",
            purpose="route",
            prompt="route@2",
            user="U1",
            team="ml ü",
            tokens_in=2**40,
            tokens_out=7,
            cost=0.1 + 0.2,
            seconds=1.5,
            outcome="over budget",
            turn="T1",
        )
        store.uses.add(full)
        assert store.uses.find(NOW, NOW + DAY) == [full]
        assert unlike(full, use()) == {f.name for f in fields(Use)}

    def test_are_found_newest_first_within_the_span(self, store: Store) -> None:
        for minutes in (0, 2, 1, 2, 3):
            store.uses.add(use(at=NOW + minutes * MINUTE, turn=str(minutes)))
        store.uses.add(use(at=NOW + 2 * MINUTE, turn="last"))
        found = store.uses.find(NOW, NOW + 3 * MINUTE)
        assert [u.turn for u in found] == ["last", "2", "2", "1", "0"]
        assert [u.turn for u in store.uses.find(NOW, NOW + DAY, limit=2)] == ["3", "last"]

    def test_totals_are_the_dearest_first(self, store: Store) -> None:
        store.uses.add(use(team="infra", tokens_in=10, tokens_out=1, cost=0.25))
        store.uses.add(use(team="ml", tokens_in=100, tokens_out=20, cost=1.5))
        store.uses.add(use(team="ml", tokens_in=1, tokens_out=2, cost=0.5))
        store.uses.add(use(team="before", at=NOW - MINUTE, cost=9.0))
        store.uses.add(use(team="after", at=NOW + DAY, cost=9.0))
        assert store.uses.totals(NOW, NOW + DAY, "team") == [
            UseTotal("ml", 2, 101, 22, 2.0),
            UseTotal("infra", 1, 10, 1, 0.25),
        ]

    def test_without_prices_the_most_tokens_are_first(self, store: Store) -> None:
        for user, tokens in (("b", 5), ("a", 5), ("c", 9)):
            store.uses.add(use(user=user, tokens_in=tokens))
        assert [t.key for t in store.uses.totals(NOW, NOW + DAY, "user")] == ["c", "a", "b"]

    def test_days_are_those_of_utc_oldest_first(self, store: Store) -> None:
        kolkata = timezone(timedelta(hours=5, minutes=30))
        for at in ("2026-03-06T05:29:59+05:30", "2026-03-06T05:30:00+05:30"):
            store.uses.add(use(at=datetime.fromisoformat(at), cost=1.0))
        store.uses.add(use(at=datetime(2026, 3, 6, 3, tzinfo=UTC), cost=0.5))
        since = datetime(2026, 3, 1, tzinfo=kolkata)
        assert store.uses.totals(since, since + 30 * DAY, "day") == [
            UseTotal("2026-03-05", 1, 0, 0, 1.0),
            UseTotal("2026-03-06", 2, 0, 0, 1.5),
        ]

    @pytest.mark.parametrize(
        ("by", "key"), [("purpose", "root_cause"), ("model", "small"), ("prompt", "rca@1")]
    )
    def test_other_headings(self, store: Store, by: Any, key: str) -> None:
        store.uses.add(use(tokens_in=3))
        assert store.uses.totals(NOW, NOW + DAY, by) == [UseTotal(key, 1, 3, 0, 0.0)]

    def test_nothing_used(self, store: Store) -> None:
        assert store.uses.totals(NOW, NOW + DAY, "team") == []
        assert store.uses.find(NOW, NOW + DAY) == []


class TestJudgements:
    FIRST = Judgement(NOW, "U1", "checkout ü slow", "INC-3", True, "INC-7")

    def test_keeps_every_field_oldest_first(self, store: Store) -> None:
        second = replace(self.FIRST, at=NOW - MINUTE, document="INC-4", useful=False, incident="")
        store.judgements.put(self.FIRST)
        store.judgements.put(second)
        assert store.judgements.all() == [second, self.FIRST]

    def test_a_second_one_of_the_same_person_replaces_the_first(self, store: Store) -> None:
        other = replace(self.FIRST, by="U2")
        changed = replace(self.FIRST, at=NOW + MINUTE, useful=False, incident="")
        for judgement in (self.FIRST, other, changed):
            store.judgements.put(judgement)
        assert store.judgements.all() == [other, changed]

    def test_a_query_may_be_long(self, store: Store) -> None:
        long = replace(self.FIRST, query="".join(f"word{n} " for n in range(2000)))
        store.judgements.put(long)
        store.judgements.put(replace(long, query=long.query + "x"))
        assert len(store.judgements.all()) == 2


def test_all_of_them_may_be_one_transaction(store: Store) -> None:
    with store.together():
        handed = store.handovers.open(OFFERED, tell=("card",))
        begun = store.executions.open(BEGUN)
        store.uses.add(use())
        store.judgements.put(TestJudgements.FIRST)
        assert store.handovers.get(handed.id) == handed
        assert store.executions.get(begun.id) == begun
    assert told(store) == {"card:HND-1": 1}
    assert len(store.uses.find(NOW, NOW + DAY)) == len(store.judgements.all()) == 1


def test_an_error_leaves_nothing_behind(empty_sqlite: str) -> None:
    store = open_store(empty_sqlite)

    def fail() -> None:
        with store.together():
            store.handovers.open(OFFERED, tell=("card",))
            store.uses.add(use())
            store.executions.get("EXE-1")

    with pytest.raises(NotFound):
        fail()
    assert store.handovers.find() == []
    assert store.uses.find(NOW, NOW + DAY) == []
    assert told(store) == {}
    store.close()
