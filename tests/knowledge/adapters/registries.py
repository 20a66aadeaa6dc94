"""Registries that the port suite of `Models` runs on. A further one is a function and a line in
REGISTRIES."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from uuid import uuid4

import pytest
from servers import log_version

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.mlflow import MlflowModels
from knowledge.adapters.sagemaker import SageMakerModels
from knowledge.ports import Models
from knowledge.records import ModelVersion
from skills.testing import NOON
from tests.knowledge.adapters.aws_server import ACCOUNT, REGION, aws_client

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


def in_sagemaker(url: str) -> Filled:
    name = f"eta-{uuid4().hex[:8]}"
    client, s3 = (aws_client(service, url) for service in ("sagemaker", "s3"))
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="estimated time of arrival"
    )
    arns: dict[str, str] = {}

    def add(digest: str = "d1", **metrics: float) -> str:
        number = str(len(arns) + 1)
        report = {
            "regression_metrics": {metric: {"value": v} for metric, v in metrics.items()},
            "dataset": {"name": "holdout", "digest": digest},
        }
        s3.put_object(Bucket=name, Key=f"{number}/evaluation.json", Body=json.dumps(report))
        document = {
            "ContentType": "application/json",
            "S3Uri": f"s3://{name}/{number}/evaluation.json",
        }
        arns[number] = client.create_model_package(
            ModelPackageGroupName=name,
            ModelApprovalStatus="PendingManualApproval",
            ModelMetrics={"ModelQuality": {"Statistics": document}},
        )["ModelPackageArn"]
        return number

    def remove(version: str) -> None:
        # moto has no DeleteModelPackage; its server runs in this process.
        from moto.sagemaker.models import sagemaker_backends

        del sagemaker_backends[ACCOUNT][REGION].model_packages[arns[version]]

    return Filled(_sagemaker_models(url), name, add, remove)


@cache
def _sagemaker_models(url: str) -> SageMakerModels:
    return SageMakerModels(REGION, url, url)


def _memory(_: pytest.FixtureRequest) -> Filled:
    return in_memory()


def _mlflow(request: pytest.FixtureRequest) -> Filled:
    request.getfixturevalue("mlflow_settings")
    return in_mlflow(request.getfixturevalue("mlflow_uri"))


def _sagemaker(request: pytest.FixtureRequest) -> Filled:
    return in_sagemaker(request.getfixturevalue("aws"))


REGISTRIES = [
    pytest.param(_memory, id="memory"),
    pytest.param(_sagemaker, id="sagemaker"),
    pytest.param(_mlflow, id="mlflow", marks=pytest.mark.mlflow),
]
