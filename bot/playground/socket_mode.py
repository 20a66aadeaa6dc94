"""Socket Mode: tickets for sockets, up to ten sockets, each payload to one of them."""

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex, token_urlsafe
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from bot.playground.delivery import Ack, Kind
from bot.playground.troubles import Troubles
from bot.playground.workspace import APP_ID

Json = dict[str, Any]
MOST = 10
# Slack's socket URLs are for one use, soon.
TICKET_SECONDS = 30.0


@dataclass(eq=False)
class _Socket:
    socket: WebSocket
    waiting: dict[str, "asyncio.Future[Any]"] = field(default_factory=dict)


class SocketMode:
    """The app's sockets."""

    def __init__(
        self,
        clock: Callable[[], float],
        ack_seconds: float,
        changed: Callable[[], None],
        troubles: Troubles | None = None,
    ) -> None:
        """`changed` is called when a socket comes or goes, and when the app acknowledges."""
        self._clock = clock
        self._ack_seconds = ack_seconds
        self._changed = changed
        self._troubles = troubles or Troubles()
        self._tickets: dict[str, float] = {}
        self._sockets: list[_Socket] = []

    @property
    def connected(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    def ticket(self) -> str:
        """For apps.connections.open: lets one socket in."""
        ticket = token_urlsafe(16)
        self._tickets[ticket] = self._clock() + TICKET_SECONDS
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        """One socket from its opening to its end."""
        expires = self._tickets.pop(socket.query_params.get("ticket", ""), 0.0)
        if expires < self._clock() or self._troubles.is_down:
            await socket.close(1008, "link_disabled")
            return
        if len(self._sockets) >= MOST:
            await socket.close(1008, "too_many_websockets")
            return
        await socket.accept()
        mine = _Socket(socket)
        self._sockets.append(mine)
        try:
            await socket.send_json(_hello(len(self._sockets)))
            self._changed()
            while True:
                self._acknowledged(mine, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            # RuntimeError: starlette's word for a socket that closed while we were reading.
            pass
        finally:
            self._gone(mine)

    def _gone(self, mine: _Socket) -> None:
        if mine in self._sockets:
            self._sockets.remove(mine)
        for future in mine.waiting.values():
            if not future.done():
                future.cancel()
        self._changed()

    def _acknowledged(self, mine: _Socket, text: str) -> None:
        try:
            message = json.loads(text)
        except json.JSONDecodeError:
            return
        envelope = message.get("envelope_id") if isinstance(message, dict) else None
        future = mine.waiting.pop(envelope, None) if envelope else None
        if future is not None and not future.done():
            future.set_result(message.get("payload"))
            self._changed()

    async def send(self, kind: Kind, payload: Json, retry: int, reason: str) -> Ack:
        """To one open socket, chosen at random, as Slack does."""
        if not self._sockets:
            return Ack(False, reason="connection_failed")
        mine = random.choice(self._sockets)
        envelope = str(uuid4())
        message: Json = {
            "envelope_id": envelope,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            message |= {"retry_attempt": retry, "retry_reason": reason}
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        mine.waiting[envelope] = future
        try:
            await mine.socket.send_json(message)
            async with asyncio.timeout(self._ack_seconds):
                body = await asyncio.shield(future)
        except TimeoutError:
            return Ack(False, reason="timeout")
        except (WebSocketDisconnect, RuntimeError):
            return Ack(False, reason="connection_failed")
        except asyncio.CancelledError:
            if not future.cancelled():
                raise
            return Ack(False, reason="connection_failed")
        finally:
            mine.waiting.pop(envelope, None)
        return Ack(True, body)

    async def drop(self) -> None:
        """Close every socket without a warning; what they had not acknowledged is lost."""
        for mine in tuple(self._sockets):
            self._gone(mine)
            with suppress(WebSocketDisconnect, RuntimeError):
                await mine.socket.close(1011)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every socket to come anew, then close it, as Slack does every few hours."""
        for mine in tuple(self._sockets):
            self._sockets.remove(mine)
            if mine.socket.application_state is not WebSocketState.CONNECTED:
                continue
            message = {"type": "disconnect", "reason": reason, "debug_info": _debug_info()}
            try:
                await mine.socket.send_json(message)
                await mine.socket.close(1000)
            except (WebSocketDisconnect, RuntimeError):
                continue


def _debug_info() -> Json:
    return {
        "host": f"applink-{token_hex(4)}",
        "build_number": 1,
        "approximate_connection_time": 18060,
    }


def _hello(connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": _debug_info(),
        "connection_info": {"app_id": APP_ID},
    }
