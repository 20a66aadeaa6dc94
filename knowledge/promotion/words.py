"""Numbers, gains and times as the cards say them."""

import math
import re
from datetime import datetime


def say_gain(gain: float) -> str:
    """ "2.1% better", "0.4% worse", "the same"."""
    if gain == 0:
        return "the same"
    word = "better" if gain > 0 else "worse"
    return word if math.isinf(gain) else f"{abs(gain):.1%} {word}"


def say_number(value: float) -> str:
    """Four significant digits; a dash where there is no usable value."""
    return _plain(value, 4) if math.isfinite(value) else "–"


def say_interval(low: float, high: float, less_is_better: bool | None = False) -> str:
    """Of the difference new minus old, without signs: "better by 0.8 to 3.5", "0.1 worse to 0.4
    better"; "higher" and "lower" where it is not known (None) which is better. Empty where it has
    no usable ends."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    up, down = ("higher", "lower") if less_is_better is None else ("better", "worse")
    if less_is_better:
        low, high = -high, -low
    if low >= 0:
        return f"{up} by {_plain(low, 3)} to {_plain(high, 3)}"
    if high <= 0:
        return f"{down} by {_plain(-high, 3)} to {_plain(-low, 3)}"
    return f"{_plain(-low, 3)} {down} to {_plain(high, 3)} {up}"


def _plain(value: float, digits: int) -> str:
    """Large ones in full: "12,346" reads better than "1.235e+04". Zero has no sign."""
    said = f"{value + 0.0:.{digits}g}"
    return f"{value:,.0f}" if "e+" in said else said


def say_seconds(seconds: float) -> str:
    """How long something takes, in the unit that fits: "5.7 s", "12 ms", "80 µs"."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 0.9995:
            return f"{_plain(seconds * scale, 3)} {unit}"
    return f"{_plain(seconds * 1e6, 2)} µs"


_LONG_ID = re.compile(r"[0-9a-f]{13,}")
_ORIGIN, _ID = 24, 12


def say_origin(value: str) -> str:
    """Where something comes from, short, and never cut within a name's brackets: "eta-model-v5" of
    "eta-model-v5 (c2f9c1ff95ab4e21...)", the first twelve of a long id."""
    if len(value) <= _ORIGIN:
        return value
    name = value.partition(" (")[0]
    if _LONG_ID.fullmatch(name):
        return name[:_ID]
    return name if len(name) <= _ORIGIN else f"{name[: _ORIGIN - 1]}…"


def say_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
