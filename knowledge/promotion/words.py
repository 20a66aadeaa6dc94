"""Numbers, gains and times as the cards say them."""

import math
from datetime import datetime


def say_gain(gain: float) -> str:
    """ "2.1% better", "0.4% worse", "the same"."""
    if gain == 0:
        return "the same"
    word = "better" if gain > 0 else "worse"
    return word if math.isinf(gain) else f"{abs(gain):.1%} {word}"


def say_number(value: float) -> str:
    """Four significant digits; a dash where there is no usable value."""
    return f"{value:.4g}" if math.isfinite(value) else "–"


def say_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
