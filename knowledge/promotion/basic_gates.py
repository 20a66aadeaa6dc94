"""The gates of issue 2; being replaced by `knowledge.promotion.gates`."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.promotion.comparison import (
    MetricChange,
    compare,
    evaluations,
    more_is_better,
    primary_metric,
    shared_data,
)
from knowledge.promotion.policy import DEFAULT_POLICY, Policy
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_gain, say_number
from knowledge.records import (
    Approval,
    Evaluation,
    Gate,
    GateResult,
    Incident,
    ModelVersion,
)

EARLIER_CHAMPION = "earlier champion"
"""The gate that marks a request as a rollback."""


def champion_gate(champion: ModelVersion | None, challenger: ModelVersion) -> Gate:
    """Is there a champion to compare with, and is it another version?"""
    name = "champion"
    if champion is None:
        return Gate(name, GateResult.WARN, "no champion yet: there is nothing to compare with")
    shown = show_version(champion.version)
    if champion.version == challenger.version:
        return Gate(name, GateResult.FAIL, f"{shown} is the champion already")
    return Gate(name, GateResult.PASS, f"compared with {shown}")


def data_gate(champion: ModelVersion, challenger: ModelVersion) -> Gate:
    """Were both measured on the same data? Otherwise their metrics say nothing of each other."""
    name = "same data"
    shared = shared_data(champion, challenger)
    if shared is not None:
        return Gate(name, GateResult.PASS, f"both measured on {_data(shared[1])}")
    old, new = show_version(champion.version), show_version(challenger.version)
    unknown = [
        show_version(v.version)
        for v in (champion, challenger)
        if not any(e.digest for e in evaluations(v))
    ]
    if unknown:
        which = " and ".join(unknown)
        return Gate(name, GateResult.WARN, f"no data set is recorded with the metrics of {which}")
    return Gate(
        name,
        GateResult.FAIL,
        f"{new} was measured on {_data(evaluations(challenger)[0])}, {old} on "
        f"{_data(evaluations(champion)[0])}: the metrics cannot be compared",
    )


def _data(evaluation: Evaluation) -> str:
    return f"{evaluation.dataset or 'data'} ({evaluation.digest[:8]})"


def primary_gate(change: MetricChange, policy: Policy) -> Gate:
    """Does the metric that counts improve by more than `min_gain`?"""
    broken = _broken(change)
    if broken is not None:
        return broken
    if change.gain is None:
        return Gate(
            change.metric,
            GateResult.WARN,
            f"{_from_to(change)}: its name does not tell which direction is better",
        )
    passed = change.gain > policy.min_gain
    more_than = f", more than {policy.min_gain:.1%} is asked" if policy.min_gain else ""
    return Gate(
        change.metric,
        GateResult.PASS if passed else GateResult.FAIL,
        f"{_from_to(change)}, {say_gain(change.gain)}{more_than}",
    )


def other_gate(change: MetricChange, policy: Policy) -> Gate | None:
    """Is another metric not worse than `tolerance`? None where its direction is not known."""
    if more_is_better(change.metric, policy) is None:
        return None
    broken = _broken(change)
    if broken is not None:
        return broken
    gain = change.gain if change.gain is not None else 0.0
    passed = gain >= -policy.tolerance
    limit = "" if passed else f", at most {policy.tolerance:.1%} worse is allowed"
    return Gate(
        change.metric,
        GateResult.PASS if passed else GateResult.FAIL,
        f"{_from_to(change)}, {say_gain(gain)}{limit}",
    )


def _broken(change: MetricChange) -> Gate | None:
    """A metric that is not there, NaN or infinite. The challenger's prevents; the champion's only
    leaves nothing to compare with."""
    if not math.isfinite(change.challenger):
        return Gate(change.metric, GateResult.FAIL, "the new version has no usable value")
    if not math.isfinite(change.champion):
        return Gate(change.metric, GateResult.WARN, "the champion has no usable value")
    return None


def metric_gates(
    champion: ModelVersion, challenger: ModelVersion, policy: Policy
) -> tuple[Gate, ...]:
    """Gain of the primary metric and non-inferiority of the others, on shared data only."""
    shared = shared_data(champion, challenger)
    old, new = (shared[0].metrics, shared[1].metrics) if shared else ({}, {})
    if shared is None and data_gate(champion, challenger).result is GateResult.WARN:
        # Without a recorded data set the numbers are all there is; data_gate has warned.
        old, new = champion.metrics, challenger.metrics
    primary = primary_metric(old, policy)
    gates = [
        primary_gate(change, policy) if change.metric == primary else other_gate(change, policy)
        for change in compare(old, new, policy)
        # What only the challenger has was never asked of a champion.
        if change.metric in old or not math.isfinite(change.challenger)
    ]
    found = tuple(g for g in gates if g is not None)
    return found or (Gate("metrics", GateResult.WARN, "no metric could be compared"),)


def lone_metrics_gate(challenger: ModelVersion) -> Gate:
    """Without a champion: has it usable metrics at all?"""
    bad = sorted(n for n, v in challenger.metrics.items() if not math.isfinite(v))
    if bad:
        return Gate("metrics", GateResult.FAIL, f"no usable value of {', '.join(bad)}")
    if not challenger.metrics:
        return Gate("metrics", GateResult.WARN, "no metric is recorded")
    return Gate("metrics", GateResult.PASS, f"{len(challenger.metrics)} recorded")


def age_gate(challenger: ModelVersion, now: datetime, policy: Policy) -> Gate:
    """Is the version recent enough to know today's world?"""
    age = now - challenger.created_at
    result = GateResult.WARN if age > policy.max_age else GateResult.PASS
    limit = f", older than {say_duration(policy.max_age)}" if result is GateResult.WARN else ""
    return Gate("age", result, f"registered {say_duration(max(age, timedelta()))} ago{limit}")


def incident_gate(service: str, open_incidents: Sequence[Incident]) -> Gate:
    """Is the service that uses the model calm?"""
    name = "incidents"
    if not open_incidents:
        return Gate(name, GateResult.PASS, f"none open on {service}")
    ids = ", ".join(f"{i.id} ({i.severity.value})" for i in open_incidents[:3])
    more = f" and {len(open_incidents) - 3} more" if len(open_incidents) > 3 else ""
    return Gate(name, GateResult.WARN, f"open on {service}: {ids}{more}")


def drift_gate(verdict: str, detail: str = "") -> Gate:
    """What drift detection says of the model's inputs; `verdict` is "stable" when they did not
    move, anything else is a reason to look."""
    result = GateResult.PASS if verdict == "stable" else GateResult.WARN
    return Gate("input drift", result, f"{verdict}: {detail}" if detail else verdict)


def promotion_gates(
    champion: ModelVersion | None,
    challenger: ModelVersion,
    now: datetime,
    policy: Policy = DEFAULT_POLICY,
    around: Sequence[Gate] = (),
) -> tuple[Gate, ...]:
    """All gates of a promotion. `around` holds those that need more than the two versions:
    `incident_gate`, `drift_gate`."""
    first = champion_gate(champion, challenger)
    if champion is None:
        return (first, lone_metrics_gate(challenger), age_gate(challenger, now, policy), *around)
    if first.result is GateResult.FAIL:
        return (first,)
    return (
        first,
        data_gate(champion, challenger),
        *metric_gates(champion, challenger, policy),
        age_gate(challenger, now, policy),
        *around,
    )


def rollback_gates(
    champion: ModelVersion,
    target: ModelVersion,
    now: datetime,
    policy: Policy = DEFAULT_POLICY,
    around: Sequence[Gate] = (),
) -> tuple[Gate, ...]:
    """Gates of going back to a version that served before. It is usually the worse one on paper,
    so failures are shown as warnings; only going "back" to the champion itself is prevented."""
    gates = promotion_gates(champion, target, now, policy, around)
    if gates[0].result is GateResult.FAIL:
        return gates
    mark = Gate(EARLIER_CHAMPION, GateResult.PASS, f"{show_version(target.version)} served before")
    return (mark, *(_softened(g) for g in gates))


def _softened(gate: Gate) -> Gate:
    return replace(gate, result=GateResult.WARN) if gate.result is GateResult.FAIL else gate


def is_rollback(approval: Approval) -> bool:
    return any(g.name == EARLIER_CHAMPION for g in approval.gates)


def failing(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    return tuple(g for g in gates if g.result is GateResult.FAIL)


def prevented(gates: Iterable[Gate], policy: Policy = DEFAULT_POLICY) -> tuple[Gate, ...]:
    """The gates that stand in the way under this policy."""
    return failing(gates) if policy.failing_gate_prevents else ()


def _from_to(change: MetricChange) -> str:
    return f"{say_number(change.champion)} → {say_number(change.challenger)}"
