"""A request with Slack stripped off, and where to answer it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from knowledge.records import Message
from skills.contract import Call


class Way(StrEnum):
    """How it reached us."""

    COMMAND = "command"
    MENTION = "mention"
    DM = "dm"
    THREAD = "thread"
    """A reply without a mention, in a thread the bot started."""
    BUTTON = "button"
    FORM = "form"
    OPEN = "open"
    """A button that asks its skill's form first: the answer is that form, in the open window."""
    LOOK = "look"
    """A preview inside a window: the answer is shown in it, and nothing may change."""
    TERMINAL = "terminal"


@dataclass(frozen=True)
class Place:
    """Where to answer. `message` is the one that held the button, if a button was pressed."""

    channel: str = ""
    thread: str = ""
    message: str = ""
    message_is_ephemeral: bool = False
    response_url: str = ""
    trigger: str = ""
    """Opens a window for three seconds."""


@dataclass(frozen=True)
class Window:
    """A window that is open, as it was when it was last seen. What it shows is replaced only if
    nothing else did so since: of two answers the later request's stays."""

    id: str
    hash: str
    shows: str = field(default="", repr=False)
    """What it shows, as the chat itself writes it down."""


@dataclass(frozen=True)
class Mark:
    """A message that a person wants on an incident's time line: by a reaction, or by its menu."""

    id: str
    """The same mark delivered twice has one id."""
    user: str
    channel: str
    ts: str
    emoji: str = ""
    """The reaction; empty for the menu."""
    message: Message | None = None
    """Known at once when it came by the menu."""
    trigger: str = ""
    response_url: str = ""


@dataclass(frozen=True)
class Ask:
    """A person's message, slash command or button press."""

    id: str
    """Slack's id of the delivery: the same request delivered twice has one id."""
    user: str
    way: Way
    place: Place = field(default_factory=Place)
    text: str = ""
    """What was typed, the bot's own mention removed."""
    command: str = ""
    """The slash command, such as "/drift"."""
    call: Call | None = None
    """What a button carries."""
    incident: str = ""
    """The incident in whose thread it was said, or empty."""
    card: str = ""
    """The request on whose own card a button was pressed, or empty."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What a form's fields hold."""
    window: Window | None = None
    """The window in which to answer, for OPEN and LOOK."""
    saw: str = ""
    """The hash of what the person had before them when they pressed."""
