"""Pure: what a button carries in its value, and back: a Call, and the Form it asks first."""

import json
from dataclasses import asdict, replace
from typing import Any

from knowledge.errors import BadArgs
from knowledge.storable import storable
from skills.contract import Call, Form, FormField, Preview

LIMIT = 2000
"""Characters of a button's value that Slack takes."""


def encode(call: Call, form: Form | None = None, limit: int = LIMIT, *, asks: bool = False) -> str:
    """Raises ValueError when the Call is too large to be carried. `asks`: see `Button.asks`."""
    carried = _carried(call)
    if form is not None:
        carried["f"] = _lean(asdict(replace(form, preview=None)))
        if form.preview is not None:
            carried["p"] = _preview(form.preview)
    if asks:
        carried["w"] = 1
    value = json.dumps(carried, separators=(",", ":"), default=str)
    if len(value) > limit:
        raise ValueError(f"a button for {call.skill} carries {len(value)} characters of {limit}")
    return value


def fits(call: Call, form: Form | None = None, *, asks: bool = False) -> bool:
    """Can a button carry it?"""
    try:
        encode(call, form, asks=asks)
    except ValueError:
        return False
    return True


def decode(value: str) -> tuple[Call, Form | None]:
    """Raises BadArgs when this is not a value that `encode` made."""
    try:
        carried = storable(json.loads(value))
        form = carried.get("f")
        return _call(carried), form and _form(form, carried.get("p"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadArgs("button", "it carries nothing this bot understands") from error


def asks(value: str) -> bool:
    """Does the press open the window of the call's own skill?"""
    try:
        return bool(json.loads(value).get("w"))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False


def _carried(call: Call) -> dict[str, Any]:
    return {"s": call.skill} | ({"a": dict(call.args)} if call.args else {})


def _preview(preview: Preview) -> dict[str, Any]:
    return {"l": preview.label, **_carried(preview.call)} | ({"o": 1} if preview.at_once else {})


def _lean(value: Any) -> Any:
    """Without empty entries, so that a form fits a button."""
    if isinstance(value, dict):
        return {k: _lean(v) for k, v in value.items() if v not in ("", False, (), [])}
    if isinstance(value, list | tuple):
        return [_lean(v) for v in value]
    return value


def _options(raw: Any) -> tuple[tuple[str, str], ...]:
    return tuple((value, label) for value, label in raw)


def _call(carried: dict[str, Any]) -> Call:
    return Call(str(carried["s"]), dict(carried.get("a", {})))


def _form(raw: dict[str, Any], preview: dict[str, Any] | None) -> Form:
    fields = tuple(
        FormField(
            **{
                **f,
                "options": _options(f.get("options", ())),
                "grouped": tuple((head, _options(of)) for head, of in f.get("grouped", ())),
            }
        )
        for f in raw["fields"]
    )
    look = preview and Preview(str(preview["l"]), _call(preview), bool(preview.get("o")))
    return Form(**{**raw, "fields": fields, "preview": look})
