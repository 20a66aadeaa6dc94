"""One look at a model, decided.

Each aspect votes in each window that says anything of it: "2 of 3" windows fire, two normal ones in
a row resolve. Broken data comes first: what is broken is not judged for drift. Drift and estimates
are signs, not harm: they never page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import exp, log

from knowledge.drift import BROKEN, DRIFTING, NOT_ENOUGH, STABLE, ColumnDrift, DriftReport
from knowledge.durations import say_duration
from knowledge.incidents import severity_of
from knowledge.monitors.endpoint import EndpointFigure
from knowledge.monitors.spec import ModelMonitor
from knowledge.monitors.state import (
    SOURCE,
    USUAL_OF,
    MonitorState,
    Watch,
    fingerprint,
    state_key,
)
from knowledge.monitors.step import step
from knowledge.performance import (
    CAVEAT,
    ESTIMATED,
    EXPECTED_WORSE,
    REALISED,
    WORSE,
    Judgement,
    PerformanceReport,
    say_measure,
    say_value,
)
from knowledge.quality import QualityFinding
from knowledge.records import Look, Signal, SignalKind

DRIFT, QUALITY, PERFORMANCE = "drift", "quality", "performance"
ESTIMATE, FAIRNESS, ENDPOINT = "estimate", "fairness", "endpoint"
LITTLE_WEIGHT = 0.25
"""Of the mean weight: a column below it carries little."""
LITTLE_SHARE = 0.1
"""Of all weight: what moves together below it is minor."""
MOST_SURE = 0.99
SURE_BROKEN, SURE_VOLUME, SURE_SEGMENT = 0.95, 0.75, 0.75
ENDPOINT_WORSE = "endpoint worse"
_SAID = 5


@dataclass(frozen=True)
class Aspect:
    """One side of a model that is watched, an episode of its own."""

    kind: SignalKind
    name: str
    pages: bool = True


ASPECTS: Mapping[str, Aspect] = {
    PERFORMANCE: Aspect(SignalKind.PERFORMANCE, "ModelPerformance"),
    QUALITY: Aspect(SignalKind.QUALITY, "ModelDataQuality"),
    ENDPOINT: Aspect(SignalKind.PERFORMANCE, "ModelEndpoint"),
    ESTIMATE: Aspect(SignalKind.PERFORMANCE, "ModelPerformanceEstimate", pages=False),
    FAIRNESS: Aspect(SignalKind.PERFORMANCE, "ModelFairness", pages=False),
    DRIFT: Aspect(SignalKind.DRIFT, "ModelDrift", pages=False),
}
"""By name, the gravest first."""


@dataclass(frozen=True)
class Finding:
    """What a look says of one aspect. `sure` is 0-1: from 0.5 on it is worse than usual."""

    sure: float = 0.0
    summary: str = ""
    """Without the model's name: "inputs drift, 6 of 14 columns"."""
    details: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """All that a look read of one window."""

    report: DriftReport
    start: datetime
    end: datetime
    quality: tuple[QualityFinding, ...] = ()
    """Beside the report's: freshness."""
    current: PerformanceReport | None = None
    """Of the window."""
    labelled: PerformanceReport | None = None
    """Of the window whose labels have come; the same where they come at once."""
    endpoint: tuple[EndpointFigure, ...] = ()
    version: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    service: str = ""
    problems: tuple[str, ...] = ()
    """What could not be looked at, in words."""
    newest: datetime | None = None
    """The time of the newest row, where that is known."""
    unchanged: bool = False
    """The same rows as in the last look: nothing new to judge."""


@dataclass(frozen=True)
class Looked:
    """What came of a look."""

    state: MonitorState
    look: Look
    signals: list[Signal]


def decide_model(
    monitor: ModelMonitor, state: MonitorState, report: DriftReport, at: datetime
) -> tuple[MonitorState, list[Signal]]:
    """A window of which only the drift report is known."""
    looked = decide_look(monitor, state, Seen(report, at - monitor.window, at), at)
    return looked.state, looked.signals


def decide_look(monitor: ModelMonitor, state: MonitorState, seen: Seen, at: datetime) -> Looked:
    """One window of a model: which aspects fire, which are over, and what is to be kept of it."""
    found = _findings(state, seen)
    if state.version and seen.version and seen.version != state.version:
        # Another version answers: what the one before did says nothing of it.
        votes = {k: v for k, v in state.votes.items() if k not in (PERFORMANCE, ESTIMATE, FAIRNESS)}
        state = replace(state, votes=votes)
    votes = dict(state.votes)
    watches = dict(state.watches)
    signals: list[Signal] = []
    few, many = monitor.needed
    for aspect, finding in found.items():
        if finding is None:
            continue
        votes[aspect] = (*votes.get(aspect, ()), finding.sure >= monitor.sure)[-many:]
        history = votes[aspect]
        key = fingerprint(state_key(monitor), aspect)
        watches[key], signal = step(
            watches.get(key, Watch()),
            sum(history) >= few,
            len(history) >= few and not any(history[-few:]),
            at,
            timedelta(0),
            _signal(monitor, seen, aspect, finding, key, at),
        )
        if signal is not None:
            signals.append(signal)
    rows = seen.report.current_rows
    state = replace(
        state,
        watches={key: watch for key, watch in watches.items() if watch != Watch()},
        votes=votes,
        rows=(*state.rows, rows)[-USUAL_OF:] if rows and not seen.unchanged else state.rows,
        version=seen.version or state.version,
        last_data=seen.newest or state.last_data,
    )
    return Looked(state, _look(monitor, seen, found, at), signals)


# What is found -------------------------------------------------------------------------------


def _findings(state: MonitorState, seen: Seen) -> dict[str, Finding | None]:
    """By aspect, the gravest first; None where the window says nothing of it."""
    found: dict[str, Finding | None] = dict.fromkeys(ASPECTS)
    found[QUALITY] = _quality(seen, bool(state.rows))
    found[ENDPOINT] = _endpoint(seen.endpoint)
    if not seen.unchanged:
        found[PERFORMANCE] = _performance(seen.labelled)
        found[ESTIMATE] = _estimate(seen)
        found[FAIRNESS] = _fairness(seen.labelled)
        found[DRIFT] = _drift(seen)
    return found


def sure_of(strength: float) -> float:
    """How sure, 0-1, of an effect in units of its limit: 0.5 at the limit, 0.75 at twice."""
    return min(1.0 - exp(-log(2) * max(strength, 0.0)), MOST_SURE)


def _drift(seen: Seen) -> Finding | None:
    report = seen.report
    if report.verdict == NOT_ENOUGH:
        return None
    broken = {finding.column for finding in report.quality if finding.breaks}
    moved = [column for column in report.drifted if column.name not in broken]
    if not moved:
        return Finding()
    names = {column.name for column in report.predictions}
    inputs = [column for column in moved if column.name not in names]
    answers = [column for column in moved if column.name in names]
    if not answers and _minor(inputs, report, seen.weights):
        told = ", ".join(column.name for column in inputs[:_SAID])
        return Finding(details=(f"minor drift: {told} moved, which matter little to the model",))
    weights = seen.weights
    strength = max(c.strength for c in moved if c.name in names or not _light(c, report, weights))
    return Finding(
        max(sure_of(strength), 0.5),
        _say_drift(inputs, answers, len(report.inputs)),
        tuple(_effect(column) for column in moved[:_SAID]),
        tuple(column.name for column in moved[:_SAID]),
        {"verdict": DRIFTING, "inputs": str(len(inputs)), "predictions": str(len(answers))},
    )


def _light(column: ColumnDrift, report: DriftReport, weights: Mapping[str, float]) -> bool:
    """Does the model make little of this column, by the weights of its settings?"""
    if not weights:
        return False
    mean = sum(weights.get(c.name, 1.0) for c in report.inputs) / max(len(report.inputs), 1)
    return weights.get(column.name, 1.0) < LITTLE_WEIGHT * mean


def _minor(moved: Sequence[ColumnDrift], report: DriftReport, weights: Mapping[str, float]) -> bool:
    total = sum(weights.get(c.name, 1.0) for c in report.inputs)
    share = sum(weights.get(c.name, 1.0) for c in moved) / total if total else 1.0
    return share < LITTLE_SHARE and all(_light(column, report, weights) for column in moved)


def _say_drift(inputs: Sequence[ColumnDrift], answers: Sequence[ColumnDrift], columns: int) -> str:
    answered = ", ".join(column.name for column in answers)
    if not inputs:
        return f"answers drift ({answered}), inputs do not"
    of = "1 column" if columns == 1 else f"{columns} columns"
    told = f"inputs drift, {len(inputs)} of {of} moved, most of all {inputs[0].name}"
    return f"{told}; answers drift too" if answers else told


def _quality(seen: Seen, seen_before: bool) -> Finding | None:
    """A window with too few rows says nothing. One with no rows at all, where there used to be
    some, is a finding about the data."""
    stopped = seen.report.current_rows == 0 and seen_before
    stale = tuple(finding for finding in seen.quality if finding.kind == "freshness")
    if not stopped and not stale and (seen.unchanged or seen.report.verdict == NOT_ENOUGH):
        return None
    findings = (*stale, *seen.report.quality)
    breaking = [finding for finding in findings if finding.breaks]
    volume = [finding for finding in findings if finding.kind == "volume"]
    details = tuple(f"{f.column or 'all rows'}: {f.detail}" for f in findings[:_SAID])
    if not breaking and not volume and not stopped:
        return Finding(details=details)
    summary = "no rows have come in" if stopped else _say_quality([*breaking, *volume])
    columns = tuple(dict.fromkeys(f.column for f in findings if f.column))[:_SAID]
    sure = SURE_BROKEN if breaking or stopped else SURE_VOLUME
    return Finding(sure, summary, details, columns, {"verdict": BROKEN})


def _say_quality(findings: Sequence[QualityFinding]) -> str:
    first = findings[0]
    what = f"{first.column} {first.detail}".strip()
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    if first.kind in ("freshness", "volume"):
        return f"{what}{more}"
    return f"its data is unsound: {what}{more}"


def _performance(report: PerformanceReport | None) -> Finding | None:
    real = report.judgement(REALISED) if report else None
    if report is None or real is None:
        return None
    worse = [slice_ for slice_ in report.slices if slice_.new]
    details = (real.sentence, report.reason, *(slice_.sentence for slice_ in report.slices))
    told = tuple(filter(None, details))
    labels = {"verdict": WORSE, "basis": REALISED}
    if real.worse:
        sure = max(sure_of(real.strength), 0.5)
        return Finding(sure, f"performs worse, {_say_fall(real)}", told, labels=labels)
    if worse:
        columns = tuple(dict.fromkeys(part.column for s in worse for part in s.parts))
        summary = f"performs worse in a segment, {worse[0].sentence}"
        return Finding(SURE_SEGMENT, summary, told, columns, labels)
    return Finding(sure_of(real.strength))


def _estimate(seen: Seen) -> Finding | None:
    """What is realised of the same window takes the estimate's place."""
    if seen.current is None:
        return None
    if seen.current.judgement(REALISED) is not None:
        return Finding()
    expected = seen.current.judgement(ESTIMATED)
    if expected is None:
        return None
    if not expected.worse:
        return Finding(sure_of(expected.strength))
    return Finding(
        max(sure_of(expected.strength), 0.5),
        f"is expected to perform worse, {_say_fall(expected)}",
        (expected.sentence, CAVEAT),
        labels={"verdict": EXPECTED_WORSE, "basis": ESTIMATED},
    )


def _say_fall(judged: Judgement) -> str:
    name = judged.measured.name
    return (
        f"{judged.basis} {say_measure(name)} {say_value(name, judged.measured.value)} "
        f"against {say_value(name, judged.usual)}"
    )


def _fairness(report: PerformanceReport | None) -> Finding | None:
    if report is None or not report.fairness.gaps:
        return None
    if not report.new_gaps:
        return Finding(details=report.fairness.findings)
    worst = report.new_gaps[0]
    columns = tuple(dict.fromkeys(gap.column for gap in report.new_gaps))
    return Finding(
        sure_of(abs(worst.difference) / 0.1),
        f"treats groups differently, {worst.column} {worst.group}: {worst.figure} "
        f"{worst.value:.2f} against {worst.others:.2f}",
        report.fairness.findings,
        columns,
        {"verdict": "groups differ"},
    )


def _endpoint(figures: Sequence[EndpointFigure]) -> Finding | None:
    judged = [figure for figure in figures if figure.usual is not None]
    if not judged:
        return None
    worst = max(judged, key=lambda figure: figure.strength)
    if worst.strength < 1:
        return Finding(sure_of(worst.strength))
    worse = sorted((f for f in judged if f.strength >= 1), key=lambda f: -f.strength)
    return Finding(
        sure_of(worst.strength),
        f"its endpoint's {worst.sentence}",
        tuple(figure.sentence for figure in worse),
        labels={"verdict": ENDPOINT_WORSE},
    )


# What is told --------------------------------------------------------------------------------


def _signal(
    monitor: ModelMonitor, seen: Seen, aspect: str, finding: Finding, key: str, at: datetime
) -> Signal:
    of = ASPECTS[aspect]
    window = monitor.window if monitor.rows is None else seen.end - seen.start
    over = say_duration(window) if monitor.rows is None else f"{seen.report.current_rows:,} rows"
    labels = {
        "monitor": state_key(monitor),
        "model": monitor.model,
        "aspect": aspect,
        "window": f"{max(window.total_seconds(), 0):g}s",
        "columns": ", ".join(finding.columns),
        "sure": f"{finding.sure:.2f}",
        **({"version": seen.version} if seen.version else {}),
        **({"served_by": seen.service} if seen.service else {}),
        **({} if of.pages else {"pages": "no"}),
        **finding.labels,
    }
    return Signal(
        fingerprint=key,
        name=of.name,
        starts_at=at,
        received_at=at,
        source=SOURCE,
        kind=of.kind,
        service=(seen.service if aspect == ENDPOINT else "") or monitor.model,
        severity=monitor.severity if of.pages else _at_most_a_warning(monitor.severity),
        summary=f"{monitor.model}: {finding.summary}",
        description=f"Over the last {over}: " + "\n".join(finding.details),
        value=finding.labels.get("verdict", ""),
        labels=labels,
    )


def _at_most_a_warning(severity: str) -> str:
    return "warning" if severity_of(severity) < severity_of("warning") else severity


def _effect(column: ColumnDrift) -> str:
    effects = (("PSI", column.psi_adj), ("KS", column.ks), ("TVD", column.tvd))
    shown = ", ".join(f"{name} {value:.2f}" for name, value in effects if value is not None)
    return f"{column.name}: {column.reason} ({shown})"


# What is kept --------------------------------------------------------------------------------


def _look(
    monitor: ModelMonitor, seen: Seen, found: Mapping[str, Finding | None], at: datetime
) -> Look:
    said: list[str] = []
    mild: list[str] = []
    for finding in found.values():
        if finding is not None and finding.sure >= monitor.sure:
            said += [finding.summary, *finding.details]
        elif finding is not None:
            mild += finding.details
    return Look(
        model=monitor.model,
        at=at,
        start=seen.start,
        end=seen.end,
        rows=seen.report.current_rows,
        verdict=_verdict(monitor, seen, found),
        version=seen.version,
        figures=_figures(seen, found),
        findings=tuple(dict.fromkeys((*said, *mild, *seen.problems))),
    )


def _verdict(monitor: ModelMonitor, seen: Seen, found: Mapping[str, Finding | None]) -> str:
    verdicts = {
        PERFORMANCE: WORSE,
        QUALITY: BROKEN,
        ENDPOINT: ENDPOINT_WORSE,
        ESTIMATE: EXPECTED_WORSE,
        DRIFT: DRIFTING,
    }
    for aspect, verdict in verdicts.items():
        finding = found[aspect]
        if finding is not None and finding.sure >= monitor.sure:
            return verdict
    return NOT_ENOUGH if seen.report.verdict == NOT_ENOUGH else STABLE


def _figures(seen: Seen, found: Mapping[str, Finding | None]) -> dict[str, float]:
    """By name, as `knowledge.records.Look` lists them; "sure ..." is how sure of each aspect."""
    report = seen.report
    figures: dict[str, float] = {}
    if report.verdict != NOT_ENOUGH:
        figures |= _drift_figures(report)
    for name, told, basis in (
        ("realised", seen.labelled, REALISED),
        ("estimated", seen.current, ESTIMATED),
    ):
        measures = told and (told.realised if basis == REALISED else told.estimated)
        measured = measures.get(told.judged) if told and measures else None
        if told and measured and measured.known:
            figures[f"{name} {told.judged}"] = measured.value
    if seen.labelled is not None:
        figures["labelled"] = seen.labelled.coverage
        usual = seen.labelled.usual.get(seen.labelled.judged)
        if usual is not None:
            figures[f"usual {seen.labelled.judged}"] = usual.value
    figures |= {figure.name: figure.value for figure in seen.endpoint}
    figures |= {f"sure {k}": f.sure for k, f in found.items() if f is not None}
    return figures


def _drift_figures(report: DriftReport) -> dict[str, float]:
    def largest(columns: Sequence[ColumnDrift]) -> float | None:
        return max((c.psi_adj for c in columns if c.psi_adj is not None), default=None)

    missing = [c.missing_change for c in report.columns if c.missing_change is not None]
    figures = {
        "drift": largest(report.inputs),
        "prediction drift": largest(report.predictions),
        "columns drifted": float(sum(c.drifted for c in report.inputs)),
        "missing": max(missing, default=None),
    }
    return {name: value for name, value in figures.items() if value is not None}
