from datetime import timedelta

import pytest

from bot.chained_moves import ChainedMoves
from knowledge.promotion import Policy
from knowledge.records import Move
from tests.knowledge.promoting.recorded import Recorded
from tests.knowledge.promoting.world import MODEL, NOON, World


@pytest.fixture
def recorded() -> Recorded:
    made = Recorded(World(policy=Policy(needed=1)))
    request = made.ask()
    made.click(request, "ann")
    return made


def chained(recorded: Recorded) -> ChainedMoves:
    store = recorded.world.store
    return ChainedMoves(
        store.moves, store.approvals, store.audit, store.outbox, recorded.world.clock
    )


def test_a_move_is_one_entry_with_the_evidence_it_rests_on(recorded: Recorded) -> None:
    for _ in range(2):
        chained(recorded).work()
    store = recorded.world.store
    (entry,) = store.audit.find(skill="move")
    (request,) = store.approvals.find()
    assert entry.detail == f"champion of {MODEL} moved from v3 to v5, by {request.id}"
    assert entry.args["saw"] == request.evidence_hash
    (story,) = recorded.told()
    assert story.holds
    assert story.checks[-1].says.startswith("The move is an entry of the chain")
    assert story.steps[-1].entry == entry


def test_evidence_and_votes_exchanged_together_part_from_the_move(recorded: Recorded) -> None:
    chained(recorded).work()
    (request,) = recorded.world.store.approvals.find()
    recorded.spoil(request, evidence="{}", evidence_hash="4" * 64)
    assert "The entry of the move in the chain tells of something else." in [
        check.says for check in recorded.told()[0].checks
    ]


def test_a_move_past_tandem_is_an_entry_too(recorded: Recorded) -> None:
    later = NOON + timedelta(hours=1)
    recorded.world.store.moves.add(Move("", MODEL, "", "5", later, later, how="webhook"))
    chained(recorded).work()
    newest, older = recorded.world.store.audit.find(skill="move")
    assert newest.detail == f"champion of {MODEL} moved from v5 to none, past Tandem"
    assert (newest.args["approval"], newest.args["saw"]) == ("", "")
    assert older.args["version"] == "5"


def test_a_request_that_is_gone_leaves_the_hash_empty(recorded: Recorded) -> None:
    recorded.world.store.moves.add(Move("", MODEL, "6", "5", NOON, NOON, approval="APR-99"))
    chained(recorded).work()
    assert recorded.world.store.audit.find(skill="move")[0].args["saw"] == ""
