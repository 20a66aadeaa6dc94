import math
from typing import Any

import pytest

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import judge
from knowledge.promotion.gates.budgets import latency, size
from knowledge.promotion.policy import Mode
from knowledge.records import GateResult
from tests.knowledge.promotion.gates.conftest import evidence, rule, side, under, version

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL


def of(old: dict[str, Any], new: dict[str, Any]) -> Evidence:
    return evidence(side(version("3"), **old), side(version("5"), **new))


def p99(old: float | None, new: float) -> Evidence:
    timings = {} if old is None else {"p99": old}
    return of({"timings": timings}, {"timings": {"p99": new}})


@pytest.mark.parametrize(
    ("old", "new", "result", "says"),
    [
        (None, 0.080, PASS, "80 ms per prediction, within 100 ms"),
        (0.070, 0.080, PASS, "80 ms per prediction (champion 70 ms), within 100 ms"),
        (0.090, 0.120, FAIL, "120 ms per prediction (champion 90 ms), the budget is 100 ms"),
        (
            0.010,
            0.080,
            FAIL,
            "80 ms per prediction (champion 10 ms), at most 50% slower is allowed",
        ),
        (math.nan, 0.080, PASS, "80 ms per prediction, within 100 ms"),
        (0.010, math.nan, FAIL, "no usable value"),
    ],
)
def test_a_prediction_keeps_the_budget(
    old: float | None, new: float, result: GateResult, says: str
) -> None:
    (gate,) = judge(under(p99(old, new), latency=rule(p99_ms=100)), [latency])
    assert (gate.name, gate.result, gate.detail) == ("latency: p99", result, says)


def test_timings_that_a_budget_needs_must_be_measured() -> None:
    bare = of({}, {})
    assert judge(bare, [latency]) == ()
    for unknown, result in ((Mode.WARN, WARN), (Mode.PREVENT, FAIL)):
        (gate,) = judge(under(bare, latency=rule(p50_ms=5, unknown=unknown)), [latency])
        assert (gate.result, gate.detail) == (result, "p50 was not measured before release")


@pytest.mark.parametrize(
    ("old", "new", "result", "says"),
    [
        (40_000_000, 50_000_000, PASS, "50 MB (champion 40 MB)"),
        (None, 50_000_000, PASS, "50 MB"),
        (40_000_000, 300_000_000, FAIL, "300 MB (champion 40 MB), the budget is 200 MB"),
        (40_000_000, 90_000_000, FAIL, "90 MB (champion 40 MB), at most 100% larger is allowed"),
        (0, 90_000_000, PASS, "90 MB"),
    ],
)
def test_it_keeps_the_size(old: int | None, new: int, result: GateResult, says: str) -> None:
    given = of({"size_bytes": old}, {"size_bytes": new})
    (gate,) = judge(under(given, size=rule(most_mb=200)), [size])
    assert (gate.result, gate.detail) == (result, says)


def test_a_size_that_nobody_tells_matters_to_a_budget_only() -> None:
    assert judge(of({}, {}), [size]) == ()
    (gate,) = judge(under(of({}, {}), size=rule(most_mb=200)), [size])
    assert (gate.result, gate.detail) == (WARN, "the registry does not tell its size")
