"""Against a double of the Argo server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from knowledge.adapters.trainers.argo import Argo
from knowledge.adapters.trainers.system import Order
from knowledge.errors import Unavailable
from knowledge.records import RunState

Serve = Callable[[Any], str]
MakeOrder = Callable[..., Order]
NAME = "tandem-" + "0c9f" * 8


@dataclass
class Server:
    """The namespace training with one template, train-eta."""

    workflows: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers_lost: int = 0

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        if headers.get("authorization") != "Bearer secret":
            return 401, {"code": 16, "message": "token not valid"}
        match [method, *path.removeprefix("/api/v1/workflows/").split("/")]:
            case ["POST", "training", "submit"]:
                return self._submit(body)
            case ["GET", "training", name] if name in self.workflows:
                return 200, self.workflows[name]
        return 404, {"code": 5, "message": 'workflows.argoproj.io "x" not found'}

    def _submit(self, body: dict[str, Any]) -> tuple[int, Any]:
        if (body["resourceKind"], body["resourceName"]) != ("WorkflowTemplate", "train-eta"):
            return 404, {"code": 5, "message": "workflowtemplates not found"}
        options = body["submitOptions"]
        if options["name"] in self.workflows:
            said = f'workflows.argoproj.io "{options["name"]}" already exists'
            return 409, {"code": 6, "message": said}
        self.workflows[options["name"]] = {
            "metadata": {"name": options["name"], "namespace": "training"},
            "spec": {"arguments": options["parameters"]},
            "status": {},
        }
        if self.answers_lost:
            self.answers_lost -= 1
            return 504, None
        return 200, self.workflows[options["name"]]


def test_a_workflow_is_submitted_once(serve: Serve, order: MakeOrder) -> None:
    server = Server(answers_lost=1)
    argo = Argo(serve(server), "secret", "training")
    with pytest.raises(Unavailable):
        argo.start(order("train-eta", days=90, warm=True))
    first = argo.start(order("train-eta", days=90, warm=True))
    assert argo.start(order("train-eta", days=90, warm=True)) == first
    assert (first.state, first.handle) == (RunState.ASKED, f"training/{NAME}")
    assert first.url.endswith(f"/workflows/training/{NAME}")
    (workflow,) = server.workflows.values()
    assert workflow["spec"]["arguments"] == ["days=90", "warm=true"]


STATES = [
    ({"phase": "Pending"}, RunState.ASKED, "", ""),
    ({"phase": "Running", "progress": "1/3"}, RunState.RUNNING, "1 of 3 steps are through", ""),
    (
        {"phase": "Failed", "message": "child 'fit' failed"},
        RunState.FAILED,
        "child 'fit' failed",
        "",
    ),
    ({"phase": "Error", "message": "no quota"}, RunState.FAILED, "no quota", ""),
    (
        {
            "phase": "Succeeded",
            "outputs": {"parameters": [{"name": "model_version", "value": "8"}]},
        },
        RunState.DONE,
        "",
        "8",
    ),
]


@pytest.mark.parametrize(("status", "state", "detail", "version"), STATES)
def test_its_phases(
    status: dict[str, Any],
    state: RunState,
    detail: str,
    version: str,
    serve: Serve,
    order: MakeOrder,
) -> None:
    server = Server()
    argo = Argo(serve(server), "Bearer secret", "training")
    run = argo.start(order("train-eta"))
    server.workflows[NAME]["status"] = status
    seen = argo.look(run)
    assert (seen.state, seen.detail, seen.version) == (state, detail, version)


def test_one_that_was_stopped_is_cancelled_and_one_that_is_gone_is_lost(
    serve: Serve, order: MakeOrder
) -> None:
    server = Server()
    argo = Argo(serve(server), "secret", "training")
    run = argo.start(order("train-eta"))
    server.workflows[NAME] |= {"spec": {"shutdown": "Terminate"}, "status": {"phase": "Failed"}}
    assert argo.look(run).state is RunState.CANCELLED
    server.workflows.clear()
    assert argo.look(run).state is RunState.LOST


def test_refusals_and_systems_that_misbehave(
    serve: Serve, hanging: str, garbage: str, odd: str, failing: str, order: MakeOrder
) -> None:
    with pytest.raises(Unavailable, match="answers 401: token not valid"):
        Argo(serve(Server()), "guess", "training").start(order("train-eta"))
    with pytest.raises(Unavailable, match="workflowtemplates not found"):
        Argo(serve(Server()), "secret", "training").start(order("other"))
    said = {
        hanging: "did not answer in time",
        garbage: "no JSON",
        odd: "not what it documents",
        failing: "answers 500: the database is away",
    }
    for url, words in said.items():
        with pytest.raises(Unavailable, match=words):
            Argo(url, "secret", "training", timeout=0.1).start(order("train-eta"))
