import math

import pytest

from knowledge.promotion.comparison import compare, more_is_better, primary_metric
from knowledge.promotion.policy import Policy

NAN = math.nan


@pytest.mark.parametrize(
    ("metric", "more"),
    [
        ("rmse", False),
        ("test_rmse", False),
        ("val-loss", False),
        ("p90_error", False),
        ("accuracy_loss", False),
        ("auc", True),
        ("f1", True),
        ("macro_f1", True),
        ("correctness/mean", True),
        ("retrieval_groundedness/mean", True),
        ("toxicity/v1/p90", False),
        ("toxicity/v1/variance", None),
        ("auc_std", None),
        ("rows", None),
        ("classes", None),
    ],
)
def test_direction_by_name(metric: str, more: bool | None) -> None:
    assert more_is_better(metric) is more


def test_a_policy_gives_a_direction_the_name_does_not_tell() -> None:
    assert more_is_better("profit", Policy(direction={"profit": True})) is True


@pytest.mark.parametrize(
    ("metrics", "primary"),
    [
        (("r2", "mae", "rmse"), "rmse"),
        (("test_auc", "rows"), "test_auc"),
        (("rows", "brier"), "brier"),
        (("toxicity/mean", "correctness/mean"), "correctness/mean"),
        (("rows",), ""),
    ],
)
def test_the_primary_metric(metrics: tuple[str, ...], primary: str) -> None:
    assert primary_metric(metrics) == primary


@pytest.mark.parametrize(
    ("metric", "old", "new", "gain"),
    [
        ("rmse", 10.0, 9.0, 0.1),
        ("rmse", 10.0, 11.0, -0.1),
        ("auc", 0.8, 0.88, 0.1),
        ("auc", 0.8, 0.8, 0.0),
        ("rmse", 0.0, 1.0, -math.inf),
        ("r2", -0.5, 0.5, 2.0),
        ("rows", 1.0, 2.0, None),
        ("rmse", NAN, 2.0, None),
    ],
)
def test_gain_is_above_zero_when_better(
    metric: str, old: float, new: float, gain: float | None
) -> None:
    (change,) = compare({metric: old}, {metric: new})
    assert change.gain == (gain if gain is None else pytest.approx(gain))
