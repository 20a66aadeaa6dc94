from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import NotFound
from knowledge.records import Approval, ApprovalStatus, ModelVersion
from skills.contract import Call, Context, Reply, Tone
from skills.model_status import Args, skill
from skills.testing import NOON, context


def version(number: str, *aliases: str, digest: str = "d1", rmse: float = 1.0) -> ModelVersion:
    made = NOON - timedelta(days=9)
    return ModelVersion(
        "eta-model", number, made, aliases, {"rmse": rmse, "mae": 0.5}, "holdout", digest
    )


@pytest.fixture
def ctx() -> Context:
    models = MemoryModels(
        [
            version("2", "previous_champion"),
            version("3", "champion", rmse=0.9),
            version("4", digest="d2"),
            replace(version("1"), model="churn-model"),
        ],
        names=["empty-model"],
    )
    return context(models=models, approvals=MemoryStore().approvals)


def show(ctx: Context, model: str = "eta-model") -> Reply:
    return skill.run(ctx, Args(model=model))


def calls(reply: Reply) -> dict[str, Call | None]:
    return {b.label: b.call for b in reply.buttons}


def approval(**given: object) -> Approval:
    values = {"version": "4", "champion": "3", "created_at": NOON - timedelta(hours=2), **given}
    return Approval("", "eta-model", requester="U1", requester_name="ada", **values)  # type: ignore[arg-type]


def test_the_champion_with_its_metrics(ctx: Context) -> None:
    reply = show(ctx)
    assert reply.title == "eta-model: v3 is the champion"
    assert reply.fields["rmse"] == "0.9"
    assert "not moved through Tandem" in reply.fields["since"]


def test_since_when_and_by_whom(ctx: Context) -> None:
    ctx.approvals.add(
        approval(
            version="3",
            champion="2",
            status=ApprovalStatus.APPROVED,
            decided_by_name="grace",
            decided_at=NOON,
            outcome="moved",
        )
    )
    assert show(ctx).fields["since"] == "2026-03-05 12:00 UTC, approved by grace"


def test_the_other_versions_say_which_data_they_were_measured_on(ctx: Context) -> None:
    table = show(ctx).table
    assert table is not None
    assert [(row[0], row[1], row[-1]) for row in table.rows] == [
        ("v4", "–", "other: holdout"),
        ("v3", "champion", "same"),
        ("v2", "previous champion", "same"),
    ]


def test_buttons_carry_on(ctx: Context) -> None:
    found = calls(show(ctx))
    assert found["Show drift"] == Call("model_drift", {"model": "eta-model"})
    assert found["Promote v4"] == Call("promotion", {"model": "eta-model", "version": "4"})
    assert found["Roll back"] == Call("rollback", {"model": "eta-model"})


def test_waiting_requests_are_shown(ctx: Context) -> None:
    ctx.approvals.add(approval())
    reply = show(ctx)
    assert reply.sections[0].lines[0].text == "v4, asked by ada 2 h ago"
    assert "Show request for v4" in calls(reply)


def test_an_expired_request_does_not_wait(ctx: Context) -> None:
    ctx.approvals.add(approval(created_at=NOON - timedelta(days=2)))
    assert not show(ctx).sections


def test_all_models_without_a_name(ctx: Context) -> None:
    reply = show(ctx, "")
    assert reply.table is not None
    assert reply.table.rows == (
        ("churn-model", "none", "v1", "–"),
        ("empty-model", "none", "none", "–"),
        ("eta-model", "v3", "v4", "–"),
    )
    assert "eta-model" in calls(reply)


def test_a_model_without_champion_is_a_warning(ctx: Context) -> None:
    reply = show(ctx, "churn")
    assert (reply.title, reply.tone) == ("churn-model: no champion", Tone.WARNING)


def test_a_model_without_versions(ctx: Context) -> None:
    assert show(ctx, "empty-model").title == "empty-model has no version yet"


def test_an_unknown_model_gets_the_nearest_names(ctx: Context) -> None:
    with pytest.raises(NotFound) as error:
        show(ctx, "eta-modle")
    assert error.value.nearest[0] == "eta-model"


def test_an_empty_registry() -> None:
    ctx = context(models=MemoryModels(), approvals=MemoryStore().approvals)
    assert show(ctx, "").title == "The model registry is empty"
