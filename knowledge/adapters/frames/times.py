"""When a row happened: timestamps with and without a zone, ISO 8601 text, seconds since 1970."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import UserError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_QUARTER = np.timedelta64(15, "m")
"""No zone ever changed its offset but at a full quarter of an hour."""


@dataclass(frozen=True)
class TimeColumn:
    """The column that holds a row's time, and how to read it."""

    name: str = ""
    epoch: str = ""
    """For numbers since 1970: "s", "ms", "us" or "ns"; "auto" goes by their size."""
    zone: str = ""
    """The zone of times that are written without one, such as "Europe/Berlin"; else UTC.

    In the hour that the end of daylight saving repeats, such times are taken as the first."""


@dataclass(frozen=True)
class Window:
    """Rows whose time lies in [start, end), both aware."""

    time: TimeColumn
    start: datetime
    end: datetime


def zone_of(name: str) -> ZoneInfo:
    """Raises UserError that names the zone."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UserError(
            f"time_zone {name!r} is not known; write one such as Europe/Berlin or UTC."
        ) from error


def unit_by_size(value: float) -> str:
    """Seconds, milli-, micro- or nanoseconds since 1970, for any time between 1973 and 5138."""
    size = abs(value)
    return "s" if size < 1e11 else "ms" if size < 1e14 else "us" if size < 1e17 else "ns"


def epoch_unit(time: TimeColumn, values: NDArray[Any]) -> str:
    """The unit of a column of numbers; seconds where it is empty."""
    if time.epoch in UNITS:
        return time.epoch
    plain = np.asarray(values, dtype=np.float64)
    held = plain[np.isfinite(plain)]
    return unit_by_size(float(np.median(held))) if len(held) else "s"


def from_epoch(values: NDArray[Any], unit: str) -> NDArray[np.datetime64]:
    """Numbers since 1970 as datetime64[us]; NaN becomes NaT."""
    if values.dtype.kind in "iu":
        return _micros(values.astype(np.int64), unit).astype("datetime64[us]")
    plain = values.astype(np.float64)
    held = np.isfinite(plain)
    micros = np.round(np.where(held, plain, 0.0) * (1e6 / UNITS[unit])).astype(np.int64)
    found = micros.astype("datetime64[us]")
    found[~held] = np.datetime64("NaT")
    return found


def to_epoch(moment: datetime, unit: str) -> int | float:
    """A moment as a number since 1970; whole but for seconds, where rows may have fractions."""
    micros = round((moment - EPOCH).total_seconds() * 1e6)
    return micros / 1e6 if unit == "s" else micros * UNITS[unit] // 10**6


def local_to_utc(values: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """Times as a clock in `zone` showed them, as UTC; NaT stays."""
    if zone in ("", "UTC"):
        return values
    known = zone_of(zone)
    quarters = values.astype("datetime64[m]").astype(np.int64) // 15
    held = ~np.isnat(values)
    shown, place = np.unique(quarters[held], return_inverse=True)
    offsets = np.array([_offset(known, int(q)) for q in shown], dtype="timedelta64[us]")
    found = values.astype("datetime64[us]")
    found[held] -= offsets[place]
    return found


def wall_time(moment: datetime, zone: str) -> datetime:
    """What a clock in `zone` shows then, without a zone."""
    return moment.astimezone(zone_of(zone)).replace(tzinfo=None)


def utc64(moment: datetime) -> np.datetime64:
    naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return np.datetime64(naive, "us")


def parse_times(
    texts: Iterable[str | None], where: str, time: TimeColumn
) -> NDArray[np.datetime64]:
    """ISO 8601 texts as UTC; those without a zone are taken in the column's own."""
    zone = zone_of(time.zone)
    found = []
    for text in texts:
        try:
            moment = datetime.fromisoformat(text) if text else None
        except ValueError as error:
            raise UserError(
                f"{where}: time column {time.name!r}: {error}; write ISO 8601."
            ) from error
        if moment is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        found.append(None if moment is None else utc64(moment))
    return np.array(found, dtype="datetime64[us]")


def moment_of(value: Any, time: TimeColumn) -> datetime | None:
    """One value of a time column, as a database gives it; None for none."""
    if value is None or value != value:
        return None
    if isinstance(value, str):
        value = parse_times([value], "the database", time)[0]
    elif isinstance(value, datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=zone_of(time.zone))
        return zoned.astimezone(UTC)
    elif isinstance(value, date):
        value = np.datetime64(value, "us")
    elif not isinstance(value, np.datetime64):
        number = np.array([float(value)])
        value = from_epoch(number, epoch_unit(time, number))[0]
    return value.astype("datetime64[us]").item().replace(tzinfo=UTC)  # type: ignore[no-any-return]


def _micros(values: NDArray[np.int64], unit: str) -> NDArray[np.int64]:
    scale = UNITS[unit]
    return values * (10**6 // scale) if scale <= 10**6 else values // (scale // 10**6)


def _offset(zone: ZoneInfo, quarter: int) -> np.timedelta64:
    shown = (np.datetime64(0, "m") + quarter * _QUARTER).astype("datetime64[us]").item()
    return np.timedelta64(shown.replace(tzinfo=zone).utcoffset(), "us")
