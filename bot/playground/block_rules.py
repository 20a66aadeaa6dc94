"""Block Kit's rules, as strict as Slack: every violation is named with where it is. Pure.

The limits are those of Slack's reference for blocks, block elements and composition objects. What
an element or a text object must look like is in `element_rules`.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

from bot.playground.element_rules import Found, element, image_source, text
from bot.playground.elements import held

Json = dict[str, Any]
Surface = Literal["message", "modal", "home"]

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
# One markdown message may hold this much in all its markdown blocks together.
MARKDOWN_LENGTH = 12_000

_IN_ACTIONS = frozenset(
    {
        "button",
        "checkboxes",
        "datepicker",
        "datetimepicker",
        "overflow",
        "radio_buttons",
        "rich_text_input",
        "timepicker",
        "workflow_button",
        "static_select",
        "external_select",
        "users_select",
        "conversations_select",
        "channels_select",
        "multi_static_select",
        "multi_external_select",
        "multi_users_select",
        "multi_conversations_select",
        "multi_channels_select",
    }
)
_IN_SECTION = (_IN_ACTIONS - {"rich_text_input"}) | {"image"}
_IN_INPUT = (_IN_ACTIONS - {"button", "overflow", "workflow_button"}) | {
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "file_input",
}


def violations(blocks: Any, surface: Surface = "message", at: str = "/blocks") -> list[str]:
    """What Slack would refuse in these blocks, in its own form; empty if nothing."""
    found = Found()
    if not isinstance(blocks, list):
        found.add(at, "must be an array")
        return found.messages
    if len(blocks) > MOST_BLOCKS[surface]:
        found.add(at, f"no more than {MOST_BLOCKS[surface]} items allowed")
    for number, block in enumerate(blocks):
        _block(found, f"{at}/{number}", block, surface)
    known = [b for b in blocks if isinstance(b, dict)]
    _repeats(found, at, [b.get("block_id") for b in known], "block_id")
    if sum(b.get("type") == "table" for b in known) > 1:
        found.add(at, "only one table block is allowed")
    markdown = sum(len(str(b.get("text", ""))) for b in known if b.get("type") == "markdown")
    if markdown > MARKDOWN_LENGTH:
        found.add(at, f"markdown must be less than {MARKDOWN_LENGTH + 1} characters in all")
    return found.messages


def view_violations(view: Any) -> list[str]:
    """The same for a whole modal or home view."""
    found = Found()
    if not isinstance(view, dict):
        found.add("/view", "must be an object")
        return found.messages
    kind = view.get("type")
    if kind not in ("modal", "home"):
        found.add("/view/type", "must be one of: modal, home")
        return found.messages
    if kind == "modal":
        text(found, "/view/title", view.get("title"), 24, plain=True, needed=True)
        for name in ("submit", "close"):
            text(found, f"/view/{name}", view.get(name), 24, plain=True)
    found.length("/view/private_metadata", view.get("private_metadata"), 3000)
    found.length("/view/callback_id", view.get("callback_id"), 255)
    found.length("/view/external_id", view.get("external_id"), 255)
    blocks = view.get("blocks")
    found.messages += violations(blocks, "home" if kind == "home" else "modal", "/view/blocks")
    has_input = isinstance(blocks, list) and any(
        isinstance(b, dict) and b.get("type") == "input" for b in blocks
    )
    if kind == "modal" and has_input and not view.get("submit"):
        found.add("/view/submit", "is required when an input block is in blocks")
    return found.messages


def _block(found: Found, at: str, block: Any, surface: Surface) -> None:
    if not isinstance(block, dict):
        found.add(at, "must be an object")
        return
    rule = _RULES.get(str(block.get("type")))
    if rule is None:
        found.add(f"{at}/type", f"unsupported type: {block.get('type')}")
        return
    if surface != "message" and block["type"] in _ONLY_IN_MESSAGES:
        found.add(f"{at}/type", f"{block['type']} is not allowed in a view")
    found.length(f"{at}/block_id", block.get("block_id"), 255)
    rule(found, at, block)
    ids = [e.get("action_id") for e in held(block) if isinstance(e, dict)]
    _repeats(found, at, ids, "action_id")


def _repeats(found: Found, at: str, ids: list[Any], name: str) -> None:
    counts = Counter(i for i in ids if isinstance(i, str) and i)
    for value in (v for v, times in counts.items() if times > 1):
        found.add(at, f"`{name}` {value} is used more than once")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _section(found: Found, at: str, block: Json) -> None:
    if not block.get("text") and not block.get("fields"):
        found.add(at, "missing required field: text or fields")
    text(found, f"{at}/text", block.get("text"), 3000)
    fields = block.get("fields")
    if fields is not None:
        found.count(f"{at}/fields", fields, 1, 10)
        for number, field in enumerate(_list(fields)):
            text(found, f"{at}/fields/{number}", field, 2000, needed=True)
    if block.get("accessory") is not None:
        element(found, f"{at}/accessory", block["accessory"], _IN_SECTION)


def _header(found: Found, at: str, block: Json) -> None:
    text(found, f"{at}/text", block.get("text"), 150, plain=True, needed=True)


def _divider(found: Found, at: str, block: Json) -> None:
    """A divider has nothing to get wrong."""


def _image(found: Found, at: str, block: Json) -> None:
    image_source(found, at, block)
    text(found, f"{at}/title", block.get("title"), 2000, plain=True)


def _actions(found: Found, at: str, block: Json) -> None:
    found.count(f"{at}/elements", block.get("elements"), 1, 25)
    for number, each in enumerate(_list(block.get("elements"))):
        element(found, f"{at}/elements/{number}", each, _IN_ACTIONS)


def _context_actions(found: Found, at: str, block: Json) -> None:
    found.count(f"{at}/elements", block.get("elements"), 1, 5)
    for number, each in enumerate(_list(block.get("elements"))):
        element(
            found,
            f"{at}/elements/{number}",
            each,
            frozenset({"feedback_buttons", "icon_button"}),
        )


def _context(found: Found, at: str, block: Json) -> None:
    found.count(f"{at}/elements", block.get("elements"), 1, 10)
    for number, each in enumerate(_list(block.get("elements"))):
        where = f"{at}/elements/{number}"
        if isinstance(each, dict) and each.get("type") == "image":
            image_source(found, where, each)
        else:
            text(found, where, each, 3000, needed=True)


def _input(found: Found, at: str, block: Json) -> None:
    text(found, f"{at}/label", block.get("label"), 2000, plain=True, needed=True)
    text(found, f"{at}/hint", block.get("hint"), 2000, plain=True)
    element(found, f"{at}/element", block.get("element"), _IN_INPUT)
    inner = block.get("element")
    if (
        block.get("dispatch_action")
        and isinstance(inner, dict)
        and inner.get("type") == "file_input"
    ):
        found.add(f"{at}/dispatch_action", "is not allowed with a file_input")


def _markdown(found: Found, at: str, block: Json) -> None:
    if not isinstance(block.get("text"), str) or not block["text"]:
        found.add(f"{at}/text", "must be more than 0 characters")
    found.length(f"{at}/text", block.get("text"), MARKDOWN_LENGTH)


def _rich_text(found: Found, at: str, block: Json) -> None:
    kinds = ("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted")
    elements = block.get("elements")
    if not isinstance(elements, list):
        found.add(f"{at}/elements", "must be an array")
    for number, each in enumerate(_list(elements)):
        if not isinstance(each, dict) or each.get("type") not in kinds:
            found.add(f"{at}/elements/{number}/type", f"must be one of: {', '.join(kinds)}")


def _table(found: Found, at: str, block: Json) -> None:
    found.count(f"{at}/rows", block.get("rows"), 1, 100)
    for number, row in enumerate(_list(block.get("rows"))):
        where = f"{at}/rows/{number}"
        found.count(where, row, 1, 20)
        for place, cell in enumerate(_list(row)):
            _cell(found, f"{where}/{place}", cell)
    settings = block.get("column_settings")
    if settings is not None:
        found.count(f"{at}/column_settings", settings, 0, 20)


def _cell(found: Found, at: str, cell: Any) -> None:
    kind = cell.get("type") if isinstance(cell, dict) else None
    if kind == "raw_text":
        if not cell.get("text"):
            found.add(f"{at}/text", "must be more than 0 characters")
    elif kind == "rich_text":
        _rich_text(found, at, cell)
    elif kind != "raw_number":
        found.add(f"{at}/type", "must be one of: raw_text, raw_number, rich_text")


def _video(found: Found, at: str, block: Json) -> None:
    for name in ("alt_text", "video_url", "thumbnail_url"):
        if not block.get(name):
            found.add(at, f"missing required field: {name}")
    text(found, f"{at}/title", block.get("title"), 199, plain=True, needed=True)
    found.length(f"{at}/author_name", block.get("author_name"), 49)


def _file(found: Found, at: str, block: Json) -> None:
    found.add(f"{at}/type", "a file block cannot be sent by an app")


def _alert(found: Found, at: str, block: Json) -> None:
    text(found, f"{at}/text", block.get("text"), 3000, needed=True)
    levels = ("default", "info", "warning", "error", "success")
    if block.get("level", "default") not in levels:
        found.add(f"{at}/level", f"must be one of: {', '.join(levels)}")


def _task_card(found: Found, at: str, block: Json) -> None:
    for name in ("task_id", "title"):
        if not block.get(name):
            found.add(at, f"missing required field: {name}")
    states = ("pending", "in_progress", "complete", "error")
    if block.get("status") is not None and block["status"] not in states:
        found.add(f"{at}/status", f"must be one of: {', '.join(states)}")


def _plan(found: Found, at: str, block: Json) -> None:
    if not block.get("title"):
        found.add(at, "missing required field: title")
    for number, task in enumerate(_list(block.get("tasks"))):
        if isinstance(task, dict):
            _task_card(found, f"{at}/tasks/{number}", task)


def _card(found: Found, at: str, block: Json) -> None:
    if not any(block.get(n) for n in ("hero_image", "title", "actions", "body")):
        found.add(at, "missing required field: hero_image, title, actions or body")
    for name, most in (("title", 150), ("subtitle", 150), ("body", 200)):
        text(found, f"{at}/{name}", block.get(name), most)
    for number, each in enumerate(_list(block.get("actions"))):
        element(found, f"{at}/actions/{number}", each, frozenset({"button"}))


_RULES: dict[str, Callable[[Found, str, Json], None]] = {
    "actions": _actions,
    "alert": _alert,
    "card": _card,
    "context": _context,
    "context_actions": _context_actions,
    "divider": _divider,
    "file": _file,
    "header": _header,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "plan": _plan,
    "rich_text": _rich_text,
    "section": _section,
    "table": _table,
    "task_card": _task_card,
    "video": _video,
}
_ONLY_IN_MESSAGES = frozenset({"context_actions", "markdown", "plan", "task_card", "table", "card"})
