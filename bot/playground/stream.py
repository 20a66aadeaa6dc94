"""What the page is told as it happens: one queue for each open page, and a counter of changes."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

# A page that reads nothing for this many events is gone; it asks for the state when it is back.
QUEUE = 1000


@dataclass(eq=False)
class Listener:
    """One open page of `user`."""

    user: str
    queue: "asyncio.Queue[Json | None]" = field(default_factory=lambda: asyncio.Queue(QUEUE))


class Stream:
    """Tells listeners; `changes` grows with every event so that clients can wait for the next."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._changed = asyncio.Event()
        self.changes = 0

    @property
    def watched(self) -> bool:
        """Is a page open?"""
        return bool(self._listeners)

    def listen(self, user: str) -> Listener:
        """Start listening; give it back to `leave`."""
        listener = Listener(user)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        self._listeners.discard(listener)

    def tell(self, event: Json, users: "set[str] | None" = None) -> None:
        """Send `event` to the pages of `users`, or to all."""
        self.changes += 1
        self._changed.set()
        self._changed = asyncio.Event()
        for listener in tuple(self._listeners):
            if users is not None and listener.user not in users:
                continue
            try:
                listener.queue.put_nowait(event)
            except asyncio.QueueFull:
                self._listeners.discard(listener)

    def close(self) -> None:
        """Let every page go."""
        for listener in tuple(self._listeners):
            if not listener.queue.full():
                listener.queue.put_nowait(None)

    async def wait(self, seen: int, timeout: float) -> int:
        """Return once there are more changes than `seen`, or after `timeout` seconds."""
        if self.changes <= seen:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), timeout)
        return self.changes
