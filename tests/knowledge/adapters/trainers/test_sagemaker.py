"""Against a double of SageMaker's API, asked through boto3: moto's executions stand still and have
no steps."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from knowledge.adapters.trainers.sagemaker import SageMaker
from knowledge.adapters.trainers.system import Order
from knowledge.errors import Unavailable
from knowledge.records import RunState

pytest.importorskip("boto3")

Serve = Callable[[Any], str]
MakeOrder = Callable[..., Order]
ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/demand/execution/e"


@dataclass
class Api:
    """One pipeline, demand."""

    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the request's token."""
    steps: list[dict[str, Any]] = field(default_factory=list)
    answers_lost: int = 0
    broken: bool = False

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        if self.broken:
            return 500, {"__type": "InternalFailure"}
        match headers["x-amz-target"].removeprefix("SageMaker."):
            case "StartPipelineExecution" if body["PipelineName"] == "demand":
                return self._start(body)
            case "DescribePipelineExecution":
                arn = body["PipelineExecutionArn"]
                found = [e for e in self.executions.values() if e["PipelineExecutionArn"] == arn]
                return (200, found[0]) if found else self._missing()
            case "ListPipelineExecutionSteps":
                return 200, {"PipelineExecutionSteps": self.steps}
        return self._missing()

    def _missing(self) -> tuple[int, Any]:
        return 400, {"__type": "ResourceNotFound", "Message": "Pipeline does not exist"}

    def _start(self, body: dict[str, Any]) -> tuple[int, Any]:
        token = body["ClientRequestToken"]
        assert 32 <= len(token) <= 128
        execution = self.executions.setdefault(
            token,
            {
                "PipelineExecutionArn": f"{ARN}{len(self.executions) + 1}",
                "PipelineExecutionStatus": "Executing",
                "asked": body,
            },
        )
        if self.answers_lost:
            self.answers_lost -= 1
            return 400, {"__type": "ThrottlingException", "Message": "Rate exceeded"}
        return 200, {"PipelineExecutionArn": execution["PipelineExecutionArn"]}


@pytest.fixture(scope="module")
def shared(serve_all: Serve) -> Iterator[tuple[Api, SageMaker]]:
    """One client: boto3 takes a second to make it."""
    api = Api()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield api, SageMaker("eu-central-1", serve_all(api))


@pytest.fixture
def api(shared: tuple[Api, SageMaker]) -> Api:
    """With nothing in it."""
    double = shared[0]
    double.executions.clear()
    double.steps, double.answers_lost, double.broken = [], 0, False
    return double


@pytest.fixture
def system(api: Api, shared: tuple[Api, SageMaker]) -> SageMaker:
    return shared[1]


def test_an_execution_is_started_once(api: Api, system: SageMaker, order: MakeOrder) -> None:
    api.answers_lost = 2
    with pytest.raises(Unavailable, match="fewer requests") as raised:
        system.start(order("demand", days=90))
    assert raised.value.retry
    first = system.start(order("demand", days=90))
    assert system.start(order("demand", days=90)) == first
    (execution,) = api.executions.values()
    assert execution["asked"]["PipelineParameters"] == [{"Name": "days", "Value": "90"}]
    assert execution["asked"]["PipelineExecutionDescription"] == "ada: drift"
    assert first.state is RunState.ASKED


REGISTERED = {
    "StepName": "Register",
    "StepStatus": "Succeeded",
    "Metadata": {"RegisterModel": {"Arn": "arn:aws:sagemaker:x:1:model-package/demand/8"}},
}
STATES = [
    ("Executing", [{"StepName": "Fit", "StepStatus": "Executing"}], RunState.RUNNING, "in Fit", ""),
    ("Stopped", [], RunState.CANCELLED, "", ""),
    (
        "Failed",
        [{"StepName": "Fit", "StepStatus": "Failed", "FailureReason": "out of memory"}],
        RunState.FAILED,
        "failed in Fit: out of memory",
        "",
    ),
    ("Succeeded", [REGISTERED], RunState.DONE, "", "8"),
]


@pytest.mark.parametrize(("status", "steps", "state", "detail", "version"), STATES)
def test_its_states(
    status: str,
    steps: list[dict[str, Any]],
    state: RunState,
    detail: str,
    version: str,
    api: Api,
    system: SageMaker,
    order: MakeOrder,
) -> None:
    run = system.start(order("demand"))
    next(iter(api.executions.values()))["PipelineExecutionStatus"] = status
    api.steps = steps
    seen = system.look(run)
    assert (seen.state, seen.detail, seen.version) == (state, detail, version)
    api.executions.clear()
    assert system.look(run).state is RunState.LOST


def test_refusals_and_a_service_that_is_broken(
    api: Api, system: SageMaker, order: MakeOrder
) -> None:
    with pytest.raises(Unavailable, match="no pipeline 'other'") as raised:
        system.start(order("other"))
    assert not raised.value.retry
    api.broken = True
    with pytest.raises(Unavailable, match="error of its own") as raised:
        system.start(order("demand"))
    assert raised.value.retry
