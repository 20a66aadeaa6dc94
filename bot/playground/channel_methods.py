"""The Web API's methods that make and change channels."""

import re
from typing import Any

from bot.playground.chat_methods import the_channel
from bot.playground.errors import Refused
from bot.playground.playground import Playground
from bot.playground.presents import api_channel
from bot.playground.workspace import BOT_USER_ID, Channel

Json = dict[str, Any]
LONGEST_NAME = 80
LONGEST_TOPIC = 250
_NAME = re.compile(r"[a-z0-9_\-]+")


def create(pg: Playground, args: Json) -> Json:
    """conversations.create: public; a private one is not kept here."""
    name = str(args.get("name") or "").strip()
    if not name:
        raise Refused("invalid_name_required")
    if len(name) > LONGEST_NAME:
        raise Refused("invalid_name_maxlength")
    if not _NAME.fullmatch(name):
        raise Refused("invalid_name_specials")
    if pg.workspace.channel(name) is not None:
        raise Refused("name_taken")
    return {"channel": api_channel(pg.workspace.new_channel(name, BOT_USER_ID))}


def invite(pg: Playground, args: Json) -> Json:
    """conversations.invite: all or none."""
    channel = _own(pg, args)
    users = args.get("users") or ""
    named = [u for u in (users.split(",") if isinstance(users, str) else users) if u]
    if not named:
        raise Refused("no_user")
    if BOT_USER_ID in named:
        raise Refused("cant_invite_self")
    if any(user not in pg.workspace.users for user in named):
        raise Refused("user_not_found")
    if all(user in channel.members for user in named):
        raise Refused("already_in_channel")
    for user in named:
        pg.talk.join(channel, user)
    return {"channel": api_channel(channel)}


def set_topic(pg: Playground, args: Json) -> Json:
    """conversations.setTopic"""
    channel = _own(pg, args)
    topic = str(args.get("topic") or "")
    if len(topic) > LONGEST_TOPIC:
        raise Refused("too_long")
    channel.topic = topic
    pg.talk.channel_changed(channel)
    return {"channel": api_channel(channel)}


def _own(pg: Playground, args: Json) -> Channel:
    channel = the_channel(pg, args)
    if channel.is_im:
        raise Refused("method_not_supported_for_channel_type")
    if BOT_USER_ID not in channel.members:
        raise Refused("not_in_channel")
    return channel
