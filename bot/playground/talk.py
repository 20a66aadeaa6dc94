"""Messages and reactions: change the state, tell the pages, send the app its events."""

from typing import Any

from bot.playground.delivery import Delivery
from bot.playground.manifest import Manifest
from bot.playground.mentions import mentions
from bot.playground.payloads import event_callback
from bot.playground.presents import api_message, play_channel, play_message, play_reactions
from bot.playground.stream import Stream
from bot.playground.workspace import BOT_USER_ID, TEAM_ID, Channel, Message, Workspace

Json = dict[str, Any]


class Talk:
    """Everything that is said in channels goes through here, whoever says it."""

    def __init__(
        self, workspace: Workspace, stream: Stream, delivery: Delivery, manifest: Manifest
    ) -> None:
        self._workspace = workspace
        self._stream = stream
        self._delivery = delivery
        self._manifest = manifest

    def event(self, event: Json, subscription: str = "") -> None:
        """Send the app an event if its manifest subscribes to it."""
        if self._manifest.wants(subscription or event["type"]):
            self._delivery.event(event_callback(event, self._workspace.clock()))

    def _heard(self, channel: Channel, event: Json, subscription: str = "") -> None:
        """An event of a channel: only for the app if the bot is in it."""
        if BOT_USER_ID in channel.members:
            self.event(event, subscription)

    def post(self, message: Message) -> Message:
        """Add a message; an ephemeral one is seen by its one user and never becomes an event."""
        channel = self._workspace.channels[message.channel]
        channel.messages[message.ts] = message
        self._show("message", message)
        if message.ephemeral_for:
            return message
        if message.is_reply and (parent := channel.messages.get(message.thread_ts)):
            self._show("message_changed", parent)
        said = self._message_event(channel, message)
        self._heard(channel, said, _subscription(channel))
        if (
            not channel.is_im
            and message.sender != BOT_USER_ID
            and mentions(message.text, BOT_USER_ID)
        ):
            left_out = ("channel_type", "subtype")
            mention = {k: v for k, v in said.items() if k not in left_out}
            self._heard(channel, {**mention, "type": "app_mention"})
        return message

    def _message_event(self, channel: Channel, message: Message) -> Json:
        return {
            **api_message(self._workspace, message, metadata=True),
            "channel": channel.id,
            "channel_type": "im" if channel.is_im else "channel",
            "event_ts": message.ts,
        }

    def _show(self, kind: str, message: Message) -> None:
        channel = self._workspace.channels[message.channel]
        users = {message.ephemeral_for} if message.ephemeral_for else set(channel.members)
        shown = play_message(self._workspace, message)
        self._stream.tell({"type": kind, "message": shown}, users)

    def edit(self, message: Message, by: str, **changes: Any) -> Message:
        """Change a message's fields (`text`, `blocks` ...) in place."""
        channel = self._workspace.channels[message.channel]
        before = api_message(self._workspace, message, metadata=True)
        for name, value in changes.items():
            setattr(message, name, value)
        now = self._workspace.next_ts()
        message.edited_ts, message.edited_by = now, by
        self._show("message_changed", message)
        if not message.ephemeral_for:
            event = self._hidden(channel, "message_changed", now, before)
            event["message"] = api_message(self._workspace, message, metadata=True)
            self._heard(channel, event, _subscription(channel))
        return message

    def _hidden(self, channel: Channel, subtype: str, ts: str, before: Json) -> Json:
        return {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            "channel": channel.id,
            "channel_type": "im" if channel.is_im else "channel",
            "ts": ts,
            "event_ts": ts,
            "previous_message": before,
        }

    def delete(self, message: Message) -> None:
        """Take a message away."""
        channel = self._workspace.channels[message.channel]
        before = api_message(self._workspace, message)
        del channel.messages[message.ts]
        gone: Json = {"type": "message_deleted", "channel": channel.id, "ts": message.ts}
        if message.ephemeral_for:
            self._stream.tell({**gone, "ephemeral": True}, {message.ephemeral_for})
            return
        self._stream.tell(gone, set(channel.members))
        if message.is_reply and (parent := channel.messages.get(message.thread_ts)):
            self._show("message_changed", parent)
        event = self._hidden(channel, "message_deleted", self._workspace.next_ts(), before)
        self._heard(channel, {**event, "deleted_ts": message.ts}, _subscription(channel))

    def react(self, message: Message, user: str, name: str, *, remove: bool = False) -> bool:
        """Add or remove a reaction; False if it was (or was not) there already."""
        users = message.reactions.get(name, [])
        if (user in users) != remove:
            return False
        users = [u for u in users if u != user] if remove else [*users, user]
        if users:
            message.reactions[name] = users
        else:
            del message.reactions[name]
        channel = self._workspace.channels[message.channel]
        self._stream.tell(
            {
                "type": "reaction",
                "channel": channel.id,
                "ts": message.ts,
                "reactions": play_reactions(message),
            },
            set(channel.members),
        )
        event = {
            "type": "reaction_removed" if remove else "reaction_added",
            "user": user,
            "reaction": name,
            "item_user": message.sender,
            "item": {"type": "message", "channel": channel.id, "ts": message.ts},
            "event_ts": self._workspace.next_ts(),
        }
        self._heard(channel, event)
        return True

    def join(self, channel: Channel, user: str) -> bool:
        """Let `user` into a channel; False if they were in it."""
        if user in channel.members:
            return False
        channel.members.append(user)
        self.channel_changed(channel)
        event = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "C",
            "team": TEAM_ID,
            "event_ts": self._workspace.next_ts(),
        }
        self._heard(channel, event)
        return True

    def channel_changed(self, channel: Channel) -> None:
        """Show its name, topic and members to those who are in it."""
        for member in channel.members:
            told = {"type": "channel", "channel": play_channel(channel, member)}
            self._stream.tell(told, {member})

    def trouble(self, user: str, text: str, detail: str = "") -> None:
        """Tell one person what Slack would show as a small warning."""
        self._stream.tell({"type": "trouble", "text": text, "detail": detail}, {user})


def _subscription(channel: Channel) -> str:
    return "message.im" if channel.is_im else "message.channels"
