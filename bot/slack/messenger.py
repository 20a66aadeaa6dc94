"""Messenger over Slack's Web API, for worker threads. Slack's errors become ours here."""

import json
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from ssl import SSLContext
from time import sleep
from typing import Any

import httpx
from slack_sdk import WebClient

from bot.ask import Place, Window
from bot.ports import Gone, RateLimited
from bot.slack import blocks, inbound, web, windows
from bot.slack.inbound import message_of, plain
from knowledge.errors import Unavailable
from knowledge.records import Message
from skills.contract import Attachment, Call, Form, Picture, Reply

EVENT_TYPE = "tandem"
_FILE_TRIES = 4
_REMEMBERED_FILES = 200
"""Pictures that are not uploaded again when a card with the same one is edited."""
_REFUSED_VIEW = re.compile("invalid_arguments|invalid_blocks")
_USER = re.compile(r"[UW][A-Z0-9]+")


class SlackMessenger:
    """Thread safe: it keeps only names it has looked up."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._names: dict[str, str] = {}
        self._uploaded: OrderedDict[str, str] = OrderedDict()

    def post(self, channel: str, reply: Reply, thread: str = "", key: str = "") -> tuple[str, str]:
        answer = self._show(
            lambda **drawn: self._call(
                "chat_postMessage",
                channel=channel,
                thread_ts=thread or None,
                unfurl_links=False,
                unfurl_media=False,
                **_metadata(key),
                **drawn,
            ),
            reply,
        )
        where, ts = str(answer["channel"]), str(answer["ts"])
        self._share(reply.attachments, where, thread)
        return where, ts

    def edit(self, channel: str, ts: str, reply: Reply, key: str = "") -> None:
        self._show(
            lambda **drawn: self._call(
                "chat_update", channel=channel, ts=ts, **_metadata(key), **drawn
            ),
            reply,
        )

    def whisper(self, channel: str, user: str, reply: Reply, thread: str = "") -> None:
        self._show(
            lambda **drawn: self._call(
                "chat_postEphemeral",
                channel=channel,
                user=user,
                thread_ts=thread or None,
                **drawn,
            ),
            reply,
        )

    def respond(self, place: Place, reply: Reply, *, replace: bool, public: bool) -> None:
        def send(**drawn: Any) -> dict[str, Any]:
            body = {
                **drawn,
                "replace_original": replace,
                "response_type": "in_channel" if public else "ephemeral",
            }
            if not web.is_slacks(place.response_url, self._client.base_url):
                raise Unavailable("slack", "the response address is not Slack's", retry=False)
            return _to_response_url(place.response_url, body)

        self._show(send, reply)

    def ask_in(self, window: Window, form: Form, call: Call, place: Place) -> Window:
        view = blocks.form_view(form, inbound.metadata(call, place))
        at_once = form.preview is not None and form.preview.at_once
        return self._redraw(window, windows.drawing(view) if at_once else view)

    def show_in(self, window: Window, reply: Reply) -> None:
        """As `_show`: a new file may be refused for a moment, and is left out in the end."""
        files = [self._upload(picture) for picture in reply.pictures]
        for wait in (0.3 * 2**n for n in range(_FILE_TRIES if files else 0)):
            try:
                self._redraw(window, windows.answered(window, reply, files))
                return
            except Unavailable as error:
                if not _REFUSED_VIEW.search(error.why):
                    raise
                sleep(wait)
        self._forget(files)
        self._redraw(window, windows.answered(window, reply))

    def _redraw(self, window: Window, view: dict[str, Any]) -> Window:
        answer = self._call("views_update", view_id=window.id, hash=window.hash or None, view=view)
        return windows.opened(answer["view"])

    def delete(self, channel: str, ts: str) -> None:
        self._call("chat_delete", channel=channel, ts=ts)

    def find(self, channel: str, key: str, since: datetime) -> tuple[str, str] | None:
        where = self._channel_id(channel)
        messages = self._pages(
            "conversations_history",
            "messages",
            channel=where,
            oldest=f"{since.timestamp():.6f}",
            include_all_metadata=True,
        )
        for message in messages:
            if _key(message) == key:
                return where, str(message["ts"])
        return None

    def thread(self, channel: str, ts: str) -> tuple[Message, ...]:
        said = (m for m in self._replies(channel, ts) if not m.get("bot_id"))
        return tuple(self._message(channel, raw) for raw in said)

    def keys_in_thread(self, channel: str, ts: str) -> tuple[str, ...]:
        return tuple(filter(None, map(_key, self._replies(channel, ts))))

    def message(self, channel: str, ts: str) -> Message:
        # Of Slack's methods this one finds a reply by its own ts alone, and needs least to be seen.
        raw = self._call("reactions_get", channel=channel, timestamp=ts)["message"]
        return message_of(raw, str(raw.get("permalink") or self.link(channel, ts)))

    def link(self, channel: str, ts: str) -> str:
        try:
            answer = self._call("chat_getPermalink", channel=channel, message_ts=ts)
        except Unavailable:
            return ""
        return str(answer["permalink"])

    def person(self, user_id: str) -> str:
        if user_id not in self._names:
            try:
                user = self._call("users_info", user=user_id)["user"]
            except Unavailable:
                return user_id
            profile = user.get("profile", {})
            self._names[user_id] = (
                profile.get("display_name") or user.get("name") or user.get("real_name") or user_id
            )
        return self._names[user_id]

    def home(self, user: str, view: dict[str, Any]) -> None:
        """Publish a person's App Home."""
        self._call("views_publish", user_id=user, view=view)

    def channel_id(self, name: str) -> str:
        """The id behind "#incidents"; raises Gone when there is no such channel."""
        return self._channel_id(name)

    def _replies(self, channel: str, ts: str) -> list[dict[str, Any]]:
        return self._pages(
            "conversations_replies", "messages", channel=channel, ts=ts, include_all_metadata=True
        )

    def _pages(self, method: str, field: str, **arguments: Any) -> list[dict[str, Any]]:
        """All items of a method that answers by pages."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            answer = self._call(method, limit=200, cursor=cursor or None, **arguments)
            found += answer[field]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return found

    def _channel_id(self, channel: str) -> str:
        if _USER.fullmatch(channel):
            return self._direct(channel)
        if not channel.startswith("#"):
            return channel
        if channel not in self._names:
            listed = self._pages(
                "conversations_list",
                "channels",
                exclude_archived=True,
                types="public_channel",  # Private ones would need a scope more.
            )
            self._names.update({f"#{c['name']}": str(c["id"]) for c in listed})
        if channel not in self._names:
            raise Gone("slack", f"no channel {channel}, or the bot cannot see it")
        return self._names[channel]

    def _direct(self, user: str) -> str:
        """The direct messages with a person: messages are posted there by the person's id, but
        read by the channel's."""
        key = f"direct:{user}"
        if key not in self._names:
            opened = self._call("conversations_open", users=user)
            self._names[key] = str(opened["channel"]["id"])
        return self._names[key]

    def _message(self, channel: str, raw: dict[str, Any]) -> Message:
        user = str(raw.get("user", ""))
        return Message(
            id=str(raw["ts"]),
            at=datetime.fromtimestamp(float(raw["ts"]), UTC),
            user=self.person(user) if user else "",
            text=plain(str(raw.get("text", ""))),
            reactions=tuple(r["name"] for r in raw.get("reactions", ())),
            url=self.link(channel, str(raw["ts"])),
        )

    def _show(self, send: Callable[..., dict[str, Any]], reply: Reply) -> dict[str, Any]:
        """Upload the pictures, then send. Slack needs a moment before a new file may be shown:
        until then it refuses the blocks, and after a few tries we show the reply without it."""
        files = [self._upload(picture) for picture in reply.pictures]
        text = blocks.fallback(reply)
        for wait in (0.3 * 2**n for n in range(_FILE_TRIES)):
            try:
                return send(text=text, blocks=blocks.blocks(reply, files))
            except Unavailable as error:
                if not files or "invalid_blocks" not in error.why:
                    raise
                sleep(wait)
        self._forget(files)
        return send(text=text, blocks=blocks.blocks(reply))

    def _forget(self, files: list[str]) -> None:
        """Slack does not show these any more: the next card uploads its pictures anew."""
        for key in [key for key, file in self._uploaded.items() if file in files]:
            self._uploaded.pop(key, None)

    def _upload(self, picture: Picture) -> str:
        """The picture's file id; one that was uploaded before is used again."""
        key = sha256(picture.png + picture.alt.encode()).hexdigest()
        known = self._uploaded.get(key)
        if known is not None:
            return known
        file_id = self._send("picture.png", picture.png, blocks.cut(picture.alt, 1000))
        self._call("files_completeUploadExternal", files=[{"id": file_id, "title": picture.title}])
        self._uploaded[key] = file_id
        while len(self._uploaded) > _REMEMBERED_FILES:
            self._uploaded.popitem(last=False)
        return file_id

    def _share(self, attachments: tuple[Attachment, ...], channel: str, thread: str) -> None:
        """Post the files below the message that they belong to, as one message."""
        if not attachments:
            return
        sent = [{"id": self._send(a.name, a.content), "title": a.name} for a in attachments]
        self._call(
            "files_completeUploadExternal",
            files=sent,
            channel_id=channel,
            thread_ts=thread or None,
        )

    def _send(self, name: str, content: bytes, alt: str = "") -> str:
        """Bytes to Slack's upload address; the file's id, which is still to be completed."""
        ticket = self._call(
            "files_getUploadURLExternal", filename=name, length=len(content), alt_txt=alt or None
        )
        _http("POST", ticket["upload_url"], content=content)
        return str(ticket["file_id"])

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        return web.call(self._client, method, **arguments)


def _key(message: dict[str, Any]) -> str:
    return str(message.get("metadata", {}).get("event_payload", {}).get("key", ""))


def _metadata(key: str) -> dict[str, Any]:
    if not key:
        return {}
    return {"metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}}}


@cache
def _trusted() -> SSLContext:
    """Made once: reading the certificates takes longer than the request."""
    return httpx.create_ssl_context()


def _http(method: str, url: str, **given: Any) -> httpx.Response:
    try:
        response = httpx.request(method, url, timeout=10, verify=_trusted(), **given)
    except httpx.HTTPError as error:
        raise Unavailable("slack", f"{type(error).__name__} at a response address") from error
    if response.status_code == 429:
        raise RateLimited("slack", float(response.headers.get("Retry-After", 1)))
    if response.status_code >= 400:
        raise Unavailable(
            "slack",
            f"answered {response.status_code}: {response.text[:200]}",
            retry=response.status_code >= 500,
        )
    return response


def _to_response_url(url: str, body: dict[str, Any]) -> dict[str, Any]:
    response = _http("POST", url, json=body)
    try:
        answer = json.loads(response.text)
    except ValueError:
        return {}  # Slack answers a plain "ok".
    if isinstance(answer, dict) and answer.get("ok") is False:
        raise Unavailable("slack", str(answer.get("error")), retry=False)
    return answer if isinstance(answer, dict) else {}
