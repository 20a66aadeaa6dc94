"""What must hold before a version becomes champion, and who may decide it.

A gate is one small function from values to a `Gate`: PASS, WARN (people should know) or FAIL
(prevents the promotion, unless the policy says otherwise). Nothing here reads a clock or a
registry, so every rule is tested by a table.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.errors import Denied, NotFound
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Evaluation,
    Gate,
    GateResult,
    Incident,
    ModelVersion,
)

EARLIER_CHAMPION = "earlier champion"
"""The gate that marks a request as a rollback."""

CHAMPION = "champion"
PREVIOUS_CHAMPION = "previous_champion"


@dataclass(frozen=True)
class Policy:
    """What a team asks of a promotion."""

    primary: str = ""
    """The metric that must improve; empty: the first of PRIMARY_METRICS that the champion has."""
    min_gain: float = 0.0
    """Relative improvement of the primary metric that must be exceeded: 0.01 is one percent."""
    tolerance: float = 0.02
    """Relative worsening that any other metric may show (non-inferiority)."""
    max_age: timedelta = timedelta(days=180)
    expires_after: timedelta = timedelta(hours=24)
    failing_gate_prevents: bool = True
    direction: Mapping[str, bool] = field(default_factory=dict)
    """Metrics whose name does not tell: True where more is better, False where less is."""


DEFAULT_POLICY = Policy()


@dataclass(frozen=True)
class Decider:
    """The person who presses Approve or Reject, as far as the rules care."""

    id: str
    name: str
    may_approve: bool


# Versions and names as people type them ------------------------------------------------------


def plain_version(text: str) -> str:
    """ "v7", "V7", " 7 " and "version 7" are "7"; "2.3.1" stays as it is."""
    return re.sub(r"^(version\s*|v\.?\s*)(?=\d)", "", text.strip(), flags=re.IGNORECASE)


def show_version(version: str) -> str:
    """ "7" is shown as "v7"; anything that is not a plain number as it is."""
    return f"v{version}" if version.isdigit() else version


def find_name(asked: str, known: Iterable[str]) -> str:
    """The one known name that is meant: exact, else without regard to case and separators, else
    the only one that holds all the words ("eta" is "eta-model"). Raises NotFound.among."""
    names = list(known)
    if asked in names:
        return asked
    words = _words(asked)
    same = [n for n in names if _words(n) == words]
    holding = [n for n in names if words and set(words) <= set(_words(n))]
    for candidates in (same, holding):
        if len(candidates) == 1:
            return candidates[0]
    raise NotFound.among("model", asked, holding or names)


def _words(name: str) -> list[str]:
    return [w for w in re.split(r"[^a-z0-9]+", name.lower()) if w]


# Metrics -------------------------------------------------------------------------------------

_LESS = {
    *("rmse", "mae", "mse", "mape", "smape", "rmsle", "msle", "loss", "logloss", "error", "err"),
    *("brier", "ece", "wer", "cer", "perplexity", "deviance", "latency", "fpr", "fnr", "pinball"),
}
_MORE = {
    *("accuracy", "acc", "auc", "auroc", "auprc", "aucpr", "f1", "r2", "precision", "recall"),
    *("ndcg", "map", "mrr", "bleu", "rouge", "score", "iou", "dice", "mcc", "kappa", "gini", "tpr"),
}
PRIMARY_METRICS = (
    *("rmse", "mae", "auc", "auroc", "f1", "logloss", "loss", "accuracy", "r2", "ndcg", "mape"),
)
"""Most telling first; matched against the words of a metric's name ("test_rmse" is an rmse)."""


def more_is_better(metric: str, policy: Policy = DEFAULT_POLICY) -> bool | None:
    """Direction by the words of the name; None where the name does not tell.

    Words for "less" win, so "accuracy_loss" and "error_score" are things to keep small.
    """
    if metric in policy.direction:
        return policy.direction[metric]
    words = set(_words(metric))
    if words & _LESS:
        return False
    return True if words & _MORE else None


def primary_metric(metrics: Iterable[str], policy: Policy = DEFAULT_POLICY) -> str:
    """The metric that must improve, or "" where none can be told."""
    names = sorted(metrics)
    if policy.primary:
        return policy.primary
    for wanted in PRIMARY_METRICS:
        for name in names:
            if wanted in _words(name):
                return name
    return next((n for n in names if more_is_better(n, policy) is not None), "")


@dataclass(frozen=True)
class MetricChange:
    """One metric of two versions; NaN where a version has no value."""

    metric: str
    champion: float
    challenger: float
    gain: float | None
    """Relative improvement, above zero when the challenger is better; None where unknown."""


def shared_data(
    champion: ModelVersion, challenger: ModelVersion
) -> tuple[Evaluation, Evaluation] | None:
    """The evaluations of both on one and the same data, the challenger's own first; or None."""
    of_champion = {e.digest: e for e in evaluations(champion) if e.digest}
    for e in evaluations(challenger):
        if e.digest in of_champion:
            return of_champion[e.digest], e
    return None


def evaluations(version: ModelVersion) -> tuple[Evaluation, ...]:
    """All its evaluations, the one that `metrics` shows first."""
    main = Evaluation(version.dataset, version.dataset_digest, version.metrics)
    rest = (e for e in version.evaluations if e.digest != main.digest)
    return (main, *rest) if main.metrics or main.digest else tuple(version.evaluations)


def compare(
    champion: Mapping[str, float],
    challenger: Mapping[str, float],
    policy: Policy = DEFAULT_POLICY,
) -> tuple[MetricChange, ...]:
    """Every metric of either, the primary one first, then by name."""
    primary = primary_metric(champion or challenger, policy)
    names = sorted({*champion, *challenger}, key=lambda n: (n != primary, n))
    return tuple(_change(n, champion, challenger, policy) for n in names)


def _change(
    metric: str, champion: Mapping[str, float], challenger: Mapping[str, float], policy: Policy
) -> MetricChange:
    old, new = champion.get(metric, math.nan), challenger.get(metric, math.nan)
    more = more_is_better(metric, policy)
    if more is None or not (math.isfinite(old) and math.isfinite(new)):
        return MetricChange(metric, old, new, None)
    better_by = new - old if more else old - new
    if better_by == 0:
        return MetricChange(metric, old, new, 0.0)
    return MetricChange(
        metric, old, new, better_by / abs(old) if old else math.copysign(math.inf, better_by)
    )


# Gates ---------------------------------------------------------------------------------------


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


# Deciding ------------------------------------------------------------------------------------


def expires_at(approval: Approval, policy: Policy = DEFAULT_POLICY) -> datetime:
    return approval.created_at + policy.expires_after


def is_expired(approval: Approval, now: datetime, policy: Policy = DEFAULT_POLICY) -> bool:
    """A request still pending after its time. One that failed in the registry does not expire:
    it was decided in time."""
    return approval.status is ApprovalStatus.PENDING and now >= expires_at(approval, policy)


def may_reject(
    approval: Approval, user: Decider, now: datetime, policy: Policy = DEFAULT_POLICY
) -> None:
    """Raises Denied. Taking back one's own request is no approval, so the requester may reject."""
    if user.id != approval.requester and not user.may_approve:
        raise Denied(
            "Rejecting needs the approve right, or to be the one who asked. "
            "Ask an approver (TANDEM_APPROVERS)."
        )
    _still_open(approval, now, policy)


def may_decide(
    approval: Approval, user: Decider, now: datetime, policy: Policy = DEFAULT_POLICY
) -> None:
    """May this person approve it now? Raises Denied with the reason in words.

    A request that FAILED in the registry may be approved again: that is the way to repair it.
    """
    if user.id == approval.requester:
        raise Denied(
            f"You asked for {approval.model} {show_version(approval.version)} yourself; somebody "
            "else with the approve right must decide."
        )
    if not user.may_approve:
        raise Denied(
            "Approving needs the approve right. Ask an approver (TANDEM_APPROVERS) to decide."
        )
    if approval.status is not ApprovalStatus.FAILED:
        _still_open(approval, now, policy)
    stopping = prevented(approval.gates, policy)
    if stopping:
        names = ", ".join(f"{g.name}: {g.detail}" for g in stopping)
        raise Denied(f"A failing gate prevents it ({names}).")


def _still_open(approval: Approval, now: datetime, policy: Policy) -> None:
    if approval.status is not ApprovalStatus.PENDING:
        raise Denied(f"This request is {say_decision(approval)}.")
    if is_expired(approval, now, policy):
        hours = say_duration(policy.expires_after)
        raise Denied(f"This request expired {hours} after it was made. Ask again.")


def say_decision(approval: Approval) -> str:
    """ "already approved by grace at 2026-03-05 12:00 UTC"."""
    by = f" by {approval.decided_by_name or approval.decided_by}" if approval.decided_by else ""
    at = f" at {say_time(approval.decided_at)}" if approval.decided_at else ""
    return f"already {approval.status.value}{by}{at}"


def decide(
    approval: Approval,
    user: Decider,
    now: datetime,
    *,
    approve: bool,
    reason: str = "",
    policy: Policy = DEFAULT_POLICY,
) -> Approval:
    """The decided request. Raises Denied. `outcome` stays empty until the registry answered."""
    (may_decide if approve else may_reject)(approval, user, now, policy)
    return replace(
        approval,
        status=ApprovalStatus.APPROVED if approve else ApprovalStatus.REJECTED,
        decided_by=user.id,
        decided_by_name=user.name,
        decided_at=now,
        decision_reason=reason,
        outcome="" if approve else "nothing was moved",
    )


def close(approval: Approval, why: str) -> Approval:
    """End a pending request without a decision: it expired, or what it compared is gone."""
    return replace(approval, status=ApprovalStatus.EXPIRED, outcome=why)


def moved(approval: Approval) -> Approval:
    """The registry took the move."""
    return replace(approval, status=ApprovalStatus.APPROVED, outcome=say_move(approval))


def not_moved(approval: Approval, why: str) -> Approval:
    """Approved, but the registry did not take the move. The decision stands; see `may_decide`."""
    return replace(approval, status=ApprovalStatus.FAILED, outcome=why)


def try_again(approval: Approval, user: Decider) -> Approval:
    """A failed move that is tried once more: the decision and its decider stand."""
    note = f"{approval.decision_reason} (tried again by {user.name})".strip()
    return replace(approval, status=ApprovalStatus.APPROVED, outcome="", decision_reason=note)


def say_move(approval: Approval) -> str:
    new = show_version(approval.version)
    if not approval.champion:
        return f"champion of {approval.model} is now {new}; there was none before"
    return f"champion of {approval.model} moved from {show_version(approval.champion)} to {new}"


# Going back ----------------------------------------------------------------------------------


def previous_champion(
    versions: Sequence[ModelVersion], history: Sequence[Approval], current: str
) -> ModelVersion | None:
    """The version that served before `current`: the registry's alias, else our own record.

    `history` is newest first; only versions that still exist count.
    """
    there = {v.version: v for v in versions}
    by_alias = next((v for v in versions if PREVIOUS_CHAMPION in v.aliases), None)
    if by_alias is not None and by_alias.version != current:
        return by_alias
    served = (
        a.champion for a in history if a.status is ApprovalStatus.APPROVED and a.version == current
    )
    return next((there[v] for v in served if v in there and v != current), None)


def champion_since(history: Sequence[Approval], version: str) -> Approval | None:
    """The approved request (newest first) that made `version` champion, if Tandem did it."""
    return next(
        (
            a
            for a in history
            if a.status is ApprovalStatus.APPROVED and a.version == version and a.outcome
        ),
        None,
    )


# Words ---------------------------------------------------------------------------------------


def say_gain(gain: float) -> str:
    """ "2.1% better", "0.4% worse", "the same"."""
    if gain == 0:
        return "the same"
    word = "better" if gain > 0 else "worse"
    return word if math.isinf(gain) else f"{abs(gain):.1%} {word}"


def say_number(value: float) -> str:
    """Four significant digits; a dash where there is no usable value."""
    return f"{value:.4g}" if math.isfinite(value) else "–"


def say_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _from_to(change: MetricChange) -> str:
    return f"{say_number(change.champion)} → {say_number(change.challenger)}"
