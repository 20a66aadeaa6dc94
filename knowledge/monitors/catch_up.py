"""What was missed while nobody looked: after a restart, after an outage of the source, or before
the first poll."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from knowledge.monitors.metric import AWAY_POLLS, decide
from knowledge.monitors.replay import polls
from knowledge.monitors.spec import MetricMonitor, Normal
from knowledge.monitors.state import MonitorState, Watch
from knowledge.records import Series, Signal

LEARNS_FROM = timedelta(days=14)
"""Two weeks tell a daily and a weekly pattern."""
MOST_LEARNED = 10_000
"""Points of it, a series. They are read at the monitor's own step, since a coarser past would teach
another noise."""
LONGEST_GAP = timedelta(days=2)
"""Of a longer gap only the end is read at every poll's time."""


@dataclass(frozen=True)
class Missed:
    """A span of time to be read from the source."""

    start: datetime
    end: datetime
    step_s: float


def missed(monitor: MetricMonitor, state: MonitorState, now: datetime) -> Missed | None:
    """What to read and to give to `catch_up` before the next poll; None where nothing is missing.

    A monitor that starts reads what it is to learn from. After a gap it reads the gap.
    """
    every = monitor.every
    if state.polled_at is None:
        length = history(monitor)
        if not length:
            return None
        return Missed(now - length, now - every, _step(monitor).total_seconds())
    if now - state.polled_at <= AWAY_POLLS * every:
        return None
    start = max(state.polled_at + every, now - LONGEST_GAP)
    return Missed(start, now - every, every.total_seconds())


def history(monitor: MetricMonitor) -> timedelta:
    """How much of the past a monitor is to know before it judges."""
    match monitor.normal:
        case Normal.LIMIT | Normal.SILENCE:
            return timedelta(0)
        case Normal.RATE:
            return 2 * monitor.over
        case Normal.FORECAST:
            return max(monitor.within, timedelta(days=3))
        case _:
            return min(LEARNS_FROM, MOST_LEARNED * monitor.every)


def _step(monitor: MetricMonitor) -> timedelta:
    """A forecast keeps means of longer times anyway."""
    forecasting = monitor.normal is Normal.FORECAST
    return max(monitor.every, monitor.within / 64) if forecasting else monitor.every


def catch_up(
    monitor: MetricMonitor, state: MonitorState, series: Sequence[Series], now: datetime
) -> tuple[MonitorState, list[Signal]]:
    """Take in what the source says of the time before `now`; then poll as usual.

    Told is only what still matters: what was told before and is over, and what began and lasts.
    What began and was over meanwhile is not told late. Times without any data are no silence: it
    may have been the source that was away.
    """
    before = {key: watch for key, watch in state.watches.items() if watch.fired is not None}
    # A monitor that learns from the start does not judge the past by what fires at its end.
    anew = state.polled_at is None and bool(before)
    if anew:
        state = replace(state, watches={})
    told: list[Signal] = []
    first = min((float(one.times[0]) for one in series if len(one.times)), default=None)
    if first is not None:
        since = datetime.fromtimestamp(first, tz=now.tzinfo)
        for at, samples in polls(series, since, now):
            state, signals = decide(monitor, state, samples, at)
            told += signals
    if anew:
        return _recalled(state, before, told, now)
    return state, _still_matter(told, before)


def _still_matter(told: Sequence[Signal], before: dict[str, Watch]) -> list[Signal]:
    """Without the episodes that lie wholly in the span."""
    over = {(s.fingerprint, s.starts_at) for s in told if not s.firing}
    known = {(key, watch.fired.starts_at) for key, watch in before.items() if watch.fired}
    return [
        signal
        for signal in told
        if (signal.fingerprint, signal.starts_at) in known
        or (signal.firing and (signal.fingerprint, signal.starts_at) not in over)
    ]


def _recalled(
    state: MonitorState, before: dict[str, Watch], told: Sequence[Signal], now: datetime
) -> tuple[MonitorState, list[Signal]]:
    """Episodes told before the state was lost go on under their own name if they still last."""
    watches, signals = dict(state.watches), []
    for key, watch in before.items():
        found = watches.get(key)
        if found is not None and found.fired is not None:
            watches[key] = replace(found, fired=watch.fired, since=watch.since)
        elif key in state.series and watch.fired is not None:
            signals.append(replace(watch.fired, ends_at=now, received_at=now))
        else:
            # Of what is not in the data nothing is known.
            watches[key] = watch
    signals += [s for s in _still_matter(told, {}) if s.fingerprint not in before]
    return replace(state, watches=watches), signals
