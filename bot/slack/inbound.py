"""Pure: a Slack payload -> Ask, or None when it is not for us."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from bot.ask import Ask, Mark, Place, Way, Window
from bot.slack import press
from knowledge.errors import BadArgs
from knowledge.records import Message
from knowledge.storable import storable_text
from skills.contract import Call, Form

Payload = Mapping[str, Any]

METADATA = 3000
"""Characters of a window's private_metadata that Slack takes."""

P = ParamSpec("P")
T = TypeVar("T")
_OTHER_SHAPE = (
    *(KeyError, IndexError, TypeError, AttributeError),
    *(ValueError, OverflowError, StopIteration),
)
"""What comes of reading a payload as something that it is not."""

_MENTION = re.compile(r"<@(\w+)(?:\|[^>]*)?>")
_GROUP = re.compile(r"<!subteam\^(\w+)(?:\|@?([^>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>")
_CHANNEL = re.compile(r"<#\w+\|([^>]*)>")


def of_slack(read: Callable[P, T]) -> Callable[P, T]:
    """Also raises BadArgs where the payload has another shape than Slack's."""

    @wraps(read)
    def checked(*given: P.args, **named: P.kwargs) -> T:
        try:
            return read(*given, **named)
        except _OTHER_SHAPE as error:
            raise BadArgs("payload", "it has another shape than Slack's") from error

    return checked


def _id(value: object) -> str:
    """An id, which is a text that is not empty. Raises TypeError."""
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return storable_text(value)


def plain(text: str, bot_user: str = "") -> str:
    """Slack's markup back to what was typed; the bot's own mention is dropped."""
    text = _MENTION.sub(lambda m: "" if m[1] == bot_user else f"@{m[1]}", text)
    text = _GROUP.sub(lambda m: f"@{m[2] or m[1]}", text)
    text = _LINK.sub(lambda m: m[2] or m[1], text)
    text = _CHANNEL.sub(lambda m: f"#{m[1]}", text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return storable_text("\n".join(" ".join(line.split()) for line in text.strip().splitlines()))


@of_slack
def from_command(body: Payload) -> Ask:
    """A slash command. Its trigger id names this one invocation."""
    return Ask(
        id=f"command:{_id(body['trigger_id'])}",
        user=_id(body["user_id"]),
        way=Way.COMMAND,
        command=_id(body["command"]),
        text=plain(body.get("text", "")),
        place=Place(
            channel=_id(body["channel_id"]),
            response_url=str(body.get("response_url") or ""),
            trigger=body["trigger_id"],
        ),
    )


@of_slack
def from_event(body: Payload, bot_user: str) -> Ask | None:
    """A mention, a direct message, or a reply in a thread (the caller knows whose thread)."""
    event = body["event"]
    if event.get("bot_id") or event.get("subtype") or not event.get("user"):
        return None
    text = str(event.get("text") or "")
    direct = event.get("channel_type") == "im"
    mentioned = f"<@{bot_user}" in text
    if event["type"] == "message" and mentioned and not direct:
        return None  # Slack sends app_mention for the same message.
    if event["type"] == "app_mention" or mentioned:
        way = Way.MENTION
    elif direct:
        way = Way.DM
    elif event.get("thread_ts"):
        way = Way.THREAD
    else:
        return None
    thread = event.get("thread_ts") or ("" if direct else event["ts"])
    return Ask(
        id=f"event:{body.get('event_id') or event['ts']}",
        user=_id(event["user"]),
        way=Way.DM if direct else way,
        text=plain(text, bot_user),
        place=Place(channel=_id(event["channel"]), thread=str(thread)),
    )


@of_slack
def from_press(body: Payload) -> tuple[Ask, Form | None]:
    """A pressed button, and the form to ask first if it has one. Raises BadArgs."""
    action = body["actions"][0]
    call, form = press.decode(action.get("value", ""))
    container = body.get("container", {})
    message = body.get("message", {})
    place = Place(
        channel=(body.get("channel") or {}).get("id", container.get("channel_id", "")),
        thread=container.get("thread_ts") or message.get("thread_ts", ""),
        message=container.get("message_ts", ""),
        message_is_ephemeral=bool(container.get("is_ephemeral")),
        response_url=body.get("response_url", ""),
        trigger=body.get("trigger_id", ""),
    )
    ask = Ask(
        id=f"press:{body['user']['id']}:{action['action_ts']}:{action['action_id']}",
        user=_id(body["user"]["id"]),
        way=Way.BUTTON,
        call=call,
        place=place,
        saw=seen(body.get("message") or body.get("view") or {}),
    )
    return ask, form


def seen(shown: Payload) -> str:
    """The SHA-256 of a message or window as Slack tells us it was shown: its time and its blocks,
    as JSON with sorted keys. Empty where Slack does not say."""
    blocks = shown.get("blocks")
    if not blocks:
        return ""
    text = json.dumps({"ts": shown.get("ts", ""), "blocks": blocks}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@of_slack
def asks_form(body: Payload) -> bool:
    """Does this press open the window of its skill's own form?"""
    return press.asks(body["actions"][0].get("value", ""))


def in_window(ask: Ask, window: Window) -> Ask:
    """The press again, to be answered by a form in the window that was opened for it."""
    return replace(ask, way=Way.OPEN, window=window)


@of_slack
def from_preview(body: Payload) -> Ask:
    """The preview's button in a window: its Call, with what is typed so far. Raises BadArgs."""
    action, view = body["actions"][0], body["view"]
    call, _ = press.decode(action.get("value", ""))
    _, place = press_metadata(view["private_metadata"])
    values = _values(view)
    return Ask(
        id=f"look:{body['user']['id']}:{view['id']}:{action['action_ts']}",
        user=_id(body["user"]["id"]),
        way=Way.LOOK,
        call=replace(call, args={**call.args, **values}),
        place=place,
        values=values,
        window=Window(_id(view["id"]), _id(view["hash"])),
    )


@of_slack
def from_form(body: Payload) -> Ask:
    """A submitted window; `metadata` made its private_metadata when it was opened."""
    view = body["view"]
    call, place = press_metadata(view["private_metadata"])
    values = _values(view)
    return Ask(
        id=f"form:{view['id']}:{view.get('hash', '')}",
        user=_id(body["user"]["id"]),
        way=Way.FORM,
        call=replace(call, args={**call.args, **values}),
        place=place,
        values=values,
        saw=seen(view),
    )


@of_slack
def from_home(body: Payload) -> str | None:
    """Who opened the App Home; None for its other tabs."""
    event = body["event"]
    return _id(event["user"]) if event.get("tab", "home") == "home" else None


@of_slack
def from_reaction(body: Payload, bot_user: str) -> Mark | None:
    """A reaction on a person's (or another app's) message; the caller knows which emoji count."""
    event = body["event"]
    item = event["item"]
    if item["type"] != "message" or bot_user in (event["user"], event.get("item_user")):
        return None
    channel, ts = _id(item["channel"]), _id(item["ts"])
    emoji = event["reaction"].partition("::")[0]
    # By person: one who may not put it there must not keep the next one from doing so.
    return Mark(
        id=f"reaction:{channel}:{ts}:{emoji}:{event['user']}",
        user=_id(event["user"]),
        channel=channel,
        ts=ts,
        emoji=emoji,
    )


@of_slack
def from_message_action(body: Payload) -> Mark:
    """An entry of a message's menu."""
    raw = body["message"]
    user, trigger = _id(body["user"]["id"]), _id(body["trigger_id"])
    return Mark(
        id=f"action:{user}:{trigger}",
        user=user,
        channel=_id(body["channel"]["id"]),
        ts=_id(raw["ts"]),
        message=message_of(raw),
        trigger=trigger,
        response_url=body.get("response_url", ""),
    )


def message_of(raw: Payload, url: str = "") -> Message:
    """A message as Slack has it; its `user` is an id."""
    return Message(
        id=str(raw["ts"]),
        at=datetime.fromtimestamp(float(raw["ts"]), UTC),
        user=str(raw.get("user") or raw.get("bot_id") or ""),
        text=plain(str(raw.get("text", ""))),
        reactions=tuple(r["name"] for r in raw.get("reactions", ())),
        url=url,
        thread=str(raw.get("thread_ts", "")),
    )


def metadata(call: Call, place: Place) -> str:
    """What a window must remember: the Call and where its button was."""
    where = [
        place.channel,
        place.thread,
        place.message,
        place.message_is_ephemeral,
        place.response_url,
    ]
    carried = Call(call.skill, {"args": dict(call.args), "place": where})
    return press.encode(carried, limit=METADATA)


@of_slack
def press_metadata(text: str) -> tuple[Call, Place]:
    """Raises BadArgs when it is not ours."""
    carried, _ = press.decode(text)
    channel, thread, message, ephemeral, response_url = carried.args["place"]
    place = Place(channel, thread, message, bool(ephemeral), response_url)
    return Call(carried.skill, carried.args["args"]), place


def _values(view: Payload) -> dict[str, str]:
    """What is typed in a window, by field; fields left empty are left out."""
    typed = {
        block: _typed(next(iter(elements.values())))
        for block, elements in view["state"]["values"].items()
    }
    return {name: value for name, value in typed.items() if value}


def _typed(element: Payload) -> str:
    if element.get("selected_option"):
        return storable_text(str(element["selected_option"]["value"]))
    return storable_text(str(element.get("value") or "").strip())
