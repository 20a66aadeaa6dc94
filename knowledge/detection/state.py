"""What a detector knows, as bytes and back."""

import base64
import json
import zlib
from array import array
from collections.abc import Mapping
from typing import Any

VERSION = 2


def to_bytes(part: object, asked: Mapping[str, object]) -> bytes:
    """Everything in the slots of a part and of its parts, compressed, and what was asked of it."""
    state = {"version": VERSION, "asked": asked, "known": _pack(part)}
    return zlib.compress(json.dumps(state).encode())


def read_bytes(dumped: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `to_bytes` wrote: (known, asked). Raises ValueError when it was not this version."""
    try:
        state = json.loads(zlib.decompress(dumped))
    except (zlib.error, ValueError) as error:
        raise ValueError("this is not the state of a detector") from error
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise ValueError("this is the state of another version of the detector; start anew")
    return state["known"], state["asked"]


def fill(part: object, state: dict[str, Any]) -> None:
    """Put a state back into a part that is newly made."""
    for slot, kept in state.items():
        now = getattr(part, slot)
        if isinstance(now, array):
            setattr(part, slot, array("f", base64.b64decode(kept)))
        elif hasattr(now, "__slots__"):
            fill(now, kept)
        elif isinstance(now, tuple):
            for each, known in zip(now, kept, strict=True):
                fill(each, known)
        else:
            setattr(part, slot, kept)


def _pack(part: object) -> dict[str, Any]:
    return {slot: _kept(getattr(part, slot)) for slot in _slots(part)}


def _slots(part: object) -> tuple[str, ...]:
    """Those that change; what a part was made with is left out by a leading `given_`."""
    slots: tuple[str, ...] = type(part).__slots__  # type: ignore[attr-defined]
    return tuple(slot for slot in slots if not slot.startswith("given_"))


def _kept(value: object) -> object:
    if isinstance(value, array):
        return base64.b64encode(value.tobytes()).decode()
    if isinstance(value, tuple):
        return [_pack(part) for part in value]
    return _pack(value) if hasattr(value, "__slots__") else value
