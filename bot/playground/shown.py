"""Messages and views as a person sees them: their words, their buttons, their pictures. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from bot.playground.elements import elements

Json = dict[str, Any]
_WORDS = ("text", "title", "label", "hint", "placeholder", "description", "alt_text")


@dataclass(frozen=True)
class Message:
    """One message on the screen."""

    ts: str
    channel: str
    user: str
    username: str
    is_bot: bool
    text: str
    blocks: tuple[Json, ...] = ()
    """Its blocks and those of its attachments."""
    thread_ts: str = ""
    ephemeral: bool = False
    edited: bool = False
    reply_count: int = 0
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Name and user ids."""
    files: tuple[Json, ...] = ()

    @classmethod
    def read(cls, shown: Json) -> Self:
        """From `Message` in PROTOCOL.md."""
        attached = [b for a in shown.get("attachments", ()) for b in a.get("blocks", ())]
        return cls(
            ts=shown["ts"],
            channel=shown["channel"],
            user=shown["user"],
            username=shown["username"],
            is_bot=shown["is_bot"],
            text=shown["text"],
            blocks=(*shown.get("blocks", ()), *attached),
            thread_ts=shown.get("thread_ts", ""),
            ephemeral=shown["ephemeral"],
            edited=shown["edited"],
            reply_count=shown.get("reply_count", 0),
            reactions=tuple((r["name"], tuple(r["users"])) for r in shown["reactions"]),
            files=tuple(shown.get("files", ())),
        )

    @property
    def container(self) -> Json:
        """Where a click on it happens."""
        return {"type": "message", "channel": self.channel, "ts": self.ts}

    @property
    def text_shown(self) -> str:
        """All its visible words; the text itself only where there are no blocks, as in Slack."""
        words = list(_words(self.blocks)) if self.blocks else [self.text]
        return "\n".join([*words, *(str(f["title"]) for f in self.files)])

    @property
    def buttons(self) -> tuple[str, ...]:
        """The labels of its buttons, in order."""
        return tuple(label_of(e) for _, e in elements(self.blocks) if e["type"] == "button")

    @property
    def images(self) -> tuple[str, ...]:
        """The urls of its pictures: image blocks, then uploaded files."""
        blocks = [b["image_url"] for b in _nested(self.blocks) if b.get("image_url")]
        files = [f["url"] for f in self.files if f["mimetype"].startswith("image/")]
        return (*blocks, *files)

    def __str__(self) -> str:
        """Short, for the messages of failed tests."""
        marks = [f"[{b}]" for b in self.buttons]
        if self.ephemeral:
            marks.append("(only you)")
        if self.thread_ts and self.thread_ts != self.ts:
            marks.append("(in a thread)")
        return " ".join([f"{self.username}: {self.text_shown!r}", *marks])


@dataclass(frozen=True)
class View:
    """A modal or a home on the screen."""

    id: str
    type: str
    title: str
    blocks: tuple[Json, ...]
    submit: str
    callback_id: str

    @classmethod
    def read(cls, shown: Json) -> Self:
        """From `View` in PROTOCOL.md."""
        return cls(
            id=shown["id"],
            type=shown["type"],
            title=(shown.get("title") or {}).get("text", ""),
            blocks=tuple(shown["blocks"]),
            submit=(shown.get("submit") or {}).get("text", ""),
            callback_id=shown.get("callback_id", ""),
        )

    @property
    def container(self) -> Json:
        """Where a click on it happens."""
        return {"type": "view", "view_id": self.id}

    @property
    def text_shown(self) -> str:
        """Its title and all its visible words."""
        return "\n".join([self.title, *_words(self.blocks)])

    @property
    def images(self) -> tuple[str, ...]:
        """The urls of its pictures."""
        return tuple(b["image_url"] for b in _nested(self.blocks) if b.get("image_url"))

    @property
    def buttons(self) -> tuple[str, ...]:
        """The labels of its buttons, in order; Submit is not among them."""
        return tuple(label_of(e) for _, e in elements(self.blocks) if e["type"] == "button")


def pressable(blocks: tuple[Json, ...], what: str) -> tuple[str, Json]:
    """The block_id and the element that this label, placeholder, action_id or block_id names.

    Raises LookupError with what there is, and also if several elements answer to one label.
    """
    found = list(elements(blocks))
    for names in (_ids, _labels):
        named = [(b, e) for b, e in found if what in names(b, e)]
        if len(named) > 1 and names is _labels:
            ids = ", ".join(e["action_id"] for _, e in named)
            raise LookupError(f"{what!r} names several elements; say which by action_id: {ids}")
        if named:
            block, element = named[0]
            return block["block_id"], element
    there = [f"{' / '.join(_labels(b, e)) or '-'} ({e['action_id']})" for b, e in found]
    raise LookupError(f"there is no {what!r}; there is: {', '.join(there) or 'nothing to press'}")


def label_of(element: Json) -> str:
    """The words on it."""
    return str((element.get("text") or element.get("placeholder") or {}).get("text", ""))


def _ids(block: Json, element: Json) -> tuple[str, ...]:
    of_input = (block["block_id"],) if block["type"] == "input" else ()
    return (element["action_id"], *of_input)


def _labels(block: Json, element: Json) -> tuple[str, ...]:
    texts = [
        element.get("text"),
        element.get("placeholder"),
        (element.get("positive_button") or {}).get("text"),
        (element.get("negative_button") or {}).get("text"),
        block.get("label") if block["type"] == "input" else None,
    ]
    return tuple(t["text"] for t in texts if isinstance(t, dict))


def _nested(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _nested(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _nested(each)


def _words(value: Any) -> Iterator[str]:
    """Every visible text in reading order; a confirm dialog shows only once it is asked for."""
    for part in _nested_shown(value):
        for name in _WORDS:
            if isinstance(part.get(name), str):
                yield part[name]


def _nested_shown(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for name, each in value.items():
            if name != "confirm":
                yield from _nested_shown(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _nested_shown(each)
