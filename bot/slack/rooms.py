"""`ports.Rooms` on Slack's channels.

https://docs.slack.dev/reference/methods/conversations.create
"""

import logging
import re
from collections.abc import Sequence
from typing import Any

from slack_sdk import WebClient

from bot.ports import Messenger
from bot.slack import web
from bot.slack.messenger import SlackMessenger
from knowledge.errors import BadArgs, Unavailable
from skills.contract import Button, Reply

log = logging.getLogger("tandem.rooms")

MOST_NAME = 80
MOST_TOPIC = 250
MOST_TRIES = 5
_HARMLESS = frozenset({"already_in_channel", "cant_invite_self"})
_UNREACHED = frozenset({"channel_not_found", "not_in_channel", "is_archived"})


class SlackRooms:
    """Thread safe. Needs the scopes channels:manage and channels:read."""

    def __init__(self, client: WebClient, messenger: Messenger | None = None) -> None:
        self._client = client
        self._messenger = messenger or SlackMessenger(client)

    def open(self, name: str, topic: str, people: Sequence[str]) -> str:
        """A channel of that name in which the bot is: its own from before, or a new one. Where the
        name is taken by another one or an archived one, a number is added to it."""
        channel = self._make(channel_name(name))
        self.topic(channel, topic)
        for person in people:
            self._invite(channel, person)
        return channel

    def topic(self, channel: str, topic: str) -> None:
        text = topic if len(topic) <= MOST_TOPIC else topic[: MOST_TOPIC - 1].rstrip() + "…"
        self._call("conversations_setTopic", channel=channel, topic=text)

    def say(self, channel: str, title: str, text: str, link: str = "") -> str:
        buttons = (Button("Open the card", url=link),) if link else ()
        try:
            posted, ts = self._messenger.post(channel, Reply(title, text=text, buttons=buttons))
        except Unavailable as error:
            if error.why in _UNREACHED:
                raise BadArgs(
                    "channel",
                    f"{channel} does not take my message ({error.why})",
                    "Check its name, and invite me into it",
                ) from error
            raise
        return self._messenger.link(posted, ts)

    def _make(self, name: str) -> str:
        for number in range(1, MOST_TRIES + 1):
            suffix = "" if number == 1 else f"-{number}"
            wanted = f"{name[: MOST_NAME - len(suffix)]}{suffix}"
            try:
                return str(self._call("conversations_create", name=wanted)["channel"]["id"])
            except Unavailable as error:
                if error.why != "name_taken":
                    raise
            ours = self._ours(wanted)
            if ours:
                return ours
        raise Unavailable("slack", f"the name #{name} is taken, with numbers too", retry=False)

    def _ours(self, name: str) -> str:
        """The open channel of that name if the bot is in it, or empty."""
        cursor = ""
        while True:
            page = self._call(
                "conversations_list",
                types="public_channel",
                exclude_archived=True,
                limit=200,
                **({"cursor": cursor} if cursor else {}),
            )
            for channel in page["channels"]:
                if channel["name"] == name:
                    return str(channel["id"]) if channel.get("is_member") else ""
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return ""

    def _invite(self, channel: str, person: str) -> None:
        """One by one: of several, one who has left would keep the others out."""
        try:
            self._call("conversations_invite", channel=channel, users=person)
        except Unavailable as error:
            if error.retry:
                raise
            if error.why not in _HARMLESS:
                log.warning("%s is not invited into %s: %s", person, channel, error.why)

    def _call(self, method: str, **arguments: Any) -> Any:
        return web.call(self._client, method, **arguments)


def channel_name(name: str) -> str:
    """What Slack takes: lower case, digits, hyphens and underscores, 80 characters at most."""
    plain = re.sub(r"[^a-z0-9_]+", "-", name.lower().lstrip("#")).strip("-")
    return plain[:MOST_NAME].rstrip("-") or "incident"
