from dataclasses import replace

import pytest

from knowledge.promotion.evidence import Evidence, Side
from knowledge.records import Details, Difference, Gate, GateResult, ModelVersion, Purpose
from skills.request_pictures import gains_of, request_picture
from skills.testing import NOON

PNG = b"\x89PNG"


def evidence(old: dict[str, float], new: dict[str, float], digest: str = "d1") -> Evidence:
    def side(number: str, metrics: dict[str, float], of: str) -> Side:
        return Side(ModelVersion("m", number, NOON, (), metrics, "holdout", of))

    return Evidence(NOON, Purpose.PROMOTION, side("7", new, digest), side("6", old, "d1"))


def weighed(metric: str, value: float, low: float, high: float) -> tuple[Gate, ...]:
    return (Gate("s", GateResult.PASS, "", difference=Difference(metric, value, low, high)),)


def test_better_is_above_zero_whichever_way_the_metric_runs() -> None:
    found = evidence({"rmse": 10.0, "auc": 0.8}, {"rmse": 8.0, "auc": 0.9})
    (rmse, auc) = gains_of(found, weighed("rmse", -2.0, -3.0, -1.0))
    assert (rmse.value, rmse.low, rmse.high) == pytest.approx((0.2, 0.1, 0.3))
    assert auc.value == auc.low == auc.high > 0


def test_other_data_is_not_drawn() -> None:
    found = evidence({"auc": 0.8}, {"auc": 0.9}, digest="d2")
    assert gains_of(found, ()) == ()
    assert request_picture(found, ()) is None


def test_nan_is_not_drawn() -> None:
    assert gains_of(evidence({"auc": 0.8}, {"auc": float("nan")}), ()) == ()


def test_the_picture_is_told_in_words_too() -> None:
    found = evidence({"auc": 0.8}, {"auc": 0.9})
    known = Details(importances={"amount": 1.0, "cost $": 1.0})
    champion = found.champion
    assert champion is not None
    both = replace(
        found,
        champion=replace(champion, details=known),
        challenger=replace(found.challenger, details=known),
    )
    picture = request_picture(both, weighed("auc", 0.1, 0.05, 0.15))
    assert picture is not None
    assert picture.png.startswith(PNG)
    assert picture.alt == (
        "v7 compared with v6: auc 12.5% better (6.2% better to 18.8% better); "
        "amount 50% in v6, 50% in v7; "
        "cost $ 50% in v6, 50% in v7"
    )
