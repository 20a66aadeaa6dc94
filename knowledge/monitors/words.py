"""Words of monitors and their signals."""

import re
from collections.abc import Mapping

from knowledge.durations import say_duration
from knowledge.monitors.spec import MetricMonitor, Normal, Side

_NAMED = re.compile(r"\{([^{}]+)\}")
_SAID_ELSEWHERE = ("__name__", "service", "job", "app")
"""Labels that the signal's service and name already say."""
_MOST_LABELS = 3
_LEARNED = {
    Normal.AUTO: "as it usually is",
    Normal.SEASONAL: "as usual at that hour",
    Normal.NOVELTY: "like values seen before",
    Normal.SHIFT: "at the level it had",
}


def fill(template: str, words: Mapping[str, str]) -> str:
    """Braces that name nothing known stay as they are; labels are data, never templates."""
    return _NAMED.sub(lambda found: words.get(found[1], found[0]), template)


def say_labels(labels: Mapping[str, str]) -> str:
    """Which series of an answer: "route=/pay, pod=api-1"; empty where it is the only kind."""
    told = [f"{k}={v}" for k, v in sorted(labels.items()) if k not in _SAID_ELSEWHERE and v]
    more = len(told) - _MOST_LABELS
    return ", ".join(told[:_MOST_LABELS]) + (f" and {more} more" if more > 0 else "")


def say_normal(monitor: MetricMonitor) -> str:
    """What is normal: "at most 1.5, back at 1.2", "as usual at that hour, or below"."""
    if monitor.normal is Normal.SILENCE:
        return f"giving data at least every {say_duration(monitor.silent_after)}"
    if monitor.normal in _LEARNED:
        side = {Side.BOTH: "", Side.ABOVE: ", or below", Side.BELOW: ", or above"}[monitor.side]
        bar = f", told from a score of {monitor.sure:g}" if monitor.sure > 0.5 else ""
        return _LEARNED[monitor.normal] + side + bar
    limits = _limits(monitor)
    if monitor.normal is Normal.FORECAST:
        return f"staying {limits} for the next {say_duration(monitor.within)}"
    if monitor.normal is Normal.RATE:
        return f"changing by {limits} within {say_duration(monitor.over)}"
    back = f", back at {monitor.recover:g}" if monitor.recover is not None else ""
    return limits + back


def _limits(monitor: MetricMonitor) -> str:
    unit = " %" if monitor.percent else ""
    told = []
    if monitor.below is not None:
        told.append(f"at least {monitor.below:g}{unit}")
    if monitor.above is not None:
        told.append(f"at most {monitor.above:g}{unit}")
    return " and ".join(told)
