"""What a finding looks like: its metric with the band that was held to be normal, or its model's
looks over time, with deploys and alias moves marked.

A card is drawn again every few minutes: a picture shows whole steps of time only, so that it
changes, and is uploaded, once in a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache

import numpy as np

from knowledge.findings import model_of, sure_of, window_of
from knowledge.incidents import name_of
from knowledge.ports import Frames
from knowledge.records import Change, Episode, Look, Signal, SignalKind, Trace
from skills.contract import Picture
from skills.model_drift import draw_report
from skills.monitor_pictures import Mark, TracePanel, draw_traces, series_name

BEFORE = timedelta(hours=3)
"""What is drawn of the time before the onset, where it is known."""
STEP = timedelta(minutes=10)
MOST_MARKS = 3
MOST_FIGURES = 2
LOOKS_BEFORE = timedelta(days=14)
MOST_ROWS = 500_000
"""A card is not kept waiting for more."""
MOST_TOLD = 6
LEAST_LOOKS = 3
"""Fewer looks are no trend."""
_LIMITS = {"drift": 0.1, "prediction drift": 0.1}
"""Where a figure has a fixed limit: PSI, see `knowledge.drift.compare`."""
_FIGURES = {
    SignalKind.DRIFT: ("drift", "prediction drift", "columns drifted"),
    SignalKind.QUALITY: ("missing", "rows"),
    SignalKind.PERFORMANCE: (),
}
"""The figures that show a finding of this kind, the most telling first; of performance the
realised and the estimated ones, whatever the measure is."""
_ENDPOINT = ("latency p99", "latency", "errors", "cost per inference")
MOST_HEADING = 64
"""Characters above a line."""
_ARRAYS = ("times", "values", "low", "high", "scores")
_NAMES = {"drift": "largest drift of a column (PSI)", "prediction drift": "drift of its answers"}


def metric_picture(
    finding: Signal, trace: Trace, changes: Sequence[Change], now: datetime
) -> Picture | None:
    """The value and its band around the onset, the episode in colour; None where there is nothing
    to see."""
    end = _end(finding, now)
    start = max(finding.starts_at - BEFORE, _first(trace))
    if not len(trace.times) or start >= end or not np.isfinite(trace.values).any():
        return None
    marks = _marks(changes, start, end)
    name, note = _headings(finding, trace)
    panel = TracePanel(_until(trace, end), name, note, (_episode(finding, trace),))
    png = _drawn(_Sheet((panel,), start, end, marks))
    return Picture("", _say_metric(finding, trace, start, end, marks), png)


def _headings(finding: Signal, trace: Trace) -> tuple[str, str]:
    """What stands left and right above the line; both fit beside each other."""
    series, note = series_name(_own_labels(trace)), name_of(finding)
    name = series if 0 < len(series) <= MOST_HEADING // 2 else finding.service or finding.name
    return name[: MOST_HEADING - 1], note if len(name) + len(note) < MOST_HEADING else ""


def looks_picture(
    finding: Signal, looks: Sequence[Look], changes: Sequence[Change]
) -> Picture | None:
    """The figures that show it, over its model's looks; None while there are too few."""
    names = _figures(finding, looks)
    if len(looks) < LEAST_LOOKS or not names:
        return None
    start, end = looks[0].at, looks[-1].at
    if start >= end:
        return None
    marks = _marks(changes, start, end)
    limits = {_LIMITS.get(name) for name in names}
    panels = tuple(_look_panel(finding, name, looks) for name in names)
    limit = limits.pop() if len(limits) == 1 else None
    png = _drawn(_Sheet(panels, start, end, marks, limit))
    return Picture("", _say_looks(finding, names, looks, marks), png)


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What is drawn. Two that would look alike are equal, so that each is drawn once."""

    panels: tuple[TracePanel, ...]
    start: datetime
    end: datetime
    marks: tuple[Mark, ...]
    limit: float | None = None

    @cached_property
    def _shows(self) -> tuple[object, ...]:
        arrays = tuple(
            getattr(panel.trace, name).tobytes() for panel in self.panels for name in _ARRAYS
        )
        words = tuple((p.name, p.caption, repr(p.episodes)) for p in self.panels)
        return arrays, words, self.start, self.end, self.marks, self.limit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sheet) and self._shows == other._shows

    def __hash__(self) -> int:
        return hash(self._shows)


@lru_cache(maxsize=64)
def _drawn(sheet: _Sheet) -> bytes:
    return draw_traces(sheet.panels, sheet.start, sheet.end, marks=sheet.marks, limit=sheet.limit)


def distribution_picture(finding: Signal, frames: Frames) -> Picture | None:
    """The columns that moved, reference against the window that was looked at. None where nothing
    moved, or where the window is too large to be read for a picture. Raises what the port raises.
    """
    window = window_of(finding)
    if not window:
        return None
    rows = _Rows(frames, model_of(finding), finding.starts_at - window, finding.starts_at)
    return _distributions(rows)


@dataclass(frozen=True)
class _Rows:
    frames: Frames
    model: str
    start: datetime
    end: datetime


@lru_cache(maxsize=32)
def _distributions(rows: _Rows) -> Picture | None:
    """The window of a finding is over: what it looks like does not change."""
    frames, model = rows.frames, rows.model
    report = frames.report(model, rows.start, rows.end)
    if not report.drifted or report.current_rows > MOST_ROWS:
        return None
    png = draw_report(report, frames.reference(model), frames.current(model, rows.start, rows.end))
    told = "; ".join(f"{c.name}: {c.reason}" for c in report.drifted[:MOST_TOLD])
    return Picture("", f"Distributions, reference against current. {told}", png) if png else None


def _look_panel(finding: Signal, name: str, looks: Sequence[Look]) -> TracePanel:
    times = np.array([look.at.timestamp() for look in looks])
    values = np.array([_figure(look, name) for look in looks])
    unknown = np.full(len(looks), np.nan)
    trace = Trace({}, times, values, unknown, unknown, np.zeros(len(looks)))
    return TracePanel(trace, _NAMES.get(name, name), "", (_episode(finding, trace),))


def _figure(look: Look, name: str) -> float:
    return float(look.rows) if name == "rows" else look.figures.get(name, float("nan"))


def _figures(finding: Signal, looks: Sequence[Look]) -> list[str]:
    """Those that were looked at more than once."""
    told = [name for look in looks for name in ("rows", *look.figures)]
    wanted: Sequence[str] = _FIGURES.get(finding.kind, ())
    if finding.labels.get("aspect") == "endpoint":
        wanted = _ENDPOINT
    elif finding.kind is SignalKind.PERFORMANCE:
        wanted = sorted({n for n in told if n.startswith(("realised ", "estimated "))})[::-1]
    known = [name for name in wanted if told.count(name) >= LEAST_LOOKS]
    # The first shows what was found; a further one is shown where it tells something too.
    return [n for n in known if n == known[0] or _is_beyond(n, looks)][:MOST_FIGURES]


def _is_beyond(name: str, looks: Sequence[Look]) -> bool:
    limit = _LIMITS.get(name)
    return limit is None or any(_figure(look, name) >= limit for look in looks)


def _end(finding: Signal, now: datetime) -> datetime:
    """The last whole step; a while after its end where it is over."""
    over = finding.ends_at + 2 * STEP if finding.ends_at is not None else now
    at = min(over, now)
    whole = at.replace(second=0, microsecond=0)
    floored = whole - (whole - whole.replace(hour=0, minute=0)) % STEP
    # In its first minutes there is no whole step: what fired must be seen.
    least = finding.received_at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return max(floored, min(least, at))


def _first(trace: Trace) -> datetime:
    if not len(trace.times):
        return datetime.max.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(trace.times[0]), UTC)


def _until(trace: Trace, end: datetime) -> Trace:
    kept = trace.times <= end.timestamp()
    return replace(trace, **{name: getattr(trace, name)[kept] for name in _ARRAYS})


def _episode(finding: Signal, trace: Trace) -> Episode:
    return Episode(
        finding.starts_at,
        finding.ends_at,
        trace.labels,
        sure_of(finding) or 0.0,
        finding.summary,
    )


def _own_labels(trace: Trace) -> dict[str, str]:
    return {k: v for k, v in trace.labels.items() if k not in ("monitor", "__name__", "sure")}


def _marks(changes: Sequence[Change], start: datetime, end: datetime) -> tuple[Mark, ...]:
    """The latest, in their order."""
    inside = sorted((c for c in changes if start <= c.at <= end), key=lambda c: c.at)
    return tuple(
        Mark(c.at, " ".join(filter(None, (c.kind, c.service, c.version))))
        for c in inside[-MOST_MARKS:]
    )


def _say_metric(
    finding: Signal, trace: Trace, start: datetime, end: datetime, marks: Sequence[Mark]
) -> str:
    inside = trace.values[(trace.times >= start.timestamp()) & (trace.times <= end.timestamp())]
    known = inside[np.isfinite(inside)]
    told = f"between {known.min():.4g} and {known.max():.4g}" if len(known) else "unknown"
    return (
        f"{name_of(finding)}: the value from {start:%H:%M} to {end:%H:%M} UTC with its usual band, "
        f"{told}; found at {finding.starts_at:%H:%M}{_say_marks(marks)}"
    )


def _say_looks(
    finding: Signal, names: Sequence[str], looks: Sequence[Look], marks: Sequence[Mark]
) -> str:
    last = "; ".join(f"{name} {_figure(looks[-1], name):.3g}" for name in names)
    return (
        f"{len(looks)} looks at {looks[-1].model} from {looks[0].at:%Y-%m-%d %H:%M} to "
        f"{looks[-1].at:%Y-%m-%d %H:%M} UTC, in the last one {last}; found at "
        f"{finding.starts_at:%Y-%m-%d %H:%M}{_say_marks(marks)}"
    )


def _say_marks(marks: Sequence[Mark]) -> str:
    return "".join(f"; {mark.label} at {mark.at:%H:%M}" for mark in marks)
