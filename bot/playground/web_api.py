"""`/api/<method>`: tokens, scopes, rate limits and arguments; the methods are in *_methods."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.playground import channel_methods as channel
from bot.playground import chat_methods as chat
from bot.playground import other_methods as other
from bot.playground.errors import Limited, Refused
from bot.playground.playground import Playground

Json = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """`scopes`: one of them is enough; none are needed if it is empty."""

    run: Callable[[Playground, Json], Json]
    scopes: tuple[str, ...] = ()
    app_token: bool = False


_READ = ("channels:read", "im:read", "groups:read", "mpim:read")
METHODS = {
    "apps.connections.open": Method(other.connections_open, app_token=True),
    "auth.test": Method(other.auth_test),
    "bots.info": Method(other.bots_info, ("users:read",)),
    "chat.delete": Method(chat.delete, ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("chat:write",)),
    "chat.postMessage": Method(chat.post_message, ("chat:write",)),
    "chat.update": Method(chat.update, ("chat:write",)),
    "conversations.create": Method(channel.create, ("channels:manage",)),
    "conversations.history": Method(chat.history, ("channels:history", "im:history")),
    "conversations.info": Method(other.conversations_info, _READ),
    "conversations.invite": Method(channel.invite, ("channels:manage", "channels:write.invites")),
    "conversations.join": Method(other.conversations_join, ("channels:join",)),
    "conversations.list": Method(other.conversations_list, _READ),
    "conversations.members": Method(other.conversations_members, _READ),
    "conversations.open": Method(other.conversations_open, ("im:write",)),
    "conversations.replies": Method(chat.replies, ("channels:history", "im:history")),
    "conversations.setTopic": Method(
        channel.set_topic, ("channels:manage", "channels:write.topic")
    ),
    "files.completeUploadExternal": Method(other.complete_upload, ("files:write",)),
    "files.getUploadURLExternal": Method(other.get_upload_url, ("files:write",)),
    "reactions.add": Method(chat.reactions_add, ("reactions:write",)),
    "reactions.get": Method(chat.reactions_get, ("reactions:read",)),
    "reactions.remove": Method(chat.reactions_remove, ("reactions:write",)),
    "team.info": Method(other.team_info, ("team:read",)),
    "usergroups.list": Method(other.usergroups_list, ("usergroups:read",)),
    "usergroups.users.list": Method(other.usergroups_users_list, ("usergroups:read",)),
    "users.info": Method(other.users_info, ("users:read",)),
    "users.list": Method(other.users_list, ("users:read",)),
    "views.open": Method(other.views_open),
    "views.publish": Method(other.views_publish),
    "views.push": Method(other.views_push),
    "views.update": Method(other.views_update),
}


async def serve_method(pg: Playground, request: Request) -> Response:
    """Answer one call as slack.com does: 200 with `ok`, or 429."""
    name = request.path_params["method"]
    try:
        args = await _arguments(request)
        result = _run(pg, name, args, _token(request, args))
    except Limited as limited:
        headers = {"Retry-After": str(limited.retry_after)}
        return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
    except Refused as refused:
        return JSONResponse({"ok": False, "error": refused.code, **refused.extra})
    headers = {"X-OAuth-Scopes": ",".join(sorted(pg.manifest.scopes or ()))}
    return JSONResponse({"ok": True, **result}, headers=headers)


async def _arguments(request: Request) -> Json:
    """Query, form and JSON arguments in one dict."""
    args: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json":
        try:
            # slack_sdk calls it JSON also where there is no body.
            body = await request.json() if await request.body() else {}
        except ValueError as error:
            raise Refused("invalid_json") from error
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        return {**args, **body}
    async with request.form() as form:
        return {**args, **form}


def _token(request: Request, args: Json) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(args.get("token") or "")


def _run(pg: Playground, name: str, args: Json, token: str) -> Json:
    method = METHODS.get(name)
    if method is None:
        raise Refused("unknown_method", req_method=name)
    if not token:
        raise Refused("not_authed")
    if token not in (pg.secrets.bot_token, pg.secrets.app_token):
        raise Refused("invalid_auth")
    if (token == pg.secrets.app_token) != method.app_token:
        raise Refused("not_allowed_token_type")
    if pg.manifest.missing(method.scopes):
        provided = ",".join(sorted(pg.manifest.scopes or ()))
        raise Refused("missing_scope", needed=method.scopes[0], provided=provided)
    key = str(args.get("channel") or "")
    place = pg.workspace.channel(key)
    wait = pg.limits.wait(name, place.id if place else key, pg.clock())
    if wait is not None:
        raise Limited(wait)
    return method.run(pg, args)
