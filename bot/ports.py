"""What the bot needs from a chat. Records of the store's own ports are in `knowledge.ports`."""

from datetime import datetime
from typing import Protocol

from bot.ask import Place, Window
from knowledge.errors import Unavailable
from knowledge.records import Message
from skills.contract import Call, Form, Reply


class RateLimited(Unavailable):
    """The chat asks to wait `seconds` before the same kind of call."""

    def __init__(self, system: str, seconds: float) -> None:
        super().__init__(system, f"asks to wait {seconds:g} s")
        self.seconds = seconds


class Gone(Unavailable):
    """The message, channel or window is not there any more; trying again cannot help."""

    def __init__(self, system: str, why: str) -> None:
        super().__init__(system, why, retry=False)


class People(Protocol):
    def person(self, user_id: str) -> str:
        """A person's shown name; the id when it cannot be found out."""
        ...


class Messenger(People, Protocol):
    """Shows replies. Every method may raise Unavailable, RateLimited or Gone."""

    def post(self, channel: str, reply: Reply, thread: str = "", key: str = "") -> tuple[str, str]:
        """Post a message and return (channel id, ts). `key` is hidden in it, for `find`."""
        ...

    def edit(self, channel: str, ts: str, reply: Reply, key: str = "") -> None: ...

    def whisper(self, channel: str, user: str, reply: Reply, thread: str = "") -> None:
        """Show it to one person only."""
        ...

    def respond(self, place: Place, reply: Reply, *, replace: bool, public: bool) -> None:
        """Answer a command or a button through its response address."""
        ...

    def ask_in(self, window: Window, form: Form, call: Call, place: Place) -> Window:
        """Show the form in an open window; submitting it makes the call. Raises Gone when the
        window was closed or has been changed since. Returns it as it is now."""
        ...

    def show_in(self, window: Window, reply: Reply) -> None:
        """Show a reply in an open window, below its form if it has one; else as `ask_in`."""
        ...

    def delete(self, channel: str, ts: str) -> None: ...

    def find(self, channel: str, key: str, since: datetime) -> tuple[str, str] | None:
        """The message (channel id, ts) that was posted with this key, if it arrived."""
        ...

    def keys_in_thread(self, channel: str, ts: str) -> tuple[str, ...]:
        """The keys of the bot's own messages in a thread."""
        ...

    def thread(self, channel: str, ts: str) -> tuple[Message, ...]:
        """The thread's messages by people, oldest first."""
        ...

    def message(self, channel: str, ts: str) -> Message:
        """One message, in a thread or not; its `user` is an id."""
        ...

    def link(self, channel: str, ts: str) -> str:
        """An address that leads people to the message; empty when there is none."""
        ...
