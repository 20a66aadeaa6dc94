"""Run a playground: in a thread beside a test, or as the server of the demo's own process."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn

from bot.playground.app import build_app
from bot.playground.client import PersonClient
from bot.playground.playground import Playground

START_SECONDS = 30.0
IDLE_SECONDS = 75
"""How long an idle connection is kept: longer than any client keeps it, who would else be cut off
when both let go of it at the same moment."""


def _server(pg: Playground, host: str, port: int) -> tuple[uvicorn.Server, socket.socket]:
    """The server, and its listening socket (bound here, so that the port is known)."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    name = f"[{host}]" if ":" in host else host
    pg.base_url = f"http://{name}:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        build_app(pg),
        log_config=None,
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config), listening


def run(pg: Playground, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until a signal ends it. `pg.base_url` says where."""
    server, listening = _server(pg, host, port)
    server.run(sockets=[listening])


class RunningPlayground:
    """A playground in a thread of its own.

    with RunningPlayground() as playground:
        ada = playground.client("ada")
        ada.say("#incidents", "@tandem help")
    """

    def __init__(
        self,
        playground: Playground | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        **options: Any,
    ) -> None:
        """`options` are those of Playground, when none is given; port 0 takes a free one."""
        self.playground = playground or Playground(**options)
        self._host = host
        self._port = port
        self._clients: list[PersonClient] = []
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return self.playground.base_url

    @property
    def api_url(self) -> str:
        """`base_url` for slack_sdk."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        """The bot's `xoxb-` token."""
        return self.playground.secrets.bot_token

    @property
    def app_token(self) -> str:
        """The app's `xapp-` token."""
        return self.playground.secrets.app_token

    @property
    def signing_secret(self) -> str:
        """What signs requests in HTTP mode."""
        return self.playground.secrets.signing_secret

    def client(self, user: str) -> PersonClient:
        """Act as `user`."""
        person = PersonClient(self.url, user)
        self._clients.append(person)
        return person

    def use_http(self, url: str) -> None:
        """HTTP mode: send everything to the app's `url`. Raises ActError if it does not answer."""
        user = next(u.name for u in self.playground.workspace.users.values() if not u.is_bot)
        self.client(user).post("/play/app", url=url)

    def refresh_sockets(self) -> None:
        """Ask the app's sockets to come anew."""
        user = next(u.name for u in self.playground.workspace.users.values() if not u.is_bot)
        self.client(user).post("/play/refresh")

    def __enter__(self) -> Self:
        server, listening = _server(self.playground, self._host, self._port)
        self._server = server
        started = threading.Event()

        def serve() -> None:
            with listening:
                asyncio.run(_serve(server, listening, started))

        self._thread = threading.Thread(target=serve, name="playground", daemon=True)
        self._thread.start()
        if not started.wait(START_SECONDS):
            raise RuntimeError("the playground did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for person in self._clients:
            person.disconnect()
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)


async def _serve(
    server: uvicorn.Server, listening: socket.socket, started: threading.Event
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    started.set()
    await serving
