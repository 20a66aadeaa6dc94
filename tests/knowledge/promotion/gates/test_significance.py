from dataclasses import replace

import pytest

from knowledge.promotion.gates import judge
from knowledge.promotion.gates.significance import significance
from knowledge.promotion.policy import Mode
from knowledge.records import Frame, GateResult, Kind
from tests.knowledge.promotion.gates.conftest import (
    evidence,
    on_rows,
    rule,
    scored,
    side,
    under,
    version,
)

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL


@pytest.mark.parametrize(
    ("better", "result", "word"),
    [
        (0.3, PASS, "better by "),
        (0.0, WARN, "not more than chance"),
        (-0.5, WARN, "worse beyond chance"),
    ],
)
def test_a_gain_is_more_than_chance(better: float, result: GateResult, word: str) -> None:
    (gate,) = judge(on_rows(scored(3000, better=better)), [significance])
    assert (gate.name, gate.result) == ("significance: auc", result)
    assert word in gate.detail
    assert "(95%: " in gate.detail
    assert gate.detail.count("3,000 rows") == 1


def test_the_card_gets_the_interval_and_the_method() -> None:
    (gate,) = judge(on_rows(scored(3000, better=0.3)), [significance])
    assert gate.difference is not None
    assert gate.difference.metric == "auc"
    assert 0 < gate.difference.low < gate.difference.value < gate.difference.high
    assert gate.more[1].startswith("DeLong, p = ")
    assert gate.more[1].endswith("on holdout (aaa)")


def test_more_confidence_asks_for_more() -> None:
    """A gain at the edge is significant at 60% and not at 99.9%."""
    given = on_rows(scored(600, better=0.2))
    results = [
        judge(under(given, significance=rule(confidence=c, mode=Mode.PREVENT)), [significance])
        for c in (0.6, 0.999)
    ]
    assert [gates[0].result for gates in results] == [PASS, FAIL]
    assert "(60%: " in results[0][0].detail
    assert "(99.9%: " in results[1][0].detail


def test_a_metric_that_rows_do_not_tell_is_weighed_by_the_usual_one() -> None:
    given = on_rows(scored(1000, better=0.3))
    profit = under(given, significance=rule(metric="profit"))
    (gate,) = judge(profit, [significance])
    assert gate.name == "significance: AUC"
    assert gate.more[-1].startswith("profit is not computed from rows")


def test_without_rows_it_cannot_be_told() -> None:
    (gate,) = judge(evidence(), [significance])
    assert (gate.result, gate.detail) == (
        WARN,
        "whether it is chance cannot be told: no answers of v3 and v5 were logged row by row",
    )
    assert judge(evidence(kind=Kind.PROMPT), [significance]) == ()
    assert judge(replace(evidence(), champion=None), [significance]) == ()


def test_columns_that_make_no_sense_are_named() -> None:
    old, new = scored(500)
    odds: Frame = {**new, "probability": new["probability"] * 40 - 20}
    given = evidence(side(version("3", auc=0.8), old), side(version("5", auc=0.9), odds))
    (gate,) = judge(given, [significance])
    assert gate.result is WARN
    assert "probabilities lie in 0 to 1" in gate.detail
