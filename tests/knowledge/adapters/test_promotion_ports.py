"""Requests, moves and training runs: one suite in memory, on SQLite and on PostgreSQL."""

import math
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.errors import NotFound, Overtaken
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Ballot,
    Canary,
    CanaryState,
    Event,
    Gate,
    GateResult,
    Kind,
    Move,
    Purpose,
    Reading,
    Run,
    RunState,
    Training,
    Vote,
)
from tests.knowledge.adapters.at_once import at_once

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PENDING, MOVING = ApprovalStatus.PENDING, ApprovalStatus.MOVING

Store = MemoryStore | SqlStore

PLAIN = Approval("", "fraud", "9", "8", "U1", "ada", NOW, "better recall")
FULL = Approval(
    id="",
    model="fraud",
    version="9",
    champion="8",
    requester="U1",
    requester_name="Ada Łovelace 🚀",
    created_at=NOW,
    reason="better <recall> & more",
    status=ApprovalStatus.MOVING,
    gates=(
        Gate("same data", GateResult.WARN, "trained on v2", ("row 1: ü", "row 2: \0")),
        Gate("metrics", GateResult.PASS, "up"),
    ),
    decided_by="U2",
    decided_by_name="bob",
    decided_at=NOW + MINUTE,
    decision_reason="fine",
    outcome="moved",
    kind=Kind.PROMPT,
    purpose=Purpose.EMERGENCY,
    votes=(
        Vote("U2", "bob", NOW + MINUTE, Ballot.OVERRIDE, "quotes \" ' \\ and \u2028", "ab12"),
        Vote("U3", "eve", NOW + timedelta(microseconds=1), Ballot.CHANGES),
    ),
    expires_at=NOW + timedelta(hours=24),
    evidence='{"model": "fraud", "half": "\ud83d", "nul": "\0", "ü": "🚀"}',
    evidence_hash="ab12",
    channel="C1",
    timeline=(Event("E1", NOW, "asked", "ada", "asked", "http://x.example"),),
    canary=Canary(
        until=NOW + timedelta(hours=1),
        readings=(
            Reading("errors", 0.1 + 0.2, math.inf, True, "errors ↑"),
            Reading("volume", -0.0, 5e-324, False, ""),
        ),
        looked_at=NOW + 2 * MINUTE,
        acted="APR-9",
    ),
    reviewed_by="U4",
    key="github:42",
)
"""Something in every field."""


def moving(approval: Approval) -> Approval:
    return replace(approval, status=MOVING)


def approve(by: str) -> Callable[[Approval], Approval]:
    return lambda approval: replace(
        approval,
        status=ApprovalStatus.APPROVED,
        decided_by=by,
        decided_by_name=by,
        decided_at=NOW,
        decision_reason="fine",
        outcome="moved",
    )


def told(store: Store) -> dict[str, int]:
    """The revisions of what is due, by key."""
    return {d.key: d.revision for d in store.outbox.due(NOW + timedelta(days=1))}


class TestApprovals:
    def test_keeps_every_field(self, store: Store) -> None:
        added = store.approvals.add(FULL)
        assert added == replace(FULL, id="APR-1") == store.approvals.get("apr 1")
        assert store.approvals.find() == [added]
        # A field added to the record must be added to FULL, or this test says nothing of it.
        assert [
            f.name for f in fields(FULL) if getattr(FULL, f.name) == getattr(PLAIN, f.name)
        ] == [*("id", "model", "version", "champion", "requester", "created_at")]

    def test_what_is_empty_stays_empty(self, store: Store) -> None:
        added = store.approvals.add(PLAIN)
        assert store.approvals.get(added.id) == replace(PLAIN, id="APR-1")

    def test_a_reading_may_be_no_number(self, store: Store) -> None:
        canary = Canary(NOW, readings=(Reading("latency", math.nan, -math.inf, False, "-"),))
        added = store.approvals.add(replace(PLAIN, canary=canary))
        kept = store.approvals.get(added.id).canary
        assert kept is not None
        assert math.isnan(kept.readings[0].before)
        assert kept.readings[0].after == -math.inf

    def test_text_that_no_database_stores_is_kept_as_far_as_it_can_be(self, store: Store) -> None:
        gate = Gate("what", GateResult.PASS, "half \ud83d of a pair, nul \0.")
        added = store.approvals.add(replace(PLAIN, gates=(gate,), reason=gate.detail))
        kept = store.approvals.get(added.id)
        assert "of a pair" in kept.gates[0].detail
        assert "of a pair" in kept.reason

    def test_evidence_may_be_large_and_is_kept_to_the_character(self, store: Store) -> None:
        evidence = '{"rows": "' + "0123456789abcdeü" * 65_536 + '"}'
        added = store.approvals.add(replace(PLAIN, evidence=evidence))
        assert store.approvals.get(added.id).evidence == evidence

    def test_finds_newest_first_by_each_filter(self, store: Store) -> None:
        ids = [store.approvals.add(replace(PLAIN, model=m)).id for m in ("fraud", "churn", "fraud")]
        store.approvals.decide(ids[0], PENDING, approve("bob"))
        assert [a.id for a in store.approvals.find()] == ids[::-1]
        assert [a.id for a in store.approvals.find(model="fraud")] == [ids[2], ids[0]]
        pending = store.approvals.find(status=PENDING, limit=1)
        assert [a.id for a in pending] == [ids[2]]

    def test_those_watched_are_those_whose_canary_watches(self, store: Store) -> None:
        watching = Canary(NOW)
        for canary in (None, watching, replace(watching, state=CanaryState.FINE), watching):
            store.approvals.add(replace(PLAIN, canary=canary))
        store.approvals.update("4", lambda a: replace(a, canary=Canary(NOW, CanaryState.WORSE)))
        store.approvals.update("1", lambda a: replace(a, canary=watching))
        assert [a.id for a in store.approvals.find(watched=True)] == ["APR-2", "APR-1"]

    def test_the_first_decision_stands(self, store: Store) -> None:
        added = store.approvals.add(PLAIN)
        decided, first = store.approvals.decide(added.id, PENDING, approve("bob"), ("request",))
        assert first
        assert decided == approve("bob")(added) == store.approvals.get(added.id)
        late, first = store.approvals.decide(added.id, PENDING, approve("eve"), ("request",))
        assert not first
        assert late == decided == store.approvals.get(added.id)
        assert told(store) == {"request:APR-1": 1}

    def test_one_of_many_at_once_decides_and_tells(self, store: Store) -> None:
        added = store.approvals.add(PLAIN)
        results = at_once(
            lambda n: store.approvals.decide(added.id, PENDING, approve(f"U{n}"), ("request",))
        )
        (winner,) = [approval for approval, first in results if first]
        assert {approval for approval, _ in results} == {winner}
        assert told(store) == {"request:APR-1": 1}

    def test_one_request_of_a_model_moves_at_a_time(self, store: Store) -> None:
        asked = [store.approvals.add(PLAIN).id for _ in range(8)]
        other = store.approvals.add(replace(PLAIN, model="churn")).id

        def move(number: int) -> str:
            try:
                store.approvals.decide(asked[number], PENDING, moving, ("request",))
            except Overtaken:
                return ""
            return asked[number]

        (won,) = set(at_once(move)) - {""}
        assert [a.id for a in store.approvals.find(status=MOVING)] == [won]
        assert told(store) == {f"request:{won}": 1}
        with store.together(), pytest.raises(Overtaken, match="Another request is moving"):
            store.approvals.update(next(a for a in asked if a != won), moving)
        assert store.approvals.update(other, moving).status is MOVING

    def test_votes_counted_at_once_are_all_counted(self, store: Store) -> None:
        added = store.approvals.add(PLAIN)

        def vote(number: int) -> None:
            cast = Vote(f"U{number}", "", NOW, Ballot.APPROVE)
            store.approvals.update(
                added.id, lambda a: replace(a, votes=(*a.votes, cast)), ("request",)
            )

        at_once(vote)
        votes = store.approvals.get(added.id).votes
        assert sorted(vote.by for vote in votes) == [f"U{n}" for n in range(8)]
        assert told(store) == {"request:APR-1": 8}

    def test_a_request_that_is_decided_can_still_be_added_to(self, store: Store) -> None:
        added = store.approvals.add(FULL)
        event = Event("E2", NOW + 5 * MINUTE, "reviewed", "eve", "fine")
        later = store.approvals.update(
            added.id,
            lambda a: replace(a, timeline=(*a.timeline, event), reviewed_by="U5"),
            ("request", "request-thread"),
        )
        assert later.timeline == (*FULL.timeline, event)
        assert store.approvals.get(added.id) == later
        assert told(store) == {"request:APR-1": 1, "request-thread:APR-1": 1}

    def test_neither_id_nor_key_can_be_changed(self, store: Store) -> None:
        added = store.approvals.add(FULL)
        assert store.approvals.update("1", lambda a: replace(a, id="APR-7", key="")) == added
        assert store.approvals.get("1") == added

    def test_a_known_key_is_the_known_request(self, store: Store) -> None:
        first = store.approvals.add(FULL, ("request",))
        again = store.approvals.add(replace(PLAIN, key=FULL.key, reason="later"), ("request",))
        assert again == first == store.approvals.get(first.id)
        assert store.approvals.find() == [first]
        assert told(store) == {"request:APR-1": 1}

    def test_requests_without_a_key_are_all_different(self, store: Store) -> None:
        assert [store.approvals.add(PLAIN).id for _ in range(3)] == ["APR-1", "APR-2", "APR-3"]

    def test_of_many_at_once_with_one_key_one_is_stored(self, store: Store) -> None:
        asked = at_once(
            lambda n: store.approvals.add(replace(PLAIN, key="k", reason=f"{n}"), ("request",))
        )
        (kept,) = store.approvals.find()
        assert set(asked) == {kept}
        assert told(store) == {f"request:{kept.id}": 1}

    def test_a_rule_that_refuses_changes_and_tells_nothing(self, store: Store) -> None:
        added = store.approvals.add(PLAIN)

        def refuse(approval: Approval) -> Approval:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            store.approvals.decide(added.id, PENDING, refuse, ("request",))
        with pytest.raises(ValueError, match="no"):
            store.approvals.update(added.id, refuse, ("request",))
        assert told(store) == {}
        assert store.approvals.get(added.id) == added

    def test_a_delivery_is_due_as_of_the_last_thing_that_happened(self, store: Store) -> None:
        store.approvals.add(PLAIN, ("request",))
        vote = Vote("U2", "bob", NOW + 3 * MINUTE, Ballot.APPROVE)
        store.approvals.update("1", lambda a: replace(a, votes=(vote,)), ("request-thread",))
        assert [d.key for d in store.outbox.due(NOW)] == ["request:APR-1"]
        assert store.outbox.count_due(NOW + 3 * MINUTE) == 2

    def test_an_unknown_id_offers_those_there_are(self, store: Store) -> None:
        added = store.approvals.add(PLAIN)
        with pytest.raises(NotFound, match="no approval 'APR-77'") as caught:
            store.approvals.get("APR-77")
        assert caught.value.nearest == (added.id,)
        with pytest.raises(NotFound):
            store.approvals.decide("what", PENDING, approve("bob"))
        with pytest.raises(NotFound):
            store.approvals.update("MOV-1", approve("bob"))


MOVE = Move(
    id="",
    model="fraud",
    version="9",
    before="8",
    at=NOW,
    noticed_at=NOW + MINUTE,
    since=NOW - MINUTE,
    approval="APR-3",
    how="webhook",
    announced=True,
    answered="accepted by Łukasz",
    kind=Kind.PROMPT,
)
OUTSIDE = Move("", "churn", "", "4", NOW, NOW, how="poll")


class TestMoves:
    def test_keeps_every_field_and_numbers_them(self, store: Store) -> None:
        first, second = store.moves.add(MOVE, ("move",)), store.moves.add(OUTSIDE)
        assert (first, second) == (replace(MOVE, id="MOV-1"), replace(OUTSIDE, id="MOV-2"))
        assert store.moves.get("mov1") == first
        assert store.moves.get("2") == second
        assert told(store) == {"move:MOV-1": 1}
        assert store.outbox.count_due(NOW) == 0
        assert store.outbox.count_due(MOVE.noticed_at) == 1

    def test_finds_newest_first_by_each_filter(self, store: Store) -> None:
        for move in (MOVE, OUTSIDE, MOVE, replace(OUTSIDE, model="fraud")):
            store.moves.add(move)

        def found(**by: object) -> list[str]:
            return [move.id for move in store.moves.find(**by)]  # type: ignore[arg-type]

        assert found() == ["MOV-4", "MOV-3", "MOV-2", "MOV-1"]
        assert found(model="fraud") == ["MOV-4", "MOV-3", "MOV-1"]
        assert found(outside=True) == ["MOV-4", "MOV-2"]
        assert found(model="fraud", outside=True, limit=1) == ["MOV-4"]

    def test_changes_at_once_all_count(self, store: Store) -> None:
        store.moves.add(OUTSIDE)

        def answer(number: int) -> None:
            store.moves.change(
                "MOV-1", lambda m: replace(m, id="MOV-9", answered=m.answered + "x"), ("move",)
            )

        at_once(answer)
        assert store.moves.get("1") == replace(OUTSIDE, id="MOV-1", answered="x" * 8)
        assert told(store) == {"move:MOV-1": 8}

    def test_an_unknown_id_offers_those_there_are(self, store: Store) -> None:
        store.moves.add(MOVE)
        with pytest.raises(NotFound, match="no move 'MOV-7'") as caught:
            store.moves.get("MOV-7")
        assert caught.value.nearest == ("MOV-1",)
        with pytest.raises(NotFound):
            store.moves.change("APR-1", lambda move: move)

    def test_what_was_seen_later_stays(self, store: Store) -> None:
        assert store.moves.seen() == {}
        store.moves.see({"fraud": "8", "churn": ""}, NOW)
        store.moves.see({"fraud": "9"}, NOW + MINUTE)
        assert store.moves.seen() == {"fraud": ("9", NOW + MINUTE), "churn": ("", NOW)}
        store.moves.see({"fraud": "8", "churn": "1"}, NOW)
        store.moves.see({}, NOW)
        assert store.moves.seen() == {"fraud": ("9", NOW + MINUTE), "churn": ("1", NOW)}


TRAINING = Training("T1", "fraud", "8", "dri\u0142", {"epochs": "3", "ü": ""}, "U1", "ada", NOW)
RUN = Run(
    training=TRAINING,
    state=RunState.RUNNING,
    system="airflow",
    handle="dag/1",
    url="http://airflow.example",
    detail="fit",
    version="9",
    updated_at=NOW + MINUTE,
    channel="C1",
    thread="1.1",
)


def run(number: int, model: str = "fraud", state: RunState = RunState.ASKED) -> Run:
    at = NOW + number * MINUTE
    return Run(replace(TRAINING, id=f"T{number}", model=model, at=at), state, "webhook")


class TestRuns:
    def test_keeps_every_field(self, store: Store) -> None:
        store.runs.put(RUN)
        assert store.runs.get("T1") == RUN
        assert store.runs.find() == [RUN]

    def test_put_again_it_replaces_and_tells(self, store: Store) -> None:
        store.runs.put(run(1), ("run",))
        later = replace(run(1), state=RunState.DONE, version="9", updated_at=NOW + 9 * MINUTE)
        store.runs.put(later, ("run", "run-thread"))
        assert store.runs.find() == [later]
        assert told(store) == {"run:T1": 2, "run-thread:T1": 1}
        assert [d.key for d in store.outbox.due(NOW + MINUTE)] == ["run:T1"]
        assert store.outbox.count_due(NOW + 9 * MINUTE) == 2

    def test_finds_newest_first_by_each_filter(self, store: Store) -> None:
        for number, state in enumerate(RunState):
            store.runs.put(run(number, "churn" if number % 2 else "fraud", state))
        everything = [r.training.id for r in store.runs.find()]
        assert everything == [f"T{n}" for n in range(len(RunState))][::-1]
        assert {r.training.model for r in store.runs.find(model="churn")} == {"churn"}
        under_way = store.runs.find(under_way=True)
        assert {r.state for r in under_way} == {RunState.ASKED, RunState.RUNNING}
        assert len(store.runs.find(limit=2)) == 2

    def test_an_unknown_id_offers_those_there_are(self, store: Store) -> None:
        store.runs.put(run(1))
        with pytest.raises(NotFound, match="no training run 'T2'") as caught:
            store.runs.get("T2")
        assert caught.value.nearest == ("T1",)


def test_all_of_them_may_be_one_transaction(store: Store) -> None:
    asked = store.approvals.add(PLAIN)
    with store.together():
        store.approvals.decide(asked.id, PENDING, partial(replace, status=MOVING), ("request",))
        moved = store.moves.add(replace(MOVE, approval=asked.id), ("move",))
        store.moves.see({"fraud": "9"}, NOW)
        store.runs.put(RUN)
        keyed = store.approvals.add(replace(PLAIN, key="k"))
        assert store.approvals.add(replace(PLAIN, key="k")) == keyed
        assert store.approvals.find(status=MOVING)[0].id == asked.id
        assert store.moves.find() == [moved]
    assert store.moves.seen() == {"fraud": ("9", NOW)}
    assert told(store) == {"request:APR-1": 1, "move:MOV-1": 1}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"empty_{request.param}"))


def test_an_error_leaves_nothing_behind(url: str) -> None:
    store = open_store(url)
    asked = store.approvals.add(PLAIN)

    def crash() -> None:
        with store.together():
            store.approvals.update(asked.id, approve("bob"), ("request",))
            store.approvals.add(replace(PLAIN, key="k"), ("request",))
            store.moves.add(MOVE, ("move",))
            store.moves.see({"fraud": "9"}, NOW)
            store.runs.put(RUN, ("run",))
            raise ValueError("crash")

    with pytest.raises(ValueError, match="crash"):
        crash()
    assert store.approvals.find() == [asked]
    assert (store.moves.find(), store.moves.seen(), store.runs.find()) == ([], {}, [])
    assert told(store) == {}
    store.close()


def test_two_replicas_share_keys_and_decisions(url: str) -> None:
    replicas = [open_store(url), open_store(url)]
    asked = at_once(lambda n: replicas[n % 2].approvals.add(replace(PLAIN, key="k"), ("request",)))
    assert {a.id for a in asked} == {asked[0].id}
    assert len(replicas[0].approvals.find()) == 1
    results = at_once(
        lambda n: replicas[n % 2].approvals.decide(asked[0].id, PENDING, approve(f"U{n}"))
    )
    assert [first for _, first in results].count(True) == 1
    assert len({decided for decided, _ in results}) == 1
    assert told(replicas[1]) == {f"request:{asked[0].id}": 1}
    for replica in replicas:
        replica.close()
