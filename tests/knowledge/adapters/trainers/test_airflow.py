"""Against a double of Airflow's REST API, v2 (Airflow 3) and v1 (Airflow 2)."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from knowledge.adapters.trainers.airflow import Airflow
from knowledge.adapters.trainers.system import Order
from knowledge.errors import Unavailable
from knowledge.records import RunState

Serve = Callable[[Any], str]
MakeOrder = Callable[..., Order]
NAME = "tandem-" + "0c9f" * 8


@dataclass
class Webserver:
    """One DAG, train_eta. Its runs are by id."""

    api: str = "v2"
    paused: bool = False
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: list[dict[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=lambda: ["made-elsewhere"])
    answers_lost: int = 0
    """Runs that are started while the answer does not arrive."""

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any]:
        if path == "/auth/token" and self.api == "v2":
            if body != {"username": "tandem", "password": "secret"}:
                return 401, {"detail": "Invalid credentials"}
            self.tokens.append(f"token-{len(self.tokens)}")
            return 201, {"access_token": self.tokens[-1]}
        if not self._known(headers.get("authorization", "")):
            return 401, {"detail": "Invalid JWT token"}
        prefix = f"/api/{self.api}/dags/"
        parts = path.removeprefix(prefix).split("/")
        if not path.startswith(prefix) or parts[0] != "train_eta":
            return 404, {"detail": "The Dag with ID: `train` was not found"}
        match [method, *parts[1:]]:
            case ["GET"]:
                return 200, {"dag_id": "train_eta", "is_paused": self.paused}
            case ["POST", "dagRuns"]:
                return self._trigger(body)
            case ["GET", "dagRuns", name] if name in self.runs:
                return 200, self.runs[name]
            case ["GET", "dagRuns", name, "taskInstances"] if name in self.runs:
                found = [t for t in self.tasks if t["state"] == query["state"]]
                return 200, {"task_instances": found, "total_entries": len(found)}
        return 404, {"detail": "The DagRun was not found"}

    def _known(self, authorization: str) -> bool:
        if self.api == "v1":
            return authorization == "Basic " + b64encode(b"tandem:secret").decode()
        return authorization == f"Bearer {self.tokens[-1]}"

    def _trigger(self, body: dict[str, Any]) -> tuple[int, Any]:
        allowed = {"dag_run_id", "conf", "logical_date", "note"}
        if self.api == "v2" and ("logical_date" not in body or not set(body) <= allowed):
            return 422, {"detail": [{"loc": ["body", "logical_date"], "msg": "Field required"}]}
        if self.api == "v1" and "logical_date" in body:
            return 400, {"title": "Bad Request", "detail": "{'logical_date': ['invalid']}"}
        if body["dag_run_id"] in self.runs:
            return 409, {"detail": "The DagRun already exists"}
        self.runs[body["dag_run_id"]] = {**body, "state": "queued"}
        if self.answers_lost:
            self.answers_lost -= 1
            return 502, None
        return 200, self.runs[body["dag_run_id"]]


def v2(serve: Serve, webserver: Webserver) -> Airflow:
    return Airflow(serve(webserver), token="made-elsewhere")


def test_a_run_is_started_once_however_often_it_is_asked(serve: Serve, order: MakeOrder) -> None:
    webserver = Webserver(answers_lost=1)
    airflow = v2(serve, webserver)
    with pytest.raises(Unavailable) as raised:
        airflow.start(order("train_eta", days=90, warm=True))
    assert raised.value.retry
    first = airflow.start(order("train_eta", days=90, warm=True))
    assert airflow.start(order("train_eta", days=90, warm=True)) == first
    (run,) = webserver.runs.values()
    assert run["conf"] == {"days": 90, "warm": True}
    assert run["note"] == "ada: drift"
    assert (first.state, first.system, first.handle) == (
        RunState.ASKED,
        "airflow",
        f"train_eta/{NAME}",
    )
    assert first.url.endswith(f"/dags/train_eta/runs/{NAME}")


def test_it_is_followed_to_its_end(serve: Serve, order: MakeOrder) -> None:
    webserver = Webserver()
    airflow = v2(serve, webserver)
    run = airflow.start(order("train_eta"))
    webserver.runs[NAME]["state"] = "running"
    webserver.tasks = [
        {"task_id": "load", "state": "success"},
        {"task_id": "fit", "state": "running"},
    ]
    run = airflow.look(run)
    assert (run.state, run.detail) == (RunState.RUNNING, "in fit")
    webserver.runs[NAME]["state"] = "failed"
    webserver.tasks = [{"task_id": "fit", "state": "failed"}]
    assert airflow.look(run).detail == "failed in fit"
    webserver.runs[NAME]["state"] = "success"
    done = airflow.look(run)
    assert (done.state, done.detail) == (RunState.DONE, "")
    webserver.runs.clear()
    assert airflow.look(run).state is RunState.LOST


def test_a_password_is_changed_for_tokens_that_end(serve: Serve, order: MakeOrder) -> None:
    webserver = Webserver()
    airflow = Airflow(serve(webserver), user="tandem", password="secret")
    run = airflow.start(order("train_eta"))
    webserver.tokens.append("the one before has ended")
    assert airflow.look(run).state is RunState.ASKED
    assert len(webserver.tokens) == 4
    with pytest.raises(Unavailable, match="answers 401: Invalid credentials"):
        Airflow(serve(Webserver()), user="tandem", password="guess").start(order("train_eta"))


def test_airflow_2(serve: Serve, order: MakeOrder) -> None:
    webserver = Webserver(api="v1")
    airflow = Airflow(serve(webserver), api="v1", user="tandem", password="secret")
    run = airflow.start(order("train_eta", days=90))
    assert airflow.start(order("train_eta", days=90)) == run
    assert run.url.endswith(f"/dags/train_eta/grid?dag_run_id={NAME}")
    assert webserver.runs[NAME]["conf"] == {"days": 90}


def test_what_cannot_start_says_why(serve: Serve, order: MakeOrder) -> None:
    with pytest.raises(Unavailable, match="train_eta is paused") as raised:
        v2(serve, Webserver(paused=True)).start(order("train_eta"))
    assert not raised.value.retry
    with pytest.raises(Unavailable, match="answers 404: The Dag"):
        v2(serve, Webserver()).start(order("other"))
    with pytest.raises(Unavailable, match="answers 401: Invalid JWT"):
        Airflow(serve(Webserver()), token="guess").start(order("train_eta"))


def test_systems_that_misbehave(
    hanging: str, garbage: str, odd: str, failing: str, order: MakeOrder
) -> None:
    said = {
        hanging: "did not answer in time",
        garbage: "no JSON",
        odd: "not what it documents",
        failing: "answers 500: the database is away",
    }
    for url, words in said.items():
        with pytest.raises(Unavailable, match=words):
            Airflow(url, token="t", timeout=0.1).start(order("train_eta"))
