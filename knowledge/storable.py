"""Pure: values from anywhere without what can neither be stored nor sent."""

import math
from collections.abc import Mapping
from typing import Any


def storable_text(text: str) -> str:
    """Without NUL, and with a question mark for half of a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def storable(value: Any) -> Any:
    """All texts in it as `storable_text`; numbers that JSON lacks as texts. Names become texts."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {storable_text(str(name)): storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [storable(inner) for inner in value]
    return value
