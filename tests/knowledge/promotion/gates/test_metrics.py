import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import AnyGate, judge
from knowledge.promotion.gates.metrics import data, limits, metrics, others, primary
from knowledge.promotion.policy import Policy
from knowledge.records import Evaluation, Gate, GateResult, Kind
from tests.knowledge.promotion.gates.conftest import evidence, rule, side, under, version

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL
NAN, INF = math.nan, math.inf


def of(old: dict[str, float], new: dict[str, float], **given: Any) -> Evidence:
    return evidence(side(version("3", "aaa", **old)), side(version("5", "aaa", **new)), **given)


def one(gate: AnyGate, given: Evidence) -> Gate:
    (judged,) = judge(given, [gate])
    return judged


# Same data


@pytest.mark.parametrize(
    ("old", "new", "result", "says"),
    [
        ("aaa", "aaa", PASS, "both measured on holdout (aaa)"),
        ("aaa", "bbb", FAIL, "cannot be compared"),
        ("", "bbb", WARN, "no data set is recorded with the metrics of v3"),
        ("aaa", "", WARN, "no data set is recorded with the metrics of v5"),
    ],
)
def test_metrics_are_of_the_same_data(old: str, new: str, result: GateResult, says: str) -> None:
    given = evidence(side(version("3", old, rmse=1.0)), side(version("5", new, rmse=1.0)))
    judged = one(data, given)
    assert judged.result is result
    assert says in judged.detail


def test_data_that_both_were_measured_on_is_found_among_several() -> None:
    champion = replace(
        version("3", "new", rmse=9.0),
        evaluations=(
            Evaluation("new", "new", {"rmse": 9.0}),
            Evaluation("old", "aaa", {"rmse": 5.0}),
        ),
    )
    given = evidence(side(champion), side(version("5", "aaa", rmse=4.0)))
    assert [g.result for g in judge(given, [data, primary])] == [PASS, PASS]
    assert "5 → 4" in one(primary, given).detail


def test_metrics_of_different_data_are_not_compared() -> None:
    given = evidence(side(version("3", "aaa", rmse=5.0)), side(version("5", "bbb", rmse=4.0)))
    assert one(primary, given).detail == "no metric could be compared"
    assert judge(given, [others]) == ()


# Usable


@pytest.mark.parametrize(
    ("old", "new", "result", "says"),
    [
        ({"rmse": 5}, {"rmse": 4}, PASS, "1 metric recorded, all of them finite"),
        ({"rmse": 5}, {"rmse": 4, "mae": 3}, PASS, "2 metrics recorded"),
        ({"rmse": 5}, {"rmse": NAN}, FAIL, "rmse is NaN or infinite"),
        ({"rmse": 5}, {"rmse": 4, "mae": INF, "auc": NAN}, FAIL, "auc, mae are NaN or infinite"),
        ({"rmse": 5, "mae": 2}, {"rmse": 4}, FAIL, "mae is not recorded"),
        ({"rmse": 5, "rows": 10}, {"rmse": 4}, PASS, "1 metric recorded"),
        ({}, {}, WARN, "no metric is recorded"),
    ],
)
def test_metrics_are_usable(
    old: dict[str, float], new: dict[str, float], result: GateResult, says: str
) -> None:
    judged = one(metrics, of(old, new))
    assert judged.result is result
    assert says in judged.detail


def test_the_metric_that_the_policy_names_must_be_there() -> None:
    judged = one(metrics, of({"rmse": 5}, {"rmse": 4}, policy=Policy(primary="profit")))
    assert (judged.result, judged.detail) == (FAIL, "profit is not recorded")


def test_a_first_version_needs_usable_metrics_too() -> None:
    alone = replace(of({}, {"rmse": NAN}), champion=None)
    assert [g.name for g in judge(alone, [data, metrics, primary, others])] == ["metrics"]
    assert one(metrics, alone).result is FAIL


# The primary metric


@pytest.mark.parametrize(
    ("old", "new", "least", "result"),
    [
        (10.0, 9.0, 0.0, PASS),
        (10.0, 10.0, 0.0, FAIL),
        (10.0, 11.0, 0.0, FAIL),
        (10.0, 9.5, 0.1, FAIL),
        (10.0, 8.0, 0.1, PASS),
        (10.0, NAN, 0.0, FAIL),
        (10.0, INF, 0.0, FAIL),
        (NAN, 9.0, 0.0, WARN),
    ],
)
def test_the_primary_metric_must_improve(
    old: float, new: float, least: float, result: GateResult
) -> None:
    given = of({"rmse": old}, {"rmse": new})
    by_policy = one(primary, replace(given, policy=Policy(min_gain=least)))
    by_rule = one(primary, under(given, primary=rule(min_gain=least)))
    assert by_policy == by_rule
    assert (by_policy.name, by_policy.result) == ("primary: rmse", result)


def test_the_gain_is_said_with_what_is_asked() -> None:
    judged = one(primary, of({"rmse": 10.0}, {"rmse": 9.5}, policy=Policy(min_gain=0.1)))
    assert judged.detail == "10 → 9.5, 5.0% better, more than 10.0% is asked"


def test_a_primary_metric_of_unknown_direction_is_not_judged() -> None:
    judged = one(primary, of({"rows": 1}, {"rows": 2}, policy=Policy(primary="rows")))
    assert judged.result is WARN
    assert "does not tell which direction" in judged.detail


# Non-inferiority


@pytest.mark.parametrize(("new", "result"), [(0.80, PASS), (0.79, PASS), (0.77, FAIL)])
def test_other_metrics_must_not_be_much_worse(new: float, result: GateResult) -> None:
    judged = one(others, of({"rmse": 5, "auc": 0.8}, {"rmse": 4, "auc": new}))
    assert (judged.name, judged.result) == ("others: auc", result)


def test_a_single_metric_may_have_a_margin_of_its_own() -> None:
    given = of({"rmse": 5, "auc": 0.8, "f1": 0.8}, {"rmse": 4, "auc": 0.7, "f1": 0.7})
    judged = judge(under(given, others=rule(tolerance=0.05, of={"f1": 0.2})), [others])
    assert [(g.name, g.result) for g in judged] == [("others: auc", FAIL), ("others: f1", PASS)]
    assert judged[0].detail == "0.8 → 0.7, 12.5% worse, at most 5.0% worse is allowed"


def test_metrics_that_are_neither_good_nor_bad_are_left_out() -> None:
    assert judge(of({"rmse": 5, "rows": 1}, {"rmse": 4, "rows": 9}), [others]) == ()


def test_timings_are_left_to_the_latency_gate() -> None:
    figures = {"rmse": 5.0, "latency_p99": 0.1}, {"rmse": 4.0, "latency_p99": 0.12}
    old, new = (version(n, "aaa", **f) for n, f in zip("35", figures, strict=True))
    assert [g.result for g in judge(evidence(side(old), side(new)), [others])] == [FAIL]
    assert judge(evidence(side(old), side(new, timings={"p99": 0.12})), [others]) == ()


def test_other_metrics_carry_their_interval_where_the_rows_are_there() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(10, 2, 3000)
    rows = [{"label": y, "prediction": y + rng.normal(0, s, 3000)} for s in (1.0, 0.8)]
    given = evidence(
        side(version("3", rmse=1.0, mae=0.8), rows[0]),
        side(version("5", rmse=0.8, mae=0.64), rows[1]),
    )
    found = one(others, given).difference
    assert found is not None
    assert found.metric == "mae"
    assert found.low < found.value < found.high < 0


# Absolute limits


@pytest.mark.parametrize(
    ("new", "result"),
    [
        ({"correctness": 0.9, "toxicity": 0.01}, [PASS, PASS]),
        ({"correctness": 0.7, "toxicity": 0.01}, [FAIL, PASS]),
        ({"correctness": 0.9, "toxicity": 0.2}, [PASS, FAIL]),
        ({"correctness": NAN}, [FAIL, FAIL]),
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_scores_keep_absolute_limits(
    new: dict[str, float], result: list[GateResult], kind: Kind
) -> None:
    """A first version too: it has no champion that it could be measured by."""
    given = replace(of({}, new), champion=None, kind=kind)
    asked = rule(at_least={"correctness": 0.8}, at_most={"toxicity": 0.05})
    assert [g.result for g in judge(under(given, limits=asked), [limits])] == result


def test_a_limit_is_said_with_the_figure() -> None:
    given = under(of({}, {"recall": 0.7}), limits=rule(at_least={"recall": 0.8}))
    assert one(limits, given).detail == "0.7, at least 0.8 is asked"


def test_scores_of_prompts_have_a_direction() -> None:
    old = {"correctness/mean": 0.8, "toxicity/mean": 0.02}
    better = {"correctness/mean": 0.85, "toxicity/mean": 0.02}
    toxic = {"correctness/mean": 0.85, "toxicity/mean": 0.03}
    assert [g.result for g in judge(of(old, better), [primary, others])] == [PASS, PASS]
    assert [g.result for g in judge(of(old, toxic), [primary, others])] == [PASS, FAIL]
