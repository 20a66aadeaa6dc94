"""Keeps other sites out: the playground answers only to its own loopback name and its own page."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self' ws://127.0.0.1:* ws://localhost:*; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'self'"
    ),
}


def host_is_ours(host: str) -> bool:
    """A Host header that names loopback: any other means that DNS was turned against us."""
    try:
        parts = urlsplit(f"//{host}")
    except ValueError:
        return False
    return (parts.hostname or "") in NAMES and parts.netloc == host and "@" not in host


def origin_is_ours(origin: str | None, host: str) -> bool:
    """No Origin (no browser), or the page that this very host served."""
    try:
        return origin is None or urlsplit(origin).netloc == host
    except ValueError:
        return False


class Guard:
    """Host on everything, Origin on what people may do, security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        # A page of another port is another origin; only links may lead here from outside.
        play = scope["path"].startswith("/play")
        strange = play and headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if strange or not host_is_ours(host) or not origin_is_ours(headers.get("origin"), host):
            await _refuse(scope, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = b'{"ok": false, "error": "forbidden", "detail": "wrong Host or Origin"}'
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
