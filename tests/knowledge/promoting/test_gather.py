from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from knowledge.adapters.absent import AbsentFrames, AbsentWatching
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.telemetry import MemoryFrames
from knowledge.errors import NotFound, Unavailable
from knowledge.ports import Frames
from knowledge.promoting.gather import Gatherer
from knowledge.promotion.policy import Policy
from knowledge.records import (
    ColumnRoles,
    Details,
    Frame,
    Incident,
    ModelFacts,
    ModelVersion,
    Purpose,
    Severity,
    Status,
)
from skills.testing import NOON

MODEL = "eta-model"


def version(number: str, **more: object) -> ModelVersion:
    made = ModelVersion(MODEL, number, NOON - timedelta(days=1), metrics={"rmse": 10.0})
    return replace(made, **more)  # type: ignore[arg-type]


class Registry(MemoryModels):
    """With two versions of one model; `broken` methods do not answer."""

    def __init__(self, *versions: ModelVersion) -> None:
        super().__init__(versions or (version("6", aliases=("champion",)), version("7")))
        self.broken: set[str] = set()

    def details(self, model: str, version: str) -> Details:
        if "details" in self.broken:
            raise Unavailable("mlflow", "no answer within 5 s")
        return super().details(model, version)


@dataclass
class World:
    models: Registry = field(default_factory=Registry)
    frames: Frames = field(default_factory=AbsentFrames)
    store: MemoryStore = field(default_factory=MemoryStore)
    policy: Policy = field(default_factory=Policy)
    served: frozenset[str] = frozenset()

    def gatherer(self) -> Gatherer:
        return Gatherer(
            models=self.models,
            frames=self.frames,
            incidents=self.store.incidents,
            watching=AbsentWatching(),
            policies=lambda model: self.policy,
            served=lambda model, number: number in self.served,
            now=lambda: NOON,
        )

    def opened(self, service: str) -> Incident:
        draft = Incident("", "late", service, Severity.SEV2, Status.OPEN, NOON, NOON)
        return self.store.incidents.open(draft)


def rows(moved: float) -> Frame:
    rng = np.random.default_rng(3)
    return {"distance": rng.normal(10 + moved, 3, 3000), "eta": rng.normal(20 + moved, 5, 3000)}


def logged(moved: float, at: datetime) -> MemoryFrames:
    frames = MemoryFrames()
    roles = ColumnRoles(prediction="eta", slices=("city",), groups=("age",), positive="late")
    frames.set_reference(MODEL, rows(0), roles, ModelFacts(service="dispatch"))
    frames.log(MODEL, at, rows(moved))
    return frames


def test_both_versions_are_told_with_what_the_registry_keeps_of_each() -> None:
    world = World(served=frozenset({"7"}))
    world.models.known[MODEL, "7"] = Details(artifact="sha256:7")
    world.models.answers[MODEL, "6"] = {"d1": {"label": np.array([1.0])}}
    found = world.gatherer().gather("ETA", "v7", Purpose.ROLLBACK)
    assert (found.challenger.version.version, found.challenger.details.artifact) == (
        "7",
        "sha256:7",
    )
    assert found.champion is not None
    assert list(found.champion.predictions) == ["d1"]
    assert (found.served_before, found.purpose, found.at) == (True, Purpose.ROLLBACK, NOON)
    assert found.problems == {}


def test_the_champion_itself_and_a_model_without_one() -> None:
    same = World().gatherer().gather(MODEL, "6", Purpose.PROMOTION)
    assert same.champion is not None
    assert same.champion.version.version == "6"
    alone = World(Registry(version("1"))).gatherer().gather(MODEL, "1", Purpose.PROMOTION)
    assert alone.champion is None


def test_an_unknown_version_is_said_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="v6"):
        World().gatherer().gather(MODEL, "66", Purpose.PROMOTION)


def test_inputs_that_moved_since_training_are_told() -> None:
    world = World(frames=logged(4, NOON - timedelta(hours=5)))
    found = world.gatherer().gather(MODEL, "7", Purpose.PROMOTION)
    assert found.drift is not None
    assert (found.drift.verdict, found.drift.columns) == ("drifting", ("distance",))
    assert (found.drift.prediction, found.drift.rows) == ("drifting", 3000)
    assert (found.slices, found.groups, found.positive) == (("city",), ("age",), "late")


@pytest.mark.parametrize(
    ("policy", "tags", "frames", "service"),
    [
        (Policy(service="eta-api"), {"service": "eta"}, True, "eta-api"),
        (Policy(), {"service": "eta"}, True, "eta"),
        (Policy(), {}, True, "dispatch"),
        (Policy(), {}, False, MODEL),
    ],
)
def test_the_service_is_what_is_said_nearest(
    policy: Policy, tags: dict[str, str], frames: bool, service: str
) -> None:
    models = Registry(version("6", aliases=("champion",)), version("7", tags=tags))
    world = World(models, logged(0, NOON) if frames else AbsentFrames(), policy=policy)
    opened = world.opened(service)
    found = world.gatherer().gather(MODEL, "7", Purpose.PROMOTION)
    assert (found.service, [i.id for i in found.incidents]) == (service, [opened.id])


def test_what_cannot_be_asked_is_named_and_the_rest_stands() -> None:
    world = World()
    world.models.broken = {"details"}
    found = world.gatherer().gather(MODEL, "7", Purpose.PROMOTION)
    assert found.problems == {
        "details of v6": "mlflow: no answer within 5 s",
        "details of v7": "mlflow: no answer within 5 s",
    }
    assert found.challenger.version.metrics == {"rmse": 10.0}
