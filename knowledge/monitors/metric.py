"""One poll of a metric, decided."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.monitors.spec import MetricMonitor
from knowledge.monitors.state import SOURCE, MonitorState, Watch, fingerprint, state_key
from knowledge.monitors.step import step
from knowledge.monitors.words import fill
from knowledge.records import Sample, Signal, SignalKind


def decide_metric(
    monitor: MetricMonitor, state: MonitorState, samples: Sequence[Sample], at: datetime
) -> tuple[MonitorState, list[Signal]]:
    """One poll of a metric: every series on its own, then series that ended, then silence."""
    watches: dict[str, Watch] = {}
    signals: list[Signal | None] = []
    for sample in samples:
        key = _series_key(monitor, sample.labels)
        watches[key], signal = step(
            state.watches.get(key, Watch()),
            monitor.breaches(sample.value),
            monitor.recovers(sample.value),
            at,
            monitor.for_,
            _metric_signal(monitor, sample, key, at),
        )
        signals.append(signal)
    quiet = fingerprint(state_key(monitor), "silence")
    for key, watch in state.watches.items():
        if key in watches or key == quiet:
            continue
        if not samples:
            # Nothing is known: what fired still does, what was pending starts anew.
            watches[key] = Watch(fired=watch.fired, since=watch.since if watch.fired else None)
        elif watch.fired is not None:
            # The others report and this one does not: its series has ended.
            watches[key], signal = step(watch, False, True, at, monitor.for_, watch.fired)
            signals.append(signal)
    last = at if samples else state.last_data
    silent = last is not None and at - last >= (monitor.silence or 5 * monitor.every)
    watches[quiet], signal = step(
        state.watches.get(quiet, Watch()),
        silent,
        bool(samples),
        at,
        timedelta(0),
        _silence_signal(monitor, quiet, last or at, at),
    )
    signals.append(signal)
    kept = {key: watch for key, watch in watches.items() if watch != Watch()}
    return replace(state, watches=kept, last_data=last), [s for s in signals if s is not None]


def _series_key(monitor: MetricMonitor, labels: Mapping[str, str]) -> str:
    return fingerprint(state_key(monitor), *(f"{k}={labels[k]}" for k in sorted(labels)))


def _service(monitor: MetricMonitor, labels: Mapping[str, str]) -> str:
    own = (labels[name] for name in ("service", "job", "app") if labels.get(name))
    return monitor.service or next(own, "")


def _metric_signal(monitor: MetricMonitor, sample: Sample, key: str, at: datetime) -> Signal:
    side = "above" if monitor.above is not None else "below"
    value, limit = f"{sample.value:.4g}", f"{monitor.limit:.4g}"
    held = f" for {say_duration(monitor.for_)}" if monitor.for_ else ""
    default = f"{monitor.name} is {value}, {side} {limit}{held}"
    words = {**sample.labels, "value": value, "limit": limit}
    return Signal(
        fingerprint=key,
        name=monitor.name,
        starts_at=at,
        received_at=at,
        source=SOURCE,
        kind=SignalKind.METRIC,
        service=_service(monitor, sample.labels),
        severity=monitor.severity,
        summary=fill(monitor.summary, words) or default,
        description=f"{monitor.query} gave {value}; the limit is {side} {limit}{held}.",
        value=value,
        labels={**sample.labels, "monitor": state_key(monitor)},
        runbook_url=monitor.runbook_url,
    )


def _silence_signal(monitor: MetricMonitor, key: str, last: datetime, at: datetime) -> Signal:
    return Signal(
        fingerprint=key,
        name=f"{monitor.name}: no data",
        starts_at=at,
        received_at=at,
        source=SOURCE,
        kind=SignalKind.METRIC,
        service=monitor.service,
        severity="warning",
        summary=f"{monitor.name} has given no data for {say_duration(at - last)}",
        description=f"{monitor.query} gives no series. The target may be down, or the query "
        "may name something that no longer exists.",
        labels={"monitor": state_key(monitor)},
    )
