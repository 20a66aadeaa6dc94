from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.adapters.memory.monitors import MemoryMonitors
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.errors import NotFound
from knowledge.incidents import open_from
from knowledge.monitors import ModelMonitor, Watched
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Change,
    Look,
    ModelFacts,
    ModelVersion,
    Signal,
    SignalKind,
)
from skills.contract import Call, Context, Reply, Tone
from skills.model_status import Args, skill
from skills.testing import NOON, context


def version(number: str, *aliases: str, digest: str = "d1", rmse: float = 1.0) -> ModelVersion:
    made = NOON - timedelta(days=9)
    return ModelVersion(
        "eta-model", number, made, aliases, {"rmse": rmse, "mae": 0.5}, "holdout", digest
    )


class Watching(MemoryMonitors):
    """The looks that are kept, and one monitor that runs."""

    def all(self) -> list[Watched]:
        return [Watched("model:eta-model", ModelMonitor(model="eta-model"))]


def looked(*, drift: float = 0.02) -> Watching:
    watching = Watching()
    for hours in range(40, 0, -4):
        at = NOON - timedelta(hours=hours, minutes=-200)
        figures = {"drift": drift, "estimated rmse": 0.93, "errors": 0.001}
        start = at - timedelta(days=1)
        watching.add_look(Look("eta-model", at, start, at, 900, "stable", "3", figures))
    return watching


def frames(**facts: object) -> MemoryFrames:
    made = MemoryFrames()
    made.set_reference("eta-model", {}, facts=ModelFacts(**facts))  # type: ignore[arg-type]
    return made


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
    store = MemoryStore()
    return context(
        models=models,
        approvals=store.approvals,
        incidents=store.incidents,
        changes=store.changes,
        frames=frames(owners=("U7", "search"), service="eta-api"),
        watching=looked(),
    )


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
    assert reply.sections[-1].lines[0].text == "v4, asked by ada 2 h ago"
    assert "Show request for v4" in calls(reply)


def test_an_expired_request_does_not_wait(ctx: Context) -> None:
    ctx.approvals.add(approval(created_at=NOON - timedelta(days=2)))
    assert [
        section.heading for section in show(ctx).sections if "decision" in section.heading
    ] == []


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


def test_how_it_is_doing_and_whose_it_is(ctx: Context) -> None:
    reply = show(ctx)
    assert reply.tone is Tone.GOOD
    assert reply.fields["state"] == "fine"
    assert reply.fields["owned by"] == "U7, search"
    (seen,) = reply.sections
    assert seen.heading == "Last look, 40 min ago: stable, 900 rows"
    assert [line.text for line in seen.lines] == [
        "rmse (estimated): 0.93",
        "largest drift of a column (PSI): 0.02",
        "errors: 0.001",
    ]


def test_what_is_wrong_with_it_and_with_its_service(ctx: Context) -> None:
    worse = Signal(
        "f",
        "ModelPerformance",
        NOON,
        NOON,
        source="monitor",
        kind=SignalKind.PERFORMANCE,
        service="eta-model",
        summary="eta-model: rmse 1.4 (realised), usually 0.9",
        labels={"model": "eta-model"},
    )
    alert = Signal("g", "EtaSlow", NOON, NOON, service="eta-api", summary="p99 is 3 s")
    for signal in (worse, alert):
        ctx.incidents.open(open_from([signal], NOON))
    reply = show(ctx)
    assert reply.tone is Tone.BAD
    assert reply.fields["state"].startswith("performing worse. eta-model: rmse 1.4 (realised)")
    found = {section.heading: section for section in reply.sections}
    assert len(found["Not normal now"].lines) == 2
    assert [line.text.split(",")[0] for line in found["Open incidents"].lines] == ["INC-2", "INC-1"]
    assert found["Open incidents"].buttons[0].call == Call(
        "incident_summary", {"incident": "INC-2"}
    )


def test_the_trend_is_drawn_with_what_happened(ctx: Context) -> None:
    at = NOON - timedelta(hours=20)
    ctx.changes.add(Change("c", at, "deploy", "eta-api", "new features", "2.3"))
    (trend,) = show(ctx).pictures
    assert trend.title == "eta-model: trend"
    assert "deploy eta-api 2.3 at 2026-03-04 16:00" in trend.alt


def test_a_model_nobody_watches_says_so(ctx: Context) -> None:
    reply = show(replace(ctx, watching=MemoryMonitorsOnly()))
    assert reply.fields["state"] == "not watched. No monitor looks at it."
    assert (reply.tone, reply.pictures) == (Tone.NEUTRAL, ())


class MemoryMonitorsOnly(MemoryMonitors):
    def all(self) -> list[Watched]:
        return []
