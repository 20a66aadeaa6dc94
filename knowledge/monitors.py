"""Monitors: rules that poll a metric or a model and may produce signals.

Deciding is pure: a state and what was read go in, a state and signals come out. One episode gives
one firing signal and one resolving signal, both with the same fingerprint and `starts_at`. States
live in memory; after a restart they are recalled from the signals of open incidents, so that an
episode that goes on is not told again and one that ended meanwhile is resolved.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Protocol

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from knowledge.drift import DRIFTING, NOT_ENOUGH, ColumnDrift, DriftReport, compare
from knowledge.durations import Duration, say_duration
from knowledge.errors import UserError
from knowledge.ports import Frames, Incidents, Metrics
from knowledge.records import Sample, Signal, SignalKind

SOURCE = "monitor"
USUAL_OF = 7
"""How many earlier windows say how many rows are usual."""


def _positive(every: timedelta) -> timedelta:
    if every <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return every


Interval = Annotated[Duration, AfterValidator(_positive)]


class MetricMonitor(BaseModel):
    """Fires while a query's value stays beyond a limit; each series of the answer on its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(min_length=1)
    query: str = Field(min_length=1)
    above: float | None = None
    below: float | None = None
    recover: float | None = None
    """It is normal again only beyond this, so that a value near the limit does not flap."""
    for_: Duration = Field(timedelta(0), alias="for")
    """How long it must be beyond the limit before it fires, and back before it is resolved."""
    every: Interval = timedelta(minutes=1)
    silence: Duration | None = None
    """Without any data for so long, that is a finding of its own; five polls if not given."""
    service: str = ""
    """Empty: the series' own label `service`, `job` or `app`."""
    severity: str = "warning"
    summary: str = ""
    """May hold {value}, {limit} and the series' labels: "p99 of {route} is {value}"."""
    runbook_url: str = ""

    @model_validator(mode="after")
    def _one_limit(self) -> "MetricMonitor":
        if (self.above is None) == (self.below is None):
            raise ValueError("give either `above` or `below`")
        if self.recover is not None and self.breaches(self.recover):
            raise ValueError("`recover` must lie on the normal side of the limit")
        return self

    @property
    def limit(self) -> float:
        return float(self.above if self.above is not None else self.below or 0.0)

    def breaches(self, value: float) -> bool:
        return value > self.limit if self.above is not None else value < self.limit

    def recovers(self, value: float) -> bool:
        back = self.limit if self.recover is None else self.recover
        return value <= back if self.above is not None else value >= back


class ModelMonitor(BaseModel):
    """Fires when enough of the last windows of a model's input drifted, or its data broke."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    name: str = ""
    every: Interval = timedelta(hours=1)
    window: Interval = timedelta(hours=24)
    needs: str = "2 of 3"
    severity: str = "warning"

    @field_validator("needs")
    @classmethod
    def _readable(cls, needs: str) -> str:
        few, _, many = needs.partition(" of ")
        if not (few.isdigit() and many.isdigit() and 1 <= int(few) <= int(many) <= 20):
            raise ValueError('write it as "2 of 3"')
        return needs

    @model_validator(mode="after")
    def _named(self) -> "ModelMonitor":
        return self if self.name else self.model_copy(update={"name": self.model})

    @property
    def needed(self) -> tuple[int, int]:
        few, _, many = self.needs.partition(" of ")
        return int(few), int(many)


AnyMonitor = MetricMonitor | ModelMonitor


# From TOML


class _MonitorsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: tuple[MetricMonitor, ...] = ()
    model: tuple[ModelMonitor, ...] = ()


def load_monitors(path: Path) -> tuple[AnyMonitor, ...]:
    """Read a file of monitors. Raises UserError that names file, line, monitor and remedy."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"TANDEM_MONITORS: {path} cannot be read: {error.strerror}.") from error
    return parse_monitors(text, str(path))


def parse_monitors(text: str, source: str = "monitors.toml") -> tuple[AnyMonitor, ...]:
    try:
        raw = tomllib.loads(text)
        read = _MonitorsFile.model_validate(raw)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise UserError("\n".join(_say(e, raw, text, source) for e in error.errors())) from None
    monitors: tuple[AnyMonitor, ...] = (*read.metric, *read.model)
    names = [(type(monitor), monitor.name) for monitor in monitors]
    for kind, name in names:
        if names.count((kind, name)) > 1:
            raise UserError(f"{source}: two monitors are named {name!r}; give each its own name.")
    return monitors


def _say(error: Any, raw: Mapping[str, Any], text: str, source: str) -> str:
    """One wrong field: "monitors.toml line 12, metric 'p99': every: ..."."""
    kind, *rest = error["loc"]
    if not rest or not isinstance(rest[0], int):
        return f"{source}: {kind}: monitors are written as [[metric]] or [[model]] tables."
    index, entry = rest[0], raw[kind][rest[0]]
    headers = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == f"[[{kind}]]"]
    line = f" line {headers[index]}" if index < len(headers) else ""
    name = entry.get("name") or entry.get("model") if isinstance(entry, dict) else None
    where = f"{source}{line}, {kind} {name or index + 1!r}"
    place = ".".join(str(part) for part in rest[1:])
    if error["type"] == "extra_forbidden":
        monitor = MetricMonitor if kind == "metric" else ModelMonitor
        fields = monitor.model_fields
        known = ", ".join(f.alias or n for n, f in fields.items())
        return f"{where}: {place}: no such field; there are {known}."
    if error["type"] == "missing":
        return f"{where}: {place}: missing."
    problem = error["msg"].removeprefix("Value error, ")
    return f"{where}: {place + ': ' if place else ''}{problem}."


# States


@dataclass(frozen=True)
class Watch:
    """One thing watched: a series, a monitor's silence, a model's drift or its data quality.

    `since`: since when it is beyond the limit; `back_since`: since when it is back, while it
    still counts as firing; `fired`: the signal that was told, until it is resolved.
    """

    since: datetime | None = None
    back_since: datetime | None = None
    fired: Signal | None = None


@dataclass(frozen=True)
class MonitorState:
    """All that a monitor remembers between two polls; by fingerprint."""

    watches: Mapping[str, Watch] = field(default_factory=dict)
    last_data: datetime | None = None
    drifted: tuple[bool, ...] = ()
    broken: tuple[bool, ...] = ()
    rows: tuple[int, ...] = ()
    """Rows of the last windows, for what is usual."""


class MonitorStates(Protocol):
    def get(self, name: str) -> MonitorState | None: ...

    def put(self, name: str, state: MonitorState) -> None: ...


class MemoryStates:
    """States by monitor, kept while the process lives."""

    def __init__(self) -> None:
        self._states: dict[str, MonitorState] = {}

    def get(self, name: str) -> MonitorState | None:
        return self._states.get(name)

    def put(self, name: str, state: MonitorState) -> None:
        self._states[name] = state


def fingerprint(*parts: str) -> str:
    """Stable across restarts and machines."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def state_key(monitor: AnyMonitor) -> str:
    return f"{'metric' if isinstance(monitor, MetricMonitor) else 'model'}:{monitor.name}"


def recall(monitor: AnyMonitor, open_signals: Iterable[Signal]) -> MonitorState:
    """The state after a restart: what open incidents say is firing counts as told."""
    mine = [
        signal
        for signal in open_signals
        if signal.source == SOURCE
        and signal.firing
        and signal.labels.get("monitor") == state_key(monitor)
    ]
    watches = {s.fingerprint: Watch(since=s.starts_at, fired=s) for s in mine}
    return MonitorState(watches, last_data=max((s.received_at for s in mine), default=None))


# Deciding


def step(
    watch: Watch, beyond: bool, back: bool, at: datetime, hold: timedelta, draft: Signal
) -> tuple[Watch, Signal | None]:
    """One reading of one thing: the new watch, and the signal it gives if it gives one.

    `beyond` the limit, `back` to normal, or neither in the band between. Both must last for
    `hold`. `draft` is what to tell if it fires now; its `starts_at` is set here.
    """
    if watch.fired is not None:
        if not back:
            return replace(watch, back_since=None), None
        since = watch.back_since or at
        if at - since < hold:
            return replace(watch, back_since=since), None
        return Watch(), replace(watch.fired, ends_at=since, received_at=at)
    if not beyond:
        return Watch(), None
    since = watch.since or at
    if at - since < hold:
        return Watch(since=since), None
    signal = replace(draft, starts_at=since, received_at=at)
    return Watch(since=since, fired=signal), signal


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


def decide_model(
    monitor: ModelMonitor, state: MonitorState, report: DriftReport, at: datetime
) -> tuple[MonitorState, list[Signal]]:
    """One window of a model: "2 of 3" windows fire, two normal ones in a row resolve.

    A window with too few rows says nothing about drift. One with no rows at all, where there used
    to be some, is a finding about the data.
    """
    stopped = report.current_rows == 0 and bool(state.rows)
    judged = report.verdict != NOT_ENOUGH
    drifted, broken = state.drifted, state.broken
    keep = monitor.needed[1]
    if judged:
        drifted = (*drifted, bool(report.drifted))[-keep:]
    if judged or stopped:
        found = stopped or any(
            finding.breaks or finding.kind == "volume" for finding in report.quality
        )
        broken = (*broken, found)[-keep:]
    watches = dict(state.watches)
    signals = []
    for kind, history in ((SignalKind.DRIFT, drifted), (SignalKind.QUALITY, broken)):
        key = fingerprint(state_key(monitor), kind.value)
        watch, signal = step(
            watches.get(key, Watch()),
            sum(history) >= monitor.needed[0],
            len(history) >= monitor.needed[0] and not any(history[-monitor.needed[0] :]),
            at,
            timedelta(0),
            _model_signal(monitor, report, kind, key, at),
        )
        watches[key] = watch
        if signal is not None:
            signals.append(signal)
    rows = (*state.rows, report.current_rows)[-USUAL_OF:] if report.current_rows else state.rows
    kept = {key: watch for key, watch in watches.items() if watch != Watch()}
    return replace(state, watches=kept, drifted=drifted, broken=broken, rows=rows), signals


# Reading


def read_monitor(
    monitor: AnyMonitor,
    *,
    metrics: Metrics,
    frames: Frames,
    incidents: Incidents,
    states: MonitorStates,
    now: datetime,
) -> list[Signal]:
    """Poll one monitor: the signals to take in. Raises what the ports raise; the state then stays
    as it was, so that nothing is lost and nothing told twice."""
    key = state_key(monitor)
    state = states.get(key)
    if state is None:
        state = recall(monitor, _open_signals(incidents))
    if isinstance(monitor, MetricMonitor):
        samples = metrics.instant(monitor.query, now)
        state, signals = decide_metric(monitor, state, samples, now)
    else:
        current = frames.current(monitor.model, now - monitor.window, now)
        # Windows that overlap are alike, so a few of them tell what is usual.
        usual = median(state.rows) if len(state.rows) >= 3 else 0.0
        report = compare(
            frames.profile(monitor.model),
            current,
            weights=frames.roles(monitor.model).weights,
            usual_rows=usual,
        )
        state, signals = decide_model(monitor, state, report, now)
    states.put(key, state)
    return signals


def _open_signals(incidents: Incidents) -> list[Signal]:
    return [s for incident in incidents.find(open_only=True, limit=1000) for s in incident.firing]


# What is told


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
        summary=_fill(monitor.summary, words) or default,
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


def _model_signal(
    monitor: ModelMonitor, report: DriftReport, kind: SignalKind, key: str, at: datetime
) -> Signal:
    window = say_duration(monitor.window)
    if kind is SignalKind.DRIFT:
        told = report.drifted[:5]
        name, summary = "ModelDrift", f"{monitor.model}: inputs drift, {_moved(report)}"
        description = f"Over the last {window}: " + "; ".join(map(_effect, told))
        columns = [column.name for column in told]
    else:
        findings = report.quality[:5]
        name = "ModelDataQuality"
        what = report.sentence if report.current_rows else "no rows have come in"
        summary = f"{monitor.model}: {what}"
        description = "\n".join(f"{f.column or 'all rows'}: {f.detail}" for f in findings)
        columns = [finding.column for finding in findings if finding.column]
    return Signal(
        fingerprint=key,
        name=name,
        starts_at=at,
        received_at=at,
        source=SOURCE,
        kind=kind,
        service=monitor.model,
        severity=monitor.severity,
        summary=summary,
        description=description,
        value=report.verdict,
        labels={
            "monitor": state_key(monitor),
            "model": monitor.model,
            "window": f"{monitor.window.total_seconds():g}s",
            "verdict": DRIFTING if kind is SignalKind.DRIFT else report.verdict,
            "columns": ", ".join(columns),
        },
    )


def _moved(report: DriftReport) -> str:
    if not report.drifted:
        return report.sentence
    first = report.drifted[0]
    count = f"{len(report.drifted)} of {len(report.columns)} columns moved"
    return f"{count}, most of all {first.name}"


def _effect(column: ColumnDrift) -> str:
    effects = (("PSI", column.psi_adj), ("KS", column.ks), ("TVD", column.tvd))
    shown = ", ".join(f"{name} {value:.2f}" for name, value in effects if value is not None)
    return f"{column.name}: {column.reason} ({shown})"


def _fill(template: str, words: Mapping[str, str]) -> str:
    """Braces that name nothing known stay as they are; labels are data, never templates."""
    out = template
    for name, value in words.items():
        out = out.replace("{" + name + "}", value)
    return out
