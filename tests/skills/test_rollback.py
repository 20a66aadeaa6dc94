from dataclasses import replace

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Denied, NotFound
from knowledge.records import Approval, ApprovalStatus, ModelVersion
from skills.contract import Context, Reply, Role, User
from skills.promotion import DecisionArgs, approve
from skills.rollback import Args, skill
from skills.testing import NOON, context

ADA = User("U1", "ada", Role.APPROVE)
GRACE = User("U2", "grace", Role.APPROVE)


def version(number: str, *aliases: str, rmse: float = 1.0) -> ModelVersion:
    return ModelVersion("eta-model", number, NOON, aliases, {"rmse": rmse}, "holdout", "d1")


@pytest.fixture
def ctx() -> Context:
    store = MemoryStore()
    models = MemoryModels(
        [
            version("2"),
            version("3", "previous_champion", rmse=2.0),
            version("5", "champion"),
        ],
        names=["empty-model"],
    )
    return context(user=ADA, models=models, approvals=store.approvals, incidents=store.incidents)


def ask(ctx: Context, number: str = "", model: str = "eta-model") -> Reply:
    return skill.run(ctx, Args(model=model, version=number, reason="ETAs are off"))


def labels(reply: Reply) -> list[str]:
    return [b.label for b in reply.buttons]


def champion(ctx: Context) -> str:
    found = ctx.models.champion("eta-model")
    return found.version if found else ""


def test_it_asks_for_the_previous_champion_though_its_metrics_are_worse(ctx: Context) -> None:
    card = ask(ctx)
    assert card.title == "Roll eta-model back to v3?"
    assert "ETAs are off" in card.text
    assert labels(card) == ["Approve", "Reject"]
    assert champion(ctx) == "5"


def test_another_person_approves_and_it_goes_back(ctx: Context) -> None:
    ask(ctx)
    click = replace(ctx, via_button=True)
    with pytest.raises(Denied):
        approve.run(click, DecisionArgs(approval="1"))
    card = approve.run(replace(click, user=GRACE), DecisionArgs(approval="1"))
    assert "moved from v5 to v3" in card.text
    assert champion(ctx) == "3"


def test_after_going_back_the_way_forward_is_known(ctx: Context) -> None:
    ask(ctx)
    approve.run(replace(ctx, user=GRACE, via_button=True), DecisionArgs(approval="1"))
    assert ask(ctx).title == "Roll eta-model back to v5?"


def test_a_version_that_served_by_record_may_be_named(ctx: Context) -> None:
    ctx.approvals.add(
        Approval("", "eta-model", "3", "2", "U1", "ada", NOON, status=ApprovalStatus.APPROVED)
    )
    assert ask(ctx, "v2").title == "Roll eta-model back to v2?"


def test_a_version_that_never_served_is_offered_for_promotion(ctx: Context) -> None:
    card = ask(ctx, "2")
    assert "v2 is not recorded as champion" in card.text
    calls = [b.call for b in card.buttons]
    assert {c.skill for c in calls if c is not None} == {"promotion"}
    assert not ctx.approvals.find()


def test_an_unknown_version_gets_the_nearest(ctx: Context) -> None:
    with pytest.raises(NotFound, match="v5"):
        ask(ctx, "v55")


def test_the_champion_is_no_way_back(ctx: Context) -> None:
    assert "champion" in ask(ctx, "5").text
    assert not ctx.approvals.find()


def test_no_champion_nothing_to_roll_back(ctx: Context) -> None:
    assert ask(ctx, model="empty-model").title == "empty-model has no champion"


def test_no_model_offers_models(ctx: Context) -> None:
    assert labels(ask(ctx, model="")) == ["empty-model", "eta-model"]
