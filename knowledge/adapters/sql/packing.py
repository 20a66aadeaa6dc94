"""Signals and terms as compact JSON arrays: one column instead of sixteen, and no conversion of
each by the database's driver.

What is written here is in people's databases: a change of the fields needs a migration.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from knowledge.records import Signal, SignalKind, Term

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A table is quicker to look up than the enumeration's own call.
_KINDS = {kind.value: kind for kind in SignalKind}


def to_us(at: datetime) -> int:
    """Microseconds since 1970; exact, unlike a float of seconds."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def series_of(fingerprint: str) -> int:
    """A fingerprint in 64 bits, signed: a narrow key of even spread. Of ten million fingerprints
    two share one with a probability of 3e-6, and then only alerts of the very same start clash."""
    digest = blake2b(fingerprint.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def pack_signal(signal: Signal) -> str:
    """The time of arrival comes last: see `same_state`."""
    return _write(
        [
            signal.fingerprint,
            signal.name,
            to_us(signal.starts_at),
            None if signal.ends_at is None else to_us(signal.ends_at),
            signal.source,
            signal.kind.value,
            signal.service,
            signal.severity,
            signal.summary,
            signal.description,
            signal.value,
            dict(signal.labels),
            signal.url,
            signal.runbook_url,
            signal.id,
            to_us(signal.received_at),
        ]
    )


def same_state(one: str, other: str) -> bool:
    """Whether two packed signals differ in nothing but the time of arrival."""
    return one[: one.rindex(",")] == other[: other.rindex(",")]


def unpack_signal(packed: str) -> Signal:
    (
        fingerprint,
        name,
        starts_at,
        ends_at,
        source,
        kind,
        service,
        severity,
        summary,
        description,
        value,
        labels,
        url,
        runbook_url,
        signal_id,
        received_at,
    ) = _read(packed)
    return Signal(
        fingerprint=fingerprint,
        name=name,
        starts_at=from_us(starts_at),
        received_at=from_us(received_at),
        source=source,
        kind=_KINDS[kind],
        ends_at=None if ends_at is None else from_us(ends_at),
        service=service,
        severity=severity,
        summary=summary,
        description=description,
        value=value,
        labels=labels,
        url=url,
        runbook_url=runbook_url,
        id=signal_id,
    )


def pack_terms(terms: Sequence[Term]) -> str:
    return _write([[term.name, term.value, term.says] for term in terms]) if terms else "[]"


def unpack_terms(packed: str) -> tuple[Term, ...]:
    return tuple(Term(name, value, says) for name, value, says in _read(packed))


def _write(values: list[Any]) -> str:
    try:
        return orjson.dumps(values).decode()
    except orjson.JSONEncodeError:
        # Half a surrogate pair is no Unicode; escaped in ASCII it can be stored all the same.
        return json.dumps(values, separators=(",", ":"))


def _read(packed: str) -> Any:
    try:
        return orjson.loads(packed)
    except orjson.JSONDecodeError:
        return json.loads(packed)
