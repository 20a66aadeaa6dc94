"""Getting payloads to the app over a road, with the ack deadline and the retries."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Literal, Protocol

from bot.playground.troubles import Troubles

Json = dict[str, Any]
Kind = Literal["events_api", "slash_commands", "interactive"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ack:
    """How one delivery ended. `body` is what the app sent back with its ack."""

    ok: bool
    body: Any = None
    reason: str = ""
    """Why it failed, in Slack's words for retries: `http_timeout`, `http_error` ..."""
    no_retry: bool = False
    seconds: float = 0.0
    """How long it took; measured for commands and interactions."""


class Road(Protocol):
    """A way to the app."""

    async def send(self, kind: Kind, payload: Json, retry: int, reason: str) -> Ack:
        """Deliver once and wait for the ack until the deadline."""


class Delivery:
    """Sends over `road`; keeps the tasks it started, so that `close` can end them."""

    def __init__(self, retry_delays: tuple[float, ...], troubles: Troubles | None = None) -> None:
        """`retry_delays`: seconds before the first, second ... repeat of an event."""
        self.road: Road | None = None
        self._delays = retry_delays
        self._troubles = troubles or Troubles()
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, kind: Kind, payload: Json) -> Ack:
        """A command or an interaction: Slack never repeats these."""
        if self.road is None or self._troubles.is_down:
            return Ack(False, reason="connection_failed")
        start = perf_counter()
        ack = await self.road.send(kind, payload, 0, "")
        return replace(ack, seconds=perf_counter() - start)

    def event(self, payload: Json) -> None:
        """An event: sent in the background, and again when it was not acknowledged."""
        self.background(self._event(payload))
        if self._troubles.of_events.twice:
            self.background(self._event(payload))

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until it ends or the playground does."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a task of the playground failed", exc_info=error)

    async def _event(self, payload: Json) -> None:
        reason = ""
        await asyncio.sleep(self._troubles.waits())
        for retry, delay in enumerate((0.0, *self._delays)):
            await asyncio.sleep(delay)
            if self.road is None or self._troubles.is_down:
                reason = "connection_failed"
                continue
            ack = await self.road.send("events_api", payload, retry, reason)
            if ack.ok or ack.no_retry:
                return
            reason = ack.reason
        log.info("event %s was given up: %s", payload.get("event_id"), reason)

    async def close(self) -> None:
        """Cancel what is still under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
