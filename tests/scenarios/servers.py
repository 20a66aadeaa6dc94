"""Real servers for tests, each ended for sure: Prometheus with its Alertmanager, a wire that can be
cut, versions in an MLflow registry, the bot as a process of its own, and a language model's
endpoint that says what it is told to.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest
import uvicorn

Server = TypeVar("Server", bound=ThreadingHTTPServer)

START_S = 300
"""How long a program may take to start on a busy machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def need(*programs: str) -> None:
    """Skip the test, and say what to install, where one of these programs is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (apt-get install {program})")


def wait_until(done: Callable[[], bool], what: str, seconds: float = START_S) -> None:
    """Raises AssertionError with `what` that never was."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"after {seconds:g} s: {what}"
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        # Reading the certificates, ten times a second, would slow what is waited for.
        return httpx.get(url, timeout=2, verify=False).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def program(name: str, command: list[str], folder: Path, ready: str) -> Iterator[None]:
    """A server around a block, once its address `ready` answers; its log is in the folder."""
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    try:
        wait_until(
            lambda: process.poll() is not None or answers(ready),
            f"{name} does not answer:\n{log.read_text(errors='replace')[-2000:]}",
        )
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        yield
    finally:
        process.terminate()
        process.wait(20)


# Prometheus and Alertmanager -----------------------------------------------------------------

RULES = """\
groups:
- name: test
  rules:
  - alert: CheckoutErrors
    expr: checkout_error_ratio > 0.05
    for: 1s
    labels: {severity: critical}
    annotations:
      summary: "More than 5% of requests to {{ $labels.service }} fail"
  - alert: CheckoutBudgetBurns
    expr: checkout_error_ratio > 0.2
    for: 1s
    labels: {severity: page}
    annotations:
      summary: "The error budget of {{ $labels.service }} burns"
"""

_PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
- job_name: tested
  static_configs: [{{targets: ["{exporter}"]}}]
alerting:
  alertmanagers:
  - static_configs: [{{targets: ["{alertmanager}"]}}]
"""

_ALERTMANAGER = """\
route: {{receiver: tandem, group_by: [service], group_wait: 0s, group_interval: 1s}}
receivers:
- name: tandem
  webhook_configs:
  - url: {webhook}
    send_resolved: true
    http_config: {{authorization: {{credentials: {token}}}}}
"""


class Exporter(ThreadingHTTPServer):
    """Shows `metrics` in the text format that Prometheus scrapes: name and labels to value."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Exposition)
        self.metrics: dict[str, float] = {}

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Exposition(BaseHTTPRequestHandler):
    server: Exporter

    def do_GET(self) -> None:
        text = "".join(f"{name} {value}\n" for name, value in list(self.server.metrics.items()))
        _send(self, 200, text.encode(), "text/plain; version=0.0.4")

    def log_message(self, *args: object) -> None:
        """Quiet."""


@dataclass
class Monitoring:
    """A running Prometheus and Alertmanager that watch `metrics`."""

    url: str
    metrics: dict[str, float]


@contextmanager
def monitoring(folder: Path, webhook: str, token: str) -> Iterator[Monitoring]:
    """Debian's Prometheus and Alertmanager around a block; RULES fire to `webhook`."""
    need("prometheus", "prometheus-alertmanager")
    prometheus, alertmanager = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with serving(Exporter()) as exporter:
        files = {
            "rules.yml": RULES,
            "prometheus.yml": _PROMETHEUS.format(
                exporter=exporter.address, alertmanager=alertmanager
            ),
            "alertmanager.yml": _ALERTMANAGER.format(webhook=webhook, token=token),
        }
        for name, text in files.items():
            (folder / name).write_text(text)
        alerts = [
            "prometheus-alertmanager",
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alerts'}",
            f"--web.listen-address={alertmanager}",
            "--cluster.listen-address=",
        ]
        scrapes = [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'series'}",
            f"--web.listen-address={prometheus}",
        ]
        with (
            program("alertmanager", alerts, folder, f"http://{alertmanager}/-/ready"),
            program("prometheus", scrapes, folder, f"http://{prometheus}/-/ready"),
        ):
            yield Monitoring(f"http://{prometheus}", exporter.metrics)


# MLflow --------------------------------------------------------------------------------------


def log_version(
    client: Any, experiment: str, name: str, digest: str, metrics: Mapping[str, float]
) -> str:
    """Register the next version, its metrics measured on the data of this digest; its number."""
    run_id = client.create_run(experiment).info.run_id
    model_id = client.create_logged_model(experiment, name="model").model_id
    data = {"dataset_name": "holdout", "dataset_digest": digest} if digest else {}
    for key, value in metrics.items():
        client.log_metric(run_id, key, value, model_id=model_id, **data)
    made = client.create_model_version(
        name, f"models:/{model_id}", run_id=run_id, model_id=model_id, await_creation_for=0
    )
    return str(made.version)


def register_model(uri: str, *rmse: float) -> str:
    """A fresh model with one version for each RMSE, v1 the champion; its name."""
    from mlflow.tracking import MlflowClient

    name = f"eta-{uuid4().hex[:8]}"
    client = MlflowClient(uri, uri)
    client.create_registered_model(name)
    experiment = client.create_experiment(name)
    for value in rmse:
        log_version(client, experiment, name, "d1", {"rmse": value})
    client.set_registered_model_alias(name, "champion", "1")
    return name


class Line:
    """A wire to a server that can be cut: then it takes no connection and holds none. Mended, it is
    there again at the same address."""

    def __init__(self, to: str) -> None:
        self._to = int(to.rpartition(":")[2])
        self.port = 0
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        self._up = True
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def cut(self) -> None:
        self._up = False
        self._thread.join()

    def _serve(self) -> None:
        while self._up:
            others = [s for pair in self._pairs for s in pair]
            for ready in select.select([self._listener, *others], [], [], 0.02)[0]:
                if ready is self._listener:
                    near = self._listener.accept()[0]
                    self._pairs.append((near, socket.create_connection(("127.0.0.1", self._to))))
                else:
                    self._pass_on(ready)
        for s in (self._listener, *(s for pair in self._pairs for s in pair)):
            s.close()

    def _pass_on(self, ready: socket.socket) -> None:
        pair = next((p for p in self._pairs if ready in p), None)
        if pair is None:
            return
        try:
            data = ready.recv(65536)
            pair[1 if ready is pair[0] else 0].sendall(data)
        except OSError:
            data = b""
        if not data:
            self._pairs.remove(pair)
            for s in pair:
                s.close()


# The bot as a process ------------------------------------------------------------------------


@dataclass
class BotProcess:
    """`tandem run` in a process of its own, started and ended as often as wanted."""

    env: Mapping[str, str]
    folder: Path
    """Its home, working folder and log."""
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it takes requests."""
        with (self.folder / "bot.log").open("ab") as log:
            self._process = process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                env={**clean_environment(self.folder), **self.env},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        wait_until(
            lambda: process.poll() is not None or answers(f"{self.url}/readyz"),
            "the bot does not answer",
        )
        assert process.poll() is None, self.log[-3000:]

    def end(self, how: signal.Signals) -> int:
        """Returns its exit code; minus the signal's number when that ended it."""
        self.tell(how)
        return self.left()

    def tell(self, which: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(which)

    def left(self) -> int:
        """Its exit code, once it has left by itself."""
        assert self._process is not None
        code = self._process.wait(30)
        self._process = None
        return code

    def close(self) -> None:
        if self._process is not None:
            self.end(signal.SIGKILL)

    @property
    def log(self) -> str:
        return (self.folder / "bot.log").read_text(errors="replace")


def clean_environment(home: Path) -> dict[str, str]:
    """The environment without settings of ours, with another home; our packages are found in it."""
    ours = ("SLACK_", "TANDEM_", "OPENAI_", "DATABASE_URL", "PROMETHEUS_URL", "MLFLOW_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    root = str(Path(__file__).parents[2])
    return {**kept, "HOME": str(home), "PYTHONPATH": root, "HF_HUB_OFFLINE": "1"}


# A language model's endpoint -----------------------------------------------------------------

Chat = dict[str, Any]
Answer = Callable[[Chat], Chat | None]
"""From a request's body to the answer's `message`; None for an answer that never comes."""


def silent(_: Chat) -> None:
    """The endpoint takes the request and never answers."""


class ChatServer(ThreadingHTTPServer):
    """Speaks /v1/chat/completions with tool calls; `answer` says what, `asked` is what came."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Chat)
        self.answer: Answer = silent
        self.asked: list[Chat] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Chat(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        message = self.server.answer(body)
        if message is None:
            self.server.over.wait()
            return
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "small"}
        _send(self, 200, json.dumps({**answer, "choices": [choice]}).encode(), "application/json")

    def log_message(self, *args: object) -> None:
        """Quiet."""


def tool_call(name: str, **arguments: Any) -> Answer:
    """Whatever is asked, call this tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": "c", "type": "function", "function": function}
    return lambda _: {"content": None, "tool_calls": [call]}


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


# Small servers of ours -----------------------------------------------------------------------


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """It answers, on a thread of its own, inside the block."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def asgi(app: Any) -> Iterator[str]:
    """An ASGI application at an address of its own inside the block."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the application is not served")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
