"""Look at a model through the ports: its data, its answers, its endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from threading import Lock

import numpy as np

from knowledge.drift import DriftReport, Profile, compare
from knowledge.errors import UserError
from knowledge.monitors.endpoint import read_endpoint
from knowledge.monitors.model import Looked, Seen, decide_look
from knowledge.monitors.spec import ModelMonitor
from knowledge.monitors.state import MonitorState
from knowledge.performance import PerformanceReport, Yardstick, assess, make_yardstick
from knowledge.performance.measures import MIN_ROWS
from knowledge.ports import Frames, Metrics
from knowledge.quality import QualityFinding, check_freshness
from knowledge.records import ColumnRoles, Frame, ModelFacts

_NO_TIME = timedelta(0)


class Yardsticks:
    """What the models' references say of their performance: learned once for each reference, and
    again when it changes. Safe to use from every thread."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Profile, Yardstick | str]] = {}
        self._lock = Lock()

    def of(self, frames: Frames, model: str, measure: str, roles: ColumnRoles) -> Yardstick:
        """Raises UserError where the reference cannot be judged by."""
        # The profile is another object whenever the reference has changed.
        profile = frames.profile(model)
        with self._lock:
            known = self._kept.get((model, measure))
            if known is None or known[0] is not profile:
                known = (profile, _learn(frames.reference(model), roles, measure))
                self._kept[model, measure] = known
        if isinstance(known[1], str):
            raise UserError(known[1])
        return known[1]


def _learn(reference: Frame, roles: ColumnRoles, measure: str) -> Yardstick | str:
    try:
        return make_yardstick(reference, roles, measure)
    except UserError as error:
        return f"in the reference, {error}"


def look_at(
    monitor: ModelMonitor,
    *,
    frames: Frames,
    metrics: Metrics,
    now: datetime,
    state: MonitorState,
    yardsticks: Yardsticks | None = None,
) -> Looked:
    """One look: the new state, what is to be kept of it, and the signals to take in.

    Raises what `frames` raises; an endpoint that cannot be read, or performance that cannot be
    judged, is said in the look and spoils nothing else.
    """
    roles, facts = frames.roles(monitor.model), frames.about(monitor.model)
    seen = _read_window(monitor, frames, now, state, roles)
    figures, problems = read_endpoint(facts.endpoint, metrics, now, monitor.every)
    seen = replace(
        seen,
        endpoint=tuple(figures),
        problems=(*seen.problems, *problems),
        weights=roles.weights,
        service=facts.service,
    )
    if _says_performance(roles) and not seen.unchanged:
        reading = _Reading(monitor, frames, yardsticks or Yardsticks(), roles, facts)
        seen = reading.performance(seen)
    return decide_look(monitor, state, seen, now)


def _says_performance(roles: ColumnRoles) -> bool:
    return bool(roles.label)


def _read_window(
    monitor: ModelMonitor, frames: Frames, now: datetime, state: MonitorState, roles: ColumnRoles
) -> Seen:
    """Inputs and their quality, in a window by time or by count."""
    span = frames.span(monitor.model)
    newest = span[1] if span else None
    if monitor.rows is not None:
        report = compare(
            frames.profile(monitor.model),
            frames.last(monitor.model, monitor.rows),
            weights=roles.weights,
        )
        start = state.last_data or (span[0] if span else now)
        unchanged = newest is not None and newest == state.last_data
        end = newest or now
        stale = _freshness(monitor, newest, now, report, state)
        return Seen(report, min(start, end), end, stale, newest=newest, unchanged=unchanged)
    # Windows that overlap are alike, so a few of them tell what is usual.
    usual = median(state.rows) if len(state.rows) >= 3 else 0.0
    report = frames.report(monitor.model, now - monitor.window, now, usual_rows=usual)
    stale = _freshness(monitor, newest, now, report, state)
    return Seen(report, now - monitor.window, now, stale, newest=newest)


def _freshness(
    monitor: ModelMonitor,
    newest: datetime | None,
    now: datetime,
    report: DriftReport,
    state: MonitorState,
) -> tuple[QualityFinding, ...]:
    """Where data never came, none is missed, unless the monitor says how fresh it must be."""
    expected = monitor.fresh or (monitor.window if monitor.rows is None else None)
    ever = report.current_rows > 0 or bool(state.rows) or monitor.fresh is not None
    if newest is None or expected is None or not ever:
        return ()
    return tuple(check_freshness(newest, now, expected))


@dataclass(frozen=True)
class _Reading:
    """Performance of one window, read and judged."""

    monitor: ModelMonitor
    frames: Frames
    yardsticks: Yardsticks
    roles: ColumnRoles
    facts: ModelFacts

    def performance(self, seen: Seen) -> Seen:
        model, delay = self.monitor.model, self.facts.label_delay
        if not seen.report.current_rows and not delay:
            return seen
        try:
            yardstick = self.yardsticks.of(self.frames, model, self.monitor.measure, self.roles)
            moved = [column.name for column in seen.report.inputs if column.drifted]
            window = self._window(seen, _NO_TIME)
            version, now_rows = _of_main_version(window, self.roles.version)
            current = self._assess(yardstick, now_rows, moved)
            labelled = current
            if delay > _NO_TIME and self.monitor.rows is None:
                labelled = self._assess(
                    yardstick,
                    _of_main_version(self._window(seen, delay), self.roles.version)[1],
                    (),
                )
        except UserError as error:
            return replace(seen, problems=(*seen.problems, f"performance is not judged: {error}"))
        notes = tuple(dict.fromkeys((*_notes(current), *_notes(labelled))))
        return replace(
            seen,
            current=current,
            labelled=labelled,
            version=version,
            problems=(*seen.problems, *notes),
        )

    def _window(self, seen: Seen, delay: timedelta) -> Frame:
        model = self.monitor.model
        if self.monitor.rows is not None:
            return self.frames.last(model, self.monitor.rows)
        return self.frames.current(model, seen.start - delay, seen.end - delay)

    def _assess(
        self, yardstick: Yardstick, window: Frame, moved: Sequence[str]
    ) -> PerformanceReport | None:
        if not _rows(window):
            return None
        return assess(
            yardstick, window, moved=moved, least=self.monitor.least, limit=self.monitor.limit
        )


def _notes(report: PerformanceReport | None) -> tuple[str, ...]:
    return report.notes if report else ()


def _rows(frame: Frame) -> int:
    return max((len(values) for values in frame.values()), default=0)


def _of_main_version(window: Frame, column: str) -> tuple[str, Frame]:
    """The version that answered most rows, and its rows where there are enough to judge."""
    if not column or column not in window or not _rows(window):
        return "", window
    texts = np.array([_text(value) for value in window[column].tolist()], dtype=str)
    found, counts = np.unique(texts[texts != ""], return_counts=True)
    if not len(found):
        return "", window
    main = str(found[np.argmax(counts)])
    if counts.max() < MIN_ROWS or len(found) == 1:
        return main, window
    rows = texts == main
    return main, {name: values[rows] for name, values in window.items()}


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
