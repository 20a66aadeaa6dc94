"""One program, run to its end and no longer: own group, clean environment, bounded output.

What it starts ends with it. Its process group is told to terminate and, soon after, killed; what
left the group (a daemon of its own session) is found by a mark in its environment, where the system
has /proc, and killed too.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from knowledge.errors import Unavailable
from knowledge.ports.remediation import Ended, Outcome, Place

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MARK = "TANDEM_STEP"
TERM_GRACE_S = 3.0
"""Between being asked to end and being killed."""
POLL_S = 0.05
_CHUNK = 65_536
_PROC = Path("/proc")


class Tail:
    """The beginning and the end of what a program writes, within a limit of bytes."""

    def __init__(self, most: int) -> None:
        self._half = max(1, most // 2)
        self._head = bytearray()
        self._tail = bytearray()
        self._lost = 0
        self._lock = threading.Lock()

    def add(self, chunk: bytes) -> None:
        with self._lock:
            room = self._half - len(self._head)
            self._head += chunk[:room] if room > 0 else b""
            self._tail += chunk[max(room, 0) :]
            over = len(self._tail) - self._half
            if over > 0:
                self._lost += over
                del self._tail[:over]

    def text(self) -> str:
        with self._lock:
            head, tail = bytes(self._head), bytes(self._tail)
            lost = self._lost
        middle = f"\n[... {lost:,} bytes are left out ...]\n".encode() if lost else b""
        return (head + middle + tail).decode("utf-8", "replace")


def run_process(
    argv: Sequence[str],
    place: Place,
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    most_output: int = 256 * 1024,
) -> Outcome:
    """Run a program by its argument list; no shell is involved. `env` joins a minimal environment
    in which nothing of our own is. Raises Unavailable when it cannot be started."""
    mark = uuid4().hex
    try:
        process = subprocess.Popen(  # noqa: S603 - an allow list decided; no shell reads it
            argv,
            cwd=folder or place.folder,
            env=clean_environment(place.folder, {**(env or {}), MARK: mark}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(argv[0], error.strerror or "it cannot be started", retry=False) from error
    tail = Tail(most_output)
    reader = threading.Thread(target=_read, args=(process, tail), daemon=True)
    reader.start()
    ended = _wait(process, place)
    _end_group(process, gently=ended is not None)
    _end_marked(mark)
    code = process.wait()
    reader.join(TERM_GRACE_S)
    if process.stdout is not None and not reader.is_alive():
        process.stdout.close()
    if ended is None:
        ended = Ended.DONE if code == 0 else Ended.FAILED
    return Outcome(ended, tail.text(), code)


def clean_environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """What a step sees: nothing of the bot's own environment but the language and what is named."""
    plain = {"PATH": PATH, "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}
    return {**plain, "LC_ALL": "C.UTF-8", **more}


def _read(process: subprocess.Popen[bytes], tail: Tail) -> None:
    stream = process.stdout
    assert stream is not None, "it was opened with a pipe"
    with suppress(ValueError):  # It was closed under us: whoever holds it outlived the step.
        while chunk := os.read(stream.fileno(), _CHUNK):
            tail.add(chunk)


def _wait(process: subprocess.Popen[bytes], place: Place) -> Ended | None:
    """None when it ended by itself. It is not reaped yet, so that its number stays its own."""
    until = time.monotonic() + place.time_limit.total_seconds()
    while not _is_over(process):
        if place.stop():
            return Ended.CANCELLED
        if time.monotonic() > until:
            return Ended.TIMED_OUT
        time.sleep(POLL_S)
    return None


def _is_over(process: subprocess.Popen[bytes]) -> bool:
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _end_group(process: subprocess.Popen[bytes], *, gently: bool) -> None:
    """What still runs of its group: asked to end, then killed."""
    if gently:
        _signal(process.pid, signal.SIGTERM)
        until = time.monotonic() + TERM_GRACE_S
        while not _is_over(process) and time.monotonic() < until:
            time.sleep(POLL_S)
    _signal(process.pid, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_marked(mark: str) -> None:
    """Kill what carries the mark and left the group."""
    wanted = f"{MARK}={mark}".encode()
    if not _PROC.is_dir():
        return
    for folder in _PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        with suppress(OSError):  # It ended meanwhile, or is somebody else's.
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
