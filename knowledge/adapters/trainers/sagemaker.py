"""SageMaker Pipelines, over AWS's API.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html. Our id is
the ClientRequestToken: asking twice starts one. The package that a RegisterModel step made says
which version came of it.
"""

from collections.abc import Mapping
from typing import Any

from knowledge.adapters.aws import Aws, Missing
from knowledge.adapters.rest import TIMEOUT_S
from knowledge.adapters.trainers.system import (
    Order,
    handle_of,
    listed,
    lost,
    parts_of,
    run_name,
    seen,
    text_of,
    unknown_answer,
)
from knowledge.errors import Unavailable
from knowledge.records import Run, RunState

_NAME = "SageMaker Pipelines"
_STATES = {
    "Executing": RunState.RUNNING,
    "Stopping": RunState.RUNNING,
    "Stopped": RunState.CANCELLED,
    "Failed": RunState.FAILED,
    "Succeeded": RunState.DONE,
}
_SHORTEST_TOKEN = 32


class SageMaker:
    """`System`; a job is a pipeline's name. `url` replaces AWS's own endpoint."""

    kind = "sagemaker"

    def __init__(self, region: str, url: str = "", *, timeout: float = TIMEOUT_S) -> None:
        self._aws = Aws(_NAME, region, {"sagemaker": url}, timeout)

    def start(self, order: Order) -> Run:
        training = order.training
        asked = {
            "PipelineName": order.job,
            "PipelineExecutionDisplayName": run_name(training),
            "PipelineExecutionDescription": f"{training.by_name}: {training.reason}"[:1000],
            "PipelineParameters": [{"Name": n, "Value": v} for n, v in order.texts.items()],
            "ClientRequestToken": training.id.ljust(_SHORTEST_TOKEN, "-"),
        }
        try:
            answer = self._aws.ask("sagemaker", lambda c: c.start_pipeline_execution(**asked))
        except Missing as error:
            why = f"there is no pipeline {order.job!r}"
            raise Unavailable(_NAME, why, retry=False) from error
        arn = text_of(answer, "PipelineExecutionArn")
        if not arn:
            raise unknown_answer(_NAME)
        return Run(training, RunState.ASKED, self.kind, handle_of(arn))

    def look(self, run: Run) -> Run:
        (arn,) = parts_of(run.handle, 1)
        try:
            answer = self._aws.ask(
                "sagemaker", lambda c: c.describe_pipeline_execution(PipelineExecutionArn=arn)
            )
        except Missing:
            return lost(run, _NAME)
        state = _STATES.get(text_of(answer, "PipelineExecutionStatus"))
        if state is None:
            raise unknown_answer(_NAME)
        steps = self._steps(arn) if state is not RunState.CANCELLED else []
        detail = text_of(answer, "FailureReason")
        return seen(run, state, detail=_say(steps, state, detail), version=_version(steps))

    def _steps(self, arn: str) -> list[Mapping[str, Any]]:
        """Empty where they cannot be read: they are not worth losing the state for."""
        try:
            answer = self._aws.ask(
                "sagemaker", lambda c: c.list_pipeline_execution_steps(PipelineExecutionArn=arn)
            )
        except (Unavailable, Missing):
            return []
        return listed(answer, "PipelineExecutionSteps")


def _say(steps: list[Mapping[str, Any]], state: RunState, reason: str) -> str:
    wanted = {RunState.RUNNING: "Executing", RunState.FAILED: "Failed"}.get(state)
    step = next((s for s in steps if s.get("StepStatus") == wanted), None)
    if step is None:
        return reason
    name, why = text_of(step, "StepName"), text_of(step, "FailureReason") or reason
    if state is RunState.RUNNING:
        return f"in {name}"
    return f"failed in {name}" + (f": {why}" if why else "")


def _version(steps: list[Mapping[str, Any]]) -> str:
    """The last part of "arn:aws:sagemaker:...:model-package/fraud/8"."""
    arns = [text_of(step, "Metadata", "RegisterModel", "Arn") for step in steps]
    last = next((arn.rpartition("/")[2] for arn in arns if arn), "")
    return last if last.isdecimal() else ""
