"""How the state looks: to the app as in Slack's API, to people as in PROTOCOL.md. Pure."""

from typing import Any

from bot.playground.workspace import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_ID,
    Channel,
    File,
    Message,
    Person,
    UserGroup,
    Workspace,
)

Json = dict[str, Any]


def api_message(workspace: Workspace, message: Message, *, metadata: bool = False) -> Json:
    """A message as conversations.history has it."""
    channel = workspace.channels[message.channel]
    shown: Json = {
        "type": "message",
        "user": message.sender,
        "ts": message.ts,
        "text": message.text,
        "team": TEAM_ID,
    }
    if message.sender == BOT_USER_ID:
        shown |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": bot_profile(workspace)}
    if message.subtype:
        shown["subtype"] = message.subtype
    if message.username:
        shown["username"] = message.username
    for name in ("blocks", "attachments", "thread_ts"):
        if getattr(message, name):
            shown[name] = getattr(message, name)
    if message.files:
        shown["files"] = [api_file(workspace, workspace.files[f]) for f in message.files]
        shown["upload"] = True
    if message.edited_ts:
        shown["edited"] = {"user": message.edited_by, "ts": message.edited_ts}
    if message.reactions:
        shown["reactions"] = [
            {"name": n, "users": list(u), "count": len(u)} for n, u in message.reactions.items()
        ]
    if message.is_reply:
        parent = channel.messages.get(message.thread_ts)
        if parent is not None:
            shown["parent_user_id"] = parent.sender
    shown |= _thread(channel, message)
    if metadata and message.metadata:
        shown["metadata"] = message.metadata
    return shown


def _thread(channel: Channel, message: Message) -> Json:
    replies = [] if message.is_reply else channel.replies(message.ts)
    if not replies:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": list(dict.fromkeys(r.sender for r in replies)),
        "latest_reply": replies[-1].ts,
    }


def bot_profile(workspace: Workspace) -> Json:
    """The app behind a message."""
    name = workspace.users[BOT_USER_ID].name
    return {"id": BOT_ID, "app_id": APP_ID, "name": name, "team_id": TEAM_ID, "deleted": False}


def api_file(workspace: Workspace, file: File) -> Json:
    """A file object."""
    width, height = file.size()
    url = f"{workspace.base_url}/play/file/{file.id}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2],
        "size": file.length,
        "user": file.owner,
        "url_private": url,
        "permalink": url,
        "original_w": width,
        "original_h": height,
        "alt_txt": file.alt_text,
    }


def api_group(group: UserGroup, *, users: bool = False, count: bool = False) -> Json:
    """A user group object."""
    shown: Json = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": group.created_at,
        "date_update": group.created_at,
        "date_delete": group.deleted_at,
        "auto_type": None,
        "prefs": {"channels": [], "groups": []},
    }
    if users:
        shown["users"] = list(group.members)
    if count:
        shown["user_count"] = len(group.members)
    return shown


def api_user(user: Person) -> Json:
    """A user object."""
    return {
        "id": user.id,
        "team_id": TEAM_ID,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": False,
        "color": user.color.lstrip("#"),
        "tz": "Etc/UTC",
        "tz_offset": 0,
        "is_bot": user.is_bot,
        "is_admin": False,
        "is_owner": False,
        "is_app_user": False,
        "profile": {
            "real_name": user.real_name,
            "display_name": user.name,
            "title": user.title,
            **({"bot_id": BOT_ID, "api_app_id": APP_ID} if user.is_bot else {}),
        },
    }


def api_channel(channel: Channel) -> Json:
    """A conversation object, as the bot sees it."""
    shown: Json = {
        "id": channel.id,
        "created": 1_700_000_000,
        "is_im": channel.is_im,
        "is_channel": not channel.is_im,
        "is_archived": False,
    }
    if channel.is_im:
        return {**shown, "user": channel.other(BOT_USER_ID), "is_open": True}
    topic = {"value": channel.topic, "creator": "", "last_set": 0}
    return {
        **shown,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_general": channel.name == "general",
        "is_private": False,
        "is_member": BOT_USER_ID in channel.members,
        "num_members": len(channel.members),
        "topic": topic,
        "purpose": topic,
    }


def play_message(workspace: Workspace, message: Message) -> Json:
    """A message as the page gets it."""
    user = workspace.users.get(message.sender)
    channel = workspace.channels[message.channel]
    shown: Json = {
        "ts": message.ts,
        "channel": message.channel,
        "user": message.sender,
        "username": message.username or (user.name if user else "slackbot"),
        "is_bot": user is None or user.is_bot,
        "text": message.text,
        "reactions": play_reactions(message),
        "edited": bool(message.edited_ts),
        "ephemeral": bool(message.ephemeral_for),
        **_thread(channel, message),
    }
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.blocks:
        shown["blocks"] = with_local_images(message.blocks)
    if message.attachments:
        shown["attachments"] = with_local_images(message.attachments)
    if message.files:
        shown["files"] = [_play_file(workspace.files[f]) for f in message.files]
    return shown


def play_reactions(message: Message) -> list[Json]:
    """The reactions in the order in which they came."""
    return [{"name": n, "users": list(u)} for n, u in message.reactions.items()]


def _play_file(file: File) -> Json:
    width, height = file.size()
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "url": f"/play/file/{file.id}",
        "width": width,
        "height": height,
        "alt_text": file.alt_text,
    }


def with_local_images(value: Any) -> Any:
    """A copy in which every `slack_file` is an `image_url` that the page can load."""
    if isinstance(value, list):
        return [with_local_images(v) for v in value]
    if not isinstance(value, dict):
        return value
    copy = {k: with_local_images(v) for k, v in value.items() if k != "slack_file"}
    file = value.get("slack_file")
    if isinstance(file, dict):
        copy["image_url"] = f"/play/file/{file['id']}" if file.get("id") else file.get("url", "")
    return copy


def play_group(group: UserGroup) -> Json:
    """`Group` in PROTOCOL.md."""
    members = list(group.members)
    enabled = not group.deleted_at
    return {"id": group.id, "handle": group.handle, "members": members, "enabled": enabled}


def play_user(user: Person) -> Json:
    """A user as the page gets it."""
    names = ("id", "name", "real_name", "title", "color", "is_bot", "role")
    return {name: getattr(user, name) for name in names}


def play_channel(channel: Channel, viewer: str) -> Json:
    """A channel as `viewer` sees it; `unread` counts messages of others since they looked."""
    seen = channel.read.get(viewer, "")
    shown: Json = {
        "id": channel.id,
        "name": channel.name,
        "topic": channel.topic,
        "is_im": channel.is_im,
        "members": list(channel.members),
        "unread": sum(
            m.ts > seen
            and m.sender != viewer
            and m.ephemeral_for in ("", viewer)
            and not m.is_reply
            for m in channel.messages.values()
        ),
    }
    if channel.is_im:
        shown["user"] = channel.other(viewer)
    return shown


def play_view(view: Json) -> Json:
    """A view as the page gets it."""
    shown = {
        name: view[name]
        for name in ("id", "type", "title", "submit", "close", "private_metadata", "callback_id")
        if view.get(name) is not None
    }
    return {"title": None, "private_metadata": "", "callback_id": "", **shown} | {
        "blocks": with_local_images(view["blocks"])
    }
