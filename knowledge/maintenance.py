"""Weekly maintenance windows from a TOML file, as silences that come and go by themselves.

[[maintenance]]
name = "database patching"
match = "service=~'db-.*'"
days = ["sun"]             # every day where it is left out
at = "02:00"
for = "2h"
zone = "Europe/Berlin"     # UTC where it is left out
reason = "weekly patches"

A window begins by its zone's wall clock and lasts as long as it says, also in the nights when the
clocks are changed.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from knowledge.durations import parse_duration
from knowledge.errors import BadArgs
from knowledge.ports import Silences
from knowledge.records import Matcher, Silence
from knowledge.silences import parse_matchers

AHEAD = timedelta(days=7)
"""How far `WithWindows.find` looks: each weekly window comes at least once."""
LONGEST = timedelta(days=1)
"""Of one window; what lasts longer is a silence that somebody sets and looks after."""
BY = "maintenance file"

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KNOWN = ("name", "match", "days", "at", "for", "zone", "reason")
_ID = re.compile(r"MW-.+-\d{8}")


@dataclass(frozen=True)
class Window:
    """One weekly window. `days` are weekdays, Monday is 0; `at` is the zone's wall clock."""

    name: str
    matchers: tuple[Matcher, ...]
    days: frozenset[int]
    at: time
    lasts: timedelta
    zone: tzinfo = UTC
    reason: str = ""


def read_windows(text: str) -> tuple[Window, ...]:
    """Raises BadArgs that names the window, the field and the remedy."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadArgs("maintenance file", f"it is no TOML: {error}") from None
    tables = raw.get("maintenance", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadArgs("maintenance", "it is no list of tables", "Begin each with [[maintenance]]")
    windows = tuple(_window(table, n) for n, table in enumerate(tables, start=1))
    names = [_slug(window.name) for window in windows]
    twice = next((w.name for w in windows if names.count(_slug(w.name)) > 1), "")
    if twice:
        raise BadArgs("name", f"two windows are named {twice!r}", "Give each its own name")
    return windows


def occurrences(window: Window, since: datetime, until: datetime) -> Iterator[Silence]:
    """The silences that the window makes which hold at some time in [since, until), in order."""
    day = since.astimezone(window.zone).date() - timedelta(days=2)
    last = until.astimezone(window.zone).date()
    while day <= last:
        starts = datetime.combine(day, window.at, window.zone).astimezone(UTC)
        if day.weekday() in window.days and starts < until and starts + window.lasts > since:
            yield Silence(
                id=f"MW-{_slug(window.name)}-{day:%Y%m%d}",
                matchers=window.matchers,
                starts_at=starts,
                ends_at=starts + window.lasts,
                created_by=BY,
                created_at=starts,
                reason=window.reason or window.name,
                kind="maintenance",
            )
        day += timedelta(days=1)


class WithWindows:
    """The port `Silences` with the windows' silences among the stored ones."""

    def __init__(self, stored: Silences, windows: Sequence[Window]) -> None:
        self._stored = stored
        self._windows = windows

    def add(self, draft: Silence) -> Silence:
        return self._stored.add(draft)

    def get(self, silence_id: str) -> Silence:
        """Raises NotFound."""
        wanted = silence_id.strip()
        if _ID.fullmatch(wanted):
            day = datetime.strptime(wanted[-8:], "%Y%m%d").replace(tzinfo=UTC)
            around = self._of_windows(day - timedelta(days=1), day + timedelta(days=3))
            found = next((s for s in around if s.id == wanted), None)
            if found is not None:
                return found
        return self._stored.get(silence_id)

    def find(self, *, at: datetime | None = None, limit: int = 100) -> list[Silence]:
        """Windows are among them only when `at` is given: those that hold or come within a week."""
        stored = self._stored.find(at=at, limit=limit)
        if at is None:
            return stored
        both = [*stored, *self._of_windows(at, at + AHEAD)]
        return sorted(both, key=lambda s: s.starts_at, reverse=True)[:limit]

    def end(self, silence_id: str, by: str, at: datetime) -> Silence:
        """Raises BadArgs for a window: it would be back next week."""
        if _ID.fullmatch(silence_id.strip()):
            raise BadArgs(
                "silence",
                f"{silence_id} comes from the maintenance file",
                "Change its window there",
            )
        return self._stored.end(silence_id, by, at)

    def _of_windows(self, since: datetime, until: datetime) -> Iterable[Silence]:
        return (s for window in self._windows for s in occurrences(window, since, until))


# Reading


def _window(table: Mapping[str, Any], number: int) -> Window:
    name = table.get("name")
    if not isinstance(name, str) or not _slug(name):
        raise BadArgs("name", f"window {number} has none", 'Write for example name = "patching"')
    unknown = next((key for key in table if key not in _KNOWN), None)
    if unknown is not None:
        raise _wrong(name, unknown, "is not known", f"Use {', '.join(_KNOWN)}")
    try:
        matchers = parse_matchers(_text(table, name, "match"))
    except BadArgs as error:
        raise _wrong(name, "match", error.problem, error.remedy) from None
    return Window(
        name=name,
        matchers=matchers,
        days=_days(table, name),
        at=_at(table, name),
        lasts=_lasts(table, name),
        zone=_zone(table, name),
        reason=_text(table, name, "reason", ""),
    )


def _text(table: Mapping[str, Any], name: str, key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise _wrong(name, key, "is missing" if value is None else "is no text", "Put it in quotes")
    return value


def _days(table: Mapping[str, Any], name: str) -> frozenset[int]:
    given = table.get("days", list(_DAYS))
    wrong = [d for d in given if str(d).lower()[:3] not in _DAYS] if isinstance(given, list) else []
    if not isinstance(given, list) or not given or wrong:
        named = f"has {wrong[0]!r}" if wrong else "is no list of days"
        raise _wrong(name, "days", named, 'Write for example days = ["sat", "sun"]')
    return frozenset(_DAYS.index(str(day).lower()[:3]) for day in given)


def _at(table: Mapping[str, Any], name: str) -> time:
    given = table.get("at")
    if isinstance(given, time):
        return given
    try:
        return time.fromisoformat(_text(table, name, "at"))
    except ValueError:
        raise _wrong(name, "at", f"{given!r} is no time", 'Write for example "02:00"') from None


def _lasts(table: Mapping[str, Any], name: str) -> timedelta:
    try:
        lasts = parse_duration(_text(table, name, "for"))
    except ValueError as error:
        raise _wrong(name, "for", str(error), "") from None
    if not timedelta() < lasts <= LONGEST:
        raise _wrong(name, "for", "is longer than a day or nothing", "Write for example 2h")
    return lasts


def _zone(table: Mapping[str, Any], name: str) -> tzinfo:
    given = _text(table, name, "zone", "UTC")
    if given.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong(
            name, "zone", f"{given!r} is not known", "Write for example Europe/Berlin"
        ) from None


def _wrong(window: str, key: str, problem: str, remedy: str) -> BadArgs:
    return BadArgs(f"maintenance {window!r}: {key}", problem, remedy)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
