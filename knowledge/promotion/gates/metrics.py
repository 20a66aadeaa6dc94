"""Metrics as the registry has them: usable, of the same data, better where it counts, no worse
elsewhere, within absolute limits."""

import math
from collections.abc import Mapping, Sequence

from pydantic import Field

from knowledge.errors import BadArgs
from knowledge.promotion.comparison import (
    MetricChange,
    compare,
    evaluations,
    more_is_better,
    primary_metric,
    shared_data,
)
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.policy import Policy
from knowledge.promotion.significance import Pair, compare_on_rows, measure_of, pair
from knowledge.promotion.versions import name_words, show_version
from knowledge.promotion.words import say_gain, say_number
from knowledge.records import Difference, Evaluation, ModelVersion

Figures = Mapping[str, float]


def figures(evidence: Evidence) -> tuple[Figures, Figures]:
    """The metrics of champion and challenger that may be compared; both empty where none may.

    Where a data set is recorded with neither or only one, the numbers are all there is; the data
    gate says so.
    """
    if evidence.champion is None:
        return {}, {}
    old, new = evidence.champion.version, evidence.challenger.version
    shared = shared_data(old, new)
    if shared is not None:
        return shared[0].metrics, shared[1].metrics
    return (old.metrics, new.metrics) if _unrecorded(old, new) else ({}, {})


def primary_of(evidence: Evidence) -> str:
    """The metric that must improve, or "" where none can be told."""
    old, new = figures(evidence)
    return primary_metric(old or new or evidence.challenger.version.metrics, evidence.policy)


def _unrecorded(*versions: ModelVersion) -> list[ModelVersion]:
    return [v for v in versions if not any(e.digest for e in evaluations(v))]


# Same data -----------------------------------------------------------------------------------


def _data(evidence: Evidence, settings: Settings) -> Finding | None:
    if evidence.champion is None:
        return None
    old, new = evidence.champion.version, evidence.challenger.version
    shared = shared_data(old, new)
    if shared is not None:
        return Finding(Held.YES, f"both measured on {_say_data(shared[1])}")
    without = _unrecorded(old, new)
    if without:
        which = " and ".join(show_version(v.version) for v in without)
        return Finding(Held.UNKNOWN, f"no data set is recorded with the metrics of {which}")
    return Finding(
        Held.NO,
        f"{show_version(new.version)} was measured on {_say_data(evaluations(new)[0])}, "
        f"{show_version(old.version)} on {_say_data(evaluations(old)[0])}: the metrics cannot be "
        "compared",
    )


def _say_data(evaluation: Evaluation) -> str:
    return f"{evaluation.dataset or 'data'} ({evaluation.digest[:8]})"


data = GateSpec("data", "Both were measured on the same data", _data, Settings)


# Usable --------------------------------------------------------------------------------------


def _metrics(evidence: Evidence, settings: Settings) -> Finding:
    old, new = figures(evidence)
    new = new or evidence.challenger.version.metrics
    if not new and not old:
        return Finding(Held.UNKNOWN, "no metric is recorded")
    policy = evidence.policy
    broken = sorted(name for name, value in new.items() if not math.isfinite(value))
    wanted = {policy.primary} if policy.primary else set()
    wanted |= {name for name in old if more_is_better(name, policy) is not None}
    missing = sorted(wanted - set(new))
    parts = [f"{_some(broken)} NaN or infinite" if broken else ""]
    parts.append(f"{_some(missing)} not recorded" if missing else "")
    said = "; ".join(part for part in parts if part)
    if said:
        return Finding(Held.NO, said)
    count = f"{len(new)} metrics" if len(new) > 1 else "1 metric"
    return Finding(Held.YES, f"{count} recorded, all of them finite")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"


metrics = GateSpec(
    "metrics",
    "Every metric of the new version is a number, and none that the champion has is missing",
    _metrics,
    Settings,
)


# Gain and non-inferiority --------------------------------------------------------------------


class PrimarySettings(Settings):
    min_gain: float | None = Field(
        None, ge=0, le=10, description="relative gain to exceed; else the policy's `min_gain`"
    )


def _primary(evidence: Evidence, settings: PrimarySettings) -> Finding | None:
    if evidence.champion is None:
        return None
    old, new = figures(evidence)
    name = primary_of(evidence)
    if not old or not name:
        return Finding(Held.UNKNOWN, "no metric could be compared")
    change = _changes(old, new, evidence.policy).get(name)
    if change is None or not math.isfinite(change.challenger):
        return Finding(Held.NO, "the new version has no usable value", name)
    if not math.isfinite(change.champion):
        return Finding(Held.UNKNOWN, "the champion has no usable value", name)
    if change.gain is None:
        says = f"{_from_to(change)}: its name does not tell which direction is better"
        return Finding(Held.UNKNOWN, says, name)
    least = evidence.policy.min_gain if settings.min_gain is None else settings.min_gain
    asked = f", more than {least:.1%} is asked" if least else ""
    held = Held.YES if change.gain > least else Held.NO
    return Finding(held, f"{_from_to(change)}, {say_gain(change.gain)}{asked}", name)


primary = GateSpec(
    "primary", "The metric that counts most improves on the same data", _primary, PrimarySettings
)


class OthersSettings(Settings):
    tolerance: float | None = Field(
        None,
        ge=0,
        le=10,
        description="relative worsening that is let pass; else the policy's `tolerance`",
    )
    of: Mapping[str, float] = Field(
        default_factory=dict, description="the same for single metrics, by name"
    )


def _others(evidence: Evidence, settings: OthersSettings) -> list[Finding]:
    """Without a margin no model would ever pass: a worsening up to it counts as none."""
    old, new = figures(evidence)
    changes = _changes(old, new, evidence.policy)
    changes.pop(primary_of(evidence), None)
    timed = bool(evidence.challenger.details.timings)
    usable = [c for c in changes.values() if c.gain is not None and not (timed and _timing(c))]
    if not usable:
        return []
    rows = _rows(evidence)
    general = evidence.policy.tolerance if settings.tolerance is None else settings.tolerance
    return [_no_worse(c, settings.of.get(c.metric, general), rows) for c in usable]


def _timing(change: MetricChange) -> bool:
    """The latency gate weighs it, with room for the noise of clocks."""
    return "latency" in name_words(change.metric)


def _no_worse(change: MetricChange, tolerance: float, rows: Pair | None) -> Finding:
    gain = change.gain or 0.0
    held = Held.YES if gain >= -tolerance else Held.NO
    limit = f", at most {tolerance:.1%} worse is allowed" if held is Held.NO else ""
    says = f"{_from_to(change)}, {say_gain(gain)}{limit}"
    return Finding(held, says, change.metric, difference=_difference(change.metric, rows))


def _difference(metric: str, rows: Pair | None) -> Difference | None:
    measure = measure_of(metric, rows) if rows is not None else ""
    if rows is None or not measure:
        return None
    try:
        return compare_on_rows(rows, measure).difference(metric)
    except BadArgs:
        return None


def _rows(evidence: Evidence) -> Pair | None:
    try:
        return pair(evidence)
    except BadArgs:
        # The significance gate says why; here the rows only add an interval.
        return None


others = GateSpec(
    "others",
    "No other metric is worse than the tolerance allows (non-inferiority)",
    _others,
    OthersSettings,
)


def _changes(old: Figures, new: Figures, policy: Policy) -> dict[str, MetricChange]:
    """By metric, for those that the champion has: of others nothing was ever asked."""
    wanted = {*old, *([policy.primary] if policy.primary else [])}
    return {c.metric: c for c in compare(old, new, policy) if c.metric in wanted}


def _from_to(change: MetricChange) -> str:
    return f"{say_number(change.champion)} → {say_number(change.challenger)}"


# Absolute limits -----------------------------------------------------------------------------


class LimitsSettings(Settings):
    at_least: Mapping[str, float] = Field(
        default_factory=dict, description="lowest value of a metric, by name"
    )
    at_most: Mapping[str, float] = Field(
        default_factory=dict, description="highest value of a metric, by name"
    )


def _limits(evidence: Evidence, settings: LimitsSettings) -> list[Finding]:
    """Whatever the champion does. For an LLM's prompt these are the scores that it must reach."""
    recorded: dict[str, float] = {}
    for evaluation in reversed(evaluations(evidence.challenger.version)):
        recorded |= evaluation.metrics
    recorded |= figures(evidence)[1]
    return [
        *(_limit(name, recorded.get(name), low, 1) for name, low in settings.at_least.items()),
        *(_limit(name, recorded.get(name), high, -1) for name, high in settings.at_most.items()),
    ]


def _limit(name: str, value: float | None, limit: float, sign: int) -> Finding:
    asked = f"at {'least' if sign > 0 else 'most'} {say_number(limit)} is asked"
    if value is None or not math.isfinite(value):
        return Finding(Held.NO, f"no usable value; {asked}", name)
    held = Held.YES if sign * (value - limit) >= 0 else Held.NO
    return Finding(held, f"{say_number(value)}, {asked}", name)


limits = GateSpec(
    "limits",
    "Metrics keep absolute limits, for example the evaluation scores of a prompt",
    _limits,
    LimitsSettings,
)
