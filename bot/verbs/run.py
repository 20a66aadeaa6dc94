"""`tandem run`: the bot, by Socket Mode or HTTP events."""

import argparse
import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from threading import Thread
from typing import Any

import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.build import Bot, build
from bot.log import set_up
from bot.marks import Marks, read_emojis
from bot.metrics import State, metrics_route
from bot.mlflow_hook import MlflowHook
from bot.patience import PatientProtocol
from bot.server import Counts, Intakes, http_app
from bot.settings import Settings, read_settings
from bot.slack import door, listeners
from bot.training_reports import TrainingReports
from bot.verbs import Parsers
from knowledge.errors import UserError

log = logging.getLogger("tandem.run")

SLACK_DOWN_RETRY_S = 5.0
GC_THRESHOLDS = (50_000, 20, 100)
"""Of new objects, and of rounds of the younger generations. The default is made for small heaps."""


def register(parsers: Parsers) -> None:
    parser = parsers.add_parser("run", help="run the bot")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = read_settings()
    settings.require_slack()
    set_up(settings.tandem_log_level)
    asyncio.run(serve(settings, _end_on_signals))
    return 0


Ready = Callable[[Bot, "Server"], None]


async def serve(settings: Settings, ready: Ready, **overrides: Any) -> None:
    """Run until `server.leave()`; `ready` is told when requests are taken.

    `overrides` are those of `bot.build.build`. Raises UserError when Slack refuses the tokens.
    """
    bot = await asyncio.to_thread(partial(build, settings, **overrides))
    app, bot_user = await make_app(settings)
    emojis = read_emojis(settings.tandem_timeline_emoji)
    store, desk = bot.parts.store, bot.desk
    marks = Marks(bot.messenger, store.incidents, desk.incident_of, desk.take, emojis)
    listeners.register(app, desk, lambda: bot_user, marks)
    signing = settings.slack_signing_secret.get_secret_value()
    slack_events = door.endpoint(app, signing) if settings.slack_mode == "http" else None
    counts = Counts()
    meters, token = bot.parts.meters, settings.tandem_webhook_token.get_secret_value()
    meters.registry.register(
        State(
            store.inbox,
            store.outbox,
            store.incidents,
            store.alerts,
            store.documents,
            bot.parts.now,
            counts.accepted,
            counts.refused,
        )
    )
    reports = TrainingReports(store, store.seen, bot.parts.trainer, bot.parts.now)
    secret = settings.tandem_mlflow_webhook_secret.get_secret_value()
    mlflow = MlflowHook(store, store.seen, secret, bot.parts.now)
    http = http_app(
        Intakes(bot.accept, bot.intake.change, bot.parts.now),
        bot.parts.sources,
        bot.health,
        slack_events,
        counts,
        more=[metrics_route(meters.registry, token), reports.route, mlflow.route],
    )
    config = uvicorn.Config(
        http,
        host=settings.tandem_http_host,
        port=settings.tandem_http_port,
        log_config=None,
        lifespan="off",
        http=PatientProtocol,
        ws="none",
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    async with started(bot), way_in(settings, app):
        log.warning(
            "Tandem is ready: %s, http://%s:%d",
            "Socket Mode" if settings.slack_mode == "socket" else "HTTP events",
            settings.tandem_http_host,
            settings.tandem_http_port,
        )
        ready(bot, server)
        await server.serve()


def _end_on_signals(bot: Bot, server: "Server") -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.leave)


class Server(uvicorn.Server):
    """Uvicorn that leaves signals to us: its own way ends the process before our threads are
    done."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def leave(self) -> None:
        """Stop serving; what is under way is finished."""
        self.should_exit = True


async def make_app(settings: Settings) -> tuple[AsyncApp, str]:
    """The Bolt app and the bot's own user id. Waits while Slack cannot be reached."""
    token = settings.slack_bot_token.get_secret_value()
    secret = settings.slack_signing_secret.get_secret_value()
    app = AsyncApp(
        token=token,
        signing_secret=secret or "unused in Socket Mode",
        # Slack's own name for us decides what is a message of ours.
        ignoring_self_events_enabled=True,
        raise_error_for_unhandled_request=False,
    )
    app.client.base_url = settings.slack_api_url
    return app, await _signed_in(app.client)


async def _signed_in(client: AsyncWebClient) -> str:
    while True:
        try:
            return str((await client.auth_test())["user_id"])
        except SlackApiError as error:
            why = error.response.get("error")
            raise UserError(
                f"Slack refuses SLACK_BOT_TOKEN: {why}. Copy the Bot User OAuth Token again."
            ) from error
        except (SlackClientError, OSError) as error:
            log.warning("Slack cannot be reached, trying again: %s", error)
            await asyncio.sleep(SLACK_DOWN_RETRY_S)


@asynccontextmanager
async def started(bot: Bot) -> AsyncIterator[None]:
    """The bot's threads around a block; the model loads behind."""
    bot.start()
    Thread(target=_warm, args=(bot,), name="warm", daemon=True).start()
    try:
        yield
    finally:
        await asyncio.to_thread(bot.stop)


def _warm(bot: Bot) -> None:
    """Load what is slow to load, and keep the garbage collector off it afterwards.

    The model and its libraries are a million objects that stay; looking through them whenever a
    storm had made enough new ones took half of the bot's time.
    """
    bot.parts.warm()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


@asynccontextmanager
async def way_in(settings: Settings, app: AsyncApp) -> AsyncIterator[None]:
    """Socket Mode's connection around a block; nothing for HTTP events."""
    if settings.slack_mode == "http":
        yield
        return
    handler = AsyncSocketModeHandler(app, settings.slack_app_token.get_secret_value())
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]
    except SlackApiError as error:
        why = error.response.get("error")
        raise UserError(f"Slack refuses SLACK_APP_TOKEN: {why}. Create a new one.") from error
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
