"""Versions in a real MLflow as a training pipeline leaves them, and a server that says anything."""

import http.server
import json
import tempfile
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

Reply = Callable[[http.server.BaseHTTPRequestHandler], None]

SIGNATURE = {
    "inputs": json.dumps(
        [
            {"type": "double", "name": "distance", "required": True},
            {"type": "string", "name": "carrier", "required": False},
        ]
    ),
    "outputs": json.dumps([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]),
    "params": json.dumps([{"name": "floor", "type": "double", "default": 0.0, "shape": None}]),
}
MANIFEST = {
    "flavors": {
        "python_function": {"loader_module": "mlflow.sklearn"},
        "sklearn": {"pickled_model": "model.pkl", "sklearn_version": "1.9.1"},
    },
    "model_uuid": "m-1",
    "signature": SIGNATURE,
}
FILES: Mapping[str, bytes] = {
    # JSON is YAML.
    "MLmodel": json.dumps(MANIFEST).encode(),
    "model.pkl": b"weights" * 100,
    "data/vocabulary.txt": b"one\ntwo\n",
}


@dataclass(frozen=True)
class Made:
    """What a pipeline leaves of one version."""

    files: Mapping[str, bytes] = field(default_factory=lambda: dict(FILES))
    run_files: Mapping[str, bytes] = field(default_factory=dict)
    run_tags: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    trained_on: str = ""
    description: str = ""


class Registry:
    """One model in a real MLflow, and how to make versions of it."""

    def __init__(self, uri: str) -> None:
        from mlflow.tracking import MlflowClient

        self.uri = uri
        self.client = MlflowClient(uri, uri)
        self.name = f"eta-{uuid4().hex[:8]}"
        self.client.create_registered_model(self.name, description="Minutes in the air.")
        self.experiment = self.client.create_experiment(self.name)

    def make(self, made: Made) -> str:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        client = self.client
        run_id = client.create_run(self.experiment, tags=dict(made.run_tags)).info.run_id
        model_id = client.create_logged_model(self.experiment, name="model").model_id
        inputs = [
            DatasetInput(Dataset(name, digest, "local", "x"), [InputTag("mlflow.data.context", to)])
            for name, digest, to in (
                (made.trained_on, "t1", "training"),
                ("holdout", "d1", "evaluation"),
            )
            if name
        ]
        client.log_inputs(run_id, inputs)
        for key, value in made.metrics.items():
            client.log_metric(
                run_id,
                key,
                value,
                model_id=model_id,
                dataset_name="holdout",
                dataset_digest="d1",
            )
        with written(made.files) as folder:
            client.log_model_artifacts(model_id, str(folder))
        with written(made.run_files) as folder:
            client.log_artifacts(run_id, str(folder))
        version = client.create_model_version(
            self.name,
            f"models:/{model_id}",
            run_id=run_id,
            model_id=model_id,
            tags=dict(made.tags),
            description=made.description or None,
            await_creation_for=0,
        )
        return str(version.version)


@contextmanager
def written(files: Mapping[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        for path, content in files.items():
            Path(name, path).parent.mkdir(parents=True, exist_ok=True)
            Path(name, path).write_bytes(content)
        yield Path(name)


@pytest.fixture(scope="module")
def patient() -> Iterator[None]:
    """As `mlflow_settings`, for fixtures that live as long as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        patch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        yield


@contextmanager
def answering(reply: Reply) -> Iterator[str]:
    """A server that answers every request in one way."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply(self)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

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


def send(status: int, body: bytes) -> Reply:
    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def pass_on(
    uri: str,
    handler: http.server.BaseHTTPRequestHandler,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """To the server at `uri`, as a proxy before an MLflow does; `meanwhile` happens once the server
    has answered and before who asked hears of it."""
    answer = httpx.request(
        handler.command,
        f"{uri}{handler.path}",
        headers={"Content-Type": handler.headers.get("Content-Type") or "text/plain"},
        content=getattr(handler, "body", b""),
        timeout=60,
    )
    meanwhile()
    send(answer.status_code, answer.content)(handler)


def guarded(uri: str, user: str, password: str) -> Reply:
    """To the server at `uri` for who has these credentials."""
    wanted = "Basic " + b64encode(f"{user}:{password}".encode()).decode()

    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization") == wanted:
            pass_on(uri, handler)
        else:
            send(401, b"You are not authenticated.")(handler)

    return reply
