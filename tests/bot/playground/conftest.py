"""A playground with Slack's times shortened, and a real Bolt app beside it in either mode."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from websockets.sync.client import ClientConnection, connect

from bot.playground.playground import Playground, Timing
from bot.playground.serve import RunningPlayground

Json = dict[str, Any]
QUICK = Timing(ack=0.4, trigger=1.0, retries=(0.0, 0.05, 0.1), panel=0.05)


class Background:
    """An event loop in a thread, for the app under test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run to its end over there, and give the result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(15)

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start over there and leave it running."""
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """Cancel what is left, then end the thread."""

        async def cancel() -> None:
            tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class World:
    """The playground, the Bolt app and what the app was sent."""

    playground: RunningPlayground
    app: AsyncApp
    background: Background
    mode: str
    bodies: list[Json] = field(default_factory=list)

    @property
    def web(self) -> WebClient:
        """The app's Web API client, for plain calls."""
        return WebClient(self.playground.bot_token, base_url=self.playground.api_url)

    def events(self, kind: str) -> list[Json]:
        """The events of one type that have come so far."""
        return [b["event"] for b in self.bodies if b.get("event", {}).get("type") == kind]


def wait_until(look: Callable[[], Any], seconds: float = 5.0) -> Any:
    """What `look` gives once it is true."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if found := look():
            return found
        waiting.wait(0.01)
    raise AssertionError("it did not happen in time")


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """`wait_until`, for tests."""
    return wait_until


@pytest.fixture(scope="session")
def quick() -> Timing:
    """Slack's times, shortened."""
    return QUICK


@pytest.fixture(scope="session")
def background() -> Iterator[Background]:
    """One loop for every app."""
    running = Background()
    yield running
    running.stop()


def button(label: str, action_id: str, value: str = "1", **rest: Any) -> Json:
    """A button."""
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "text": text, "action_id": action_id, "value": value, **rest}


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def form(title: str = "Reason", **rest: Any) -> Json:
    """A modal with one input."""
    element = {"type": "plain_text_input", "action_id": "text", "max_length": 20}
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(title),
        "submit": plain("Send"),
        "blocks": [
            {"type": "input", "block_id": "reason", "label": plain("Why"), "element": element}
        ],
        **rest,
    }


def add_listeners(app: AsyncApp, world: World) -> None:
    """One listener for each thing that the tests want an app to do."""

    @app.middleware
    async def record(body: Json, next: Any) -> None:
        world.bodies.append(body)
        await next()

    @app.command("/echo")
    async def echo(ack: Any, body: Json) -> None:
        await ack(f"you typed {body['text']}")

    @app.command("/answers")
    async def answers(ack: Any, respond: Any, body: Json) -> None:
        await ack()
        for number in range(int(body["text"])):
            await respond(f"answer {number}")

    @app.command("/public")
    async def public(ack: Any, respond: Any) -> None:
        await ack()
        await respond("for all", response_type="in_channel")

    @app.command("/silent")
    async def silent() -> None:
        """Never acknowledges."""

    @app.command("/form")
    async def open_form(ack: Any, client: AsyncWebClient, body: Json) -> None:
        await ack()
        view = form(private_metadata=body["text"], notify_on_close=True)
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.command("/late-form")
    async def late_form(ack: Any, respond: Any, client: AsyncWebClient, body: Json) -> None:
        await ack()
        await asyncio.sleep(QUICK.trigger + 0.1)
        try:
            await client.views_open(trigger_id=body["trigger_id"], view=form())
        except SlackApiError as error:
            await respond(str(error.response["error"]))

    @app.view("form")
    async def sent(ack: Any, view: Json) -> None:
        text = view["state"]["values"]["reason"]["text"]["value"]
        match text:
            case "bad":
                await ack(response_action="errors", errors={"reason": "too bad"})
            case "next":
                await ack(response_action="push", view=form("Second"))
            case "update":
                await ack(response_action="update", view=form("Updated"))
            case "clear":
                await ack(response_action="clear")
            case "late":
                return
            case _:
                await ack()

    @app.view_closed("form")
    async def closed(ack: Any) -> None:
        await ack()

    @app.action("silent")
    async def silent_action() -> None:
        """Never acknowledges."""

    @app.action("replace")
    async def replace(ack: Any, respond: Any, body: Json) -> None:
        await ack()
        await respond(f"decided by {body['user']['name']}", replace_original=True)

    @app.action("drop")
    async def drop(ack: Any, respond: Any) -> None:
        await ack()
        await respond(delete_original=True)

    @app.action({"type": "block_actions", "action_id": "any"})
    async def any_action(ack: Any) -> None:
        await ack()

    @app.action("edit")
    async def edit(ack: Any, client: AsyncWebClient, body: Json) -> None:
        await ack()
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="edited"
        )

    @app.event("app_mention")
    async def mentioned(event: Json, say: Any) -> None:
        await say("at your service", thread_ts=event.get("thread_ts") or event["ts"])

    @app.event("message")
    async def heard(event: Json, say: Any) -> None:
        if event["channel_type"] == "im" and "bot_id" not in event:
            await say(f"you said {event['text']}")

    @app.event("app_home_opened")
    async def at_home(event: Json, client: AsyncWebClient) -> None:
        block = {"type": "section", "text": plain("Open incidents: none")}
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [block]})

    @app.event("reaction_added")
    @app.event("reaction_removed")
    @app.event("member_joined_channel")
    async def noted() -> None:
        """Only recorded."""

    @app.shortcut("keep")
    async def keep(ack: Any) -> None:
        await ack()


async def _serve_http(
    app: AsyncApp, listening: socket.socket
) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    handler = AsyncSlackRequestHandler(app)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    routes = [Route("/slack/events", endpoint, methods=["POST"])]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.005)
    return server, serving


async def _connect(app: AsyncApp, app_token: str) -> AsyncSocketModeHandler:
    handler = AsyncSocketModeHandler(app, app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    return handler


async def _end(serving: asyncio.Task[None]) -> None:
    await serving


@pytest.fixture(scope="session", params=["socket", "http"])
def world(request: pytest.FixtureRequest, background: Background) -> Iterator[World]:
    """The same app and the same tests, by Socket Mode and by HTTP."""
    pg = Playground(timing=QUICK, rate_scale=None)
    with RunningPlayground(pg) as playground:
        client = AsyncWebClient(playground.bot_token, base_url=playground.api_url)
        app = AsyncApp(
            client=client,
            signing_secret=playground.signing_secret,
            ignoring_self_events_enabled=False,
        )
        made = World(playground, app, background, request.param)
        add_listeners(app, made)
        if request.param == "socket":
            handler = background.run(_connect(app, playground.app_token))
            yield made
            background.run(handler.close_async())
        else:
            with socket.create_server(("127.0.0.1", 0)) as listening:
                port = listening.getsockname()[1]
                server, serving = background.run(_serve_http(app, listening))
                playground.use_http(f"http://127.0.0.1:{port}/slack/events")
                yield made
                server.should_exit = True
                background.run(_end(serving))


@pytest.fixture(scope="session")
def alone() -> Iterator[RunningPlayground]:
    """A playground without an app, for the Web API."""
    with RunningPlayground(timing=QUICK, rate_scale=None) as playground:
        yield playground


@pytest.fixture
def web(alone: RunningPlayground) -> WebClient:
    """slack_sdk's own client on it."""
    return WebClient(alone.bot_token, base_url=alone.api_url)


@pytest.fixture(scope="session")
def listen() -> Callable[..., Any]:
    """`with listen(playground, "ada") as page: page.next("message")` reads what she is told."""
    return _listen


@contextmanager
def _listen(playground: RunningPlayground, user: str) -> Iterator["Page"]:
    url = playground.url.replace("http", "ws", 1)
    with connect(f"{url}/play/stream?as={user}") as connection:
        yield Page(connection)


@dataclass
class Page:
    """An open page."""

    connection: ClientConnection

    def next(self, kind: str) -> Json:
        """The next event of this type; those of other types are skipped."""
        while True:
            event: Json = json.loads(self.connection.recv(timeout=5))
            if event["type"] == kind:
                return event
