"""The state of the small workspace, in memory: people, channels, messages, files.

It is used from one event loop only, so it has no locks. Time comes from the `clock` it is given.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any

from bot.playground.errors import Refused
from bot.playground.images import image_size

Json = dict[str, Any]

TEAM_ID = "T0PLAYGRND"
TEAM_NAME = "Northwind Parcel"
TEAM_DOMAIN = "northwind-parcel"
APP_ID = "A0PLAYGRND"
BOT_ID = "B0PLAYGRND"
BOT_USER_ID = "U0TANDEM00"


@dataclass(frozen=True)
class Person:
    """Someone to act as. `role` is only a label shown on the page."""

    name: str
    real_name: str
    title: str = ""
    role: str = ""
    color: str = "#4a154b"
    id: str = ""
    is_bot: bool = False


@dataclass(frozen=True)
class Room:
    """A channel to start with. `members` None means everyone; `bot`: the app is in it."""

    name: str
    topic: str = ""
    members: tuple[str, ...] | None = None
    bot: bool = True


@dataclass(frozen=True)
class Group:
    """A group of people to start with, by their names."""

    handle: str
    name: str
    members: tuple[str, ...] = ()
    id: str = ""
    enabled: bool = True


PEOPLE = (
    Person("ada", "Ada Osei", "Site reliability engineer", "SRE on call", "#1264a3"),
    Person("ben", "Ben Lindqvist", "Site reliability engineer", "SRE", "#2b8a3e"),
    Person("chloe", "Chloe Marchetti", "Machine learning engineer", "ML engineer", "#b5478f"),
    Person("dev", "Dev Raman", "Lead, machine learning", "ML lead", "#c2410c"),
    Person("eva", "Eva Novak", "Support lead", "reads only", "#64748b"),
)
ROOMS = (
    Room("incidents", "Alerts, incidents and who is on them"),
    Room("ml-models", "Drift, training and promotions"),
    Room("general", "Everyone at Northwind Parcel"),
)
GROUPS = (
    Group("sre", "Site reliability", ("ada", "ben")),
    Group("ml-leads", "Leads of machine learning", ("dev",)),
)


@dataclass
class File:
    """An upload. `data` is None until the bytes have come."""

    id: str
    name: str
    length: int
    owner: str
    title: str = ""
    alt_text: str = ""
    mimetype: str = "application/octet-stream"
    data: bytes | None = None
    ticket: str = field(default_factory=lambda: token_urlsafe(16))
    """The secret part of its upload URL."""

    def size(self) -> tuple[int, int]:
        """Width and height in pixels; (0, 0) if it is no picture."""
        return image_size(self.data or b"")


@dataclass
class Message:
    """One message. `ephemeral_for` holds the one user who sees it; `sender` a user id."""

    ts: str
    channel: str
    sender: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str = ""
    metadata: Json | None = None
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited_ts: str = ""
    edited_by: str = ""
    ephemeral_for: str = ""
    subtype: str = ""
    broadcast: bool = False
    username: str = ""

    @property
    def is_reply(self) -> bool:
        """In a thread, and not its parent."""
        return bool(self.thread_ts) and self.thread_ts != self.ts


@dataclass
class Channel:
    """A channel, or (`is_im`) a direct message between its two members."""

    id: str
    name: str
    topic: str = ""
    is_im: bool = False
    members: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    """By user: the ts of the last message they saw."""

    def other(self, user: str) -> str:
        """The partner of `user` in a direct message."""
        return next((m for m in self.members if m != user), user)

    def replies(self, thread_ts: str) -> list[Message]:
        """The replies of a thread that everyone sees, oldest first."""
        return [
            m
            for m in self.messages.values()
            if m.thread_ts == thread_ts and m.is_reply and not m.ephemeral_for
        ]


@dataclass
class UserGroup:
    """A group of people as it is now; `members` are user ids."""

    id: str
    handle: str
    name: str
    members: list[str]
    created_at: int
    deleted_at: int = 0
    """When it was disabled; 0 while it is not."""


class Workspace:
    """Look-ups and changes of the state; nothing here tells anyone."""

    def __init__(
        self,
        people: Sequence[Person] = PEOPLE,
        rooms: Sequence[Room] = ROOMS,
        bot_name: str = "tandem",
        clock: Callable[[], float] = time.time,
        groups: Sequence[Group] = GROUPS,
    ) -> None:
        self.clock = clock
        self.base_url = ""
        self.users: dict[str, Person] = {}
        for number, person in enumerate(people, start=1):
            user_id = person.id or f"U{number:02d}{person.name.upper():0<8.8}"
            self.users[user_id] = Person(**{**vars(person), "id": user_id})
        bot = Person(bot_name, bot_name.capitalize(), "App", "app", "#0f766e", BOT_USER_ID, True)
        self.users[BOT_USER_ID] = bot
        self.channels: dict[str, Channel] = {}
        for number, room in enumerate(rooms, start=1):
            self._add_room(f"C{number:02d}{_letters(room.name):0<8.8}", room)
        for user in [u for u in self.users if u != BOT_USER_ID]:
            self.direct(user, BOT_USER_ID)
        self.groups: dict[str, UserGroup] = {}
        for number, group in enumerate(groups, start=1):
            self._add_group(f"S{number:02d}{_letters(group.handle):0<8.8}", group)
        self.files: dict[str, File] = {}
        self._last_ts = 0
        self._files_made = 0

    def _add_room(self, channel_id: str, room: Room) -> None:
        members = [
            u.id
            for u in self.users.values()
            if (room.bot if u.is_bot else room.members is None or u.name in room.members)
        ]
        self.channels[channel_id] = Channel(channel_id, room.name, room.topic, members=members)

    def _add_group(self, group_id: str, group: Group) -> None:
        """Raises ValueError where it names somebody who is not there."""
        people = {user.name: user.id for user in self.users.values()}
        unknown = [name for name in group.members if name not in people]
        if unknown:
            raise ValueError(f"@{group.handle}: there is no {', '.join(unknown)}")
        now = int(self.clock())
        made = UserGroup(
            id=group.id or group_id,
            handle=group.handle,
            name=group.name,
            members=[people[name] for name in group.members],
            created_at=now,
            deleted_at=0 if group.enabled else now,
        )
        self.groups[made.id] = made

    def next_ts(self) -> str:
        """A message's ts: seconds with six decimals, never twice the same, always growing."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def person(self, key: str) -> Person | None:
        """By id, name or "@name"."""
        return self.users.get(key) or next(
            (u for u in self.users.values() if u.name == key.lstrip("@")), None
        )

    def channel(self, key: str) -> Channel | None:
        """By id, name or "#name"."""
        return self.channels.get(key) or next(
            (c for c in self.channels.values() if not c.is_im and c.name == key.lstrip("#")), None
        )

    def group(self, key: str) -> UserGroup | None:
        """By id, handle or "@handle"."""
        return self.groups.get(key) or next(
            (g for g in self.groups.values() if g.handle == key.lstrip("@")), None
        )

    def direct(self, one: str, other: str) -> Channel:
        """The direct message of two users, opened if there is none."""
        for channel in self.channels.values():
            if channel.is_im and set(channel.members) == {one, other}:
                return channel
        number = sum(c.is_im for c in self.channels.values()) + 1
        channel = Channel(f"D{number:02d}DIRECT00", "", is_im=True, members=[one, other])
        self.channels[channel.id] = channel
        return channel

    def new_channel(self, name: str, creator: str) -> Channel:
        """A public channel with its creator in it."""
        number = sum(not c.is_im for c in self.channels.values()) + 1
        channel = Channel(f"C{number:02d}{_letters(name):0<8.8}", name, members=[creator])
        self.channels[channel.id] = channel
        return channel

    def visible(self, user: str) -> Iterator[Channel]:
        """The channels that `user` is in."""
        return (c for c in self.channels.values() if user in c.members)

    def message(self, channel: str, ts: str) -> Message | None:
        """A message by its channel's id and its ts."""
        place = self.channels.get(channel)
        return place.messages.get(ts) if place else None

    def new_file(self, name: str, length: int, owner: str, mimetype: str) -> File:
        """Room for an upload of `length` bytes."""
        self._files_made += 1
        file = File(f"F{self._files_made:04d}UPLOAD", name, length, owner, mimetype=mimetype)
        self.files[file.id] = file
        return file

    def need_file(self, file_id: str) -> File:
        """Raises Refused("file_not_found")."""
        file = self.files.get(file_id)
        if file is None or file.data is None:
            raise Refused("file_not_found")
        return file


def _letters(name: str) -> str:
    return "".join(letter for letter in name.upper() if letter.isalnum())
