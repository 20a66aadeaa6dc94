"""A picture of the likeliest suspects' signals around the onset, where there is telemetry."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from knowledge.causes.ranking import Ranking
from knowledge.diagnosis import Gathered
from knowledge.records import Change, Series, Trace
from skills.contract import Picture
from skills.monitor_pictures import Mark, TracePanel, draw_traces

MOST_PANELS, MOST_MARKS = 3, 2
SHOWN_LEAST = timedelta(minutes=15)
"""So much before the onset is drawn, or three times as long as trouble lasts: trouble of two
minutes would be a dot at the end of an hour."""
_FEWEST = 3
_WIDE = 3.0
"""The band is the calm median and so many times its scaled median deviation."""
_TO_SIGMA = 1.4826


def suspects_picture(ranking: Ranking, found: Gathered) -> Picture | None:
    """The signal of each of the first suspects that is farthest from its calm self; None where
    none that is measured leaves its band."""
    case = found.case
    if case is None:
        return None
    panels = [
        panel
        for suspect in ranking.suspects
        if (panel := _panel(suspect.component, case.window, case.calm)) is not None
    ][:MOST_PANELS]
    if not panels:
        return None
    end = _moment(max(float(p.trace.times[-1]) for p in panels))
    first = _moment(min(float(p.trace.times[0]) for p in panels))
    start = max(first, found.onset - max(SHOWN_LEAST, 3 * (end - found.onset)))
    panels = [replace(panel, trace=_since(panel.trace, start)) for panel in panels]
    if start >= end or any(not len(panel.trace.times) for panel in panels):
        return None
    marks = (Mark(found.onset, "first alert"), *_marks(found.changes, start, end))
    png = draw_traces(panels, start, end, marks=marks)
    names = ", ".join(panel.name for panel in panels)
    alt = f"{names}, from {start:%H:%M} to {end:%H:%M} UTC, with the band of the hour before"
    return Picture("", alt, png)


def _panel(
    component: str,
    window: Mapping[str, Mapping[str, Series]],
    calm: Mapping[str, Mapping[str, Series]],
) -> TracePanel | None:
    traces = {
        name: _trace(calm[component][name], series)
        for name, series in window.get(component, {}).items()
        if name in calm.get(component, {}) and len(series.values) >= _FEWEST
    }
    off = {name: float(np.nanmax(t.scores, initial=0.0)) for name, t in traces.items()}
    name = max(sorted(off), key=lambda n: off[n], default="")
    if off.get(name, 0.0) <= _WIDE:
        return None
    return TracePanel(traces[name], f"{component} · {name.replace('_', ' ')}")


def _trace(calm: Series, window: Series) -> Trace:
    """Both stretches as one line, with the band of the calm one over all of it."""
    known = calm.values[np.isfinite(calm.values)]
    middle = float(np.median(known)) if len(known) else float("nan")
    spread = float(np.median(np.abs(known - middle))) * _TO_SIGMA if len(known) else float("nan")
    spread = max(spread, 0.02 * abs(middle), 1e-9)
    keep = calm.times < (window.times[0] if len(window.times) else np.inf)
    times = np.concatenate((calm.times[keep], window.times))
    values = np.concatenate((calm.values[keep], window.values))
    return Trace(
        {},
        times,
        values,
        np.full(times.shape, middle - _WIDE * spread),
        np.full(times.shape, middle + _WIDE * spread),
        np.abs(values - middle) / spread,
    )


def _since(trace: Trace, start: datetime) -> Trace:
    kept = trace.times >= start.timestamp()
    arrays = (trace.times, trace.values, trace.low, trace.high, trace.scores)
    return Trace(trace.labels, *(array[kept] for array in arrays))


def _marks(changes: Iterable[Change], start: datetime, end: datetime) -> tuple[Mark, ...]:
    inside = [change for change in changes if start <= change.at <= end]
    return tuple(Mark(c.at, f"{c.kind} {c.service}"[:24]) for c in inside[:MOST_MARKS])


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
