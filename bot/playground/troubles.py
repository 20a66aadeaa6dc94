"""What goes wrong with this Slack: switched while it runs, from any thread.

    playground.troubles.down()
    playground.troubles.limited(retry_after=2)
    playground.troubles.events(twice=True, jitter_s=3)
    playground.troubles.mend()

They touch the app's side only (the Web API, response and upload addresses, sockets, events): people
go on acting and reading, so that a test can look at what stands in a channel meanwhile. What
happens below HTTP, such as a connection that hangs, needs a proxy in front of the playground.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from time import monotonic

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

Serve = Callable[[Request], Awaitable[Response]]


class Kind(Enum):
    """What comes of a call of the app."""

    DOWN = "down"
    """503 at once, nothing done; no socket is there either."""
    SLOW = "slow"
    """Nothing for a while, then as usual."""
    LATE = "late"
    """Done at once, answered a while later: the app may have given up and believe it was not."""
    LIMITED = "limited"
    """429 with Retry-After, nothing done."""
    FAILING = "failing"
    """500, nothing done."""
    LOST = "lost"
    """Done, and then 500: the app cannot know."""


@dataclass(frozen=True)
class Calls:
    """What comes of the app's calls."""

    kind: Kind
    seconds: float = 0.0
    """The wait of SLOW and LATE; Retry-After of LIMITED, in whole seconds."""
    share: float = 1.0
    """Of the calls that it happens to, 0 to 1."""


@dataclass(frozen=True)
class Events:
    """How events reach the app; commands and interactions are sent once, as Slack does."""

    twice: bool = False
    """Each is delivered again although it was acknowledged."""
    late_s: float = 0.0
    jitter_s: float = 0.0
    """Each waits up to so long more, so that they overtake each other."""


class Troubles:
    """None at the start. Each call is in force when it returns, and replaces that of its sort."""

    def __init__(self, seed: int = 7) -> None:
        """`seed` of the choice which calls and events it happens to."""
        self.calls: Calls | None = None
        self.of_events = Events()
        self.sockets_every_s = 0.0
        """Each socket is dropped when it is so old; 0 for never."""
        self.happened: dict[Kind, int] = dict.fromkeys(Kind, 0)
        """Calls that were troubled so far."""
        self._random = random.Random(seed)
        self._dropped_at = monotonic()

    # What goes wrong

    def down(self) -> None:
        """The Web API answers 503, sockets are closed and not taken, events do not come through."""
        self.calls = Calls(Kind.DOWN)

    def slow(self, seconds: float, share: float = 1.0) -> None:
        """Calls are carried out after so long."""
        self.calls = Calls(Kind.SLOW, seconds, share)

    def late(self, seconds: float, share: float = 1.0) -> None:
        """Calls are carried out at once and answered after so long."""
        self.calls = Calls(Kind.LATE, seconds, share)

    def limited(self, retry_after: int, share: float = 1.0) -> None:
        """Calls are answered 429 and not carried out."""
        self.calls = Calls(Kind.LIMITED, retry_after, share)

    def failing(self, share: float = 1.0) -> None:
        """Calls are answered 500 and not carried out."""
        self.calls = Calls(Kind.FAILING, share=share)

    def lost(self, share: float = 1.0) -> None:
        """Calls are carried out and answered 500."""
        self.calls = Calls(Kind.LOST, share=share)

    def drop_sockets(self, every_s: float) -> None:
        """Every socket is closed, without Slack's warning, again and again."""
        self._dropped_at = monotonic()
        self.sockets_every_s = every_s

    def events(self, *, twice: bool = False, late_s: float = 0.0, jitter_s: float = 0.0) -> None:
        """Events come so."""
        self.of_events = Events(twice, late_s, jitter_s)

    def mend(self) -> None:
        """All is well again; what is late already stays late."""
        self.calls, self.of_events, self.sockets_every_s = None, Events(), 0.0

    # What the playground asks

    @property
    def is_down(self) -> bool:
        """Nothing reaches the app."""
        return self.calls is not None and self.calls.kind is Kind.DOWN

    def drop_now(self) -> bool:
        """Whether the sockets' time is over; asked again and again."""
        if self.is_down:
            return True
        if not self.sockets_every_s or monotonic() - self._dropped_at < self.sockets_every_s:
            return False
        self._dropped_at = monotonic()
        return True

    def waits(self) -> float:
        """Seconds until the next event may leave."""
        of = self.of_events
        return of.late_s + self._random.uniform(0.0, of.jitter_s)

    async def serve(self, request: Request, serve: Serve) -> Response:
        """Answer one call of the app with `serve`, or as the trouble has it."""
        calls = self.calls
        if calls is None or self._random.random() >= calls.share:
            return await serve(request)
        self.happened[calls.kind] += 1
        if calls.kind is Kind.DOWN:
            return PlainTextResponse("upstream connect error", 503)
        if calls.kind is Kind.LIMITED:
            headers = {"Retry-After": str(round(calls.seconds))}
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
        if calls.kind is Kind.SLOW:
            await request.body()  # Carried out also when the app has given up waiting.
            await asyncio.sleep(calls.seconds)
            return await serve(request)
        if calls.kind is Kind.FAILING:
            return PlainTextResponse("internal server error", 500)
        answer = await serve(request)
        if calls.kind is Kind.LOST:
            return PlainTextResponse("internal server error", 500)
        await asyncio.sleep(calls.seconds)
        return answer
