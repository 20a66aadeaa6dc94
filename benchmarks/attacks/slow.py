"""Senders that trickle, and requests that are not what HTTP says; over real sockets on loopback.

While they hold on to the bot, honest alerts must get in as fast as people would want them to.
"""

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from benchmarks.attacks.nasty import altered_bytes
from benchmarks.attacks.tally import Answer, Class, Row, seeded
from benchmarks.attacks.world import SECRETS, World
from bot.patience import MOST_HEADER_BYTES, REQUEST_S

HONEST_S = 5.0
"""Longer than this and an honest sender may give up."""
_HEAD = b"POST /signals/alertmanager HTTP/1.1\r\nHost: bot\r\n"
_TOKEN = f"Authorization: Bearer {SECRETS['webhook']}\r\n".encode()
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


def _tricklers() -> Sequence[tuple[bytes, bytes]]:
    """What is sent at once, and what every second after it."""
    return (
        (b"", b"P"),
        (_HEAD, b"X-A: b\r\n"),
        (_HEAD + _TOKEN + b"Content-Length: 8000\r\n\r\n", b"["),
        (_HEAD + _TOKEN + _CHUNKED + b"\r\n", b"1\r\n[\r\n"),
        (_HEAD + b"Content-Length: 8000\r\n\r\n", b"["),
        (b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 8000\r\n\r\n", b"{"),
    )


async def _slow(world: World, row: Row, inputs: int) -> None:
    """`inputs` connections at once; each must be hung up on in time."""
    limit = REQUEST_S + 8 if inputs > 50 else 2.0
    kinds = _tricklers()
    begun = time.monotonic()
    held = [
        asyncio.create_task(_trickle(world, *kinds[number % len(kinds)], begun + limit))
        for number in range(inputs)
    ]
    await asyncio.sleep(0.5)
    number = 0
    while time.monotonic() < begun + limit and not all(task.done() for task in held):
        number += 1
        took = await _honest(world)
        if took > HONEST_S:
            row.crash(f"an honest alert took {took:.1f} s while {inputs} senders trickled")
        await asyncio.sleep(0.5)
    for ended in await asyncio.gather(*held):
        # In a small sample nobody waits until the end: that they are served meanwhile is checked.
        row.check(ended or inputs <= 50, "a sender that trickles was not hung up on")


async def _trickle(world: World, first: bytes, more: bytes, until: float) -> bool:
    """Whether it was hung up on."""
    try:
        reader, writer = await _connect(world)
        writer.write(first)
        while time.monotonic() < until:
            writer.write(more)
            await writer.drain()
            try:
                if await asyncio.wait_for(reader.read(1000), 1.0) == b"":
                    return True
            except TimeoutError:
                continue
    except OSError:
        return True
    return False


async def _honest(world: World) -> float:
    begun = time.monotonic()
    body = b'{"alerts": []}'
    length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    answer = await _raw(world, _HEAD + _TOKEN + length + body)
    return time.monotonic() - begun if b" 202 " in answer[:20] else HONEST_S + 60


async def _connect(world: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    at = urlsplit(world.url)
    return await asyncio.open_connection(at.hostname, at.port)


async def _raw(world: World, sent: bytes, wait_s: float = 2 * HONEST_S) -> bytes:
    """The beginning of what comes back; nothing where nothing does in time."""
    told = b""
    try:
        reader, writer = await _connect(world)
        writer.write(sent)
        await writer.drain()
        told = await asyncio.wait_for(reader.read(100_000), wait_s)
        writer.close()
    except (OSError, TimeoutError):
        pass
    return told


# Tricks ----------------------------------------------------------------------------------------


def _tricks() -> Sequence[tuple[str, bytes]]:
    inner = b"POST /changes HTTP/1.1\r\nHost: bot\r\nContent-Length: 2\r\n\r\n{}"
    return (
        ("both lengths", _HEAD + b"Content-Length: 4\r\n" + _CHUNKED + b"\r\n0\r\n\r\n" + inner),
        ("both, other way", _HEAD + _CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n" + inner),
        ("two lengths", _HEAD + b"Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + inner),
        ("a list of lengths", _HEAD + b"Content-Length: 2, 2\r\n\r\n{}"),
        ("a negative length", _HEAD + b"Content-Length: -5\r\n\r\n{}"),
        ("a length with a sign", _HEAD + b"Content-Length: +2\r\n\r\n{}"),
        ("a length in hex", _HEAD + b"Content-Length: 0x2\r\n\r\n{}"),
        ("a length too long", _HEAD + b"Content-Length: " + b"9" * 300 + b"\r\n\r\n{}"),
        ("a space before the colon", _HEAD + b"Content-Length : 2\r\n\r\n{}"),
        ("a folded header", _HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}"),
        ("a NUL in a header", _HEAD + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
        ("a bare line feed", _HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}"),
        ("a bare return", _HEAD + b"X: a\rContent-Length: 2\r\n\r\n{}"),
        ("chunked twice", _HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        ("chunked not last", _HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        ("chunked spelt oddly", _HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("a huge chunk", _HEAD + _CHUNKED + b"\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n"),
        ("a negative chunk", _HEAD + _CHUNKED + b"\r\n-1\r\n{}\r\n0\r\n\r\n"),
        ("a chunk's extension", _HEAD + _CHUNKED + b"\r\n2;" + b"a" * 90_000 + b"\r\n{}\r\n"),
        ("a trailer", _HEAD + _CHUNKED + b"\r\n0\r\nAuthorization: Bearer x\r\n\r\n"),
        ("no version", b"GET /metrics\r\n\r\n"),
        ("version 0.9", b"GET /metrics HTTP/0.9\r\n\r\n"),
        ("version 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("an absolute address", b"POST http://evil.example/signals/x HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("a tunnel", b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("a socket", b"GET /metrics HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\n"
         b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
         b"Sec-WebSocket-Version: 13\r\n\r\n"),
        ("an unknown method", b"HACK /signals/x HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("a long address", b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n"),
        ("long headers", _HEAD + b"X: " + b"a" * 2 * MOST_HEADER_BYTES),
        ("many headers", _HEAD + b"".join(b"X%d: a\r\n" % n for n in range(20_000)) + b"\r\n"),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 60),
        ("nothing", b""),
        ("line ends", b"\r\n" * 1000),
        ("zeros", b"\0" * 1000),
    )  # fmt: skip


async def _odd(world: World, row: Row, inputs: int) -> None:
    """None has a token that is good; so none may be answered as if it had."""
    rng = seeded("http")
    tricks = list(_tricks())
    for number in range(inputs):
        case, sent = tricks[number % len(tricks)]
        if number >= len(tricks):
            case, sent = f"{case}, altered", altered_bytes(rng, sent[:20_000])
        told = await _raw(world, sent, 0.3)
        status = _status(told)
        row.saw(Answer(status, [], told), case, let_in=200 <= status < 300 and b"GET" not in sent)
    if await _honest(world) > HONEST_S:
        row.crash("an honest alert was not taken afterwards")


def _status(told: bytes) -> int:
    words = told[:30].split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 400


CLASSES = (
    Class(
        f"slow senders, all at once ({REQUEST_S:.0f} s for a whole request)",
        "hung up on; honest alerts are taken meanwhile",
        700,
        _slow,
        quick=False,
    ),
    Class("requests that are not what HTTP says", "400 or 401, or hung up on", 1500, _odd),
)
