"""Lengths of time as people write them: "24h", "7d", "90 min", "2 weeks", "1h30m", "last month"."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_MINUTES = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440, "w": 10080, "mo": 43200, "q": 129600}
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "w"),
    **dict.fromkeys(("mo", "month", "months"), "mo"),
    **dict.fromkeys(("q", "quarter", "quarters"), "q"),
}
_NUMBERS = {"a": "1", "an": "1", "one": "1", "two": "2", "three": "3", "four": "4", "six": "6"}
_FILL = re.compile(r"\b(the|last|past|this|next|for|previous|about|over)\b|~")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


def parse_duration(text: str) -> timedelta:
    """Raises ValueError with the remedy. A bare unit means one: "week" is seven days."""
    words = _FILL.sub(" ", text.lower()).split()
    plain = " ".join(_NUMBERS.get(w, w) for w in words)
    if plain in ("half hour", "half 1 hour"):
        return timedelta(minutes=30)
    if plain in ("today", "yesterday"):
        return timedelta(days=1)
    if plain in _UNITS:
        plain = f"1 {plain}"
    rest = _PART.sub("", plain).replace("and", "").strip(" ,")
    parts = _PART.findall(plain)
    if not parts or rest or any(unit not in _UNITS for _, unit in parts):
        raise ValueError(f"{text!r} is not a length of time; write for example 45m, 24h or 7d")
    try:
        return timedelta(minutes=sum(float(n) * _MINUTES[_UNITS[unit]] for n, unit in parts))
    except OverflowError:
        raise ValueError(f"{text[:40]!r} is longer than any time that can be counted") from None


def is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


def say_duration(length: timedelta) -> str:
    """The shortest exact-enough form: 45 s, 12 min, 3 h 20 min, 24 h, 7 d."""
    seconds = round(length.total_seconds())
    if seconds < 60 or 60 < seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours and days < 4 else f"{days} d"


def _read(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_read)]
"""For the argument models of skills: accepts "24h" and the like."""
