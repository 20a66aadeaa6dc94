"""Nanoseconds since 1970, which Loki and OpenTelemetry count time in."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LAST = 2**63 - 1
"""In the year 2262."""


def nanoseconds(at: datetime) -> int:
    """Exact to the microsecond, unlike a float."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def from_nanoseconds(number: int) -> datetime:
    """The microsecond that it is in; what is outside of the calendar is its end."""
    return _EPOCH + timedelta(microseconds=min(max(number, 0), _LAST) // 1000)
