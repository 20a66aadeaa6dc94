"""What a monitor would have found in the past."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import nan

import numpy as np

from bot.watching.engine import LookAt
from bot.watching.past import joined, read_range
from bot.watching.sources import Sources
from knowledge.durations import say_duration
from knowledge.errors import BadArgs, TandemError, Unavailable
from knowledge.monitors import (
    AnyMonitor,
    MetricMonitor,
    ModelMonitor,
    MonitorState,
    backtest,
    missed,
)
from knowledge.records import Backtest, Episode, Look, Signal, Trace

MOST_DAYS = timedelta(days=92)
MOST_STEPS = 11_000
"""Polls that are gone through between start and end: a week of minutes, about a second for one
series."""
MOST_LOOKS = 50
"""Looks at a model's log, evenly spread: each reads a window."""


@dataclass(frozen=True)
class Backtests:
    """Reads the past through the ports."""

    sources: Sources
    look: LookAt
    most_steps: int = MOST_STEPS

    def __call__(self, monitor: AnyMonitor, start: datetime, end: datetime) -> Backtest:
        """Raises UserError for a time that cannot be asked for and a query that is rejected; what
        is out of reach is the answer's `problem`."""
        if start >= end:
            raise BadArgs("start", "it is not before the end")
        if end - start > MOST_DAYS:
            raise BadArgs(
                "start", f"{say_duration(end - start)} is too long", "Ask for three months at most"
            )
        if isinstance(monitor, MetricMonitor):
            return self._of_metric(monitor, start, end)
        return self._of_model(monitor, start, end)

    def _of_metric(self, monitor: MetricMonitor, start: datetime, end: datetime) -> Backtest:
        step = max(monitor.every, (end - start) / self.most_steps)
        try:
            series = read_range(self.sources.range, monitor, start, end, step.total_seconds())
            # What it would have learned from if it had begun then.
            before = missed(monitor, MonitorState(), start)
            if before is not None:
                earlier = read_range(
                    self.sources.range, monitor, before.start, before.end, before.step_s
                )
                series = joined([*earlier, *series])
        except Unavailable as error:
            return Backtest(start, end, (), (), f"The past cannot be read: {error}")
        found = backtest(monitor, series, start, end)
        if step > monitor.every and not found.problem:
            return replace(
                found, problem=f"Read every {say_duration(step)}, since the time is long."
            )
        return found

    def _of_model(self, monitor: ModelMonitor, start: datetime, end: datetime) -> Backtest:
        step = max(monitor.every, (end - start) / MOST_LOOKS)
        state, told = MonitorState(), list[Signal]()
        looks: list[Look] = []
        at = start
        problem = ""
        while at <= end:
            try:
                found = self.look(monitor, state, at)
            except TandemError as error:
                problem = f"From {at:%d %b %H:%M} on its data cannot be read: {error}"
                break
            state = found.state
            told += found.signals
            looks += found.looks
            at += step
        if not problem and step > monitor.every:
            problem = f"Looked at every {say_duration(step)}, since the time is long."
        traces = (trace_of(looks),) if looks else ()
        return Backtest(start, end, traces, episodes_of(told), problem)


DRIFT = "drift"
"""The figure of a look that is drawn."""


def trace_of(looks: Sequence[Look]) -> Trace:
    """The drift over time: the largest adjusted PSI of each look."""
    values = np.array([look.figures.get(DRIFT, nan) for look in looks], dtype=np.float64)
    none = np.full(len(looks), nan)
    return Trace(
        {"model": looks[0].model, "figure": DRIFT},
        np.array([look.at.timestamp() for look in looks], dtype=np.float64),
        values,
        none,
        none.copy(),
        np.array([float(bool(look.findings)) for look in looks], dtype=np.float64),
    )


def episodes_of(told: Sequence[Signal]) -> tuple[Episode, ...]:
    """Each firing signal with the end that was told of it."""
    ends = {(s.fingerprint, s.starts_at): s.ends_at for s in told if not s.firing}
    return tuple(
        Episode(
            signal.starts_at,
            ends.get((signal.fingerprint, signal.starts_at)),
            {"model": signal.labels.get("model", ""), "kind": signal.kind.value},
            float(signal.labels.get("sure", 1.0)),
            signal.summary,
        )
        for signal in told
        if signal.firing
    )
