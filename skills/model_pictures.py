"""The trend of a model: what its monitor saw at each look, with alias moves and deploys marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from knowledge.records import Change, Episode, Look, Trace
from knowledge.serving import Move
from knowledge.windows import Span
from skills.cards.looks import say_figure, say_value
from skills.contract import Picture
from skills.monitor_pictures import Mark, TracePanel, draw_traces

LEAST_LOOKS = 3
"""Fewer are no trend."""
MOST_PANELS = 4
MOST_MARKS = 3
DRIFT_LIMIT = 0.1
"""PSI from which a column counts as moved, see `knowledge.drift.compare`."""
_LIMITS = {"drift": DRIFT_LIMIT, "prediction drift": DRIFT_LIMIT}
_WANTED = ("drift", "prediction drift", "missing", "latency p99", "errors", "cost per inference")


@dataclass(frozen=True)
class Trend:
    """What is drawn: the looks of one model within `span`, and what happened meanwhile."""

    model: str
    span: Span
    looks: tuple[Look, ...]
    marks: tuple[Mark, ...] = ()


def marks(moved: Sequence[Move], changes: Sequence[Change]) -> tuple[Mark, ...]:
    """Alias moves and deploys in the order of their time, the latest where there are many."""
    found = [
        *(Mark(m.at, f"champion v{m.version}") for m in moved),
        *(Mark(c.at, " ".join(filter(None, (c.kind, c.service, c.version)))) for c in changes),
    ]
    return tuple(sorted(found, key=lambda mark: mark.at)[-MOST_MARKS:])


def trend_picture(trend: Trend) -> Picture | None:
    """None while there are too few looks, or none of their figures can be drawn."""
    names = shown_figures(trend.looks)
    if not names:
        return None
    panels = tuple(_panel(trend, name) for name in names)
    start = _start(trend)
    seen = tuple(mark for mark in trend.marks if mark.at >= start)
    png = draw_traces(panels, start, trend.span.end, marks=seen)
    return Picture(f"{trend.model}: trend", _say(trend, names), png)


def _start(trend: Trend) -> datetime:
    """A little before the first look: a model that is watched since an hour fills the picture."""
    first = min(look.at for look in trend.looks)
    return max(trend.span.start, first - (trend.span.end - first) / 20)


def shown_figures(looks: Sequence[Look]) -> tuple[str, ...]:
    """The figures worth a panel: performance, realised before estimated, then the others."""
    told = [name for look in looks for name in look.figures]
    often = {name for name in told if told.count(name) >= LEAST_LOOKS}
    first = [*sorted((n for n in often if n.startswith(("realised ", "estimated "))), reverse=True)]
    return tuple([*first[:2], *(n for n in _WANTED if n in often)][:MOST_PANELS])


def _panel(trend: Trend, name: str) -> TracePanel:
    times = np.array([look.at.timestamp() for look in trend.looks])
    values = np.array([look.figures.get(name, np.nan) for look in trend.looks])
    unknown = np.full(len(times), np.nan)
    limit = _LIMITS.get(name)
    high = unknown if limit is None else np.full(len(times), limit)
    trace = Trace({}, times, values, unknown, high, np.zeros(len(times)))
    # A figure that is no longer measured, such as one that waits for labels, has no now.
    when = "now" if np.isfinite(values[-1]) else "last"
    caption = f"{when} {say_value(name, float(values[np.isfinite(values)][-1]))}"
    return TracePanel(trace, say_figure(name), caption, _beyond(trace, limit))


def _beyond(trace: Trace, limit: float | None) -> tuple[Episode, ...]:
    """The runs of looks whose figure is at its limit or beyond."""
    if limit is None:
        return ()
    found: list[Episode] = []
    begun: float | None = None
    for at, value in zip(trace.times, trace.values, strict=True):
        if value >= limit and begun is None:
            begun = at
        elif not value >= limit and begun is not None:
            found.append(_episode(begun, at, trace))
            begun = None
    if begun is not None:
        found.append(_episode(begun, float(trace.times[-1]), trace))
    return tuple(found)


def _episode(start: float, end: float, trace: Trace) -> Episode:
    first, last = (datetime.fromtimestamp(at, UTC) for at in (start, end))
    return Episode(first, last, trace.labels, 0.0, "beyond the limit")


def _say(trend: Trend, names: Sequence[str]) -> str:
    last = trend.looks[-1]
    told = "; ".join(
        f"{say_figure(name)} {say_value(name, last.figures[name])}"
        for name in names
        if name in last.figures
    )
    happened = "".join(f"; {mark.label} at {_moment(mark.at)}" for mark in trend.marks)
    return (
        f"{len(trend.looks)} looks at {trend.model} from {_moment(trend.looks[0].at)} to "
        f"{_moment(last.at)} UTC; in the last one {told or last.verdict}{happened}"
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
