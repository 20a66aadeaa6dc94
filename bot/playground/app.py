"""The playground as a Starlette app: which path leads where."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from hmac import compare_digest
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.playground import people
from bot.playground.errors import Refused
from bot.playground.guard import Guard
from bot.playground.playground import Playground
from bot.playground.stream import Listener
from bot.playground.web_api import serve_method
from bot.playground.workspace import File

STATIC = Path(__file__).parent / "static"
# Only these are shown in the page; anything else is offered as a download.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
LARGEST = 50 * 1024 * 1024
DROP_EVERY_S = 0.1
"""How often the troubles are asked whether sockets are to be dropped."""

View = Callable[[Request], Coroutine[Any, Any, Response]]


def build_app(pg: Playground) -> Starlette:
    """Every route of the playground."""

    def troubled(view: Callable[[Playground, Request], Awaitable[Response]]) -> View:
        async def serve(request: Request) -> Response:
            return await pg.troubles.serve(request, partial(view, pg))

        return serve

    async def file(request: Request) -> Response:
        return _file(pg.workspace.files.get(request.path_params["id"]))

    async def stream(socket: WebSocket) -> None:
        await _stream(pg, socket)

    routes = [
        Route("/api/{method}", troubled(serve_method), methods=["GET", "POST"]),
        Route("/response/{key}", troubled(_response_url), methods=["POST"]),
        Route("/upload/v1/{ticket}", troubled(_upload), methods=["POST"]),
        Route("/play/file/{id}", file),
        WebSocketRoute("/link/", pg.sockets.serve),
        WebSocketRoute("/play/stream", stream),
        *(Route(path, _play(pg, end)) for path, end in people.GET.items()),
        *(Route(path, _play(pg, end), methods=["POST"]) for path, end in people.POST.items()),
        Route("/", _index),
        Route("/archives/{channel}/{message}", _index),
        Mount("/assets", StaticFiles(directory=STATIC / "assets", check_dir=False)),
    ]
    return Starlette(
        routes=routes, middleware=[Middleware(Guard)], lifespan=lambda _: _lifespan(pg)
    )


@asynccontextmanager
async def _lifespan(pg: Playground) -> AsyncIterator[None]:
    if pg.panel is not None:
        pg.delivery.background(_watch_panel(pg))
    pg.delivery.background(_drop_sockets(pg))
    yield
    await pg.close()


async def _drop_sockets(pg: Playground) -> None:
    """As its troubles have it."""
    while True:
        await asyncio.sleep(DROP_EVERY_S)
        if pg.troubles.drop_now():
            await pg.sockets.drop()


async def _watch_panel(pg: Playground) -> None:
    """Tell the pages when the panel looks different."""
    shown = None
    while True:
        now = await people.panel_state(pg)
        if now != shown:
            shown = now
            pg.stream.tell({"type": "panel", "panel": now})
        await asyncio.sleep(pg.timing.panel)


def _play(pg: Playground, endpoint: people.Endpoint) -> View:
    async def view(request: Request) -> Response:
        return await people.serve_play(pg, request, endpoint)

    return view


async def _index(request: Request) -> Response:
    page = STATIC / "index.html"
    if not page.is_file():
        return PlainTextResponse("The page is not built: see bot/playground/page.", 503)
    return FileResponse(page, headers={"Cache-Control": "no-cache"})


async def _response_url(pg: Playground, request: Request) -> Response:
    """What an app posts to a response_url."""
    user = ""
    try:
        about = pg.tickets.take_response_url(request.path_params["key"])
        user = about.user
        body = await request.json()
        if not isinstance(body, dict):
            raise Refused("invalid_payload")
        pg.responses.say(about, body)
    except ValueError:
        return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
    except Refused as refused:
        if user:
            messages = refused.extra.get("response_metadata", {}).get("messages", [])
            detail = "; ".join(messages)
            pg.talk.trouble(user, f"The app's reply was refused: {refused.code}", detail)
        gone = refused.code in ("no_such_url", "expired_url", "used_url")
        answer = {"ok": False, "error": refused.code, **refused.extra}
        return JSONResponse(answer, 404 if gone else 400)
    return JSONResponse({"ok": True})


async def _upload(pg: Playground, request: Request) -> Response:
    """The bytes of one file: as the body, or as a form's file."""
    ticket = request.path_params["ticket"]
    file = next((f for f in pg.workspace.files.values() if compare_digest(f.ticket, ticket)), None)
    if file is None or file.data is not None:
        return PlainTextResponse("upload_url_expired", 404)
    if file.length > LARGEST:
        return PlainTextResponse("file_too_large", 413)
    data = await _bytes(request)
    if len(data) != file.length:
        said = f"length_mismatch: {file.length} bytes were announced, {len(data)} came"
        return PlainTextResponse(said, 400)
    file.data = data
    return PlainTextResponse(f"OK - {len(data)}")


async def _bytes(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form() as form:
        for part in form.values():
            if not isinstance(part, str):
                return await part.read()
    return b""


def _file(file: File | None) -> Response:
    if file is None or file.data is None:
        return PlainTextResponse("file_not_found", 404)
    if file.mimetype in PICTURES:
        return Response(file.data, media_type=file.mimetype)
    headers = {"Content-Disposition": "attachment"}
    return Response(file.data, media_type="application/octet-stream", headers=headers)


async def _stream(pg: Playground, socket: WebSocket) -> None:
    """Send what happens to one page until it goes."""
    person = pg.workspace.person(socket.query_params.get("as", ""))
    if person is None or person.is_bot:
        await socket.close(1008, "user_not_found")
        return
    await socket.accept()
    listener = pg.stream.listen(person.id)
    sending = asyncio.create_task(_send_all(socket, listener))
    try:
        while not sending.done():
            # Pages say nothing here; reading notices that they have gone.
            await socket.receive_text()
    except (WebSocketDisconnect, RuntimeError, KeyError):
        pass
    finally:
        pg.stream.leave(listener)
        sending.cancel()
        with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await sending


async def _send_all(socket: WebSocket, listener: Listener) -> None:
    while (event := await listener.queue.get()) is not None:
        await socket.send_json(event)
    await socket.close(1001)
