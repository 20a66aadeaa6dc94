"""What an app says back: to a response_url, or with its ack."""

from typing import Any

from bot.playground.content import Content
from bot.playground.errors import Refused
from bot.playground.talk import Talk
from bot.playground.tickets import ResponseUrl
from bot.playground.workspace import BOT_USER_ID, Message, Workspace

Json = dict[str, Any]


class Responses:
    """Ephemeral by default; `in_channel`, `replace_original` and `delete_original` as in Slack."""

    def __init__(self, workspace: Workspace, talk: Talk, content: Content) -> None:
        self._workspace = workspace
        self._talk = talk
        self._content = content

    def say(self, about: ResponseUrl, body: Json) -> None:
        """Carry out one answer. Raises Refused if its blocks or its text are wrong."""
        original = self._workspace.message(about.channel, about.message_ts)
        if body.get("delete_original"):
            if original is None:
                raise Refused("message_not_found")
            self._talk.delete(original)
            return
        content = self._content.read(body)
        if body.get("replace_original"):
            if original is None:
                raise Refused("message_not_found")
            self._talk.edit(original, BOT_USER_ID, **content)
            return
        in_channel = body.get("response_type") == "in_channel"
        self._talk.post(
            Message(
                ts=self._workspace.next_ts(),
                channel=about.channel,
                sender=BOT_USER_ID,
                thread_ts=str(body.get("thread_ts") or about.thread_ts),
                ephemeral_for="" if in_channel else about.user,
                **content,
            )
        )
