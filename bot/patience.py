"""How long the HTTP side waits for a request to be complete, and how many it waits for at once.

Uvicorn waits for ever, for headers of any length. Somebody who sends a byte now and then would hold
connections until there are none left, and who sends a header without end, memory. Here a request
has a time for its headers and one for all of it; where very many are incomplete, the one that is
longest so is dropped for the next. A request that came as a whole never waits for any of this.
"""

import asyncio
import logging
from collections import OrderedDict
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

log = logging.getLogger("tandem.http")

HEADERS_S = 10.0
"""From the connection, or the first byte of a next request, until the headers are there."""
REQUEST_S = 30.0
"""Until the body is there too: 8 MiB at 280 kB a second."""
MOST_HEADER_BYTES = 64 * 2**10
MOST_INCOMPLETE = 400
"""Below the files that a process may have open, which is often 1,024."""
ANSWER_S = 120.0
"""From a complete request until its answer is read; the bot itself takes seconds at most."""
GRACE_S = 1.0
"""In a burst, honest requests are incomplete for a moment; what is that new is never dropped."""

Incomplete = OrderedDict["PatientProtocol", float]
"""Connections of one server whose request is not complete, longest first, with the time it began.
"""


class PatientProtocol(HttpToolsProtocol):
    """Uvicorn's own protocol with an end to its patience."""

    _servers: ClassVar["WeakKeyDictionary[ServerState, Incomplete]"] = WeakKeyDictionary()

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.incomplete = self._servers.setdefault(self.server_state, OrderedDict())
        self._timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._in_headers = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_headers and self not in self.incomplete:
            self._begin()
        before = self._in_headers
        super().data_received(data)
        if before and self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES:
                self._drop("its headers are too long")

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._header_bytes = 0
        self._wait(REQUEST_S - HEADERS_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers = True
        self._settle()
        super().on_message_complete()
        if not self.cycle.response_complete:
            self._wait(ANSWER_S)

    def on_response_complete(self) -> None:
        if self not in self.incomplete:
            self._settle()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # Who does not read what is left of an answer keeps a closing connection open.
        self.loop.call_later(HEADERS_S, self.transport.abort)

    def _begin(self) -> None:
        now = self.loop.time()
        if len(self.incomplete) >= MOST_INCOMPLETE:
            longest, since = next(iter(self.incomplete.items()))
            if now - since > GRACE_S:
                longest._drop("too many are incomplete")
        self.incomplete[self] = now
        self._wait(HEADERS_S)

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._drop, "it takes too long")

    def _settle(self) -> None:
        self.incomplete.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drop(self, why: str) -> None:
        self._settle()
        if self.transport is not None and not self.transport.is_closing():
            log.info("a request is dropped: %s", why)
            # Not close(): that would first wait for what the other side is slow to read.
            self.transport.abort()
