"""`tandem run` in this process, without a Slack that answers."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.build import Bot
from bot.settings import Settings
from bot.verbs.run import Server, serve
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.errors import UserError

HTTP_IS_UP_S = 20


class Slack(ThreadingHTTPServer):
    """Answers every method with `answer`, under `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Method)
        self.status = 200
        self.answer: dict[str, Any] = {"ok": True, "user_id": "UBOT", "user": "tandem"}


class _Method(BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def running(slack: Slack) -> Iterator[str]:
    thread = threading.Thread(target=slack.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{slack.server_port}/api/"
    finally:
        slack.shutdown()
        slack.server_close()
        thread.join()


@pytest.fixture
def slack() -> Iterator[tuple[Slack, str]]:
    server = Slack()
    with running(server) as url:
        yield server, url


def settings(folder: Path, url: str, **given: Any) -> Settings:
    return Settings(
        _env_file=None,
        **{
            "slack_bot_token": "xoxb-1",
            "slack_signing_secret": "s3cret",
            "slack_api_url": url,
            "tandem_slack_mode": "http",
            "tandem_http_port": 0,
            "database_url": f"sqlite:///{folder / 'tandem.db'}",
            "tandem_drain_seconds": 0,
            **given,
        },
    )


def parts(folder: Path) -> dict[str, Any]:
    return {"embedder": HashEmbedder(), "cache": folder / "vectors.db"}


def url_of(server: Server) -> str:
    (socket,) = server.servers[0].sockets
    return f"http://127.0.0.1:{socket.getsockname()[1]}"


class Run:
    """One run: `up` is set when HTTP answers, `ready` when Slack can reach us."""

    def __init__(self, given: Settings, folder: Path) -> None:
        self._given, self._folder = given, folder
        self.up, self.ready = asyncio.Event(), asyncio.Event()
        self.bot: Bot
        self.server: Server

    def _begun(self, bot: Bot, server: Server) -> None:
        self.bot, self.server = bot, server
        self.up.set()

    async def __aenter__(self) -> "Run":
        self.task = asyncio.create_task(
            serve(
                self._given,
                lambda bot, server: self.ready.set(),
                begun=self._begun,
                **parts(self._folder),
            )
        )
        await asyncio.wait_for(self.up.wait(), HTTP_IS_UP_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.leave()
        await asyncio.wait_for(self.task, HTTP_IS_UP_S)

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=url_of(self.server)) as client:
            return await client.get(path)


async def test_webhooks_are_kept_while_slack_is_away_at_the_start(
    slack: tuple[Slack, str], tmp_path: Path
) -> None:
    server, url = slack
    server.status, server.answer = 503, {"ok": False, "error": "service_unavailable"}
    async with Run(settings(tmp_path, url), tmp_path) as run:
        assert (await run.get("/healthz")).status_code == 200
        told = await run.get("/readyz")
        assert told.status_code == 503
        assert told.json()["checks"]["slack"] == {"ok": False, "says": "HTTP events not open yet"}
        labels = {"alertname": "Hot", "service": "checkout"}
        alert = {"labels": labels, "startsAt": datetime.now(UTC).isoformat()}
        async with httpx.AsyncClient(base_url=url_of(run.server)) as client:
            body = {"version": "4", "alerts": [alert]}
            answer = await client.post("/signals/alertmanager", json=body)
            assert answer.status_code == 202
            events = await client.post("/slack/events", json={})
            assert events.status_code == 503
        assert not run.ready.is_set()
    assert run.task.result() is True


async def test_says_that_it_leaves_before_it_does(slack: tuple[Slack, str], tmp_path: Path) -> None:
    _, url = slack
    given = settings(tmp_path, url, tandem_drain_seconds=300)
    async with Run(given, tmp_path) as run:
        await asyncio.wait_for(run.ready.wait(), HTTP_IS_UP_S)
        shown = (await run.get("/metrics")).text
        assert "\ntandem_ready 1.0\n" in shown
        assert '\ntandem_lease_held{lease="intake"} 1.0\n' in shown
        assert (await run.get("/readyz")).json()["checks"]["slack"]["ok"] is True
        assert (await run.get("/readyz")).status_code == 200
        run.server.drain()
        await asyncio.sleep(0)
        while (await run.get("/readyz")).status_code != 503:
            await asyncio.sleep(0.01)
        assert (await run.get("/healthz")).status_code == 200
        assert not run.task.done()
        run.server.drain()
        assert await asyncio.wait_for(run.task, HTTP_IS_UP_S) is True


async def test_what_hangs_is_left_behind_and_named(
    slack: tuple[Slack, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, url = slack
    given = settings(tmp_path, url, tandem_stop_seconds=0.1)
    over = threading.Event()
    async with Run(given, tmp_path) as run:
        await asyncio.wait_for(run.ready.wait(), HTTP_IS_UP_S)

        def hang() -> None:
            with run.bot.parts.meters.pulse.turn("Ev17"):
                over.wait(20)

        hanging = threading.Thread(target=hang)
        hanging.start()
        stop, run.bot.stop = run.bot.stop, hanging.join  # type: ignore[method-assign]
    assert run.task.result() is False
    assert "1 requests unanswered: Ev17" in caplog.text
    over.set()
    hanging.join()
    await asyncio.to_thread(stop)


async def test_a_refused_token_ends_it_with_the_remedy(
    slack: tuple[Slack, str], tmp_path: Path
) -> None:
    server, url = slack
    server.answer = {"ok": False, "error": "invalid_auth"}
    with pytest.raises(UserError, match=r"invalid_auth\. Copy the Bot User OAuth Token again"):
        await serve(settings(tmp_path, url), **parts(tmp_path))
