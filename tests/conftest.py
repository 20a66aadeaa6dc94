"""For all tests: no downloads, no sockets beyond loopback, no settings from this machine."""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["tests.databases", "tests.scheduling"]

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "Agg"
for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "SLACK_BOT_TOKEN"):
    os.environ.pop(name, None)

SKIP_NOTHING = "TANDEM_TESTS_SKIP_NOTHING"
"""Set where everything is installed: a skipped test fails there, so that none is lost unseen."""
MLFLOW_START_S = 600
"""A busy machine may take long to start MLflow."""

_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: Any) -> None:
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test reached for {address}")
    _connect(self, address)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _loopback_only)


# Skipping ------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(SKIP_NOTHING):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole module that is skipped while it is read."""
    report = yield
    if report.skipped and os.environ.get(SKIP_NOTHING):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> str:
    """pytest gives (file, line, "Skipped: why")."""
    words = longrepr[2] if isinstance(longrepr, tuple) else longrepr
    return str(words).removeprefix("Skipped: ")


# A real MLflow server ------------------------------------------------------------------------


class MlflowServer:
    """An MLflow server on a port of its own, with SQLite in a folder; it may be killed at any
    moment and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        # A Fernet key, kept over restarts: the secrets of webhooks are stored under it.
        self._webhook_key = base64.urlsafe_b64encode(os.urandom(32)).decode()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        folder, port = self._folder, str(self.port)
        command = [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port),
            *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"),
            *("--artifacts-destination", str(folder / "artifacts")),
        ]
        log = folder / "server.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                stdout=out,
                stderr=out,
                env=self._environment(),
                # Its own group: the server starts workers, and they must end with it.
                start_new_session=True,
            )
        _wait_until_healthy(self.uri, self._process, log)

    def _environment(self) -> dict[str, str]:
        """Its webhooks may go to a test on this machine, as soon as they are registered."""
        return {
            **os.environ,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # Its runner of background jobs is seven processes more, and nothing here uses them.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http",
            "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
            "MLFLOW_WEBHOOK_CACHE_TTL": "0",
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": self._webhook_key,
        }

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """One server for the whole session; a test that kills it starts it again."""
    pytest.importorskip("mlflow.server", reason="needs the full mlflow, from the extra `demo`")
    server = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def mlflow_uri(mlflow_server: MlflowServer) -> str:
    return mlflow_server.uri


def _wait_until_healthy(uri: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + MLFLOW_START_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{uri}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"MLflow did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def mlflow_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client reads its time-outs from the environment; leave it as it was."""
    # A second try of what a busy server was only slow to answer would create things twice.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
