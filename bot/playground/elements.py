"""Interactive elements: find them in blocks, and turn a plain value into Slack's answer. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from secrets import token_urlsafe
from typing import Any

Json = dict[str, Any]

# Where each kind keeps what was chosen, and under which name it may start with a value.
_SINGLE = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
_MANY = {
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "file_input": ("files", ""),
}
_ONE_OPTION = frozenset({"static_select", "external_select", "radio_buttons", "overflow"})
_OPTIONS = frozenset({"multi_static_select", "multi_external_select", "checkboxes"})
STATELESS = frozenset({"button", "overflow", "feedback_buttons", "icon_button", "image"})

TEXT_INPUTS = frozenset(
    {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"}
)


class WrongValue(ValueError):
    """The value does not fit the element; the text says why."""


def held(block: Json) -> list[Any]:
    """What a block holds, wherever its kind keeps it."""
    many = (block.get("elements"), block.get("actions"))
    lists = [each for value in many if isinstance(value, list) for each in value]
    return [block.get("accessory"), block.get("element"), *lists]


def elements(blocks: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Each interactive element with its block, in order of appearance."""
    for block in blocks:
        for element in held(block):
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def find(blocks: Iterable[Json], block_id: str, action_id: str) -> Json | None:
    """The element with these ids."""
    return next(
        (
            e
            for b, e in elements(blocks)
            if b.get("block_id") == block_id and e["action_id"] == action_id
        ),
        None,
    )


def options(element: Json) -> list[Json]:
    """All options, those in groups too."""
    grouped = [o for g in element.get("option_groups") or () for o in g.get("options", ())]
    return [*(element.get("options") or ()), *grouped]


def _option(element: Json, value: Any) -> Json:
    for option in options(element):
        if option.get("value") == value:
            return option
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": str(value)}, "value": str(value)}
    known = ", ".join(str(o.get("value")) for o in options(element))
    raise WrongValue(f"{value!r} is not an option of {element['action_id']}; it has: {known}")


def _many(value: Any) -> Sequence[Any]:
    if value is None or value == "":
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def answer(element: Json, value: Any) -> Json:
    """What Slack says of this element once `value` is chosen: the part that differs by kind.

    Raises WrongValue for an option the element does not have.
    """
    kind = element["type"]
    if kind in ("button", "icon_button"):
        return {"value": element["value"]} if "value" in element else {}
    if kind == "feedback_buttons":
        for name in ("positive_button", "negative_button"):
            if element.get(name, {}).get("value") == value:
                return {"value": value}
        raise WrongValue(f"{value!r} is neither of the two feedback values")
    if kind in _ONE_OPTION:
        return {"selected_option": _option(element, value) if value not in (None, "") else None}
    if kind in _OPTIONS:
        return {"selected_options": [_option(element, v) for v in _many(value)]}
    if kind in _MANY:
        return {_MANY[kind][0]: list(_many(value))}
    if kind in _SINGLE:
        return {_SINGLE[kind][0]: value if value not in ("", None) else None}
    raise WrongValue(f"{kind} cannot be pressed")


def initial(element: Json) -> Any:
    """The plain value an element starts with; None if it starts empty."""
    kind = element["type"]
    if kind in _ONE_OPTION:
        option = element.get("initial_option")
        return option.get("value") if option else None
    if kind in _OPTIONS:
        return [o.get("value") for o in element.get("initial_options") or ()] or None
    name = (_SINGLE.get(kind) or _MANY.get(kind) or ("", ""))[1]
    return element.get(name) if name else None


def state(blocks: Iterable[Json], values: dict[str, dict[str, Any]]) -> Json:
    """`state.values` as in interaction payloads: every stateful element, chosen or initial."""
    result: Json = {}
    for block, element in elements(blocks):
        if element["type"] in STATELESS:
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        chosen = values.get(block_id, {})
        value = chosen[action_id] if action_id in chosen else initial(element)
        try:
            said = answer(element, value)
        except WrongValue:
            # The app took the chosen option away when it updated the message or view.
            said = answer(element, initial(element))
        result.setdefault(block_id, {})[action_id] = {"type": element["type"], **said}
    return result


def wrong_inputs(blocks: Iterable[Json], values: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What Slack's own client refuses before it tells the app: block_id -> words."""
    wrong = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        chosen = values.get(block["block_id"], {})
        action_id = element["action_id"]
        value = chosen[action_id] if action_id in chosen else initial(element)
        said = _wrong(element, value, bool(block.get("optional")))
        if said:
            wrong[block["block_id"]] = said
    return wrong


def _wrong(element: Json, value: Any, optional: bool) -> str:
    if value in (None, "", [], ()):
        return "" if optional else "Please complete this required field."
    text = str(value)
    if element["type"] == "plain_text_input":
        if len(text) < int(element.get("min_length") or 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(text) > int(element.get("max_length") or 3000):
            return f"Please enter at most {element.get('max_length') or 3000} characters."
    return _wrong_number(element, text) if element["type"] == "number_input" else ""


def _wrong_number(element: Json, text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return "Please enter a valid number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Please enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < float(low):
        return f"Please enter a number of at least {low}."
    if high is not None and number > float(high):
        return f"Please enter a number of at most {high}."
    return ""


def with_ids(blocks: list[Json]) -> list[Json]:
    """A copy of valid blocks in which every block and interactive element has its id."""
    done = []
    for block in blocks:
        copy = {**block, "block_id": block.get("block_id") or _made_id()}
        for name in ("elements", "actions"):
            if isinstance(copy.get(name), list) and block["type"] != "rich_text":
                copy[name] = [_named(e) for e in copy[name]]
        for name in ("accessory", "element"):
            if isinstance(copy.get(name), dict):
                copy[name] = _named(copy[name])
        done.append(copy)
    return done


def _named(element: Json) -> Json:
    if element.get("type") in ("image", "mrkdwn", "plain_text") or element.get("action_id"):
        return element
    return {**element, "action_id": _made_id()}


def _made_id() -> str:
    return token_urlsafe(4)
