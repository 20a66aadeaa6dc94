from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.playground.block_rules import violations
from bot.slack import blocks
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Ballot,
    Canary,
    CanaryState,
    ModelVersion,
    Move,
    Purpose,
    Reading,
    Vote,
)
from skills.cards.moves import Around, move_card, unreviewed_card, worse_card
from skills.contract import Reply, Tone

NOON = datetime(2026, 3, 5, 14, 3, tzinfo=UTC)
MOVE = Move("MOV-3", "fraud-model", "7", "6", NOON, NOON, NOON - timedelta(minutes=1), how="poll")
OLD = ModelVersion("fraud-model", "6", NOON, metrics={"auc": 0.91}, dataset_digest="d1")
NEW = ModelVersion("fraud-model", "7", NOON, metrics={"auc": 0.88}, dataset_digest="d1")
AROUND = Around(OLD, NEW, "7", ("U2",))
BAD = Reading("errors", 0.002, 0.031, True, "errors 0.20% before, 3.1% since")
FINE = Reading("latency", 0.1, 0.1, False, "latency 100 ms before, 100 ms since")
APPROVAL = Approval(
    "APR-3",
    "fraud-model",
    "7",
    "6",
    "U1",
    "ada",
    NOON,
    "it is better",
    ApprovalStatus.APPROVED,
    decided_by="U2",
    decided_at=NOON,
    votes=(Vote("U2", "grace", NOON, Ballot.APPROVE),),
    canary=Canary(NOON, CanaryState.WORSE, (BAD, FINE)),
)
EMERGENCY = replace(APPROVAL, purpose=Purpose.EMERGENCY, canary=None)


def labels(reply: Reply) -> list[str]:
    return [button.label for button in reply.buttons]


def test_it_says_what_moved_since_when_and_what_can_be_done() -> None:
    card = move_card(MOVE, AROUND)
    assert card.title == "fraud-model: champion moved from v6 to v7 outside Tandem"
    assert card.text == (
        "Between 2026-03-05 14:02 UTC and 2026-03-05 14:03 UTC. Nobody asked for it here."
    )
    assert labels(card) == ["Restore v6", "Accept", "Show model"]
    assert card.calls == ("U2",)
    assert card.table is not None
    assert card.table.rows == (("auc", "0.91", "0.88", "3.3% worse"),)


def test_between_a_minute_and_the_same_is_at_it() -> None:
    soon = replace(MOVE, since=NOON, at=NOON + timedelta(seconds=20))
    assert move_card(soon, AROUND).text.startswith("At 2026-03-05 14:03 UTC. Nobody")


@pytest.mark.parametrize(
    ("move", "title"),
    [
        (replace(MOVE, before=""), "fraud-model: v7 was made champion outside Tandem"),
        (
            replace(MOVE, version=""),
            "fraud-model: v6 is not champion any more, taken away outside Tandem",
        ),
    ],
)
def test_a_champion_that_came_or_went(move: Move, title: str) -> None:
    assert move_card(move, Around(champion=move.version)).title == title


def test_there_and_back_needs_no_restoring() -> None:
    card = move_card(replace(MOVE, how="webhook"), replace(AROUND, champion="6"))
    assert "v6 is champion now." in card.text
    assert labels(card) == ["Accept", "Show model"]


def test_an_answer_takes_the_buttons_away() -> None:
    card = move_card(replace(MOVE, answered="accepted by grace: a hotfix"), AROUND)
    assert card.fields == {"Answer": "accepted by grace: a hotfix"}
    assert labels(card) == ["Show model"]
    assert card.calls == ()


def test_metrics_of_other_data_are_not_put_side_by_side() -> None:
    assert move_card(MOVE, replace(AROUND, after=replace(NEW, dataset_digest="d2"))).table is None


def test_worse_calls_those_who_decided_and_offers_the_way_back() -> None:
    card = worse_card(APPROVAL, {"U1": "ada"}.__getitem__)
    assert card.tone is Tone.BAD
    assert card.calls == ("U1", "U2")
    assert labels(card) == ["Roll back to v6", "Emergency rollback"]
    assert [s.lines[0].text for s in card.sections] == [f"*{BAD.says}*", FINE.says]


def test_once_it_was_rolled_back_there_is_nothing_to_press() -> None:
    assert APPROVAL.canary is not None
    done = replace(APPROVAL, canary=replace(APPROVAL.canary, acted="APR-4"))
    card = worse_card(done, str)
    assert labels(card) == []
    assert card.text == "APR-4 rolls it back, as the policy says."


def test_an_emergency_waits_for_a_review_by_somebody() -> None:
    card = unreviewed_card(EMERGENCY, str, ("U2", "U3"), "https://slack.test/x")
    assert labels(card) == ["Reviewed", "Open the request"]
    assert card.calls == ("U2", "U3")
    done = unreviewed_card(replace(EMERGENCY, reviewed_by="U3"), str, ("U2", "U3"))
    assert labels(done) == []
    assert "was reviewed by U3" in done.title


@pytest.mark.parametrize(
    "card",
    [
        move_card(MOVE, replace(AROUND, problems=("v6 is not in the registry any more.",))),
        worse_card(APPROVAL, str, "https://slack.test/x"),
        unreviewed_card(EMERGENCY, str),
    ],
)
def test_slack_takes_them(card: Reply) -> None:
    assert violations(blocks.blocks(card)) == []
