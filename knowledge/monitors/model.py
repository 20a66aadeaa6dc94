"""One look at a model, decided."""

from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.drift import DRIFTING, NOT_ENOUGH, ColumnDrift, DriftReport
from knowledge.durations import say_duration
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
from knowledge.records import Signal, SignalKind


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
