"""The Web API's methods for messages and reactions. Each takes the playground and the arguments."""

from math import inf
from typing import Any

from bot.playground.errors import Refused
from bot.playground.playground import Playground
from bot.playground.presents import api_message
from bot.playground.workspace import BOT_USER_ID, TEAM_DOMAIN, Channel, Message

Json = dict[str, Any]


def flag(args: Json, name: str) -> bool:
    """A boolean argument as forms ("1", "true") and JSON have it."""
    return args.get(name) in (True, 1, "1", "true", "True")


def the_channel(pg: Playground, args: Json, *, by_name: bool = False) -> Channel:
    """Raises Refused("channel_not_found")."""
    key = str(args.get("channel") or "")
    channels = pg.workspace.channels
    channel = pg.workspace.channel(key) if by_name else channels.get(key)
    if channel is None or (channel.is_im and BOT_USER_ID not in channel.members):
        raise Refused("channel_not_found")
    return channel


def _where_to_post(pg: Playground, args: Json) -> Channel:
    """A channel the bot may post to; a user's id opens their direct message."""
    key = str(args.get("channel") or "")
    if key in pg.workspace.users and key != BOT_USER_ID:
        return pg.workspace.direct(BOT_USER_ID, key)
    channel = the_channel(pg, args, by_name=True)
    public = pg.manifest.scopes is not None and "chat:write.public" in pg.manifest.scopes
    if BOT_USER_ID not in channel.members and not public:
        raise Refused("not_in_channel")
    return channel


def _thread(channel: Channel, args: Json) -> str:
    """The thread to post to; a reply's own thread if a reply is named. Raises Refused."""
    ts = str(args.get("thread_ts") or "")
    if not ts:
        return ""
    parent = channel.messages.get(ts)
    if parent is None or parent.ephemeral_for:
        raise Refused("thread_not_found")
    return parent.thread_ts or ts


def post_message(pg: Playground, args: Json) -> Json:
    """chat.postMessage"""
    channel = _where_to_post(pg, args)
    content = pg.content.read(args)
    message = Message(
        pg.workspace.next_ts(),
        channel.id,
        BOT_USER_ID,
        thread_ts=_thread(channel, args),
        broadcast=flag(args, "reply_broadcast"),
        **content,
    )
    pg.talk.post(message)
    shown = api_message(pg.workspace, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_ephemeral(pg: Playground, args: Json) -> Json:
    """chat.postEphemeral"""
    channel = _where_to_post(pg, args)
    user = str(args.get("user") or "")
    if user not in pg.workspace.users:
        raise Refused("user_not_found")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    content = pg.content.read(args)
    message = Message(
        pg.workspace.next_ts(),
        channel.id,
        BOT_USER_ID,
        thread_ts=_thread(channel, args),
        ephemeral_for=user,
        **content,
    )
    pg.talk.post(message)
    return {"message_ts": message.ts}


def _own(pg: Playground, args: Json, wrong: str) -> Message:
    channel = the_channel(pg, args)
    message = channel.messages.get(str(args.get("ts") or ""))
    # An ephemeral message cannot be reached by chat.update: only its response_url can.
    if message is None or message.ephemeral_for:
        raise Refused("message_not_found")
    if message.sender != BOT_USER_ID:
        raise Refused(wrong)
    return message


def update(pg: Playground, args: Json) -> Json:
    """chat.update: text without blocks removes the blocks; metadata stays unless it is given."""
    message = _own(pg, args, "cant_update_message")
    content = pg.content.read(args)
    if args.get("metadata") is None:
        del content["metadata"]
    pg.talk.edit(message, BOT_USER_ID, **content)
    shown = api_message(pg.workspace, message, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shown}


def delete(pg: Playground, args: Json) -> Json:
    """chat.delete"""
    message = _own(pg, args, "cant_delete_message")
    pg.talk.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(pg: Playground, args: Json) -> Json:
    """chat.getPermalink: opens the page at the message."""
    channel = the_channel(pg, args)
    ts = str(args.get("message_ts") or "")
    message = channel.messages.get(ts)
    if message is None or message.ephemeral_for:
        raise Refused("message_not_found")
    link = f"{pg.base_url}/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link, "team": TEAM_DOMAIN}


def _readable(pg: Playground, args: Json) -> Channel:
    channel = the_channel(pg, args)
    if BOT_USER_ID not in channel.members:
        raise Refused("not_in_channel")
    needed = "im:history" if channel.is_im else "channels:history"
    if pg.manifest.missing((needed,)):
        raise Refused("missing_scope", needed=needed, provided=_provided(pg))
    return channel


def _provided(pg: Playground) -> str:
    return ",".join(sorted(pg.manifest.scopes or ()))


def _ts(args: Json, name: str, default: float) -> float:
    try:
        return float(args.get(name) or default)
    except ValueError as error:
        raise Refused(f"invalid_ts_{name}") from error


def _between(messages: list[Message], args: Json) -> list[Message]:
    inclusive = flag(args, "inclusive")
    low, high = _ts(args, "oldest", 0.0), _ts(args, "latest", inf)

    def inside(ts: float) -> bool:
        return low <= ts <= high if inclusive else low < ts < high

    return [m for m in messages if inside(float(m.ts))]


def _number(args: Json, name: str, default: int) -> int:
    try:
        return int(str(args.get(name) or default).removeprefix("at:"))
    except ValueError as error:
        raise Refused(f"invalid_{name}") from error


def page(items: list[Any], args: Json, default: int = 100) -> tuple[list[Any], str]:
    """One page and the cursor of the next, "" at the end. Raises Refused("invalid_cursor")."""
    start = _number(args, "cursor", 0)
    limit = max(1, min(_number(args, "limit", default), 999))
    more = f"at:{start + limit}" if start + limit < len(items) else ""
    return items[start : start + limit], more


def history(pg: Playground, args: Json) -> Json:
    """conversations.history: newest first, replies only if they were also sent to the channel."""
    channel = _readable(pg, args)
    kept = [
        m
        for m in channel.messages.values()
        if not m.ephemeral_for and (not m.is_reply or m.broadcast)
    ]
    found = sorted(_between(kept, args), key=lambda m: m.ts, reverse=True)
    return _messages(pg, found, args)


def _messages(pg: Playground, found: list[Message], args: Json) -> Json:
    shown, cursor = page(found, args)
    metadata = flag(args, "include_all_metadata")
    return {
        "messages": [api_message(pg.workspace, m, metadata=metadata) for m in shown],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def replies(pg: Playground, args: Json) -> Json:
    """conversations.replies: the parent, then its replies, oldest first."""
    channel = _readable(pg, args)
    named = channel.messages.get(str(args.get("ts") or ""))
    if named is None or named.ephemeral_for:
        raise Refused("thread_not_found")
    parent_ts = named.thread_ts or named.ts
    parent = channel.messages.get(parent_ts)
    found = [*([parent] if parent else []), *_between(channel.replies(parent_ts), args)]
    return _messages(pg, found, args)


def _reacted(pg: Playground, args: Json) -> Message:
    channel = the_channel(pg, args)
    message = channel.messages.get(str(args.get("timestamp") or ""))
    if message is None or message.ephemeral_for:
        raise Refused("message_not_found")
    return message


def reactions_add(pg: Playground, args: Json) -> Json:
    """reactions.add"""
    message = _reacted(pg, args)
    if not args.get("name"):
        raise Refused("invalid_name")
    if not pg.talk.react(message, BOT_USER_ID, str(args["name"]).strip(":")):
        raise Refused("already_reacted")
    return {}


def reactions_remove(pg: Playground, args: Json) -> Json:
    """reactions.remove"""
    message = _reacted(pg, args)
    if not pg.talk.react(message, BOT_USER_ID, str(args.get("name")).strip(":"), remove=True):
        raise Refused("no_reaction")
    return {}


def reactions_get(pg: Playground, args: Json) -> Json:
    """reactions.get"""
    message = _reacted(pg, args)
    shown = api_message(pg.workspace, message)
    return {"type": "message", "channel": message.channel, "message": shown}
