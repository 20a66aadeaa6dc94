"""A monitor's state as bytes, so that it survives restarts.

A head of JSON holds what is plain, then come the blobs that the series' judges and rings make of
themselves. The first bytes name the version; what cannot be read is learned anew.
"""

import json
import logging
import struct
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from knowledge.monitors.ring import Ring
from knowledge.monitors.state import Followed, MonitorState

log = logging.getLogger("tandem.monitors")

_VERSION = b"TMS1"
_HEAD = struct.Struct(">I")
_PLAIN: Mapping[str, TypeAdapter[Any]] = {
    name: TypeAdapter(hint)
    for name, hint in get_type_hints(MonitorState).items()
    if name != "series"
}


def dump_state(state: MonitorState) -> bytes:
    """A kilobyte or so, and about six for each series that a metric monitor follows."""
    plain = {
        name: kind.dump_python(getattr(state, name), mode="json") for name, kind in _PLAIN.items()
    }
    series: list[tuple[str, dict[str, str], str, int, int]] = []
    blobs: list[bytes] = []
    for key, one in state.series.items():
        judged = one.judge.dump() if one.judge is not None else one.packed
        points = one.ring.pack()
        blobs += (judged, points)
        seen = one.seen.isoformat()
        series.append((key, dict(one.labels), seen, len(judged), len(points)))
    head = json.dumps({"plain": plain, "series": series}, separators=(",", ":")).encode()
    return b"".join((_VERSION, _HEAD.pack(len(head)), head, *blobs))


def load_state(dumped: bytes, key: str) -> MonitorState | None:
    """None, and a line in the log, where it is of another version or damaged: see `recall`."""
    if not dumped.startswith(_VERSION):
        log.warning("%s: its state is of another version; it starts anew", key)
        return None
    try:
        return _read(dumped)
    except (ValueError, KeyError, TypeError, struct.error, ValidationError):
        log.warning("%s: its state is damaged; it starts anew", key)
        return None


def _read(dumped: bytes) -> MonitorState:
    (length,) = _HEAD.unpack_from(dumped, len(_VERSION))
    start = len(_VERSION) + _HEAD.size
    head = json.loads(dumped[start : start + length])
    known = {field.name for field in fields(MonitorState)}
    plain = {
        name: _PLAIN[name].validate_python(value)
        for name, value in head["plain"].items()
        if name in known
    }
    series, place = {}, start + length
    for key, labels, seen, judged, points in head["series"]:
        packed = dumped[place : place + judged]
        ring = Ring.unpack(dumped[place + judged : place + judged + points])
        place += judged + points
        series[key] = Followed(labels, datetime.fromisoformat(seen), packed=packed, ring=ring)
    return MonitorState(**plain, series=series)
