"""Requests to an ASGI app, byte by byte as a server would pass them on; any header, any chunks."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp

from benchmarks.attacks.tally import Answer

Headers = Iterable[tuple[str, str | bytes]]


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Headers = (),
    body: bytes | Sequence[bytes] = b"",
    query: bytes = b"",
    *,
    hangs_up: bool = False,
) -> Answer:
    """`hangs_up`: the other side is gone before the body is complete. What the app raises is an
    answer of 599, as no server would know what to say."""
    chunks = [body] if isinstance(body, bytes) else list(body)
    given = iter(chunks)
    left = len(chunks)

    async def receive() -> dict[str, Any]:
        nonlocal left
        if left <= 0:
            return {"type": "http.disconnect"}
        left -= 1
        more = left > 0 or hangs_up
        return {"type": "http.request", "body": next(given), "more_body": more}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii", "replace"),
        "root_path": "",
        "query_string": query,
        "headers": [(_name(n), v if isinstance(v, bytes) else _value(v)) for n, v in headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 whatever it is, it is counted
        return Answer(599, [], repr(error).encode())
    start: Any = next((m for m in sent if m["type"] == "http.response.start"), None)
    if start is None:
        return Answer(599, [], b"no answer")
    told = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    return Answer(start["status"], start["headers"], told)


def _name(name: str) -> bytes:
    return name.lower().encode("latin-1", "replace")


def _value(value: str) -> bytes:
    return value.encode("latin-1", "replace")
