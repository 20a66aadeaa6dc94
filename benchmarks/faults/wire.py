"""A wire that can be troubled: a small proxy on loopback in front of a TCP port or a unix socket.

    with Wire(("127.0.0.1", 9090)) as wire:
        ...ask http://127.0.0.1:{wire.port}...
        wire.trouble(Trouble.HANG)
        ...
        wire.mend()

It is switched while connections are open, and its port stays the same. Nothing here knows HTTP,
WebSocket or PostgreSQL: it moves bytes, or does not.
"""

import asyncio
import os
import socket
import struct
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

Upstream = tuple[str, int] | Path
"""Host and port, or the path of a unix socket."""
T = TypeVar("T")

CHUNK = 64 * 1024
TRICKLE_S = 0.05
"""Between two bytes: an answer of 1 kB takes most of a minute."""
DELAY_S = 2.0
SWITCH_S = 10.0
"""A switch that takes longer has failed."""
HTTP_NONSENSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
    b'Connection: close\r\n\r\n{"status": ['
)
"""An answer that is HTTP and says nothing."""


class Trouble(Enum):
    """What the wire does."""

    PASS = "pass"
    REFUSE = "refuse"
    """Open connections are reset, new ones are refused: nobody listens any more."""
    HANG = "hang"
    """Connections are taken and stay silent; open ones too. What was said is heard after it."""
    CUT = "cut"
    """Every connection is reset, new ones as soon as they are made."""
    GARBAGE = "garbage"
    """Who asks is answered with nonsense; the question goes nowhere."""
    TRICKLE = "trickle"
    """Answers come byte by byte."""
    DELAY = "delay"
    """Everything takes a while, both ways."""
    LOSE = "lose"
    """What is asked arrives and is done; the answer is lost and the connection reset."""


class Wire:
    """`with` serves it on a thread of its own, on 127.0.0.1."""

    def __init__(self, upstream: Upstream, port: int = 0) -> None:
        """`port` 0 takes a free one; `wire.port` is the one taken."""
        self.port = port
        self.connections = 0
        """Taken so far."""
        self._upstream = upstream
        self._trouble = Trouble.PASS
        self._seconds = 0.0
        self._nonsense = b""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._flows = asyncio.Event()
        self._switched = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._await(self._switch(Trouble.PASS))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._await(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SWITCH_S)
        self._loop.close()

    @property
    def present(self) -> Trouble:
        """What it does now."""
        return self._trouble

    def trouble(
        self, trouble: Trouble, *, seconds: float | None = None, nonsense: bytes = b""
    ) -> None:
        """From now on, for open connections too. `seconds` is DELAY's length and TRICKLE's pause;
        `nonsense` what GARBAGE answers, random bytes without it."""
        usual = TRICKLE_S if trouble is Trouble.TRICKLE else DELAY_S
        self._seconds = usual if seconds is None else seconds
        self._nonsense = nonsense
        self._await(self._switch(trouble))

    def mend(self) -> None:
        """Pass everything again."""
        self.trouble(Trouble.PASS)

    def cut(self) -> None:
        """Reset every open connection once; new ones are as before."""
        self._await(self._reset_all())

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        done: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(SWITCH_S)

    async def _switch(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self._switched.set()
        self._switched = asyncio.Event()
        if trouble is Trouble.HANG:
            self._flows.clear()
        else:
            self._flows.set()
        if trouble in (Trouble.REFUSE, Trouble.CUT):
            await self._reset_all()
        if trouble is Trouble.REFUSE:
            self._stop_listening()
        elif self._server is None:
            self._server = await asyncio.start_server(self._taken, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _reset_all(self) -> None:
        for writer in tuple(self._open):
            _reset(writer)

    async def _end(self) -> None:
        self._stop_listening()
        await self._reset_all()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self._open.add(writer)
        try:
            if self._trouble is Trouble.CUT:
                _reset(writer)
                return
            await self._flows.wait()
            await self._joined(reader, writer)
        except (OSError, asyncio.CancelledError):
            # Cancelled: the wire is taken away. asyncio would report it as an error of ours.
            _reset(writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await self._connected()
        self._open.add(back)
        asked = asyncio.create_task(self._pump(reader, back, writer))
        told = asyncio.create_task(self._pump(there, writer, None))
        try:
            await asyncio.wait({asked, told}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done() and asked.exception() is None:
                # The asker has said everything; the answer may still be on its way.
                await asyncio.wait({told})
        finally:
            for one in (asked, told):
                one.cancel()
            await asyncio.gather(asked, told, return_exceptions=True)
            self._open.discard(back)
            back.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(str(self._upstream))
        return await asyncio.open_connection(*self._upstream)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asker: asyncio.StreamWriter | None,
    ) -> None:
        """One direction; `asker` is given for that of the questions."""
        while data := await reader.read(CHUNK):
            await self._flows.wait()
            if asker is not None and self._trouble is Trouble.GARBAGE:
                asker.write(self._nonsense or os.urandom(256))
                await asker.drain()
                raise ConnectionAbortedError("answered with nonsense")
            if asker is None and self._trouble is Trouble.LOSE:
                _reset(writer)
                return
            await self._pass_on(data, writer, answers=asker is None)
        if writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()

    async def _pass_on(self, data: bytes, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        if self._trouble is Trouble.DELAY:
            await self._pause()
        sent = 0
        while answers and self._trouble is Trouble.TRICKLE and sent < len(data):
            writer.write(data[sent : sent + 1])
            await writer.drain()
            sent += 1
            await self._pause()
        await self._flows.wait()
        if sent < len(data):
            writer.write(data[sent:])
        await writer.drain()

    async def _pause(self) -> None:
        """As long as the trouble says, or until it is another one."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._switched.wait(), self._seconds)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End it with RST, as a machine that has gone away does, not with a polite FIN."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.family != socket.AF_UNIX:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
