"""What a monitor would have found in the past."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain

import numpy as np

from knowledge.durations import say_duration
from knowledge.monitors.metric import decide, traces
from knowledge.monitors.replay import polls, usual_step
from knowledge.monitors.spec import MetricMonitor
from knowledge.monitors.state import Followed, MonitorState
from knowledge.records import Backtest, Episode, Series, Signal, Trace

MOST_POINTS = 80_000
"""So many points are judged at most: about ten seconds of a core."""
_OWN_LABELS = ("monitor", "sure", "model")


def backtest(
    monitor: MetricMonitor, series: Sequence[Series], start: datetime, end: datetime
) -> Backtest:
    """Decide each past poll as the running monitor would have.

    Data before `start` is what it learns from; see `history`. Where there are too many series, the
    first of them are looked at, and `problem` says so.
    """
    series = [one for one in series if len(one.times)]
    if not series:
        return Backtest(start, end, (), (), "There is no data in that time.")
    first = datetime.fromtimestamp(min(float(one.times[0]) for one in series), UTC)
    began = min(first, start)
    step = usual_step(series, monitor.every, start, end)
    chosen = _affordable(series, began, end, step)
    paced = monitor if step == monitor.every else _paced(monitor, step)
    count = int((end - began) / step) + 2
    state, told = MonitorState(), list[Signal]()
    # A series that ended long ago is forgotten by the state, and still belongs in the picture.
    followed: dict[str, Followed] = {}
    # The past before `start` may be coarser: its holes are no silence.
    for at, samples in chain(polls(chosen, began, start), polls(chosen, start, end, step)):
        state, signals = decide(paced, state, samples, at, keep=count)
        told += signals
        followed.update(state.series)
    seen = tuple(_within(trace, start, end) for trace in traces(replace(state, series=followed)))
    return Backtest(
        start, end, seen, _episodes(told, seen, start), _problem(series, chosen, first, start)
    )


def _paced(monitor: MetricMonitor, step: timedelta) -> MetricMonitor:
    """Where the data is coarser than the polls: polled at the data's step."""
    return monitor.model_copy(update={"every": step})


def _affordable(
    series: Sequence[Series], start: datetime, end: datetime, step: timedelta
) -> list[Series]:
    each = max(1.0, (end - start) / step)
    return list(series[: max(1, int(MOST_POINTS / each))])


def _problem(
    series: Sequence[Series], chosen: Sequence[Series], first: datetime, start: datetime
) -> str:
    if len(chosen) < len(series):
        return f"Only {len(chosen)} of {len(series)} series were looked at."
    if first > start:
        return f"The data begins {say_duration(first - start)} later."
    return ""


def _within(trace: Trace, start: datetime, end: datetime) -> Trace:
    kept = (trace.times >= start.timestamp()) & (trace.times <= end.timestamp())
    return Trace(
        trace.labels,
        trace.times[kept],
        trace.values[kept],
        trace.low[kept],
        trace.high[kept],
        trace.scores[kept],
    )


def _episodes(
    told: Sequence[Signal], seen: Sequence[Trace], start: datetime
) -> tuple[Episode, ...]:
    """Those that were not over before `start`, in the order in which they were told."""
    ended = {(s.fingerprint, s.starts_at): s.ends_at for s in told if not s.firing}
    episodes = []
    for signal in told:
        ends = ended.get((signal.fingerprint, signal.starts_at))
        if signal.firing and (ends is None or ends > start):
            labels = {k: v for k, v in signal.labels.items() if k not in _OWN_LABELS}
            episode = Episode(signal.starts_at, ends, labels, 1.0, signal.summary)
            episodes.append(replace(episode, score=_score(episode, seen, signal)))
    return tuple(episodes)


def _score(episode: Episode, seen: Sequence[Trace], signal: Signal) -> float:
    """The highest while it lasted; a silence, of which there are no points, is a fact."""
    found = next((trace for trace in seen if dict(trace.labels) == dict(episode.labels)), None)
    if found is None or "sure" not in signal.labels:
        return 1.0
    until = episode.ends_at.timestamp() if episode.ends_at else np.inf
    during = (found.times >= episode.starts_at.timestamp()) & (found.times <= until)
    return float(np.max(found.scores[during], initial=float(signal.labels["sure"])))
