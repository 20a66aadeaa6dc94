"""Pure: what a button carries in its value, and back: a Call, and the Form it asks first."""

import json
from dataclasses import asdict
from typing import Any

from knowledge.errors import BadArgs
from skills.contract import Call, Form, FormField

LIMIT = 2000
"""Characters of a button's value that Slack takes."""


def encode(call: Call, form: Form | None = None, limit: int = LIMIT) -> str:
    """Raises ValueError when the Call is too large to be carried."""
    carried: dict[str, Any] = {"s": call.skill}
    if call.args:
        carried["a"] = dict(call.args)
    if form is not None:
        carried["f"] = _lean(asdict(form))
    value = json.dumps(carried, separators=(",", ":"), default=str)
    if len(value) > limit:
        raise ValueError(f"a button for {call.skill} carries {len(value)} characters of {limit}")
    return value


def fits(call: Call, form: Form | None = None) -> bool:
    """Can a button carry it?"""
    try:
        encode(call, form)
    except ValueError:
        return False
    return True


def decode(value: str) -> tuple[Call, Form | None]:
    """Raises BadArgs when this is not a value that `encode` made."""
    try:
        carried = json.loads(value)
        form = carried.get("f")
        return Call(str(carried["s"]), dict(carried.get("a", {}))), form and _form(form)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadArgs("button", "it carries nothing this bot understands") from error


def _lean(value: Any) -> Any:
    """Without empty entries, so that a form fits a button."""
    if isinstance(value, dict):
        return {k: _lean(v) for k, v in value.items() if v not in ("", False, (), [])}
    if isinstance(value, list | tuple):
        return [_lean(v) for v in value]
    return value


def _form(raw: dict[str, Any]) -> Form:
    fields = tuple(
        FormField(**{**f, "options": tuple((v, label) for v, label in f.get("options", ()))})
        for f in raw["fields"]
    )
    return Form(**{**raw, "fields": fields})
