"""Child processes of the demo, each ended for sure: on Ctrl-C, on failure, when we are killed."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import httpx
import uvicorn
from starlette.types import ASGIApp

from knowledge.errors import UserError

_PR_SET_PDEATHSIG = 1


@dataclass
class Children:
    """All that was started; `stop()` ends them in the reverse order."""

    logs: Path
    grace_s: float = 5
    """Between SIGTERM and SIGKILL."""
    _running: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start one, its output going to a file of its name. Raises UserError when it cannot."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("wb") as log:
            try:
                process = subprocess.Popen(  # noqa: S603 our own commands
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **env},
                    # A session of its own: the terminal's Ctrl-C reaches only us, who then end it.
                    start_new_session=True,
                    preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                )
            except OSError as error:
                raise UserError(f"{name} did not start: {error}") from error
        self._running.append((name, process))

    def check(self) -> None:
        """Raises UserError with the last words of one that ended by itself."""
        for name, process in self._running:
            code = process.poll()
            if code is not None:
                words = _last_words(self.logs / f"{name}.log")
                raise UserError(f"{name} ended with code {code}.\n{words}")

    def wait_for(self, url: str, seconds: float, tell: Callable[[float], None]) -> None:
        """Until the address answers without an error; `tell` gets the share of time gone.

        Raises UserError after `seconds`, or when a child ended.
        """
        began = time.monotonic()
        trusted = httpx.create_ssl_context()
        while (gone := time.monotonic() - began) < seconds:
            self.check()
            try:
                if httpx.get(url, timeout=2, verify=trusted).status_code < 400:
                    return
            except httpx.HTTPError:
                pass
            tell(gone / seconds)
            time.sleep(0.25)
        raise UserError(f"{url} did not answer within {seconds:g} s; see {self.logs}")

    def stop(self) -> None:
        """SIGTERM to each and what it started, SIGKILL to what is left after the grace."""
        for _, process in reversed(self._running):
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + self.grace_s
        for _, process in reversed(self._running):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            _signal(process, signal.SIGKILL)
            process.wait()
        self._running.clear()


class Served:
    """A small ASGI app on loopback in a thread of ours."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
        )
        self._thread = Thread(target=self._server.run, name=f"http-{port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(5)


def free_port(wanted: int = 0) -> int:
    """The wanted port if it is free, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    raise UserError("no free port on 127.0.0.1")


def _die_with_parent() -> None:
    """The kernel ends the child when we die without a chance to."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal(process: subprocess.Popen[bytes], what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, what)


def _last_words(log: Path) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-12:])
