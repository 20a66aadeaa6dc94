import numpy as np

from knowledge.promotion.gates import judge
from knowledge.promotion.gates.fairness import fairness
from knowledge.promotion.policy import Mode
from knowledge.records import Frame, GateResult
from tests.knowledge.promotion.gates.conftest import evidence, on_rows, rule, scored, under

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL


def biased(frame: Frame, share: float) -> Frame:
    """The same answers, but for so many of group b that are answered no."""
    rng = np.random.default_rng(2)
    refused = (frame["group"] == "b") & (rng.random(len(frame["label"])) < share)
    return {**frame, "probability": np.where(refused, 0.01, frame["probability"])}


def judged(old: float, new: float, **settings: object) -> tuple[GateResult, str]:
    frames = scored(4000)
    given = on_rows((biased(frames[0], old), biased(frames[1], new)), groups=("group",))
    (gate,) = judge(under(given, fairness=rule(**settings)), [fairness])
    return gate.result, gate.detail


def test_groups_that_are_treated_alike() -> None:
    result, says = judged(0, 0)
    assert result is PASS
    assert says.startswith("largest gap: group ")


def test_a_gap_over_the_limit_prevents() -> None:
    result, says = judged(0, 0.5)
    assert result is FAIL
    assert says.startswith("group a, true positive rate 0.")
    assert "the champion's 0.0" in says


def test_a_gap_that_got_wider_prevents_below_the_limit_too() -> None:
    result, says = judged(0.0, 0.25, most=0.9)
    assert result is FAIL
    assert says.endswith("at most 0.05 wider is allowed")


def test_a_gap_that_got_narrower_is_noted() -> None:
    """Keeping the champion would be less fair still."""
    result, says = judged(0.8, 0.4)
    assert result is WARN
    assert says.endswith("over 0.10, but narrower than the champion's")
    assert judged(0.8, 0.4, strict=True)[0] is FAIL


def test_which_figures_are_compared_is_the_teams_choice() -> None:
    assert "false positive rate" in judged(0, 0.6, figures=["false positive rate"])[1]


def test_without_groups_or_answers_there_is_nothing_to_compare() -> None:
    assert judge(evidence(), [fairness]) == ()
    (asked,) = judge(under(evidence(), fairness=rule(unknown=Mode.PREVENT)), [fairness])
    assert asked.result is FAIL
    (rows,) = judge(evidence(groups=("group",)), [fairness])
    assert (rows.result, rows.detail.partition(":")[0]) == (WARN, "groups cannot be compared")
    (gone,) = judge(on_rows(scored(500), groups=("age",)), [fairness])
    assert "there is no column `age`" in gone.detail
    (many,) = judge(on_rows(scored(500), groups=("probability",)), [fairness])
    assert "at most 20 groups" in many.detail
