"""Evidence to judge: a champion and a challenger as a registry would tell of them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from knowledge.performance.answers import Floats
from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.policy import GateRule
from knowledge.records import Details, Frame, ModelVersion, Purpose

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def version(number: str = "5", digest: str = "aaa", **metrics: float) -> ModelVersion:
    return ModelVersion(
        "eta-model", number, NOW, metrics=metrics, dataset="holdout", dataset_digest=digest
    )


def side(of: ModelVersion, rows: Frame | None = None, **details: Any) -> Side:
    predictions = {} if rows is None else {of.dataset_digest: rows}
    return Side(of, Details(**details), predictions)


def rule(**settings: Any) -> GateRule:
    """A gate's rule as the policy file makes it: what is not the rule's is the gate's own."""
    own = {k: settings.pop(k) for k in ("mode", "unknown", "override") if k in settings}
    return GateRule(**own, settings=settings)


def evidence(
    champion: Side | None = None, challenger: Side | None = None, **given: Any
) -> Evidence:
    base = Evidence(
        at=NOW,
        purpose=Purpose.PROMOTION,
        challenger=challenger or side(version("5", rmse=4.0)),
        champion=champion or side(version("3", rmse=5.0)),
        service="eta",
    )
    return replace(base, **given)


def under(policy_of: Evidence, **gates: GateRule) -> Evidence:
    """The same evidence under a policy with these rules; underscores stand for dashes."""
    rules = {name.replace("_", "-"): given for name, given in gates.items()}
    return replace(policy_of, policy=replace(policy_of.policy, gates=rules))


def scored(rows: int, seed: int = 0, *, better: float = 0.0) -> tuple[Frame, Frame]:
    """What a champion and a challenger say of the same trips: probabilities of being late. The
    challenger's noise is less by `better`."""
    rng = np.random.default_rng(seed)
    true, old, new = rng.normal(0, 1, (3, rows))
    city = rng.choice(np.array(["oslo", "rome", "york"], dtype=object), rows)
    shared: Frame = {
        "label": (rng.random(rows) < 1 / (1 + np.exp(-2 * true))).astype(int),
        "city": city,
        "hour": rng.integers(0, 24, rows),
        "group": rng.choice(np.array(["a", "b"], dtype=object), rows),
    }

    def frame(noise: Floats) -> Frame:
        return {**shared, "probability": 1 / (1 + np.exp(-2 * (true + noise)))}

    return frame(0.5 * old), frame((0.5 - better) * new)


def on_rows(frames: tuple[Frame, Frame], **given: Any) -> Evidence:
    old, new = frames
    return evidence(side(version("3", auc=0.8), old), side(version("5", auc=0.82), new), **given)
