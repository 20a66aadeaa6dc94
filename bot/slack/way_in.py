"""Slack's way to us: signed in by the Web API, then the socket, or HTTP events.

Slack may be away when the bot starts and whenever it runs: signing in is tried until it works, and
what needs no Slack goes on meanwhile. Leaving is orderly: what has come is acknowledged, then the
socket is closed, and Slack delivers to the other connections of the app.
"""

import asyncio
import logging
from typing import Any

from aiohttp import ClientError
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings
from knowledge.errors import UserError

log = logging.getLogger("tandem.run")

SLACK_DOWN_RETRY_S = 5.0
LOOK_S = 0.5
"""How often it is looked whether the socket is still there."""
LOOK_MOST_S = 15.0
"""As often where it could not be opened again, at last."""
ADDRESS_S = 20.0
"""How long one address for a socket is tried."""
LAST_ACKS_S = 2.0
"""How long what came before the end may take to be acknowledged; Slack itself waits three."""


class WayIn:
    """Opened once and closed once, on the event loop."""

    def __init__(self, settings: Settings, app: AsyncApp) -> None:
        self._app = app
        self._handler: _Handler | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._app_token = settings.slack_app_token.get_secret_value()
        self._by_socket = settings.slack_mode == "socket"
        self.bot_user = ""
        """The bot's own user id; empty until it has signed in."""

    async def open(self) -> None:
        """Returns once Slack can reach us. Raises UserError when Slack refuses a token."""
        self.bot_user = await _signed_in(self._app.client)
        if not self._by_socket:
            return
        self._handler = _Handler(self._app, self._app_token)
        try:
            await self._handler.connect_async()  # type: ignore[no-untyped-call]
        except SlackApiError as error:
            why = error.response.get("error")
            raise UserError(f"Slack refuses SLACK_APP_TOKEN: {why}. Create a new one.") from error
        self._keeping = asyncio.create_task(_kept_open(self._handler.client))

    def connected(self) -> bool:
        """Whether the socket is there now; also from other threads."""
        if self._handler is None:
            return False
        client = self._handler.client
        session = client.current_session
        return not client.closed and not client.stale and session is not None and not session.closed

    async def close(self) -> None:
        """Acknowledge what has come, then leave the socket. May be called twice."""
        handler, self._handler = self._handler, None
        if handler is None:
            return
        if self._keeping is not None:
            self._keeping.cancel()
        # Slack's own "disconnect" must not open another connection now.
        handler.client.default_auto_reconnect_enabled = False
        handler.client.auto_reconnect_enabled = False
        try:
            await asyncio.wait_for(handler.quiet(), LAST_ACKS_S)
        except TimeoutError:
            log.warning("the socket is left with %d requests unacknowledged", handler.under_way)
        await handler.close_async()  # type: ignore[no-untyped-call]


async def _kept_open(client: SocketModeClient) -> None:
    """Open the socket again as soon as it is gone: what people press meanwhile reaches nobody, and
    the client itself looks every ten seconds only."""
    wait = LOOK_S
    while not client.closed:
        await asyncio.sleep(wait)
        session = client.current_session
        if session is None or not session.closed:
            wait = LOOK_S
            continue
        try:
            # An address for a socket is good for a short while: the client would try it for ever.
            await asyncio.wait_for(client.connect_to_new_endpoint(), ADDRESS_S)
            wait = LOOK_S
        except (SlackClientError, ClientError, OSError, TimeoutError, ValueError) as error:
            log.info("the socket is not there yet: %s", error)
            wait = min(2 * wait, LOOK_MOST_S)


class _Handler(AsyncSocketModeHandler):
    """Knows how many requests wait for their acknowledgement."""

    under_way = 0

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        self.under_way += 1
        try:
            await super().handle(client, req)
        finally:
            self.under_way -= 1

    async def quiet(self) -> None:
        """Until nothing that has come waits."""
        while self.under_way or not self.client.message_queue.empty():
            await asyncio.sleep(0.01)


def make_app(settings: Settings) -> AsyncApp:
    """The Bolt app; asks Slack nothing yet."""
    app = AsyncApp(
        token=settings.slack_bot_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value() or "unused in Socket Mode",
        # Slack's own name for us decides what is a message of ours.
        ignoring_self_events_enabled=True,
        raise_error_for_unhandled_request=False,
    )
    app.client.base_url = settings.slack_api_url
    return app


async def _signed_in(client: AsyncWebClient) -> str:
    while True:
        try:
            answer: Any = await client.auth_test()
            return str(answer["user_id"])
        except SlackApiError as error:
            # Slack's own trouble (5xx, 429) passes; a token that is refused does not.
            if error.response.status_code == 200:
                why = error.response.get("error")
                raise UserError(
                    f"Slack refuses SLACK_BOT_TOKEN: {why}. Copy the Bot User OAuth Token again."
                ) from error
            log.warning("Slack answers with %s, trying again", error.response.status_code)
        except (SlackClientError, OSError, TimeoutError) as error:
            log.warning("Slack cannot be reached, trying again: %s", error)
        await asyncio.sleep(SLACK_DOWN_RETRY_S)
