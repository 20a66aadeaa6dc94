"""Why a point is an alarm, in one sentence."""

from datetime import timedelta

from knowledge.detection.views import View
from knowledge.durations import say_duration

_MOSTLY = 0.6
_COUNTLESS = 1000
"""Times the usual from which nobody compares any more."""
_POINTS = {View.SHIFT: 10, View.DRIFT: 50, View.SEASON_SHIFT: 10, View.SEASON_DRIFT: 50}


def numbers(*values: float) -> list[str]:
    """Three figures, or as many as tell them apart; with separators from 1,000 on."""
    for digits in range(3, 7):
        said = [_number(value, digits) for value in values]
        if len(set(said)) == len(set(values)):
            break
    return said


def _number(value: float, digits: int) -> str:
    rounded = float(f"{value:.{digits}g}")
    size = abs(rounded)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{rounded:g}"
    return f"{rounded:,.0f}" if size >= 1000 else f"{rounded:.10g}"


def why(
    view: View,
    value: float,
    expected: float,
    mean: float,
    *,
    up: bool,
    seasonal: bool,
    times: float,
    same: float,
    mode: float,
    step: float,
) -> str:
    """The sentence for an alarm.

    `expected` is what the view expected, `mean` how far its last points were from it, for views of
    several points; `times` how many times its usual size the statistic is; `same` the share of
    points that have the value `mode`; `step` the seconds of a counter's step, else 0.
    """
    unit = f" each {say_duration(timedelta(seconds=step))}" if step else ""
    side = "above" if up else "below"
    if view in _POINTS and same <= _MOSTLY:
        about, usual = numbers(expected + mean, expected)
        rest = "for this time of day" if view >= View.SEASON else "over the last day"
        return (
            f"About {about}{unit} over the last {_POINTS[view]} points, {side} "
            f"what is usual {rest}, {usual}."
        )
    now, usual = numbers(value, mode if same > _MOSTLY else expected)
    now += unit
    if view is View.RESTLESS:
        return f"Values jump about {_times(times)} as far as usual; the latest is {now}."
    if same > _MOSTLY:
        return f"{now}, where {same:.0%} of all points are {usual}."
    if view is View.VALUE:
        known = "high" if up else "low"
        return f"{now}, unusually {known} for this series, usually about {usual}."
    if view is View.SEASON:
        return f"{now}, {side} what is usual at this time of day, about {usual}."
    verb = "Rose" if up else "Fell"
    rest = " at this time of day" if seasonal else ""
    return f"{verb} to {now} from about {usual}: {_times(times)} the usual change{rest}."


def _times(times: float) -> str:
    """2.3 times, 220 times, over 1,000 times."""
    if times >= _COUNTLESS:
        return f"over {_COUNTLESS:,} times"
    return f"{float(f'{times:.2g}'):g} times"
