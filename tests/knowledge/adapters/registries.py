"""Registries that the port suite of `Models` runs on. A further one is a function and a line in
REGISTRIES."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest
from servers import log_version

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.mlflow import MlflowModels
from knowledge.ports import Models
from knowledge.records import ModelVersion
from skills.testing import NOON

Add = Callable[..., str]
"""add(rmse=1.0, digest="d1") registers the next version of `Filled.name`, measured on a data set
"holdout" of that digest, and returns its number."""


@dataclass(frozen=True)
class Filled:
    """A registry under test, the name of a fresh model in it, and how to add versions to it and
    delete them."""

    models: Models
    name: str
    add: Add
    remove: Callable[[str], None]


def in_memory() -> Filled:
    name = f"eta-{uuid4().hex[:8]}"
    models = MemoryModels(names=[name])
    count = 0

    def add(digest: str = "d1", **metrics: float) -> str:
        nonlocal count
        count += 1
        models.add(ModelVersion(name, str(count), NOON, (), metrics, "holdout", digest))
        return str(count)

    return Filled(models, name, add, lambda version: models.remove(name, version))


def in_mlflow(uri: str, timeout: int = 30) -> Filled:
    from mlflow.tracking import MlflowClient

    name = f"eta-{uuid4().hex[:8]}"
    models = MlflowModels(uri, timeout)
    client = MlflowClient(uri, uri)
    client.create_registered_model(name)
    experiment = client.create_experiment(name)

    def add(digest: str = "d1", **metrics: float) -> str:
        return log_version(client, experiment, name, digest, metrics)

    return Filled(models, name, add, lambda version: client.delete_model_version(name, version))


def _memory(_: pytest.FixtureRequest) -> Filled:
    return in_memory()


def _mlflow(request: pytest.FixtureRequest) -> Filled:
    request.getfixturevalue("mlflow_settings")
    return in_mlflow(request.getfixturevalue("mlflow_uri"))


REGISTRIES = [
    pytest.param(_memory, id="memory"),
    pytest.param(_mlflow, id="mlflow", marks=pytest.mark.mlflow),
]
