"""Metrics of two versions side by side: which way is better, which counts most, on what data."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from knowledge.promotion.policy import DEFAULT_POLICY, Policy
from knowledge.promotion.versions import name_words
from knowledge.records import Evaluation, ModelVersion

_LESS = {
    *("rmse", "mae", "mse", "mape", "smape", "rmsle", "msle", "loss", "logloss", "error", "err"),
    *("brier", "ece", "wer", "cer", "perplexity", "deviance", "latency", "fpr", "fnr", "pinball"),
    *("toxicity", "hallucination", "hallucinations", "refusals"),
}
_MORE = {
    *("accuracy", "acc", "auc", "auroc", "auprc", "aucpr", "f1", "r2", "precision", "recall"),
    *("ndcg", "map", "mrr", "bleu", "rouge", "score", "iou", "dice", "mcc", "kappa", "gini", "tpr"),
    # Scores that judges give the answers of language models, by their names in MLflow and others.
    *("correctness", "groundedness", "faithfulness", "relevance", "sufficiency", "equivalence"),
    *("similarity", "helpfulness", "coherence", "fluency", "safety", "guidelines", "adherence"),
}
_SPREAD = {"variance", "std", "stdev", "stddev"}
"""Of a metric over rows or folds: less of it is no better model."""
PRIMARY_METRICS = (
    *("rmse", "mae", "auc", "auroc", "f1", "logloss", "loss", "accuracy", "r2", "ndcg", "mape"),
    *("correctness", "groundedness", "faithfulness", "relevance"),
)
"""Most telling first; matched against the words of a metric's name ("test_rmse" is an rmse)."""


def more_is_better(metric: str, policy: Policy = DEFAULT_POLICY) -> bool | None:
    """Direction by the words of the name; None where the name does not tell.

    Words for "less" win, so "accuracy_loss" and "error_score" are things to keep small.
    """
    if metric in policy.direction:
        return policy.direction[metric]
    words = set(name_words(metric))
    if words & _SPREAD:
        return None
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
            if wanted in name_words(name):
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
