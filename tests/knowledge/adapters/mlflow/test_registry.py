"""What only a real MLflow can show: where its metrics are, servers that are gone, hang or answer
nonsense, and one that goes away at the move.
"""

import http.server
import socket
import time
from functools import partial

import pytest
from servers import Line, free_port

from knowledge.adapters.mlflow import MlflowModels
from knowledge.errors import Overtaken, Unavailable
from tests.knowledge.adapters.mlflow.conftest import FILES, answering, pass_on, send, written
from tests.knowledge.adapters.registries import in_mlflow


@pytest.mark.mlflow
def test_each_data_set_is_an_evaluation_and_the_latest_comes_first(
    mlflow_uri: str, mlflow_settings: None
) -> None:
    from mlflow.tracking import MlflowClient

    filled = in_mlflow(mlflow_uri)
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

    filled = in_mlflow(mlflow_uri)
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
    with written(FILES) as folder:
        client.log_artifacts(run_id, str(folder), "model")
    details = filled.models.details(filled.name, "1")
    assert details.problems == ()
    assert details.size_bytes == sum(map(len, FILES.values()))


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
    with answering(send(status, body)) as uri:
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


# Gone at the move ----------------------------------------------------------------------------


@pytest.mark.mlflow
def test_a_server_lost_at_the_move_is_said_and_asking_again_repairs_it(
    mlflow_uri: str, mlflow_settings: None
) -> None:
    filled = in_mlflow(mlflow_uri)
    for rmse in (2.0, 1.0):
        filled.add(rmse=rmse)
    line = Line(mlflow_uri)
    models = MlflowModels(line.url, timeout=30)
    models.set_champion(filled.name, "1")
    line.cut()
    with pytest.raises(Unavailable, match="cannot be reached"):
        models.set_champion(filled.name, "2", expected="1")
    assert filled.models.champions()[filled.name] == "1"
    line.mend()
    try:
        assert models.set_champion(filled.name, "2", expected="1").aliases == ("champion",)
    finally:
        line.cut()


@pytest.mark.mlflow
def test_who_moves_it_at_the_same_moment_is_not_passed_over(
    mlflow_uri: str, mlflow_settings: None
) -> None:
    """MLflow keeps the last of two: read back, it is not what was set."""
    filled = in_mlflow(mlflow_uri)
    for rmse in (3.0, 2.0, 1.0):
        filled.add(rmse=rmse)
    filled.models.set_champion(filled.name, "1")

    def overtaken(handler: http.server.BaseHTTPRequestHandler) -> None:
        moves = handler.command == "POST" and b'"champion"' in getattr(handler, "body", b"")
        other = partial(filled.models.set_champion, filled.name, "3")
        pass_on(mlflow_uri, handler, other if moves else lambda: None)

    with answering(overtaken) as uri:
        with pytest.raises(Unavailable, match=r"reads back as v3 and not as v2 \(it was v1\)"):
            MlflowModels(uri, timeout=30).set_champion(filled.name, "2", expected="1")
        with pytest.raises(Overtaken) as error:
            MlflowModels(uri, timeout=30).set_champion(filled.name, "2", expected="1")
    assert error.value.found == "3"
