"""Doubles of services, and the stores of the port suites: in memory, SQLite, PostgreSQL."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from tests.knowledge.adapters.aws_server import KEYS, aws_server


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryStore | SqlStore]:
    match request.param:
        case "memory":
            opened: MemoryStore | SqlStore = MemoryStore()
        case "sqlite":
            opened = open_store(request.getfixturevalue("empty_sqlite"))
        case _:
            opened = open_store(request.getfixturevalue("empty_postgresql"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """Where AWS answers: moto's server, for the whole session."""
    with aws_server() as url:
        yield url


@pytest.fixture
def aws(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, with credentials in the environment as boto3 looks for them."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return aws_url


# Doubles of services over HTTP


class Service(Protocol):
    """A double of a service: it checks what the vendor documents, and answers."""

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any] | tuple[int, Any, Mapping[str, str]]:
        """Status, JSON (None: an empty answer; text: as it is) and headers."""
        ...


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        status, answer, *more = self.service.answer(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            {name.lower(): value for name, value in self.headers.items()},
            self._read(raw.decode()) if raw else None,
        )
        data = answer if isinstance(answer, str) else "" if answer is None else json.dumps(answer)
        self.send_response(status)
        for name, value in (more[0] if more else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data.encode())))
        self.end_headers()
        # A caller whose time limit has passed is gone.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(data.encode())

    def _read(self, text: str) -> Any:
        if self.headers.get("Content-Type") == "application/x-www-form-urlencoded":
            return dict(parse_qsl(text, keep_blank_values=True))
        return json.loads(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def serve() -> Iterator[Callable[[Service], str]]:
    """`serve(double)` gives the address at which it answers until the test is over."""
    yield from _serving()


@pytest.fixture(scope="module")
def serve_all() -> Iterator[Callable[[Service], str]]:
    """As `serve`, until the tests of the module are over."""
    yield from _serving()


def _serving() -> Iterator[Callable[[Service], str]]:
    running: list[ThreadingHTTPServer] = []

    def start(service: Service) -> str:
        handler = type("Handler", (_Handler,), {"service": service})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()
