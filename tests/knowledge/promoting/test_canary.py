from collections.abc import Callable
from datetime import timedelta

import pytest

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames, MemoryMetrics
from knowledge.errors import Unavailable
from knowledge.promoting.canary import CanaryWatch
from knowledge.promotion import Policy
from knowledge.promotion.policy import CanaryRule, OnWorse
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Canary,
    CanaryState,
    Look,
    ModelFacts,
    Purpose,
    Series,
)
from tests.knowledge.promoting.conftest import Ask
from tests.knowledge.promoting.world import MODEL, NOON, World, click

MOVED_S = NOON.timestamp()
ERRORS, LATENCY = "errors:rate", "latency:p99"
ROLL_BACK = Policy(canary=CanaryRule(on_worse=OnWorse.ROLL_BACK))

Start = Callable[..., CanaryWatch]


def wobble(at: float, usual: float) -> float:
    """The same at every reading of a moment, and never quite the same as a minute later."""
    return usual * (1 + 0.05 * ((at // 60 * 7919) % 13 / 6 - 1))


class Prometheus(MemoryMetrics):
    """That may be away."""

    away = False
    asked = 0

    def range(self, query: str, start: object, end: object, step_s: float) -> list[Series]:
        self.asked += 1
        if self.away:
            raise Unavailable("prometheus", "it is down")
        return super().range(query, start, end, step_s)  # type: ignore[arg-type]


@pytest.fixture
def metrics() -> Prometheus:
    made = Prometheus()
    made.add(ERRORS, lambda at: wobble(at, 0.01))
    made.add(LATENCY, lambda at: wobble(at, 0.1))
    return made


@pytest.fixture
def start(world: World, metrics: Prometheus, ask: Ask) -> Start:
    """v5 is made champion at noon; the watch over it."""

    def begun(*, endpoint: bool = True) -> CanaryWatch:
        assert isinstance(world.store, MemoryStore)
        click(world.service(), ask("5"), "ann")
        assert world.champion == "5"
        frames = MemoryFrames()
        if endpoint:
            facts = ModelFacts(endpoint={"errors": ERRORS, "latency": LATENCY})
            frames.set_reference(MODEL, {}, facts=facts)
        return CanaryWatch(
            world.store.approvals,
            world.store.incidents,
            world.store.monitors,
            world.models,
            metrics,
            frames,
            world.service(),
            world.clock,
        )

    return begun


def canary(world: World) -> Canary:
    found = world.store.approvals.get("APR-1").canary
    assert found is not None
    return found


def approval(world: World, number: int = 1) -> Approval:
    return world.store.approvals.get(f"APR-{number}")


def keys(world: World) -> set[str]:
    return {d.key for d in world.store.outbox.due(world.clock())}


def test_nothing_wrong_ends_fine_after_its_time(world: World, start: Start) -> None:
    watch = start()
    for _ in range(4):
        world.clock.pass_(timedelta(hours=6))
        watch.work()
    assert canary(world).state is CanaryState.FINE
    assert [r.name for r in canary(world).readings] == ["errors", "latency", "incidents"]
    assert "nothing got worse" in approval(world).timeline[-1].text
    assert watch.work() == 0
    assert world.champion == "5"


def test_worse_is_told_loudly_once_and_moves_nothing_by_itself(
    world: World, start: Start, metrics: Prometheus
) -> None:
    watch = start()
    metrics.add(ERRORS, lambda at: wobble(at, 0.01 if at < MOVED_S else 0.05))
    world.clock.pass_(timedelta(minutes=30))
    watch.work()
    assert canary(world).state is CanaryState.WORSE
    assert approval(world).timeline[-1].text.startswith("it got worse since v5 serves: errors 1")
    assert {"canary:APR-1", "request:APR-1", "request-thread:APR-1"} <= keys(world)
    told = len(approval(world).timeline)
    world.clock.pass_(timedelta(minutes=1))
    watch.work()
    assert len(approval(world).timeline) == told
    assert world.champion == "5"
    assert len(world.store.approvals.find()) == 1


def test_what_breaks_outright_is_told_within_minutes(
    world: World, start: Start, metrics: Prometheus
) -> None:
    watch = start()
    metrics.add(ERRORS, lambda at: wobble(at, 0.01 if at < MOVED_S else 0.4))
    world.clock.pass_(timedelta(minutes=5))
    watch.work()
    assert canary(world).state is CanaryState.WATCHING
    world.clock.pass_(timedelta(minutes=2))
    watch.work()
    assert canary(world).state is CanaryState.WORSE
    said = approval(world).timeline[-1].text
    assert "beyond anything seen before" in said
    assert "errors 1.00% before, 39.7% since" in said


def test_the_policy_may_roll_back_by_itself_and_does_so_once(
    world: World, start: Start, metrics: Prometheus
) -> None:
    world.policy = ROLL_BACK
    watch = start()
    metrics.add(ERRORS, lambda at: wobble(at, 0.01 if at < MOVED_S else 0.05))
    world.clock.pass_(timedelta(minutes=30))
    watch.work()
    assert world.champion == "3"
    back = approval(world, 2)
    assert (back.purpose, back.requester, back.status) == (
        Purpose.ROLLBACK,
        "canary",
        ApprovalStatus.APPROVED,
    )
    assert canary(world).acted == "APR-2"
    watch.work()
    assert len(world.store.approvals.find()) == 2
    assert world.store.moves.find()[0].approval == "APR-2"


def test_a_rollback_that_cannot_be_made_now_is_made_later(
    world: World, start: Start, metrics: Prometheus
) -> None:
    class Away(MemoryModels):
        def champion(self, model: str) -> None:
            raise Unavailable("mlflow", "it is down")

    world.policy = ROLL_BACK
    watch = start()
    there = world.models
    world.models = watch.models = Away()
    watch.promoting = world.service()
    metrics.add(LATENCY, lambda at: wobble(at, 0.1 if at < MOVED_S else 0.3))
    world.clock.pass_(timedelta(minutes=30))
    watch.work()
    assert canary(world).state is CanaryState.WORSE
    assert canary(world).acted == ""
    world.models = watch.models = there
    watch.promoting = world.service()
    watch.work()
    assert world.champion == "3"
    assert canary(world).acted == "APR-2"


def test_a_policy_that_changed_its_mind_leaves_it_to_people(
    world: World, start: Start, metrics: Prometheus
) -> None:
    watch = start()
    metrics.add(ERRORS, lambda at: wobble(at, 0.01 if at < MOVED_S else 0.05))
    world.policy = ROLL_BACK
    world.clock.pass_(timedelta(minutes=20))
    world.models.remove(MODEL, "3")
    for _ in range(3):
        watch.work()
    texts = [event.text for event in approval(world).timeline]
    assert sum(text.startswith("not rolled back: ") for text in texts) == 1
    assert world.champion == "5"


def test_another_champion_ends_the_watch(world: World, start: Start) -> None:
    watch = start()
    world.models.set_champion(MODEL, "6")
    world.clock.pass_(timedelta(minutes=10))
    watch.work()
    assert canary(world).state is CanaryState.ENDED
    assert watch.work() == 0


def test_what_could_not_be_read_is_not_called_fine(
    world: World, start: Start, metrics: Prometheus
) -> None:
    watch = start()
    metrics.away = True
    world.clock.pass_(timedelta(hours=24))
    watch.work()
    assert canary(world).state is CanaryState.UNKNOWN
    assert "errors cannot be read" in approval(world).timeline[-1].text


def test_without_an_endpoint_and_a_monitor_nothing_is_known(world: World, start: Start) -> None:
    watch = start(endpoint=False)
    world.clock.pass_(timedelta(hours=24))
    watch.work()
    assert canary(world).state is CanaryState.UNKNOWN
    assert "no figures of its endpoint" in approval(world).timeline[-1].text


def test_a_figure_that_stopped_is_not_called_fine(
    world: World, start: Start, metrics: Prometheus
) -> None:
    watch = start()
    metrics.add(LATENCY, lambda at: wobble(at, 0.1) if at < MOVED_S else float("nan"))
    world.clock.pass_(timedelta(hours=24))
    watch.work()
    assert canary(world).state is CanaryState.UNKNOWN
    assert "latency has no values since" in approval(world).timeline[-1].text


def test_the_past_is_read_once(world: World, start: Start, metrics: Prometheus) -> None:
    watch = start()
    world.clock.pass_(timedelta(minutes=20))
    watch.work()
    first = metrics.asked
    watch.work()
    assert (first, metrics.asked) == (6, 8)


def test_the_models_monitor_is_heard(world: World, start: Start) -> None:
    watch = start(endpoint=False)
    monitors = world.store.monitors
    for hours, verdict in ((-1, "stable"), (1, "broken"), (2, "broken")):
        at = NOON + timedelta(hours=hours)
        monitors.add_look(Look(MODEL, at, at, at, 900, verdict, "5", {}, ("amount is empty",)))
    world.clock.pass_(timedelta(hours=3))
    watch.work()
    assert canary(world).state is CanaryState.WORSE
    assert "amount is empty" in approval(world).timeline[-1].text
