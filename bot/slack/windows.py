"""Pure: what an open window shows while a preview is being drawn, and once it is.

Slack replaces a window as a whole. What people typed stays as long as the inputs keep their ids, so
a window is taken as Slack last told it, its preview is exchanged, and all else is sent back.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import ContextBlock, MarkdownTextObject, PlainTextObject
from slack_sdk.models.views import View

from bot.ask import Window
from bot.slack.blocks import PREVIEW, shown_in_view
from skills.contract import Reply

Payload = Mapping[str, Any]

MOST_BLOCKS = 100
_SENT = ("type", "callback_id", "title", "submit", "close", "private_metadata", "blocks")
"""What may be sent of a view; the rest (id, hash, state ...) is Slack's own."""
_WAITING = "_One moment …_"
_DRAWING = "_Looking at what was …_"


def waiting() -> dict[str, Any]:
    """Opened at once, within the three seconds that a trigger holds, until the form is made."""
    view = View(
        type="modal",
        callback_id="waiting",
        title=PlainTextObject(text="Tandem"),
        close=PlainTextObject(text="Cancel"),
        blocks=[_line(_WAITING, "waiting")],
    )
    result: dict[str, Any] = view.to_dict()
    return result


def opened(view: Payload) -> Window:
    """A window from Slack's own description of it."""
    shows = {name: view[name] for name in _SENT if view.get(name)}
    return Window(str(view["id"]), str(view.get("hash", "")), json.dumps(shows))


def drawing(view: Payload) -> dict[str, Any]:
    """The view with a line that says that the preview is on its way."""
    return _with_preview({name: view[name] for name in _SENT if view.get(name)}, [_note()])


def answered(window: Window, reply: Reply, files: Sequence[str] = ()) -> dict[str, Any]:
    """The window with a reply below its form; where it only waited for one, in its place."""
    view: dict[str, Any] = json.loads(window.shows)
    view["blocks"] = [b for b in view["blocks"] if b.get("block_id") != "waiting"]
    # New ids with every answer: Slack keeps what it drew for an id that it has seen.
    mark = window.hash.replace(".", "")[-12:]
    shown = [
        {**block, "block_id": f"{PREVIEW}-{mark}-{number}"}
        for number, block in enumerate(shown_in_view(reply, files))
    ]
    return _with_preview(view, shown)


def _with_preview(view: dict[str, Any], shown: Sequence[dict[str, Any]]) -> dict[str, Any]:
    kept = [b for b in view["blocks"] if not str(b.get("block_id", "")).startswith(f"{PREVIEW}-")]
    return {**view, "blocks": [*kept, *shown][:MOST_BLOCKS]}


def _note() -> dict[str, Any]:
    return dict(_line(_DRAWING, f"{PREVIEW}-note").to_dict())


def _line(text: str, block_id: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=text)], block_id=block_id)
