from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.promotion import Policy
from knowledge.promotion.story import Check, Story, names_of, say_canary, say_who, stories
from knowledge.records import (
    Approval,
    ApprovalStatus,
    AuditEntry,
    Ballot,
    Canary,
    CanaryState,
    Move,
    Purpose,
    Reading,
)
from tests.knowledge.promoting.recorded import MINUTE, Recorded
from tests.knowledge.promoting.world import MODEL, NOON, World


@pytest.fixture
def recorded() -> Recorded:
    return Recorded(World(policy=Policy(needed=2)))


def wrong(story: Story) -> list[str]:
    return [check.says for check in story.checks if not check.holds]


def test_a_promotion_tells_who_asked_who_agreed_on_what_and_where_it_is_in_the_chain(
    recorded: Recorded,
) -> None:
    request = recorded.ask()
    recorded.click(request, "ann")
    recorded.click(request, "bob")
    (story,) = recorded.told()
    assert story.title == "fraud v5 became champion, in the place of v3"
    assert story.move is not None
    assert wrong(story) == []
    short = request.evidence_hash[:12]
    assert [check.says for check in story.checks] == [
        f"The evidence has the hash that it was frozen under, {short}.",
        "Each of the 2 votes is a call in the chain, by that person, on that evidence.",
        "Zoe asked for it; Ann and Bob agreed.",
    ]
    told = [(s.actor, s.entry.number if s.entry else 0) for s in story.steps]
    assert told == [("zoe", 1), ("ann", 2), ("bob", 3), ("bob", 0), ("tandem", 0)]
    assert story.steps[0].text == "asked to move the champion of fraud from v3 to v5: it is better"


def test_evidence_that_was_changed_in_the_table_is_found(recorded: Recorded) -> None:
    request = recorded.ask()
    for user in ("ann", "bob"):
        recorded.click(request, user)
    recorded.spoil(request, evidence=request.evidence.replace("sha256:5", "sha256:6"))
    (story,) = recorded.told()
    assert wrong(story) == [
        f"The evidence was changed: it has not the hash {request.evidence_hash[:12]} any more."
    ]


def test_evidence_and_hash_changed_together_part_from_what_the_voters_saw(
    recorded: Recorded,
) -> None:
    request = recorded.ask()
    for user in ("ann", "bob"):
        recorded.click(request, user)
    voted = recorded.world.store.approvals.get(request.id).votes
    forged = "f" * 64
    recorded.spoil(request, votes=tuple(replace(v, saw=forged) for v in voted))
    (story,) = recorded.told()
    assert wrong(story) == ["The chain has no call for the vote of Ann (approve), Bob (approve)."]


def test_a_vote_that_nobody_cast_is_found(recorded: Recorded) -> None:
    request = recorded.ask()
    recorded.click(request, "ann")
    recorded.record("bob", "approve", {"approval": request.id}, "Denied")
    votes = recorded.world.store.approvals.get(request.id).votes
    recorded.spoil(request, votes=(*votes, replace(votes[0], by="bob", by_name="Bob")))
    (story,) = recorded.told()
    assert wrong(story) == ["The chain has no call for the vote of Bob (approve)."]


def test_who_agreed_to_an_own_request_is_named(recorded: Recorded) -> None:
    request = recorded.ask()
    for user in ("ann", "bob"):
        recorded.click(request, user)
    votes = recorded.world.store.approvals.get(request.id).votes
    recorded.spoil(request, votes=(votes[0], replace(votes[1], by="zoe", by_name="Zoe")))
    (story,) = recorded.told()
    assert "Zoe asked for it and agreed to it as well." in wrong(story)


@pytest.mark.parametrize(
    ("ballot", "title"),
    [
        (Ballot.REJECT, "fraud v5 was asked for and rejected"),
        (Ballot.CHANGES, "fraud v5 was asked for and sent back for changes"),
    ],
)
def test_what_led_to_no_move_is_told_too(recorded: Recorded, ballot: Ballot, title: str) -> None:
    request = recorded.ask()
    recorded.click(request, "ann", ballot)
    (story,) = recorded.told()
    assert (story.title, story.move, wrong(story)) == (title, None, [])


def test_an_emergency_wants_a_review(recorded: Recorded) -> None:
    request = recorded.ask("4", Purpose.EMERGENCY)
    recorded.click(request, "ann")
    (story,) = recorded.told()
    assert wrong(story) == ["The emergency was not reviewed by a second person."]
    recorded.spoil(request, reviewed_by="bob")
    assert wrong(recorded.told()[0]) == []


def test_moves_past_tandem_are_borne_out_by_nothing(recorded: Recorded) -> None:
    recorded.world.store.moves.add(
        Move("", MODEL, "6", "5", NOON + MINUTE, NOON + 2 * MINUTE, NOON, how="poll",
             answered="accepted by ann")
    )  # fmt: skip
    (story,) = recorded.told()
    assert story.title == "fraud v6 became champion, in the place of v5, past Tandem"
    assert story.checks == (Check(False, "Nobody asked for it here, and nobody agreed to it."),)
    assert [s.text for s in story.steps] == [
        "noticed by looking at the registry; until 2026-03-05 12:00 UTC the earlier one was seen",
        "answered: accepted by ann",
    ]


def test_who_answered_a_move_past_tandem_is_tied_to_the_chain(recorded: Recorded) -> None:
    moves = recorded.world.store.moves
    move = moves.add(Move("", MODEL, "6", "5", NOON, NOON, how="poll", answered="accepted by ann"))
    recorded.record("bob", "move_accept", {"move": move.id}, "Denied")
    recorded.record("ann", "move_accept", {"move": move.id})
    (story,) = recorded.told()
    assert [(s.actor, s.entry.number if s.entry else 0) for s in story.steps] == [
        ("tandem", 0),
        ("ann", 2),
    ]


def test_an_alias_that_was_taken_away(recorded: Recorded) -> None:
    recorded.world.store.moves.add(Move("", MODEL, "", "5", NOON, NOON, how="webhook"))
    assert recorded.told()[0].title == "fraud lost its champion, past Tandem"


def test_the_newest_comes_first(recorded: Recorded) -> None:
    first = recorded.ask()
    recorded.click(first, "ann", Ballot.REJECT)
    recorded.world.clock.pass_(timedelta(hours=1))
    second = recorded.ask("6")
    assert [s.request.id for s in recorded.told() if s.request] == [second.id, first.id]


def test_a_request_of_before_there_were_votes() -> None:
    old = Approval("APR-1", MODEL, "5", "3", "U1", "ada", NOON, "better",
                   status=ApprovalStatus.APPROVED, decided_by="U2", decided_by_name="grace",
                   decided_at=NOON + MINUTE, outcome="moved")  # fmt: skip
    call = AuditEntry(NOON + MINUTE, "U2", "approve", {"approval": "APR-1"}, "ok", number=7)
    (story,) = stories([old], [], [call])
    assert [(s.text, s.entry is call) for s in story.steps] == [
        ("asked to promote v5: better", False),
        ("approved: moved", True),
    ]
    assert wrong(story) == ["No evidence was frozen; the request is from before that was done."]


def test_canaries_in_words() -> None:
    reading = Reading("errors", 0.002, 0.031, True, "errors 0.2% before, 3.1% since")
    request = Approval("APR-1", MODEL, "5", "3", "U1", "ada", NOON)
    assert say_canary(request) == ""
    worse = Canary(NOON, CanaryState.WORSE, (reading,), NOON, "APR-2")
    assert say_canary(replace(request, canary=worse)) == (
        "it got worse (errors 0.2% before, 3.1% since); APR-2 followed"
    )


def test_names_come_from_the_requests(recorded: Recorded) -> None:
    request = recorded.ask()
    recorded.click(request, "ann")
    names = names_of(recorded.world.store.approvals.find())
    assert names == {"zoe": "Zoe", "ann": "Ann"}
    assert [say_who(who, names) for who in ("ann", "U9", "")] == ["Ann (ann)", "U9", "–"]
