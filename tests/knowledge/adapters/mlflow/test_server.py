"""A server that answers what it should not, and one that wants credentials."""

import copy
import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.adapters.mlflow import MlflowModels, MlflowPrompts
from knowledge.errors import TandemError, Unavailable
from knowledge.ports import Models
from tests.knowledge.adapters.mlflow.conftest import (
    Made,
    Registry,
    answering,
    guarded,
    send,
)

RIGHT: dict[str, Any] = {
    "registered_model": {"name": "eta", "aliases": [{"alias": "champion", "version": "1"}]},
    "registered_models": [
        {
            "name": "eta",
            "aliases": [{"alias": "champion", "version": "1"}],
            "tags": [
                {"key": "mlflow.prompt.is_prompt", "value": "true"},
                {"key": "_mlflow_experiment_ids", "value": ",1,"},
            ],
        }
    ],
    "model_version": {
        "name": "eta",
        "version": "1",
        "creation_timestamp": 1,
        "source": "models:/m-1",
        "run_id": "r1",
    },
    "model_versions": [
        {
            "name": "eta",
            "version": "1",
            "creation_timestamp": 1,
            "tags": [
                {"key": "mlflow.prompt.is_prompt", "value": "true"},
                {"key": "mlflow.prompt.text", "value": "Say hello."},
            ],
        }
    ],
    "model": {
        "info": {"model_id": "m-1", "artifact_uri": "mlflow-artifacts:/1/models/m-1"},
        "data": {"metrics": [{"key": "rmse", "value": 1.5, "timestamp": 1, "run_id": "r1"}]},
    },
    "run": {
        "info": {"run_id": "r1", "artifact_uri": "mlflow-artifacts:/1/r1", "status": "FINISHED"},
        "data": {"metrics": [{"key": "rmse", "value": 1.5, "timestamp": 1}]},
    },
    "runs": [
        {
            "info": {"run_id": "r1", "artifact_uri": "mlflow-artifacts:/1/r1"},
            "data": {
                "metrics": [{"key": "rmse", "value": 1.5, "timestamp": 1}],
                "tags": [
                    {"key": "mlflow.linkedPrompts", "value": '[{"name": "eta", "version": "1"}]'}
                ],
            },
        }
    ],
    "files": [{"path": "MLmodel", "is_dir": False, "file_size": "9"}],
}
"""One answer that has what each question needs."""

ODD = st.sampled_from(
    [None, True, -1, 2**63, 1e308, math.nan, "one", "", "../x", "models:/m-1", [], [1], {}]
)


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """RIGHT with something odd in one place, a field less, or all of it something else."""
    answer = copy.deepcopy(RIGHT)
    node: Any = {"all": answer}
    top = node
    while True:
        place = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        inner = node[place]
        if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 3)) == 0:
            break
        node = inner
    if isinstance(node, dict) and node is not top and draw(st.booleans()):
        del node[place]
    else:
        node[place] = draw(ODD)
    return top["all"]


def questions(models: Models) -> list[Callable[[], object]]:
    return [
        models.names,
        models.champions,
        lambda: models.champion("eta"),
        lambda: models.versions("eta"),
        lambda: models.version("eta", "1"),
        lambda: models.details("eta", "1"),
        lambda: models.predictions("eta", "1"),
        lambda: models.set_champion("eta", "1"),
    ]


def ask_everything(uri: str) -> None:
    """Anything but our own errors is raised on."""
    for models in (MlflowModels(uri, timeout=5), MlflowPrompts(uri, timeout=5)):
        for question in questions(models):
            with suppress(TandemError):
                question()


@pytest.fixture
def once(mlflow_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client would wait between two tries."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")


def test_no_answer_is_so_odd_that_another_error_comes_of_it(once: None) -> None:
    body = b""

    with answering(lambda handler: send(200, body)(handler)) as uri:

        @settings(max_examples=15, deadline=None)
        @given(answer=damaged())
        def ask(answer: Any) -> None:
            nonlocal body
            body = json.dumps(answer).encode()
            ask_everything(uri)

        ask()


def test_the_answer_that_is_damaged_is_right_as_it_stands(once: None) -> None:
    with answering(send(200, json.dumps(RIGHT).encode())) as uri:
        assert MlflowModels(uri).version("eta", "1").metrics == {"rmse": 1.5}
        assert MlflowPrompts(uri).version("eta", "1").metrics == {"rmse": 1.5}


@pytest.mark.mlflow
def test_a_server_that_wants_credentials(
    mlflow_uri: str, patient: None, once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(mlflow_uri)
    version = registry.make(Made())
    with answering(guarded(mlflow_uri, "tandem", "right")) as uri:
        models = MlflowModels(uri, timeout=60)
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "tandem")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
        for question in questions(models):
            with pytest.raises(Unavailable, match="refused Tandem's credentials") as error:
                question()
            assert not error.value.retry
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "right")
        models.set_champion(registry.name, version)
        assert models.details(registry.name, version).problems == ()
    assert MlflowModels(mlflow_uri).champions()[registry.name] == version
