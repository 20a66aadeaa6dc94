from collections.abc import Sequence
from datetime import datetime, timedelta

from knowledge.adapters.absent import AbsentModels, AbsentWatching
from knowledge.adapters.memory.monitors import MemoryMonitors
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.incidents import open_from
from knowledge.monitors import ModelMonitor, Watched
from knowledge.oncall import OnCall
from knowledge.oncall.roster import Assignment
from knowledge.oncall.turns import Turn
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Look,
    ModelFacts,
    ModelVersion,
    Signal,
    SignalKind,
)
from skills.contract import Call, Context, NoArgs, Reply, Tone
from skills.my_models import skill
from skills.testing import NOON, context


class Watching(MemoryMonitors):
    """Looks that are kept, and a running monitor of each model but one."""

    def all(self) -> list[Watched]:
        return [Watched(f"model:{m}", ModelMonitor(model=m)) for m in ("fraud", "churn", "eta")]


class Always:
    """A rotation with one person."""

    def __init__(self, person: str) -> None:
        self.person = person

    def turns(self, start: datetime, end: datetime) -> Sequence[Turn]:
        return (Turn(self.person, start, end),)


def world(**owners: tuple[str, ...]) -> Context:
    """fraud performs worse, eta drifts, churn is fine, rank has no monitor."""
    store, frames, watching = MemoryStore(), MemoryFrames(), Watching()
    for name in ("fraud", "churn", "eta", "rank"):
        frames.set_reference(name, {}, facts=ModelFacts(owners=owners.get(name, ())))
        at = NOON - timedelta(minutes=20)
        figures = {"drift": 0.3 if name == "eta" else 0.04}
        watching.add_look(Look(name, at, at, at, 900, "stable", "7", figures))
    for name, kind in (("fraud", SignalKind.PERFORMANCE), ("eta", SignalKind.DRIFT)):
        signal = Signal("f" + name, "N", NOON, NOON, kind=kind, service=name, summary=f"{name} so")
        store.incidents.open(open_from([signal], NOON))
    at = NOON - timedelta(days=3)
    store.approvals.add(
        Approval(
            "",
            "fraud",
            "7",
            "6",
            "U2",
            "grace",
            at,
            status=ApprovalStatus.APPROVED,
            decided_at=at,
            decided_by_name="linus",
            outcome="moved",
        )
    )
    models = MemoryModels([ModelVersion("fraud", "7", at, ("champion",))])
    return context(
        incidents=store.incidents,
        approvals=store.approvals,
        models=models,
        frames=frames,
        watching=watching,
        oncall=OnCall({"risk-rota": Always("U1")}, teams={"Risk": Assignment("risk-rota")}),
    )


def show(ctx: Context) -> Reply:
    return skill.run(ctx, NoArgs())


def names(reply: Reply) -> list[str]:
    return [section.heading for section in reply.sections]


def test_each_has_a_sign_and_the_word_beside_it_worst_first() -> None:
    reply = show(world())
    assert names(reply) == [
        ":red_circle: fraud: performing worse",
        ":large_yellow_circle: eta: drifting",
        ":white_circle: rank: not watched",
        ":large_green_circle: churn: fine",
    ]
    assert reply.text == "1 performing worse, 1 drifting, 1 not watched, 1 fine."
    assert reply.tone is Tone.BAD


def test_version_last_drift_and_last_promotion() -> None:
    fraud, *_ = show(world()).sections
    assert [line.text for line in fraud.lines] == [
        "fraud so",
        "v7 · last look 20 min ago: stable, PSI 0.04 · promoted 3 d ago by linus",
    ]
    assert [button.call for button in fraud.buttons] == [
        Call("model_drift", {"model": "fraud"}),
        Call("model_status", {"model": "fraud"}),
    ]


def test_only_those_one_owns_by_id_name_or_team() -> None:
    reply = show(world(fraud=("U1",), churn=("@Ada",), eta=("risk",), rank=("U9",)))
    assert reply.title == "Your models"
    assert [name.split(":")[2].strip() for name in names(reply)] == ["fraud", "eta", "churn"]
    assert reply.footer == ""


def test_all_where_nobody_is_named_with_the_way_to_name_somebody() -> None:
    reply = show(world())
    assert reply.title == "Models"
    assert 'add owners = ["@you"]' in reply.footer


def test_without_registry_and_monitors_it_says_what_it_can() -> None:
    frames = MemoryFrames()
    frames.set_reference("fraud", {})
    store = MemoryStore()
    ctx = context(
        incidents=store.incidents,
        approvals=store.approvals,
        models=AbsentModels(),
        watching=AbsentWatching(),
        frames=frames,
    )
    (section,) = show(ctx).sections
    assert section.heading == ":white_circle: fraud: not watched"
    assert section.lines[-1].text == "no champion · no look yet"


def test_no_models_at_all() -> None:
    ctx = context(frames=MemoryFrames(), models=MemoryModels())
    assert show(ctx).title == "No models yet"
