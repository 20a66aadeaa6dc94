"""The Web API's methods for channels, people, views and files."""

import mimetypes
from typing import Any

from bot.playground.chat_methods import page, the_channel
from bot.playground.content import parsed
from bot.playground.errors import Refused
from bot.playground.playground import Playground
from bot.playground.presents import api_channel, api_file, api_group, api_user, bot_profile
from bot.playground.workspace import (
    BOT_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    TEAM_NAME,
    Message,
    UserGroup,
)

Json = dict[str, Any]


def auth_test(pg: Playground, args: Json) -> Json:
    """auth.test"""
    return {
        "url": f"{pg.base_url}/",
        "team": TEAM_NAME,
        "user": pg.workspace.users[BOT_USER_ID].name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def connections_open(pg: Playground, args: Json) -> Json:
    """apps.connections.open"""
    base = pg.base_url.replace("http", "ws", 1)
    return {"url": f"{base}/link/?ticket={pg.sockets.ticket()}&app_id={BOT_ID}"}


def conversations_list(pg: Playground, args: Json) -> Json:
    """conversations.list"""
    types = str(args.get("types") or "public_channel").split(",")
    found = [
        c
        for c in pg.workspace.channels.values()
        if ("im" if c.is_im else "public_channel") in types
        and (not c.is_im or BOT_USER_ID in c.members)
    ]
    shown, cursor = page(found, args)
    return {
        "channels": [api_channel(c) for c in shown],
        "response_metadata": {"next_cursor": cursor},
    }


def conversations_info(pg: Playground, args: Json) -> Json:
    """conversations.info"""
    return {"channel": api_channel(the_channel(pg, args))}


def conversations_members(pg: Playground, args: Json) -> Json:
    """conversations.members"""
    shown, cursor = page(the_channel(pg, args).members, args)
    return {"members": shown, "response_metadata": {"next_cursor": cursor}}


def conversations_join(pg: Playground, args: Json) -> Json:
    """conversations.join"""
    channel = the_channel(pg, args)
    if channel.is_im:
        raise Refused("method_not_supported_for_channel_type")
    joined = pg.talk.join(channel, BOT_USER_ID)
    return {
        "channel": api_channel(channel),
        **({} if joined else {"warning": "already_in_channel"}),
    }


def conversations_open(pg: Playground, args: Json) -> Json:
    """conversations.open: with one user; groups of several are not kept here."""
    users = args.get("users") or ""
    named = users.split(",") if isinstance(users, str) else list(users)
    if not named or named == [""]:
        raise Refused("users_list_not_supplied")
    if len(named) > 1:
        raise Refused("not_enough_users", detail="the playground has no group messages")
    if named[0] not in pg.workspace.users or named[0] == BOT_USER_ID:
        raise Refused("user_not_found")
    return {"channel": {"id": pg.workspace.direct(BOT_USER_ID, named[0]).id}}


def users_info(pg: Playground, args: Json) -> Json:
    """users.info"""
    user = pg.workspace.users.get(str(args.get("user") or ""))
    if user is None:
        raise Refused("user_not_found")
    return {"user": api_user(user)}


def users_list(pg: Playground, args: Json) -> Json:
    """users.list"""
    shown, cursor = page(list(pg.workspace.users.values()), args)
    return {"members": [api_user(u) for u in shown], "response_metadata": {"next_cursor": cursor}}


def usergroups_list(pg: Playground, args: Json) -> Json:
    """usergroups.list"""
    users, count = _yes(args, "include_users"), _yes(args, "include_count")
    found = [g for g in pg.workspace.groups.values() if _is_listed(g, args)]
    return {"usergroups": [api_group(group, users=users, count=count) for group in found]}


def usergroups_users_list(pg: Playground, args: Json) -> Json:
    """usergroups.users.list"""
    group = pg.workspace.groups.get(str(args.get("usergroup") or ""))
    if group is None or not _is_listed(group, args):
        raise Refused("no_such_subteam")
    return {"users": list(group.members)}


def _is_listed(group: UserGroup, args: Json) -> bool:
    return not group.deleted_at or _yes(args, "include_disabled")


def _yes(args: Json, name: str) -> bool:
    """A switch as slack_sdk sends it in a form ("1") or in JSON."""
    return str(args.get(name)).lower() in ("1", "true")


def bots_info(pg: Playground, args: Json) -> Json:
    """bots.info"""
    if args.get("bot") not in (None, "", BOT_ID):
        raise Refused("bot_not_found")
    return {"bot": {**bot_profile(pg.workspace), "user_id": BOT_USER_ID}}


def team_info(pg: Playground, args: Json) -> Json:
    """team.info"""
    return {"team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_DOMAIN}}


def _view(args: Json) -> Any:
    return parsed(args.get("view"), "invalid_arguments")


def _trigger(args: Json) -> str:
    # Slack accepts an interactivity_pointer in the trigger's place.
    return str(args.get("trigger_id") or args.get("interactivity_pointer") or "")


def views_open(pg: Playground, args: Json) -> Json:
    """views.open"""
    return {"view": pg.views.open(_trigger(args), _view(args))}


def views_push(pg: Playground, args: Json) -> Json:
    """views.push"""
    return {"view": pg.views.push(_trigger(args), _view(args))}


def views_update(pg: Playground, args: Json) -> Json:
    """views.update"""
    view_id, external = str(args.get("view_id") or ""), str(args.get("external_id") or "")
    return {"view": pg.views.update(view_id, external, str(args.get("hash") or ""), _view(args))}


def views_publish(pg: Playground, args: Json) -> Json:
    """views.publish"""
    user = str(args.get("user_id") or "")
    if user not in pg.workspace.users:
        raise Refused("user_not_found")
    return {"view": pg.views.publish(user, str(args.get("hash") or ""), _view(args))}


def get_upload_url(pg: Playground, args: Json) -> Json:
    """files.getUploadURLExternal"""
    name = str(args.get("filename") or "")
    try:
        length = int(args.get("length") or 0)
    except ValueError as error:
        raise Refused("invalid_arguments") from error
    if not name or length <= 0:
        raise Refused("invalid_arguments")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = pg.workspace.new_file(name, length, BOT_USER_ID, kind)
    file.alt_text = str(args.get("alt_txt") or "")
    return {"upload_url": f"{pg.base_url}/upload/v1/{file.ticket}", "file_id": file.id}


def complete_upload(pg: Playground, args: Json) -> Json:
    """files.completeUploadExternal: with a channel it is posted there, else kept for blocks."""
    asked = parsed(args.get("files"), "invalid_arguments")
    if not isinstance(asked, list) or not asked or not all(isinstance(f, dict) for f in asked):
        raise Refused("invalid_arguments")
    files = []
    for each in asked:
        file = pg.workspace.need_file(str(each.get("id") or ""))
        file.title = str(each.get("title") or file.name)
        files.append(file)
    keys = [k for k in str(args.get("channels") or args.get("channel_id") or "").split(",") if k]
    for key in keys:
        channel = the_channel(pg, {"channel": key})
        if BOT_USER_ID not in channel.members:
            raise Refused("not_in_channel")
        pg.talk.post(
            Message(
                pg.workspace.next_ts(),
                channel.id,
                BOT_USER_ID,
                str(args.get("initial_comment") or ""),
                thread_ts=str(args.get("thread_ts") or ""),
                files=[f.id for f in files],
                subtype="file_share",
            )
        )
    return {"files": [api_file(pg.workspace, f) for f in files]}
