"""What only SageMaker has: approvals in the place of aliases, documents in S3, its errors."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from servers import Line

from knowledge.adapters.sagemaker import SageMakerModels
from knowledge.adapters.sagemaker.packages import Package
from knowledge.errors import Overtaken, Unavailable
from knowledge.records import Field, Signature
from tests.knowledge.adapters.aws_server import REGION, aws_client


class Group:
    """A model package group of its own, in a bucket of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"fraud-{uuid4().hex[:8]}"
        self.client, self.s3 = (aws_client(service, url) for service in ("sagemaker", "s3"))
        self.s3.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.client.create_model_package_group(
            ModelPackageGroupName=self.name, ModelPackageGroupDescription="fraud"
        )
        self.arns: list[str] = []

    def put(self, key: str, content: object) -> str:
        body = content if isinstance(content, str) else json.dumps(content)
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)
        return f"s3://{self.name}/{key}"

    def add(self, approval: str = "PendingManualApproval", **given: Any) -> None:
        made = self.client.create_model_package(
            ModelPackageGroupName=self.name, ModelApprovalStatus=approval, **given
        )
        self.arns.append(made["ModelPackageArn"])

    def approvals(self) -> dict[str, str]:
        """The approval of each version."""
        described = (self.client.describe_model_package(ModelPackageName=a) for a in self.arns)
        return {str(d["ModelPackageVersion"]): d["ModelApprovalStatus"] for d in described}

    def set(self, version: int, approval: str) -> None:
        """Somebody else does it."""
        self.client.update_model_package(
            ModelPackageArn=self.arns[version - 1], ModelApprovalStatus=approval
        )


@pytest.fixture
def group(aws: str) -> Group:
    return Group(aws)


@pytest.fixture(scope="module")
def kept() -> dict[str, SageMakerModels]:
    return {}


@pytest.fixture
def models(aws: str, kept: dict[str, SageMakerModels]) -> SageMakerModels:
    """One for all tests: making a client reads megabytes of descriptions."""
    return kept.setdefault(aws, SageMakerModels(REGION, aws, aws))


def document(address: str) -> dict[str, str]:
    return {"ContentType": "application/json", "S3Uri": address}


def test_exactly_one_version_is_approved_after_a_move(
    group: Group, models: SageMakerModels
) -> None:
    for approval in ("Approved", "Approved", "PendingManualApproval"):
        group.add(approval)
    models.set_champion(group.name, "3", expected="2")
    assert group.approvals() == {"1": "Rejected", "2": "Rejected", "3": "Approved"}
    models.set_champion(group.name, "2", expected="3")
    assert group.approvals() == {"1": "Rejected", "2": "Approved", "3": "Rejected"}
    back = models.version(group.name, "3")
    assert (back.aliases, back.tags) == (("previous_champion",), {})
    described = group.client.describe_model_package(ModelPackageName=group.arns[1])
    assert described["ApprovalDescription"] == "Made champion by Tandem, in the place of v3."
    assert described["CustomerMetadataProperties"]["tandem.previous_champion"] == "3"


def test_champions_of_all_groups_in_one_look(group: Group, models: SageMakerModels) -> None:
    group.add("Approved")
    group.add("Approved")
    other = Group(group.url)
    other.add("Rejected")
    found = models.champions()
    assert found[group.name] == "2"
    assert other.name not in found


def test_an_approval_by_somebody_else_is_seen(group: Group, models: SageMakerModels) -> None:
    for _ in range(2):
        group.add()
    models.set_champion(group.name, "1")
    group.set(2, "Approved")
    assert models.champions()[group.name] == "2"
    with pytest.raises(Overtaken) as error:
        models.set_champion(group.name, "1", expected="1")
    assert error.value.found == "2"
    assert group.approvals() == {"1": "Approved", "2": "Approved"}


def test_a_champion_rejected_by_somebody_else_leaves_none(
    group: Group, models: SageMakerModels
) -> None:
    group.add()
    models.set_champion(group.name, "1")
    group.set(1, "Rejected")
    assert models.champion(group.name) is None
    assert group.name not in models.champions()


class CutBetween(SageMakerModels):
    """The line is cut when the new one is approved and the old one is not yet rejected."""

    line: Line

    def _retire(self, others: list[Package], target: Package) -> None:
        self.line.cut()
        super()._retire(others, target)


def test_a_cut_between_the_two_writes_leaves_a_champion_and_is_mended_by_doing_it_again(
    group: Group, models: SageMakerModels
) -> None:
    for _ in range(2):
        group.add()
    models.set_champion(group.name, "1")
    line = Line(group.url)
    through = CutBetween(REGION, line.url, group.url)
    through.line = line
    with pytest.raises(Unavailable, match=r"v2 is approved, and v1 still beside it") as error:
        through.set_champion(group.name, "2", expected="1")
    assert error.value.retry
    assert group.approvals() == {"1": "Approved", "2": "Approved"}
    assert models.champions()[group.name] == "2"
    again = models.set_champion(group.name, "2", expected="1")
    assert group.approvals() == {"1": "Rejected", "2": "Approved"}
    assert again.aliases == ("champion",)
    assert models.version(group.name, "1").aliases == ("previous_champion",)


def test_details_of_a_package(group: Group, models: SageMakerModels) -> None:
    data = group.put("7/model.tar.gz", "weights")
    report = {
        "binary_classification_metrics": {"auc": {"value": 0.9}},
        "dataset": {"name": "march", "digest": "d7"},
        "timings": {"p99": 0.02},
        "predictions": group.put("7/answers.csv", "label,probability\n1,0.9\n0,0.2\n"),
    }
    constraints = {"features": [{"name": "amount", "inferred_type": "Fractional",
                                 "completeness": 1.0}]}  # fmt: skip
    shap = {"explanations": {"kernel_shap": {"0": {"global_shap_values": {"amount": 0.4}}}}}
    group.add(
        InferenceSpecification={
            "Containers": [
                {"Image": "1.dkr.ecr/x:1", "ImageDigest": "sha256:1f", "ModelDataUrl": data,
                 "Framework": "XGBOOST", "FrameworkVersion": "1.7"}
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        MetadataProperties={"CommitId": "4f1c", "Repository": "git/fraud", "GeneratedBy": "run-9"},
        CustomerMetadataProperties={"data_version": "dvc:77", "service": "fraud-api"},
        ModelMetrics={
            "ModelQuality": {"Statistics": document(group.put("7/evaluation.json", report))},
            "ModelDataQuality": {"Constraints": document(group.put("7/cons.json", constraints))},
            "Explainability": {"Report": document(group.put("7/shap.json", shap))},
        },
    )  # fmt: skip
    found = models.details(group.name, "1")
    assert found.problems == ()
    assert found.artifact.startswith("sha256:")
    assert found.size_bytes == len("weights")
    assert found.signature == Signature((Field("amount", "fractional"),))
    assert found.importances == {"amount": 0.4}
    assert found.timings == {"p99": 0.02}
    source = dict(found.source)
    assert source.pop("made by") == "fake-user-profile-name"
    assert source == {
        "git commit": "4f1c",
        "git repository": "git/fraud",
        "training run": "run-9",
        "data version": "dvc:77",
        "framework": "XGBOOST 1.7",
    }
    assert models.version(group.name, "1").tags["service"] == "fraud-api"
    answers = models.predictions(group.name, "1")["d7"]
    assert answers["probability"].tolist() == [0.9, 0.2]

    group.put("7/model.tar.gz", "others")
    assert models.details(group.name, "1").artifact != found.artifact


def test_model_data_in_a_folder_is_one_artifact(group: Group, models: SageMakerModels) -> None:
    for name in ("b", "a"):
        group.put(f"tree/{name}", name)
    container = {
        "Image": "x:1",
        "ModelDataSource": {
            "S3DataSource": {
                "S3Uri": f"s3://{group.name}/tree/",
                "S3DataType": "S3Prefix",
                "CompressionType": "None",
            }
        },
    }
    for _ in range(2):
        group.add(InferenceSpecification={"Containers": [container]})
    one, two = (models.details(group.name, version) for version in "12")
    assert one.size_bytes == 2
    assert one.artifact == two.artifact


def test_what_cannot_be_read_is_named_and_the_rest_stands(
    group: Group, models: SageMakerModels
) -> None:
    group.add(
        InferenceSpecification={
            "Containers": [{"Image": "x:1", "ModelDataUrl": "s3://gone/m.tgz"}]
        },
        ModelMetrics={
            "ModelQuality": {"Statistics": document(group.put("torn.json", "{"))},
            "Explainability": {"Report": document(f"s3://{group.name}/never.json")},
        },
        MetadataProperties={"CommitId": "4f1c"},
    )
    found = models.details(group.name, "1")
    assert found.problems == (
        "the model data: s3://gone/m.tgz is not there",
        f"s3://{group.name}/never.json is not there",
        f"s3://{group.name}/torn.json is no JSON",
    )
    assert found.source["git commit"] == "4f1c"
    assert found.artifact == ""
    assert models.version(group.name, "1").evaluations == ()
    with pytest.raises(Unavailable, match="is no JSON") as error:
        models.predictions(group.name, "1")
    assert not error.value.retry


def test_names_beyond_one_page(group: Group, models: SageMakerModels) -> None:
    made = {Group(group.url).name for _ in range(12)}
    assert made < set(models.names())


class Broken:
    """SageMaker on a bad day."""

    said: tuple[int, str] = (200, "")

    def answer(self, *_: object) -> tuple[int, Any]:
        status, code = self.said
        return status, {"__type": code, "message": "no"}


def test_errors_are_said_in_words(aws: str, serve: Callable[[Broken], str]) -> None:
    broken = Broken()
    models = SageMakerModels(REGION, serve(broken), aws, timeout=2)
    for status, code, words, retry in (
        (500, "InternalFailure", "an error of its own", True),
        (400, "ThrottlingException", "asks for fewer requests", True),
        (400, "AccessDeniedException", "may not do ListModelPackages", False),
        (400, "ExpiredTokenException", "refused Tandem's credentials", False),
        (400, "UnrecognizedClientException", "refused Tandem's credentials", False),
        (400, "ConflictException", "refused ListModelPackages: no", False),
    ):
        broken.said = (status, code)
        with pytest.raises(Unavailable, match=words) as error:
            models.champions()
        assert error.value.retry is retry, code
