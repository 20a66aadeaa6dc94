"""Why a point is an alarm, in one sentence."""

from datetime import timedelta

from knowledge.detection.views import View
from knowledge.durations import say_duration

_MOSTLY = 0.6
_POINTS = {View.SHIFT: 10, View.DRIFT: 50, View.SEASON_SHIFT: 10, View.SEASON_DRIFT: 50}


def number(value: float) -> str:
    """Four figures, with separators where that is easier to read."""
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{float(f'{value:.4g}'):.10g}"


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
    now, usual = number(value) + unit, number(expected)
    side = "above" if up else "below"
    if view is View.RESTLESS:
        return f"Values jump about {times:.2g} times as far as usual; the latest is {now}."
    if same > _MOSTLY:
        return f"{now}, where {same:.0%} of all points are {number(mode)}."
    if view in _POINTS:
        rest = "for this time of day" if view >= View.SEASON else "over the last day"
        return (
            f"About {number(expected + mean)}{unit} over the last {_POINTS[view]} points, {side} "
            f"what is usual {rest}, {usual}."
        )
    if view is View.VALUE:
        known = "high" if up else "low"
        return f"{now}, unusually {known} for this series; its middle is {usual}."
    if view is View.SEASON:
        return f"{now}, {side} what is usual at this time of day, about {usual}."
    verb = "Rose" if up else "Fell"
    rest = " at this time of day" if seasonal else ""
    return f"{verb} to {now} from about {usual}: {times:.2g} times the usual change{rest}."
