"""Against a double of the Kubeflow Pipelines API server, v2beta1."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from knowledge.adapters.trainers.kubeflow import Kubeflow
from knowledge.adapters.trainers.system import Order
from knowledge.errors import Unavailable
from knowledge.records import RunState

Serve = Callable[[Any], str]
MakeOrder = Callable[..., Order]
PIPELINE = "5b0a3d8e-0c52-4f0e-9f58-0d4c1a3f6a11"


@dataclass
class ApiServer:
    """One pipeline, train-ranking."""

    runs: list[dict[str, Any]] = field(default_factory=list)
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
            return 401, {"error": "Unauthenticated", "code": 16, "message": "Unauthenticated"}
        match [method, *path.removeprefix("/apis/v2beta1/").split("/")]:
            case ["GET", "pipelines", "names", "train-ranking"]:
                return 200, {"pipeline_id": PIPELINE, "display_name": "train-ranking"}
            case ["GET", "runs"]:
                return 200, self._filtered(query)
            case ["POST", "runs"]:
                return self._create(body)
            case ["GET", "runs", found]:
                there = [r for r in self.runs if r["run_id"] == found]
                return (200, there[0]) if there else (404, {"code": 5, "message": "not found"})
        return 404, {"code": 5, "message": "Failed to get pipeline by name"}

    def _filtered(self, query: Mapping[str, str]) -> dict[str, Any]:
        (predicate,) = json.loads(query["filter"])["predicates"]
        assert (predicate["key"], predicate["operation"]) == ("display_name", "EQUALS")
        wanted = predicate["string_value"]
        found = [r for r in self.runs if r["display_name"] == wanted]
        # As the real one: no field where there is nothing.
        return {"runs": found, "total_size": len(found)} if found else {}

    def _create(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["pipeline_version_reference"]["pipeline_id"] != PIPELINE:
            return 400, {"code": 3, "message": "Invalid input error: pipeline not found"}
        self.runs.append({**body, "run_id": f"run-{len(self.runs) + 1}", "state": "PENDING"})
        if self.answers_lost:
            self.answers_lost -= 1
            return 502, None
        return 200, self.runs[-1]


def test_a_run_is_created_once(serve: Serve, order: MakeOrder) -> None:
    server = ApiServer(answers_lost=1)
    kubeflow = Kubeflow(serve(server), "secret")
    with pytest.raises(Unavailable):
        kubeflow.start(order("train-ranking", days=90))
    first = kubeflow.start(order("train-ranking", days=90))
    assert kubeflow.start(order(PIPELINE, days=90)) == first
    assert (first.state, first.handle) == (RunState.ASKED, "run-1")
    assert first.url.endswith("/#/runs/details/run-1")
    (run,) = server.runs
    assert run["runtime_config"] == {"parameters": {"days": 90}}
    assert run["description"] == "eta-model: drift (ada)"


FAILED = {
    "state": "FAILED",
    "error": {"code": 13, "message": "out of memory"},
    "run_details": {
        "task_details": [
            {"display_name": "load", "state": "SUCCEEDED"},
            {"display_name": "fit", "state": "FAILED"},
        ]
    },
}
STATES = [
    ({"state": "RUNNING"}, RunState.RUNNING, ""),
    ({"state": "PAUSED"}, RunState.RUNNING, "paused"),
    ({"state": "SUCCEEDED"}, RunState.DONE, ""),
    ({"state": "CANCELED"}, RunState.CANCELLED, ""),
    (FAILED, RunState.FAILED, "failed in fit: out of memory"),
]


@pytest.mark.parametrize(("told", "state", "detail"), STATES)
def test_its_states(
    told: dict[str, Any], state: RunState, detail: str, serve: Serve, order: MakeOrder
) -> None:
    server = ApiServer()
    kubeflow = Kubeflow(serve(server), "secret")
    run = kubeflow.start(order("train-ranking"))
    server.runs[0] |= told
    seen = kubeflow.look(run)
    assert (seen.state, seen.detail) == (state, detail)
    server.runs.clear()
    assert kubeflow.look(run).state is RunState.LOST


def test_refusals_and_systems_that_misbehave(
    serve: Serve, hanging: str, garbage: str, odd: str, failing: str, order: MakeOrder
) -> None:
    with pytest.raises(Unavailable, match="answers 401: Unauthenticated"):
        Kubeflow(serve(ApiServer())).start(order("train-ranking"))
    with pytest.raises(Unavailable, match="Failed to get pipeline by name"):
        Kubeflow(serve(ApiServer()), "secret").start(order("other"))
    said = {
        hanging: "did not answer in time",
        garbage: "no JSON",
        odd: "not what it documents",
        failing: "answers 500: the database is away",
    }
    for url, words in said.items():
        with pytest.raises(Unavailable, match=words):
            Kubeflow(url, "secret", timeout=0.1).start(order(PIPELINE))
