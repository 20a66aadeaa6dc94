"""Spans of time, and other choices of a model's rows, as people write them.

    24h · last 7 days · today · yesterday · since Monday · last Thursday 02:00-06:00
    2026-11-01 · 2026-11-01 to 2026-11-08 · 1 Nov 14:00 to 18:00 · 6h ago to 2h ago
    v7 · champion · reference

Times are UTC, or of the zone named at the end ("yesterday 02:00-06:00 Europe/Berlin"). Days that
are named as an end are counted in full: "2026-11-01 to 2026-11-08" is eight days.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from knowledge.durations import parse_duration

_REMEDY = "write for example 24h, yesterday, 2026-11-01 to 2026-11-08 or last Thursday 02:00-06:00"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_NAMES = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH_NAMES = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ISO = r"\d{4}-\d\d-\d\d"
_DATE = (
    rf"{_ISO}|\d{{1,2}}\.?\s+{_MONTH_NAMES}(?:\s+\d{{4}})?|"
    rf"{_MONTH_NAMES}\s+\d{{1,2}}(?:,?\s+\d{{4}})?"
)
_DAY = rf"{_DATE}|today|yesterday|(?:(?:last|on|this)\s+)*{_DAY_NAMES}"
_TIME = r"\d{1,2}:\d\d|\d{1,2}\s?(?:am|pm)|noon|midnight"
_AGO = r"\d+(?:\.\d+)?\s*[a-z]+\s+ago"
_POINT = rf"(?:(?:{_DAY})(?:(?:\s*,?\s+(?:at\s+)?|t)(?:{_TIME})z?(?:\s+utc)?)?|{_TIME}|{_AGO}|now)"
_TO = r"\s*(?:\bto\b|\buntil\b|\btill\b|\bthrough\b|\band\b|/|–|—|\.\.|\s-\s|(?<=\d)-(?=\d))\s*"
_BETWEEN = rf"(?:(?:from|between)\s+)?{_POINT}{_TO}{_POINT}"
_ZONE = re.compile(r"\s+(utc|gmt|z|[A-Za-z]+(?:/[A-Za-z_+-]+)+)$", re.IGNORECASE)
_POINT_PARTS = re.compile(
    rf"(?:(?P<day>{_DAY})(?:(?:\s*,?\s+(?:at\s+)?|t)(?P<time>{_TIME})z?)?"
    rf"|(?P<clock>{_TIME})|(?P<ago>{_AGO})|(?P<now>now))"
)
_PHRASE = re.compile(
    rf"\b(?:{_BETWEEN}|(?:since\s+)(?:{_POINT})|(?:{_DATE}|yesterday|last\s+{_DAY_NAMES})"
    rf"(?:\s+(?:at\s+)?(?:{_TIME}))?)(?:\s+[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+)?(?![\w:])",
    re.IGNORECASE,
)
_SHIFTED = re.compile(
    r"(?:the\s+)?(?:same\s+(?:time|window|hours?|day|span)s?\s+)?(?P<length>.+?)\s+(?:earlier|ago)"
)
_SAME_LAST = re.compile(
    r"(?:the\s+)?same\s+(?:time|window|hours?|day|span)s?\s+(?:last|the previous)\s+(?P<length>\w+)"
)
_BEFORE = re.compile(r"(?:the\s+)?(?P<length>.+?)\s+before(?:\s+(?:that|it|last))?")
_VERSION = re.compile(r"(?:version\s+#?v?|v\.?\s?)(?P<number>\d+(?:\.\d+)*)", re.IGNORECASE)
_ALIASES = {
    "champion": "champion",
    "the champion": "champion",
    "previous champion": "previous_champion",
    "previous_champion": "previous_champion",
    "the previous champion": "previous_champion",
    "challenger": "challenger",
    "the challenger": "challenger",
}
_REFERENCES = ("", "reference", "the reference", "training", "training data", "the training data")
_AGAINST = re.compile(
    r"\s*\b(?:(?:as\s+)?(?:compared|relative)\s+(?:to|with)|against|versus|vs\.?)\s+", re.IGNORECASE
)


@dataclass(frozen=True)
class Span:
    """From `start` up to, and without, `end`."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlap(self, other: "Span") -> "Span | None":
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


@dataclass(frozen=True)
class _Point:
    """A moment or a day: "last Thursday", "2026-11-01 14:00", "14:00", "6h ago", "now"."""

    day: str = ""
    clock: time | None = None
    ago: timedelta | None = None

    @property
    def is_day(self) -> bool:
        return self.clock is None and self.ago is None

    def span(self, now: datetime, on: date | None = None) -> Span:
        """`on` is the day of a time that stands alone; in the zone of `now`."""
        if self.ago is not None:
            return Span(now - self.ago, now - self.ago)
        day = _date(self.day, now) if self.day else on or now.date()
        if self.clock is None:
            return Span(
                _at(day, time(), now.tzinfo), _at(day + timedelta(days=1), time(), now.tzinfo)
            )
        at = _at(day, self.clock, now.tzinfo)
        return Span(at, at)


@dataclass(frozen=True)
class Window:
    """A span of time that is still to be counted from a now."""

    text: str
    length: timedelta | None = None
    """So far back, where it is a length."""
    first: _Point | None = None
    last: _Point | None = None
    """Where they are missing, it lasts until now."""
    shift: timedelta | None = None
    """So much earlier than the window it is compared with."""
    zone: tzinfo = UTC

    def span(self, now: datetime, compared: Span | None = None) -> Span:
        """The span in UTC; it ends now at the latest. Lengths count back from the start of the
        window they are compared with, if there is one. Raises ValueError that says what is wrong.
        """
        if self.shift is not None:
            if compared is None:
                raise ValueError(f"{self.text!r} needs a window that it is earlier than")
            return Span(compared.start - self.shift, compared.end - self.shift)
        if self.length is not None:
            return _lasting(self.length, compared.start if compared else now)
        found = self._between(now.astimezone(self.zone))
        start, end = found.start.astimezone(UTC), min(found.end.astimezone(UTC), now)
        if start >= now:
            raise ValueError(f"{self.text!r} lies in the future")
        if start >= end:
            raise ValueError(f"{self.text!r} ends before it begins")
        return Span(start, end)

    def _between(self, now: datetime) -> Span:
        assert self.first is not None
        begins = self.first.span(now)
        if self.last is None:
            return Span(begins.start, now)
        # "last Thursday 02:00-06:00": the second time is of the first one's day.
        ends = self.last.span(now, begins.start.date())
        if ends.end <= begins.start and self.last.clock and not self.last.day:
            ends = self.last.span(now, begins.start.date() + timedelta(days=1))
        if ends.end < begins.start:
            return Span(begins.start, begins.start)
        return Span(begins.start, ends.end)


@dataclass(frozen=True)
class Version:
    """The rows that one version answered."""

    number: str = ""
    alias: str = ""
    """Instead of the number: the version that has this alias now."""

    def __str__(self) -> str:
        return f"v{self.number}" if self.number else self.alias.replace("_", " ")


@dataclass(frozen=True)
class Reference:
    """What the model was trained on."""


Rows = Window | Version | Reference


def parse_rows(text: str) -> Rows:
    """Which of a model's rows are meant. Raises ValueError with the remedy."""
    plain = " ".join(text.lower().split())
    if plain in _REFERENCES:
        return Reference()
    if plain in _ALIASES:
        return Version(alias=_ALIASES[plain])
    version = _VERSION.fullmatch(plain)
    return Version(version["number"]) if version else parse_window(text)


def is_rows(text: str) -> bool:
    """Does the whole text say which rows are meant?"""
    try:
        return bool(text) and parse_rows(text) != Reference()
    except ValueError:
        return False


@lru_cache(maxsize=256)
def parse_window(text: str) -> Window:
    """Raises ValueError with the remedy."""
    zone, plain = _zone(" ".join(text.split()).strip(" .,?"))
    plain = plain.lower()
    for pattern in (_SAME_LAST, _SHIFTED):
        shifted = pattern.fullmatch(plain)
        if shifted and (length := _length(shifted["length"])):
            return Window(text, shift=length)
    before = _BEFORE.fullmatch(plain)
    length = (
        None if plain in ("today", "yesterday") else _length(before["length"] if before else plain)
    )
    if length is not None:
        return Window(text, length=length)
    since = plain.removeprefix("since ")
    if since != plain:
        return Window(text, first=_point(since, text), zone=zone)
    first, last = _ends(plain, text)
    if last is None and not first.is_day:
        raise ValueError(f"{text!r} is one moment and no window; {_REMEDY}")
    return Window(text, first=first, last=last or first, zone=zone)


def find_window(text: str) -> str:
    """The first phrase of a longer text that names days or times; empty where there is none.

    Lengths ("the last 7 days") are not looked for.
    """
    found = _PHRASE.search(text)
    return found[0].strip() if found else ""


def find_version(text: str) -> str:
    """The first version that is written as one, "v7" or "version 7"; else empty."""
    found = re.search(rf"(?<![\w.-]){_VERSION.pattern}(?![\w-])", text, re.IGNORECASE)
    return f"v{found['number']}" if found else ""


def split_against(text: str) -> tuple[str, str]:
    """ "7d against last week" -> ("7d", "last week"); the second is empty where nothing is said."""
    parts = _AGAINST.split(f" {text} ", maxsplit=1)
    return parts[0].strip(), parts[1].strip() if len(parts) > 1 else ""


# Parts -----------------------------------------------------------------------------------------


def _zone(text: str) -> tuple[tzinfo, str]:
    found = _ZONE.search(text)
    if found is None:
        return UTC, text
    name = found[1]
    if name.lower() in ("utc", "gmt", "z"):
        return UTC, text[: found.start()]
    try:
        return ZoneInfo(name), text[: found.start()]
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is no time zone that is known; write for example Europe/Berlin"
        ) from None


def _length(text: str) -> timedelta | None:
    try:
        return parse_duration(text)
    except ValueError:
        return None


def _lasting(length: timedelta, end: datetime) -> Span:
    if length <= timedelta(0):
        raise ValueError("must be longer than nothing")
    try:
        return Span(end - length, end)
    except OverflowError:
        raise ValueError("begins before any calendar") from None


def _ends(plain: str, text: str) -> tuple[_Point, _Point | None]:
    """The first and the last point of "A to B", or a point alone."""
    within = re.fullmatch(rf"(?:(?:from|between)\s+)?({_POINT}){_TO}({_POINT})", plain)
    if within:
        return _point(within[1], text), _point(within[2], text)
    return _point(plain, text), None


def _point(plain: str, text: str) -> _Point:
    found = _POINT_PARTS.fullmatch(plain.strip())
    if found is None:
        raise ValueError(f"{text!r} is no span of time; {_REMEDY}")
    if found["now"]:
        return _Point(ago=timedelta(0))
    if found["ago"]:
        return _Point(ago=parse_duration(found["ago"].removesuffix("ago")))
    clock = found["time"] or found["clock"]
    day = found["day"] or ""
    if day:
        _check_date(day, text)
    return _Point(day, _clock(clock, text) if clock else None)


def _clock(text: str, whole: str) -> time:
    if text in ("noon", "midnight"):
        return time(12 if text == "noon" else 0)
    half = text[-2:] if text.endswith(("am", "pm")) else ""
    hour, minute, *_ = [*map(int, text.removesuffix(half).strip().split(":")), 0]
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        raise ValueError(f"{whole!r}: {text} is no time of day") from None


def _check_date(text: str, whole: str) -> None:
    try:
        _date(text, datetime(2024, 3, 1, tzinfo=UTC))
    except ValueError:
        raise ValueError(f"{whole!r}: {text} is no day of the calendar") from None


def _date(text: str, now: datetime) -> date:
    """The day that is meant, seen from `now`: the last one of that name."""
    if text in ("today", "yesterday"):
        return now.date() - timedelta(days=text == "yesterday")
    if re.fullmatch(_ISO, text):
        return date.fromisoformat(text)
    if re.fullmatch(_DATE, text):
        return _named_date(text, now)
    name = text.split()[-1]
    weekday = next(i for i, day in enumerate(_WEEKDAYS) if day.startswith(name[:3]))
    back = (now.weekday() - weekday) % 7
    # "last Thursday" on a Thursday is not today.
    return now.date() - timedelta(days=back or (7 if text.startswith("last") else 0))


def _named_date(text: str, now: datetime) -> date:
    """ "1 Nov", "Nov 1, 2026"; without a year the last such day."""
    words = re.findall(r"[a-z]+|\d+", text)
    month = next(_MONTHS.index(word[:3]) + 1 for word in words if word.isalpha())
    numbers = [int(word) for word in words if word.isdigit()]
    if len(numbers) == 2:
        return date(max(numbers), month, min(numbers))
    # The 29th of February needs a year that has one.
    for year in range(now.year, now.year - 9, -1):
        if month == 2 and numbers[0] == 29 and (year % 4 or (year % 100 == 0 and year % 400)):
            continue
        day = date(year, month, numbers[0])
        if day <= now.date():
            return day
    raise ValueError(f"{text!r} is no day")


def _at(day: date, clock: time, zone: tzinfo | None) -> datetime:
    """That time of that day in the zone, as an instant: where summer time skips it, an hour later;
    where it comes twice, the first."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC).astimezone(zone)
