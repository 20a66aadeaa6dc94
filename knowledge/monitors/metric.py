"""One poll of a metric, decided."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import isfinite, isnan

from knowledge.durations import say_duration
from knowledge.monitors.forecast import ForecastJudge
from knowledge.monitors.judge import Judge, Judged, LimitJudge, PresenceJudge
from knowledge.monitors.learned import LearnedJudge
from knowledge.monitors.rate import RateJudge
from knowledge.monitors.ring import LAST_POINTS, Ring
from knowledge.monitors.spec import MetricMonitor, Normal
from knowledge.monitors.state import (
    SOURCE,
    Followed,
    MonitorState,
    Watch,
    fingerprint,
    state_key,
)
from knowledge.monitors.step import step
from knowledge.monitors.words import fill, say_labels, say_normal
from knowledge.records import Sample, Signal, SignalKind, Trace

log = logging.getLogger("tandem.monitors")

MOST_SERIES = 200
"""So many series of one monitor are followed; a query that gives more should be summed up."""
AWAY_POLLS = 3
"""Without a poll for so many times `every`, nobody was looking."""
FORGET_AFTER = timedelta(days=8)
"""A series unseen for so long is forgotten: longer than a week, for what runs once a week."""
GONE_AFTER = timedelta(days=1)
"""A series that is silent for so long will not come back: its silence is over."""
_CLOCK_SET_BACK = timedelta(hours=1)
_AT_ONCE = timedelta(0)
_CALM = Watch()


def decide_metric(
    monitor: MetricMonitor, state: MonitorState, samples: Sequence[Sample], at: datetime
) -> tuple[MonitorState, list[Signal]]:
    """One poll of a metric: every series on its own, then series that ended, then silence.

    What the old state has learned is taken over by the new one; the old one must not be used again.
    """
    return decide(monitor, state, samples, at)


def decide(
    monitor: MetricMonitor,
    state: MonitorState,
    samples: Sequence[Sample],
    at: datetime,
    keep: int = LAST_POINTS,
) -> tuple[MonitorState, list[Signal]]:
    """The same, remembering so many points of each series for its picture."""
    if state.polled_at is not None and at <= state.polled_at:
        if state.polled_at - at < _CLOCK_SET_BACK:
            return state, []
        log.warning("%s: the clock was set back; it learns anew", state_key(monitor))
        state = replace(state, series={}, polled_at=None, last_data=None)
    state = _resumed(monitor, _about(monitor, state), at)
    values = {_series_key(monitor, s.labels): s for s in samples if not isnan(s.value)}
    chosen = _chosen(monitor, state, values)
    series = dict(state.series)
    watches: dict[str, Watch] = {}
    signals: list[Signal | None] = []
    for key, sample in chosen.items():
        followed = series.get(key)
        if followed is None:
            followed = series[key] = Followed(sample.labels, at, ring=Ring(keep))
        watches[key], signal = _look(
            monitor, state, key, followed, sample, at, alone=len(chosen) == 1
        )
        signals.append(signal)
    hole = state.longest_hole
    if values and state.last_data is not None:
        hole = max(hole, at - state.last_data)
    last = at if values else state.last_data
    looked = _Looked(monitor, state, series, values, at)
    for key, watch, signal in (*_unseen(looked, chosen), _silent(looked, last)):
        watches[key] = watch
        signals.append(signal)
    state = replace(
        state,
        watches={
            key: watch for key, watch in watches.items() if watch is not _CALM and watch != _CALM
        },
        series=_kept(series, at),
        last_data=last,
        polled_at=at,
        longest_hole=hole,
        left_out=len(values) - len(chosen),
    )
    return state, [s for s in signals if s is not None]


def trace(state: MonitorState, fingerprint_: str) -> Trace | None:
    """What was seen of the series whose signals have this fingerprint; None where it is not
    followed (any more). The silence of an only series is that series'."""
    followed = state.series.get(fingerprint_)
    if followed is None and fingerprint_ in state.watches and len(state.series) == 1:
        followed = next(iter(state.series.values()))
    return followed.ring.trace(followed.labels) if followed is not None else None


def traces(state: MonitorState) -> tuple[Trace, ...]:
    """Of all series that are followed."""
    return tuple(followed.ring.trace(followed.labels) for followed in state.series.values())


def problem_of(state: MonitorState) -> str:
    """What is wrong with the monitor itself, and the remedy; empty where nothing is."""
    if not state.left_out:
        return ""
    count = state.left_out + MOST_SERIES
    return (
        f"The query gives {count:,} series and {MOST_SERIES} are watched. "
        "Sum them up, for example with `sum by (service) (...)` or `topk(100, ...)`."
    )


def make_judge(monitor: MetricMonitor, dumped: bytes = b"") -> Judge:
    """Raises ValueError where `dumped` is not what a judge of this kind knows."""
    match monitor.normal:
        case Normal.LIMIT:
            return LimitJudge(monitor)
        case Normal.SILENCE:
            return PresenceJudge(monitor)
        case Normal.RATE:
            return RateJudge(monitor, dumped)
        case Normal.FORECAST:
            return ForecastJudge(monitor, dumped)
        case _:
            return LearnedJudge(monitor, dumped)


# Before the poll -----------------------------------------------------------------------------


def _about(monitor: MetricMonitor, state: MonitorState) -> MonitorState:
    """What was learned of another question is of no use for this one."""
    asks = (monitor.query, monitor.sql, monitor.source, monitor.normal, monitor.zone)
    how = (monitor.side, monitor.over, monitor.within, monitor.percent, monitor.counter)
    about = fingerprint(*(str(part) for part in (*asks, *how)))
    if state.about == about:
        return state
    if not state.about:
        return replace(state, about=about)
    return replace(state, about=about, series={}, last_data=None, longest_hole=_AT_ONCE, left_out=0)


def _resumed(monitor: MetricMonitor, state: MonitorState, at: datetime) -> MonitorState:
    """After a time in which nobody looked: what was pending starts anew, and what was not heard
    of in that time was not silent."""
    if state.polled_at is None or at - state.polled_at <= AWAY_POLLS * monitor.every:
        return state
    for followed in state.series.values():
        followed.seen = max(followed.seen, at)
    return replace(
        state,
        watches={
            key: replace(watch, since=watch.since if watch.fired else None, back_since=None)
            for key, watch in state.watches.items()
        },
        last_data=at if state.last_data is not None else None,
    )


def _chosen(
    monitor: MetricMonitor, state: MonitorState, values: Mapping[str, Sample]
) -> dict[str, Sample]:
    """The series to follow, where there are too many: what is under way first, then (of a limit)
    what is beyond it, then what is known already; the rest in an order that stays."""
    if len(values) <= MOST_SERIES:
        return dict(values)
    limited = monitor.normal is Normal.LIMIT

    def rank(entry: tuple[str, Sample]) -> tuple[bool, bool, bool, str]:
        key, sample = entry
        beyond = limited and monitor.breaches(sample.value)
        return key not in state.watches, not beyond, key not in state.series, key

    return dict(sorted(values.items(), key=rank)[:MOST_SERIES])


# The poll ------------------------------------------------------------------------------------


def _look(
    monitor: MetricMonitor,
    state: MonitorState,
    key: str,
    followed: Followed,
    sample: Sample,
    at: datetime,
    *,
    alone: bool,
) -> tuple[Watch, Signal | None]:
    judge = _judge(monitor, followed)
    moment = at.timestamp()
    judged = judge.feed(moment, float(sample.value))
    followed.seen = at
    followed.ring.add(moment, sample.value, judged.low, judged.high, judged.score)
    watch = state.watches.get(key, _CALM)
    # Of one series alone its labels tell nobody anything.
    which = "" if alone else say_labels(sample.labels)
    since = watch.since or at
    draft = partial(_metric_signal, monitor, sample, key, judge, judged, since, which)
    return step(watch, judged.beyond, judged.back, at, monitor.for_, draft, settling(monitor))


def settling(monitor: MetricMonitor) -> timedelta:
    """See `step`: what comes back within a few times this flaps."""
    return max(monitor.for_, 5 * monitor.every)


def _judge(monitor: MetricMonitor, followed: Followed) -> Judge:
    judge = followed.judge
    if judge is None or (judge.monitor is not monitor and judge.monitor != monitor):
        packed = judge.dump() if judge is not None else followed.packed
        try:
            judge = make_judge(monitor, packed)
        except (ValueError, KeyError, TypeError):
            log.warning("%s: what was learned cannot be read; it learns anew", state_key(monitor))
            judge = make_judge(monitor)
        followed.judge, followed.packed = judge, b""
    return judge


class _Looked:
    """One poll, for what is decided once its series are."""

    def __init__(
        self,
        monitor: MetricMonitor,
        state: MonitorState,
        series: dict[str, Followed],
        values: Mapping[str, Sample],
        at: datetime,
    ) -> None:
        self.monitor, self.state, self.series = monitor, state, series
        self.values, self.at = values, at
        self.quiet = fingerprint(state_key(monitor), "silence")


def _unseen(
    looked: _Looked, chosen: Mapping[str, Sample]
) -> Iterator[tuple[str, Watch, Signal | None]]:
    """Series that were there before and are not in this answer."""
    monitor, state, at = looked.monitor, looked.state, looked.at
    known = dict.fromkeys((*state.watches, *state.series))
    for key in known:
        if key in chosen or key == looked.quiet:
            continue
        watch = state.watches.get(key, _CALM)
        if not looked.values:
            # Nothing is known: what fired still does, what was pending starts anew.
            yield key, replace(watch, since=watch.since if watch.fired else None), None
        elif monitor.normal is Normal.SILENCE and key in looked.series:
            yield key, *_series_silent(looked, key, watch)
        elif watch.fired is not None:
            # The others report and this one does not: its series has ended.
            settle = settling(monitor)
            yield key, *step(watch, False, True, at, monitor.for_, watch.fired, settle)


def _series_silent(looked: _Looked, key: str, watch: Watch) -> tuple[Watch, Signal | None]:
    monitor, at, followed = looked.monitor, looked.at, looked.series[key]
    unseen = at - followed.seen
    gone = unseen > GONE_AFTER + monitor.silent_after
    draft = partial(_silence_signal, monitor, key, followed.seen, at, followed.labels)
    silent = unseen >= monitor.silent_after and not gone
    return step(watch, silent, gone, at, _AT_ONCE, draft, settling(monitor))


def _silent(looked: _Looked, last: datetime | None) -> tuple[str, Watch, Signal | None]:
    """The silence of the whole query."""
    monitor, state, at = looked.monitor, looked.state, looked.at
    usual = _AT_ONCE if monitor.silence is not None else 2 * state.longest_hole
    silent = last is not None and at - last >= max(monitor.silent_after, usual)
    watch, signal = step(
        state.watches.get(looked.quiet, _CALM),
        silent,
        bool(looked.values),
        at,
        _AT_ONCE,
        partial(_silence_signal, monitor, looked.quiet, last or at, at, {}),
        settling(monitor),
    )
    return looked.quiet, watch, signal


def _kept(series: dict[str, Followed], at: datetime) -> dict[str, Followed]:
    """Without those unseen for long; of too many, those unseen longest go."""
    kept = {key: one for key, one in series.items() if at - one.seen < FORGET_AFTER}
    if len(kept) <= MOST_SERIES:
        return kept
    newest = sorted(kept, key=lambda key: kept[key].seen, reverse=True)[:MOST_SERIES]
    return {key: kept[key] for key in newest}


# Signals -------------------------------------------------------------------------------------


def _series_key(monitor: MetricMonitor, labels: Mapping[str, str]) -> str:
    return fingerprint(state_key(monitor), *(f"{k}={labels[k]}" for k in sorted(labels)))


def _service(monitor: MetricMonitor, labels: Mapping[str, str]) -> str:
    own = (labels[name] for name in ("service", "job", "app") if labels.get(name))
    return monitor.service or next(own, "")


def _own_labels(monitor: MetricMonitor, labels: Mapping[str, str]) -> dict[str, str]:
    named = {"model": monitor.model} if monitor.model else {}
    return {**labels, **named, "monitor": state_key(monitor)}


def _metric_signal(
    monitor: MetricMonitor,
    sample: Sample,
    key: str,
    judge: Judge,
    judged: Judged,
    since: datetime,
    which: str,
) -> Signal:
    value = f"{sample.value:.4g}"
    held = f" for {say_duration(monitor.for_)}" if monitor.for_ else ""
    words = {**sample.labels, "value": value}
    if monitor.above is not None or monitor.below is not None:
        words["limit"] = f"{monitor.limit:.4g}"
    of = f" ({which})" if which else ""
    link = " is " if monitor.normal is Normal.LIMIT else ": "
    sure = {} if judge.sure is None else {"sure": f"{min(judge.sure, 0.99):.2f}"}
    return Signal(
        fingerprint=key,
        name=monitor.name,
        starts_at=since,
        received_at=since,
        source=SOURCE,
        kind=SignalKind.METRIC,
        service=_service(monitor, sample.labels),
        severity=monitor.severity,
        summary=fill(monitor.summary, words) or f"{monitor.name}{of}{link}{judge.says()}{held}",
        description=_description(monitor, judged, value, since),
        value=value,
        labels={**_own_labels(monitor, sample.labels), **sure},
        runbook_url=monitor.runbook_url,
    )


def _description(monitor: MetricMonitor, judged: Judged, value: str, since: datetime) -> str:
    learned = monitor.above is None and monitor.below is None
    banded = learned and isfinite(judged.low) and isfinite(judged.high)
    band = f", here {judged.low:.4g} to {judged.high:.4g}" if banded else ""
    return (
        f"{monitor.query or monitor.sql} gave {value}. Normal is {say_normal(monitor)}{band}. "
        f"Since {since.astimezone(UTC):%H:%M} UTC."
    )


def _silence_signal(
    monitor: MetricMonitor, key: str, last: datetime, at: datetime, labels: Mapping[str, str]
) -> Signal:
    which = say_labels(labels)
    of = f" ({which})" if which else ""
    return Signal(
        fingerprint=key,
        name=f"{monitor.name}: no data",
        starts_at=at,
        received_at=at,
        source=SOURCE,
        kind=SignalKind.METRIC,
        service=_service(monitor, labels),
        severity=monitor.severity if monitor.normal is Normal.SILENCE else "warning",
        summary=f"{monitor.name}{of} has given no data for {say_duration(at - last)}",
        description=f"{monitor.query or monitor.sql} gives no series{of}. The target may be down, "
        "or the query may name something that no longer exists.",
        labels=_own_labels(monitor, labels),
    )
