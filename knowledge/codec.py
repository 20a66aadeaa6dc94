"""Signals as JSON, for the inbox: what Tandem's own monitors send has no vendor's format."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from knowledge.records import Signal, SignalKind


def signals_to_json(signals: Sequence[Signal]) -> bytes:
    """A JSON array; `signals_from_json` reads it back to equal values."""
    return json.dumps([_to_json(signal) for signal in signals]).encode()


def signals_from_json(body: bytes) -> tuple[Signal, ...]:
    """Raises ValueError, KeyError or TypeError for what `signals_to_json` did not write."""
    return tuple(_from_json(item) for item in json.loads(body))


def _to_json(signal: Signal) -> dict[str, Any]:
    return {
        **vars(signal),
        "labels": dict(signal.labels),
        "kind": signal.kind.value,
        "starts_at": signal.starts_at.isoformat(),
        "received_at": signal.received_at.isoformat(),
        "ends_at": signal.ends_at.isoformat() if signal.ends_at else None,
    }


def _from_json(item: Mapping[str, Any]) -> Signal:
    ends_at = item["ends_at"]
    return Signal(
        **{
            **item,
            "kind": SignalKind(item["kind"]),
            "starts_at": datetime.fromisoformat(item["starts_at"]),
            "received_at": datetime.fromisoformat(item["received_at"]),
            "ends_at": datetime.fromisoformat(ends_at) if ends_at else None,
        }
    )
