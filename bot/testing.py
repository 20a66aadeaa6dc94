"""A working chat in memory, for tests of what talks to one: it keeps what was shown where."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from bot.ask import Place, Window
from bot.ports import Gone
from knowledge.records import Message
from skills.contract import Call, Form, Reply


@dataclass
class Shown:
    """One message. `only_for` is the person an ephemeral one is shown to."""

    channel: str
    ts: str
    reply: Reply
    thread: str = ""
    key: str = ""
    only_for: str = ""
    edits: int = 0


@dataclass(frozen=True)
class Opened:
    """A window, as it is now."""

    hash: str = "0"
    form: Form | None = None
    call: Call | None = None
    reply: Reply | None = None


@dataclass
class MemoryMessenger:
    """`bot.ports.Messenger`. `before` is called with each method's name first: let it raise."""

    before: Callable[[str], None] = lambda method: None
    channels: frozenset[str] = frozenset({"#incidents", "C1", "D1", "U1", "U2"})
    shown: list[Shown] = field(default_factory=list)
    said: dict[str, tuple[Message, ...]] = field(default_factory=dict)
    """Messages of people by thread."""
    windows: dict[str, Opened] = field(default_factory=dict)
    """Those that are open, by id."""
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def post(self, channel: str, reply: Reply, thread: str = "", key: str = "") -> tuple[str, str]:
        self.before("post")
        if channel not in self.channels:
            raise Gone("slack", "channel_not_found")
        message = Shown(channel, f"{next(self._numbers)}.0", reply, thread, key)
        self.shown.append(message)
        return channel, message.ts

    def edit(self, channel: str, ts: str, reply: Reply, key: str = "") -> None:
        self.before("edit")
        message = self._at(channel, ts)
        message.reply = reply
        message.edits += 1

    def whisper(self, channel: str, user: str, reply: Reply, thread: str = "") -> None:
        self.before("whisper")
        ts = f"{next(self._numbers)}.0"
        self.shown.append(Shown(channel, ts, reply, thread, only_for=user))

    def respond(self, place: Place, reply: Reply, *, replace: bool, public: bool) -> None:
        self.before("respond")
        mine = [s for s in self.shown if s.key == place.response_url]
        if replace and mine:
            mine[-1].reply = reply
            return
        only_for = "" if public else "asker"
        ts = f"{next(self._numbers)}.0"
        self.shown.append(
            Shown(place.channel, ts, reply, key=place.response_url, only_for=only_for)
        )

    def ask_in(self, window: Window, form: Form, call: Call, place: Place) -> Window:
        self.before("ask_in")
        self._must_be_open(window)
        self.windows[window.id] = Opened(window.hash + "+", form, call)
        return Window(window.id, window.hash + "+")

    def show_in(self, window: Window, reply: Reply) -> None:
        self.before("show_in")
        self._must_be_open(window)
        there = self.windows[window.id]
        self.windows[window.id] = replace(there, hash=there.hash + "+", reply=reply)

    def _must_be_open(self, window: Window) -> None:
        there = self.windows.get(window.id)
        if there is None or there.hash != window.hash:
            raise Gone("slack", "hash_conflict" if there else "not_found")

    def delete(self, channel: str, ts: str) -> None:
        self.before("delete")
        self.shown.remove(self._at(channel, ts))

    def find(self, channel: str, key: str, since: datetime) -> tuple[str, str] | None:
        self.before("find")
        return next(((s.channel, s.ts) for s in self.shown if s.key == key), None)

    def message(self, channel: str, ts: str) -> Message:
        self.before("message")
        found = (m for messages in self.said.values() for m in messages if m.id == ts)
        message = next(found, None)
        if message is None:
            raise Gone("slack", "message_not_found")
        return message

    def keys_in_thread(self, channel: str, ts: str) -> tuple[str, ...]:
        self.before("keys_in_thread")
        return tuple(s.key for s in self.shown if s.thread == ts and s.key)

    def thread(self, channel: str, ts: str) -> tuple[Message, ...]:
        return self.said.get(ts, ())

    def link(self, channel: str, ts: str) -> str:
        return f"https://chat.example/{channel}/{ts}"

    def person(self, user_id: str) -> str:
        return {"U1": "ada", "U2": "ben"}.get(user_id, user_id)

    def _at(self, channel: str, ts: str) -> Shown:
        found = [s for s in self.shown if (s.channel, s.ts) == (channel, ts)]
        if not found:
            raise Gone("slack", "message_not_found")
        return found[0]
