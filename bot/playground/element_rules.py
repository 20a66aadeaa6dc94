"""The rules of block elements and composition objects: buttons, menus, inputs, texts. Pure."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - names to refuse


@dataclass
class Found:
    """The violations so far, in the form Slack has in `response_metadata.messages`."""

    messages: list[str] = field(default_factory=list)

    def add(self, at: str, what: str) -> None:
        """`at` is a JSON pointer."""
        self.messages.append(f"[ERROR] {what} [json-pointer:{at}]")

    def length(self, at: str, value: Any, most: int) -> None:
        """If there is a value, it is a string of at most `most` characters."""
        if value is None:
            return
        if not isinstance(value, str):
            self.add(at, "must be a string")
        elif len(value) > most:
            self.add(at, f"must be less than {most + 1} characters")

    def count(self, at: str, value: Any, least: int, most: int) -> None:
        """An array of `least` to `most` items."""
        if not isinstance(value, list):
            self.add(at, "must be an array")
        elif len(value) < least:
            self.add(at, f"no fewer than {least} items allowed")
        elif len(value) > most:
            self.add(at, f"no more than {most} items allowed")


def text(
    found: Found, at: str, value: Any, most: int, *, plain: bool = False, needed: bool = False
) -> None:
    """A text object of 1 to `most` characters; `plain`: plain_text only."""
    if value is None:
        if needed:
            found.add(at, "missing required field")
        return
    if not isinstance(value, dict):
        found.add(at, "must be a text object")
        return
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if value.get("type") not in kinds:
        found.add(f"{at}/type", f"must be one of: {', '.join(kinds)}")
    words = value.get("text")
    if not isinstance(words, str) or not words:
        found.add(f"{at}/text", "must be more than 0 characters")
    else:
        found.length(f"{at}/text", words, most)


def image_source(found: Found, at: str, value: Json) -> None:
    """An image says where it is, in one way, and what it shows."""
    if not value.get("alt_text"):
        found.add(at, "missing required field: alt_text")
    found.length(f"{at}/alt_text", value.get("alt_text"), 2000)
    url, file = value.get("image_url"), value.get("slack_file")
    if bool(url) == bool(file):
        found.add(at, "exactly one of image_url and slack_file is required")
    elif file and not (isinstance(file, dict) and (file.get("id") or file.get("url"))):
        found.add(f"{at}/slack_file", "missing required field: id or url")
    elif url:
        _web_address(found, f"{at}/image_url", url)


def _web_address(found: Found, at: str, url: Any) -> None:
    found.length(at, url, 3000)
    parts = urlsplit(str(url))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        found.add(at, "must be a valid URL")
    elif parts.hostname in _LOOPBACK:
        # Slack fetches pictures from its own machines.
        found.add(at, "downloading image failed")


def confirm(found: Found, at: str, value: Any) -> None:
    """A confirmation dialog."""
    if value is None:
        return
    if not isinstance(value, dict):
        found.add(at, "must be an object")
        return
    text(found, f"{at}/title", value.get("title"), 100, plain=True, needed=True)
    text(found, f"{at}/text", value.get("text"), 300, needed=True)
    text(found, f"{at}/confirm", value.get("confirm"), 30, plain=True, needed=True)
    text(found, f"{at}/deny", value.get("deny"), 30, plain=True, needed=True)
    _style(found, at, value)


def _style(found: Found, at: str, value: Json) -> None:
    if value.get("style") not in (None, "primary", "danger"):
        found.add(f"{at}/style", "must be one of: primary, danger")


def element(found: Found, at: str, value: Any, allowed: Collection[str]) -> None:
    """An interactive element (or an image) of one of the kinds that its block may hold."""
    if not isinstance(value, dict):
        found.add(at, "must be an object")
        return
    kind = str(value.get("type"))
    if kind not in allowed:
        known = "is not allowed here" if kind in _RULES or kind == "image" else "unsupported type"
        found.add(f"{at}/type", f"{known}: {kind}")
        return
    if kind == "image":
        image_source(found, at, value)
        return
    found.length(f"{at}/action_id", value.get("action_id"), 255)
    text(found, f"{at}/placeholder", value.get("placeholder"), 150, plain=True)
    confirm(found, f"{at}/confirm", value.get("confirm"))
    _RULES[kind](found, at, value)


def _button(found: Found, at: str, value: Json) -> None:
    text(found, f"{at}/text", value.get("text"), 75, plain=True, needed=True)
    found.length(f"{at}/value", value.get("value"), 2000)
    found.length(f"{at}/url", value.get("url"), 3000)
    found.length(f"{at}/accessibility_label", value.get("accessibility_label"), 75)
    _style(found, at, value)


def _option(found: Found, at: str, option: Any, *, plain: bool, value_length: int) -> None:
    if not isinstance(option, dict):
        found.add(at, "must be an object")
        return
    text(found, f"{at}/text", option.get("text"), 75, plain=plain, needed=True)
    text(found, f"{at}/description", option.get("description"), 75, plain=plain)
    if not isinstance(option.get("value"), str):
        found.add(f"{at}/value", "missing required field")
    found.length(f"{at}/value", option.get("value"), value_length)
    found.length(f"{at}/url", option.get("url"), 3000)


def _options(
    found: Found,
    at: str,
    options: Any,
    most: int,
    *,
    plain: bool = True,
    value_length: int = 150,
) -> None:
    found.count(at, options, 1, most)
    if not isinstance(options, list):
        return
    for number, option in enumerate(options):
        _option(found, f"{at}/{number}", option, plain=plain, value_length=value_length)


def _select(found: Found, at: str, value: Json) -> None:
    grouped, flat = value.get("option_groups"), value.get("options")
    if (grouped is None) == (flat is None):
        found.add(at, "exactly one of options and option_groups is required")
        return
    if flat is not None:
        _options(found, f"{at}/options", flat, 100)
        _initial_is_known(found, at, value, flat)
        return
    found.count(f"{at}/option_groups", grouped, 1, 100)
    for number, group in enumerate(grouped if isinstance(grouped, list) else ()):
        where = f"{at}/option_groups/{number}"
        if not isinstance(group, dict):
            found.add(where, "must be an object")
            continue
        text(found, f"{where}/label", group.get("label"), 75, plain=True, needed=True)
        _options(found, f"{where}/options", group.get("options"), 100)


def _initial_is_known(found: Found, at: str, value: Json, options: Any) -> None:
    first = value.get("initial_option")
    chosen = [first] if first is not None else value.get("initial_options") or []
    for one in chosen:
        if isinstance(options, list) and one not in options:
            found.add(f"{at}/initial_option", "must be one of the options")


def _overflow(found: Found, at: str, value: Json) -> None:
    _options(found, f"{at}/options", value.get("options"), 5)


def _choices(found: Found, at: str, value: Json) -> None:
    _options(found, f"{at}/options", value.get("options"), 10, plain=False)
    _initial_is_known(found, at, value, value.get("options"))


def _pattern(name: str, pattern: str, form: str) -> Callable[[Found, str, Json], None]:
    matches = re.compile(pattern)

    def rule(found: Found, at: str, value: Json) -> None:
        start = value.get(name)
        if start is not None and not matches.fullmatch(str(start)):
            found.add(f"{at}/{name}", f"must be of the form {form}")

    return rule


def _free(found: Found, at: str, value: Json) -> None:
    """No rules beyond those of all elements."""


def _plain_text_input(found: Found, at: str, value: Json) -> None:
    for name in ("min_length", "max_length"):
        limit = value.get(name)
        if limit is not None and not (isinstance(limit, int) and 0 <= limit <= 3000):
            found.add(f"{at}/{name}", "must be a number from 0 to 3000")
    found.length(f"{at}/initial_value", value.get("initial_value"), 3000)


def _number_input(found: Found, at: str, value: Json) -> None:
    if not isinstance(value.get("is_decimal_allowed"), bool):
        found.add(at, "missing required field: is_decimal_allowed")
    for name in ("min_value", "max_value", "initial_value"):
        if value.get(name) is not None and not isinstance(value[name], str):
            found.add(f"{at}/{name}", "must be a string")


def _feedback(found: Found, at: str, value: Json) -> None:
    for name in ("positive_button", "negative_button"):
        button = value.get(name)
        if not isinstance(button, dict):
            found.add(at, f"missing required field: {name}")
            continue
        text(found, f"{at}/{name}/text", button.get("text"), 75, plain=True, needed=True)
        found.length(f"{at}/{name}/value", button.get("value"), 2000)


def _icon_button(found: Found, at: str, value: Json) -> None:
    if value.get("icon") != "trash":
        found.add(f"{at}/icon", "must be one of: trash")
    text(found, f"{at}/text", value.get("text"), 75, plain=True, needed=True)


_RULES: dict[str, Callable[[Found, str, Json], None]] = {
    "button": _button,
    "workflow_button": _button,
    "icon_button": _icon_button,
    "feedback_buttons": _feedback,
    "static_select": _select,
    "multi_static_select": _select,
    "external_select": _free,
    "multi_external_select": _free,
    "users_select": _free,
    "multi_users_select": _free,
    "channels_select": _free,
    "multi_channels_select": _free,
    "conversations_select": _free,
    "multi_conversations_select": _free,
    "overflow": _overflow,
    "checkboxes": _choices,
    "radio_buttons": _choices,
    "datepicker": _pattern("initial_date", r"\d{4}-\d{2}-\d{2}", "YYYY-MM-DD"),
    "timepicker": _pattern("initial_time", r"\d{2}:\d{2}", "HH:mm"),
    "datetimepicker": _pattern("initial_date_time", r"\d{10}", "10 digits of seconds"),
    "plain_text_input": _plain_text_input,
    "email_text_input": _free,
    "url_text_input": _free,
    "number_input": _number_input,
    "rich_text_input": _free,
    "file_input": _free,
}
