"""`/play`: what people do and see. The interface is written down in PROTOCOL.md."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.playground.errors import PlayRefused
from bot.playground.mentions import typed
from bot.playground.playground import Playground
from bot.playground.presents import (
    play_channel,
    play_group,
    play_message,
    play_user,
    play_view,
)
from bot.playground.workspace import TEAM_ID, TEAM_NAME, Channel, Message, Person

Json = dict[str, Any]
Endpoint = Callable[[Playground, Json], Awaitable[Json]]
# The longest that /play/wait holds a request.
LONGEST_WAIT = 25.0


def _person(pg: Playground, args: Json) -> Person:
    key = str(args.get("as") or "")
    person = pg.workspace.person(key)
    if person is None or person.is_bot:
        names = ", ".join(u.name for u in pg.workspace.users.values() if not u.is_bot)
        raise PlayRefused("user_not_found", f"as={key!r}; there are: {names}", 404)
    return person


def _channel(pg: Playground, args: Json, person: Person) -> Channel:
    key = str(args.get("channel") or "")
    channel = pg.workspace.channel(key)
    if channel is None or person.id not in channel.members:
        raise PlayRefused("channel_not_found", key, 404)
    return channel


def _message(pg: Playground, args: Json, person: Person) -> Message:
    ts = str(args.get("ts") or "")
    message = _channel(pg, args, person).messages.get(ts)
    if message is None or message.ephemeral_for not in ("", person.id):
        raise PlayRefused("message_not_found", ts, 404)
    return message


def _view(pg: Playground, view_id: Any, person: Person) -> Json:
    view = pg.views.find(person.id, str(view_id or ""))
    if view is None:
        raise PlayRefused("view_not_found", str(view_id), 404)
    return view


async def state(pg: Playground, args: Json) -> Json:
    """Everything the page needs at its start; without `as`, what the first person sees."""
    first = next(u.id for u in pg.workspace.users.values() if not u.is_bot)
    person = _person(pg, {"as": args.get("as") or first})
    commands = [
        {"command": c.command, "description": c.description, "usage_hint": c.usage_hint}
        for c in pg.manifest.commands or ()
    ]
    return {
        "team": {"id": TEAM_ID, "name": TEAM_NAME},
        "users": [play_user(u) for u in pg.workspace.users.values()],
        "groups": [play_group(g) for g in pg.workspace.groups.values()],
        "channels": [play_channel(c, person.id) for c in pg.workspace.visible(person.id)],
        "app": pg.app(),
        "commands": commands,
        "shortcuts": [vars(s) for s in pg.manifest.shortcuts],
        "panel": await panel_state(pg),
        "notices": [dict(n) for n in pg.notices],
        "changes": pg.stream.changes,
    }


async def panel_state(pg: Playground) -> Json | None:
    """What the panel shows now; None without one."""
    if pg.panel is None:
        return None
    shown = pg.panel.state()
    return await shown if inspect.isawaitable(shown) else shown


def _limit(args: Json) -> int:
    try:
        return max(1, min(int(args.get("limit") or 200), 1000))
    except ValueError as error:
        raise PlayRefused("wrong_value", "limit must be a whole number") from error


async def messages(pg: Playground, args: Json) -> Json:
    """A channel's messages, and with `threads` the replies too; looking marks them as read."""
    person = _person(pg, args)
    channel = _channel(pg, args, person)
    before, limit = str(args.get("before") or ""), _limit(args)
    found = [
        m
        for m in channel.messages.values()
        if m.ephemeral_for in ("", person.id)
        and (args.get("threads") or not m.is_reply or m.broadcast)
        and (not before or m.ts < before)
    ]
    if channel.messages:
        channel.read[person.id] = max(channel.messages)
    return {
        "messages": [play_message(pg.workspace, m) for m in found[-limit:]],
        "has_more": len(found) > limit,
        "changes": pg.stream.changes,
    }


async def thread(pg: Playground, args: Json) -> Json:
    """One thread with what only this person sees."""
    person = _person(pg, args)
    channel = _channel(pg, args, person)
    ts = str(args.get("thread_ts") or "")
    found = [
        m
        for m in channel.messages.values()
        if ts in (m.ts, m.thread_ts) and m.ephemeral_for in ("", person.id)
    ]
    if not found:
        raise PlayRefused("thread_not_found", ts, 404)
    return {"messages": [play_message(pg.workspace, m) for m in found]}


async def home(pg: Playground, args: Json) -> Json:
    """The app's home; `quiet` looks without telling the app."""
    person = _person(pg, args)
    if not args.get("quiet"):
        pg.acts.open_home(person)
    view = pg.views.home(person.id)
    return {"view": play_view(view) if view else None, "changes": pg.stream.changes}


async def views(pg: Playground, args: Json) -> Json:
    """The open modals, the one in front last."""
    stack = pg.views.stack(_person(pg, args).id)
    return {"views": [play_view(v) for v in stack], "changes": pg.stream.changes}


async def wait(pg: Playground, args: Json) -> Json:
    """Hold the request until something changes after `seen`."""
    try:
        seconds, seen = float(args.get("timeout") or 0), int(args.get("seen") or 0)
    except ValueError as error:
        raise PlayRefused("wrong_value", "timeout and seen must be numbers") from error
    return {"changes": await pg.stream.wait(seen, min(seconds, LONGEST_WAIT))}


async def say(pg: Playground, args: Json) -> Json:
    """Say something in a channel, a thread or a direct message."""
    person = _person(pg, args)
    channel = _channel(pg, args, person)
    text = str(args.get("text") or "").strip()
    if not text:
        raise PlayRefused("no_text", "there is nothing to say")
    thread_ts = str(args.get("thread_ts") or "")
    if thread_ts:
        parent = channel.messages.get(thread_ts)
        if parent is None or parent.ephemeral_for:
            raise PlayRefused("thread_not_found", thread_ts, 404)
        thread_ts = parent.thread_ts or parent.ts
    stored = typed(text, pg.workspace)
    ts = pg.workspace.next_ts()
    pg.talk.post(Message(ts, channel.id, person.id, stored, thread_ts=thread_ts))
    channel.read[person.id] = ts
    return {"ts": ts}


async def dm(pg: Playground, args: Json) -> Json:
    """Open a direct message."""
    person = _person(pg, args)
    other = pg.workspace.person(str(args.get("user") or ""))
    if other is None or other.id == person.id:
        raise PlayRefused("user_not_found", str(args.get("user")), 404)
    channel = pg.workspace.direct(person.id, other.id)
    shown = {"type": "channel", "channel": play_channel(channel, other.id)}
    pg.stream.tell(shown, {other.id})
    return {"channel": play_channel(channel, person.id)}


async def command(pg: Playground, args: Json) -> Json:
    """A slash command. Slack knows none of an app's own in threads."""
    person = _person(pg, args)
    channel = _channel(pg, args, person)
    name, text = str(args.get("command") or ""), str(args.get("text") or "").strip()
    if not name.startswith("/"):
        raise PlayRefused("unknown_command", f"{name!r} does not start with /", 404)
    if args.get("thread_ts"):
        raise PlayRefused("not_in_threads", f"{name} is not supported in threads. Sorry!")
    seconds = await pg.acts.command(person, channel, name, text)
    return {"ack_ms": round(seconds * 1000, 1)}


def _form(args: Json) -> dict[str, dict[str, Any]]:
    values = args.get("values") or {}
    if not isinstance(values, dict) or not all(isinstance(v, dict) for v in values.values()):
        raise PlayRefused("wrong_value", "values must be {block_id: {action_id: value}}")
    return values


async def click(pg: Playground, args: Json) -> Json:
    """Press an element; in a view, `values` says what the form holds besides."""
    person = _person(pg, args)
    container = args.get("container")
    if not isinstance(container, dict):
        raise PlayRefused("wrong_value", "container must be an object")
    block_id, action_id = str(args.get("block_id")), str(args.get("action_id"))
    value = args.get("value")
    if container.get("type") == "view":
        view = _view(pg, container.get("view_id"), person)
        acked = await pg.acts.click_view(person, view, block_id, action_id, value, _form(args))
    else:
        message = _message(pg, container, person)
        acked = await pg.acts.click_message(person, message, block_id, action_id, value)
    return {"acknowledged": acked}


async def submit(pg: Playground, args: Json) -> Json:
    """Send a modal's form."""
    person = _person(pg, args)
    view = _view(pg, args.get("view_id"), person)
    if view["type"] != "modal":
        raise PlayRefused("not_a_modal", "a home has nothing to submit")
    closed, errors = await pg.acts.submit(person, view, _form(args))
    return {"closed": closed, **({"errors": errors} if errors else {})}


async def close(pg: Playground, args: Json) -> Json:
    """Close a modal."""
    person = _person(pg, args)
    view = _view(pg, args.get("view_id"), person)
    if view["type"] != "modal":
        raise PlayRefused("not_a_modal", "a home cannot be closed")
    await pg.acts.close(person, view)
    return {}


async def react(pg: Playground, args: Json) -> Json:
    """Add or remove a reaction; doing it twice changes nothing."""
    person = _person(pg, args)
    message = _message(pg, args, person)
    name = str(args.get("name") or "").strip(":")
    if not name or message.ephemeral_for:
        raise PlayRefused("invalid_name", "a reaction needs a name and a message that all see")
    pg.talk.react(message, person.id, name, remove=bool(args.get("remove")))
    return {}


def _own(pg: Playground, args: Json) -> tuple[Person, Message]:
    person = _person(pg, args)
    message = _message(pg, args, person)
    if message.sender != person.id:
        raise PlayRefused("not_yours", "only your own messages can be changed", 403)
    return person, message


async def edit(pg: Playground, args: Json) -> Json:
    """Change an own message."""
    person, message = _own(pg, args)
    text = str(args.get("text") or "").strip()
    if not text:
        raise PlayRefused("no_text", "there is nothing to say")
    stored = typed(text, pg.workspace)
    pg.talk.edit(message, person.id, text=stored)
    return {}


async def delete(pg: Playground, args: Json) -> Json:
    """Take an own message away."""
    _, message = _own(pg, args)
    pg.talk.delete(message)
    return {}


async def shortcut(pg: Playground, args: Json) -> Json:
    """A global shortcut, or one of a message's menu."""
    person = _person(pg, args)
    message = _message(pg, args, person) if args.get("ts") else None
    callback = str(args.get("callback_id") or "")
    known = [s.callback_id for s in pg.manifest.shortcuts]
    if pg.manifest.scopes is not None and callback not in known:
        raise PlayRefused("unknown_shortcut", f"{callback!r}; there are: {', '.join(known)}", 404)
    await pg.acts.shortcut(person, callback, message)
    return {}


async def group(pg: Playground, args: Json) -> Json:
    """Put people into a group, take them out, enable or disable it: what its owners do."""
    _person(pg, args)
    found = pg.workspace.group(str(args.get("group") or ""))
    if found is None:
        raise PlayRefused("group_not_found", str(args.get("group")), 404)
    added, removed = (_people(pg, args.get(side)) for side in ("add", "remove"))
    found.members = [
        member for member in dict.fromkeys([*found.members, *added]) if member not in removed
    ]
    if args.get("enabled") is not None:
        found.deleted_at = 0 if args["enabled"] else int(pg.clock())
    pg.stream.tell({"type": "group", "group": play_group(found)})
    return {"group": play_group(found)}


def _people(pg: Playground, names: Any) -> list[str]:
    found = [pg.workspace.person(str(name)) for name in names or ()]
    if None in found:
        raise PlayRefused("user_not_found", str(names), 404)
    return [person.id for person in found if person is not None]


async def press_panel(pg: Playground, args: Json) -> Json:
    """Press a button of the demo's panel."""
    person = _person(pg, args)
    if pg.panel is None:
        raise PlayRefused("no_panel", "this playground has no panel", 404)
    try:
        said = pg.panel.press(str(args["id"]), person.id)
        text = await said if inspect.isawaitable(said) else said
    except KeyError as error:
        raise PlayRefused("unknown_action", str(args["id"]), 404) from error
    pg.stream.tell({"type": "panel", "panel": await panel_state(pg)})
    return {"text": text}


async def connect_app(pg: Playground, args: Json) -> Json:
    """Switch to HTTP mode: `url` must be on this machine and answer url_verification."""
    await pg.use_http(str(args.get("url") or ""))
    return {}


async def refresh_sockets(pg: Playground, args: Json) -> Json:
    """Ask the app's sockets to come anew, as Slack does now and then."""
    await pg.sockets.disconnect("refresh_requested")
    return {}


GET: dict[str, Endpoint] = {
    "/play/state": state,
    "/play/messages": messages,
    "/play/thread": thread,
    "/play/home": home,
    "/play/views": views,
    "/play/wait": wait,
}
POST: dict[str, Endpoint] = {
    "/play/say": say,
    "/play/dm": dm,
    "/play/command": command,
    "/play/click": click,
    "/play/submit": submit,
    "/play/close": close,
    "/play/react": react,
    "/play/edit": edit,
    "/play/delete": delete,
    "/play/shortcut": shortcut,
    "/play/group": group,
    "/play/panel/{id}": press_panel,
    "/play/app": connect_app,
    "/play/refresh": refresh_sockets,
}


async def serve_play(pg: Playground, request: Request, endpoint: Endpoint) -> Response:
    """Read the arguments, act, answer as PROTOCOL.md says."""
    try:
        return JSONResponse({"ok": True, **await endpoint(pg, await _arguments(request))})
    except PlayRefused as refused:
        answer = {"ok": False, "error": refused.code, "detail": refused.detail}
        return JSONResponse(answer, refused.status)


async def _arguments(request: Request) -> Json:
    if request.method == "GET":
        return dict(request.query_params)
    # A browser sends other content types across sites without asking first.
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise PlayRefused("invalid_content_type", "send application/json", 415)
    try:
        body = await request.json()
    except ValueError as error:
        raise PlayRefused("invalid_json", str(error)) from error
    if not isinstance(body, dict):
        raise PlayRefused("invalid_json", "the body must be an object")
    return {**body, **request.path_params}
