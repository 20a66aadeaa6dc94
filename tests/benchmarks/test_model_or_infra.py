"""The scenarios are what they are labelled as, and the scores are the textbook's."""

import numpy as np
import pytest

from benchmarks.model_or_infra.baseline import by_thresholds, rates
from benchmarks.model_or_infra.scenarios import PLANS, Plan, Scenario, scenario
from benchmarks.model_or_infra.scores import (
    Judged,
    accuracy,
    brier,
    confusion,
    ece,
    log_loss,
    recall,
    reliability,
)
from knowledge.model_or_infra import Kind, Reading, Side, assess
from knowledge.model_or_infra.weighing import SIDES

SURE = {Side.MODEL: 0.1, Side.INFRASTRUCTURE: 0.8, Side.BOTH: 0.05, Side.NEITHER: 0.05}


def drawn(plan: Plan) -> Scenario:
    return scenario("t", plan, np.random.default_rng([5, PLANS.index(plan)]))


def named(name: str) -> Plan:
    return next(plan for plan in PLANS if plan.name == name)


def judged(truth: Side, said: Side = Side.INFRASTRUCTURE) -> Judged:
    return Judged("1", "plan", False, truth, said, SURE)


def test_every_side_has_its_plans_and_look_alikes_are_among_them() -> None:
    assert {plan.side for plan in PLANS} == set(SIDES)
    assert len({plan.name for plan in PLANS}) == len(PLANS) > 30
    assert sum(bool(plan.alike) for plan in PLANS) >= 10


def test_a_scenario_is_the_same_for_its_seed_and_has_a_before() -> None:
    first, again = drawn(PLANS[0]), drawn(PLANS[0])
    assert first.case.now == again.case.now
    assert [s.name for s in first.case.watched] == [s.name for s in again.case.watched]
    assert first.case.began < first.began < first.case.now


@pytest.mark.parametrize("name", ["a GPU throttles", "a new version fails on some requests"])
def test_plain_scenarios_are_told_apart(name: str) -> None:
    plan = named(name)
    assert assess(drawn(plan).case).side is plan.side


def test_thresholds_know_no_explanation() -> None:
    slow = Reading(Kind.LATENCY, "latency", 1.0, 0.1, 20.0)
    drift = Reading(Kind.PREDICTIONS, "prediction drift", 0.5, 0.01, 20.0)
    assert by_thresholds([slow]) is Side.INFRASTRUCTURE
    assert by_thresholds([drift]) is Side.MODEL
    assert by_thresholds([slow, drift]) is Side.BOTH
    assert by_thresholds([]) is Side.NEITHER


def test_rates_never_say_certain() -> None:
    often = rates([Side.MODEL] * 6, [Side.MODEL] * 6)
    assert often[Side.MODEL][Side.MODEL] == pytest.approx(0.7)
    assert sum(often[Side.BOTH].values()) == pytest.approx(1)


def test_scores_of_known_answers() -> None:
    right, wrong = judged(Side.INFRASTRUCTURE), judged(Side.MODEL)
    both = [right, wrong]
    assert accuracy(both) == 0.5
    assert recall(both, Side.MODEL) == 0.0
    assert confusion(both)[Side.MODEL][Side.INFRASTRUCTURE] == 1
    assert ece(both) == pytest.approx(0.3)
    assert [(b.count, b.sure, b.right) for b in reliability(both)] == [(2, 0.8, 0.5)]
    assert brier([right]) == pytest.approx(0.1**2 + 0.2**2 + 2 * 0.05**2)
    assert log_loss([right]) == pytest.approx(-np.log(0.8))
