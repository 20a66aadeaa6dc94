from dataclasses import replace
from datetime import timedelta

import pytest

from bot.playground.block_rules import violations
from bot.slack import blocks
from knowledge.adapters.memory.store import MemoryStore
from knowledge.promotion import Policy
from knowledge.records import Approval, ApprovalStatus, AuditEntry, Move
from skills.audit import MOST_ROWS, Args, skill
from skills.contract import Context, Reply
from skills.testing import NOON, context
from tests.knowledge.promoting.recorded import Recorded
from tests.knowledge.promoting.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def ctx() -> Context:
    store = MemoryStore()
    store.approvals.add(
        Approval(
            "",
            "eta-model",
            "5",
            "3",
            "U1",
            "ada",
            NOON,
            reason="better",
            status=ApprovalStatus.APPROVED,
            decided_by="U2",
            decided_by_name="grace",
            decided_at=NOON + HOUR,
            outcome="champion of eta-model moved from v3 to v5",
        )
    )
    store.approvals.add(
        Approval(
            "",
            "churn-model",
            "2",
            "1",
            "U2",
            "grace",
            NOON + 2 * HOUR,
            status=ApprovalStatus.EXPIRED,
            outcome="nobody decided",
        )
    )
    (asked,) = store.approvals.find(model="eta-model")
    for outcome in ("ok", "denied"):
        store.audit.add(AuditEntry(NOON, "U1", "approve", {"approval": asked.id}, outcome))
    store.audit.add(AuditEntry(NOON + 3 * HOUR, "U1", "silence", {"service": "eta"}, "ok"))
    names = {"U1": "ada", "U2": "grace"}
    return context(
        approvals=store.approvals,
        moves=store.moves,
        audit=store.audit,
        people=names.__getitem__,
    )


def rows(reply: Reply) -> list[tuple[str, ...]]:
    return [row[1:] for row in reply.table.rows] if reply.table is not None else []


def test_all_changes_newest_first(ctx: Context) -> None:
    assert rows(skill.run(ctx, Args())) == [
        ("ada", "–", "silence of service eta: ok"),
        ("grace", "churn-model", "asked for v2 (champion v1)"),
        ("–", "churn-model", "request for v2 closed: nobody decided"),
        (
            "grace",
            "eta-model",
            "approved v5 of ada's request; champion of eta-model moved from v3 to v5",
        ),
        ("ada", "eta-model", "asked for v5 (champion v3): better"),
        ("ada", "eta-model", "approve of approval APR-1: denied"),
    ]


def test_of_one_model(ctx: Context) -> None:
    assert {model for _, model, _ in rows(skill.run(ctx, Args(model="eta")))} == {"eta-model"}


@pytest.mark.parametrize("typed", ["grace", "@Grace", "U2", "<@U2>"])
def test_by_one_person(ctx: Context, typed: str) -> None:
    found = rows(skill.run(ctx, Args(actor=typed)))
    assert {who for who, _, _ in found} == {"grace"}
    assert len(found) == 2


def test_nothing_on_record_says_what_is_recorded(ctx: Context) -> None:
    reply = skill.run(ctx, Args(model="fraud"))
    assert reply.title == "No change of fraud is on record"
    assert [b.label for b in reply.buttons] == ["All changes"]


def test_a_long_record_is_cut_and_says_so(ctx: Context) -> None:
    for number in range(MOST_ROWS + 5):
        ctx.audit.add(AuditEntry(NOON, "U1", "retrain", {"model": f"m-{number}"}, "ok"))
    reply = skill.run(ctx, Args())
    assert len(rows(reply)) == MOST_ROWS
    assert f"The newest {MOST_ROWS} of {MOST_ROWS + 11}" in reply.footer


def test_a_model_is_told_as_stories_that_name_the_evidence_and_the_chain() -> None:
    recorded = Recorded(World(policy=Policy(needed=2)))
    request = recorded.ask()
    for user in ("ann", "bob"):
        recorded.click(request, user)
    ctx = told_from(recorded)
    (section,) = skill.run(ctx, Args(model="fraud")).sections
    assert section.heading == "fraud v5 became champion, in the place of v3"
    assert [line.text for line in section.lines] == [
        "2026-03-05 12:02 UTC",
        "Asked for by Zoe (zoe): it is better",
        "Ann (ann): approve (because)",
        "Bob (bob): approve (because)",
        f"1 gate, none failing, evidence `{request.evidence_hash[:12]}`",
        "champion of fraud moved from v3 to v5",
        "Afterwards it is being watched until 2026-03-06 12:02 UTC",
        "In the chain: #1, #2, #3",
    ]


def test_what_the_chain_does_not_bear_out_is_said() -> None:
    recorded = Recorded()
    request = recorded.ask()
    recorded.click(request, "ann")
    votes = recorded.world.store.approvals.get(request.id).votes
    recorded.spoil(request, votes=(replace(votes[0], by="bob", by_name="Bob"),))
    (section,) = skill.run(told_from(recorded), Args(model="fraud")).sections
    assert "*Not borne out:* The chain has no call for the vote of Bob (approve)." in [
        line.text for line in section.lines
    ]


def test_a_move_past_tandem_is_told(ctx: Context) -> None:
    ctx.moves.add(Move("", "eta-model", "6", "5", NOON + 4 * HOUR, NOON + 5 * HOUR, how="poll"))
    reply = skill.run(ctx, Args(model="eta-model"))
    assert rows(reply)[0] == ("–", "eta-model", "champion became v6 in the place of v5 past Tandem")
    assert reply.sections[0].heading.endswith("past Tandem")
    assert violations(blocks.blocks(reply)) == []


def told_from(recorded: Recorded) -> Context:
    store = recorded.world.store
    return context(
        approvals=store.approvals, moves=store.moves, audit=store.audit, people=str.title
    )
