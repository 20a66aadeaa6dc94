"""How long the HTTP side waits, with a real server on loopback."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import patience
from bot.patience import MOST_HEADER_BYTES, PatientProtocol

HEAD = b"POST / HTTP/1.1\r\nHost: bot\r\n"
SHORT_S = 0.15


class HastyProtocol(PatientProtocol):
    """The same with no patience at all, so that no test waits for half a minute."""

    def _wait(self, seconds: float) -> None:
        super()._wait(seconds / patience.HEADERS_S * SHORT_S)


async def _size(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = Starlette(routes=[Route("/", _size, methods=["POST"])])
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", http=HastyProtocol, ws="none"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    yield int(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    await serving


async def _sent(port: int, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """What comes back until the server hangs up, or until it has answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        return await asyncio.wait_for(reader.read(2000), 5)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_whole_requests_are_served_also_one_after_the_other(port: int) -> None:
    whole = HEAD + b"Content-Length: 3\r\n\r\nabc"
    assert b" 200 " in await _sent(port, whole)
    assert (await _sent(port, whole + whole, pause_s=0.05)).count(b" 200 ") == 2


@pytest.mark.parametrize(
    "parts",
    [
        [b"P"],
        [b""],
        [HEAD, *[b"X-A: b\r\n"] * 10],
        [HEAD + b"Content-Length: 100\r\n\r\n", *[b"a"] * 20],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\na\r\n"] * 20],
    ],
    ids=["one byte", "nothing", "headers", "a body", "chunks"],
)
async def test_who_trickles_is_hung_up_on(port: int, parts: list[bytes]) -> None:
    assert await _sent(port, *parts, pause_s=0.05) == b""


async def test_a_next_request_has_its_time_too(port: int) -> None:
    whole = HEAD + b"Content-Length: 3\r\n\r\nabc"
    answer = await _sent(port, whole, HEAD, pause_s=2 * SHORT_S)
    assert answer == b"" or b" 200 " in answer


async def test_headers_have_an_end(port: int) -> None:
    line = b"X-Long: " + b"a" * 1000 + b"\r\n"
    assert await _sent(port, HEAD, *[line] * (MOST_HEADER_BYTES // 900)) == b""
    assert await _sent(port, HEAD + b"X-Long: " + b"a" * 2 * MOST_HEADER_BYTES) == b""
