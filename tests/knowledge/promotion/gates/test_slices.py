import numpy as np
import pytest

from knowledge.promotion.gates import judge
from knowledge.promotion.gates.slices import holm, slices
from knowledge.promotion.policy import Mode
from knowledge.records import Frame, GateResult
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


def spoiled(city: str, rows: int = 4000) -> tuple[Frame, Frame]:
    """The challenger is better everywhere but in one city, where it guesses."""
    old, new = scored(rows, better=0.2)
    guess = np.random.default_rng(1).random(rows)
    there = new["city"] == city
    return old, {**new, "probability": np.where(there, guess, new["probability"])}


def test_no_slice_is_worse() -> None:
    (gate,) = judge(on_rows(scored(4000, better=0.2), slices=("city", "hour")), [slices])
    assert gate.result is PASS
    assert gate.detail.endswith("none worse by more than 2.0% beyond chance")


def test_a_slice_that_got_worse_prevents_and_is_named() -> None:
    (gate,) = judge(on_rows(spoiled("rome"), slices=("city", "hour")), [slices])
    assert gate.result is FAIL
    assert gate.detail.startswith("1 of 3 worse by AUC: city rome ")
    assert gate.detail.endswith("at most 2.0% is allowed")
    assert gate.more[0] == "AUC, worst first:"
    assert gate.more[1].startswith("city rome ")


def test_a_wide_tolerance_lets_it_pass() -> None:
    given = on_rows(spoiled("rome"), slices=("city",))
    (gate,) = judge(under(given, slices=rule(tolerance=0.9)), [slices])
    assert gate.result is PASS


def test_chance_names_no_slice() -> None:
    """Two equally good models, 20 times: Holm lets a false name through 1 time in 20."""
    told = [
        judge(on_rows(scored(2000, seed), slices=("city", "group")), [slices])[0].result
        for seed in range(20)
    ]
    assert told.count(FAIL) <= 3


def test_small_slices_are_not_judged() -> None:
    given = on_rows(scored(300), slices=("city",))
    (gate,) = judge(given, [slices])
    assert (gate.result, gate.detail) == (WARN, "no slice has 200 rows and a value")


def test_columns_that_are_not_there_are_said() -> None:
    (none,) = judge(on_rows(scored(1000), slices=("zone",)), [slices])
    assert none.detail == "the rows have no column zone"
    (some,) = judge(on_rows(scored(1000), slices=("city", "zone")), [slices])
    assert some.more[-1] == "zone: no such column in the rows"


def test_without_slices_or_rows_there_is_nothing_to_weigh() -> None:
    assert judge(evidence(), [slices]) == ()
    (asked,) = judge(under(evidence(), slices=rule(unknown=Mode.PREVENT)), [slices])
    assert (asked.result, asked.detail) == (FAIL, "no columns of slices are named for this model")
    (rows,) = judge(evidence(slices=("city",)), [slices])
    assert rows.result is WARN


def test_errors_of_numbers_are_weighed_by_slice() -> None:
    rng = np.random.default_rng(0)
    y, store = rng.normal(10, 2, 2000), rng.integers(1, 4, 2000)
    old = {"label": y, "store": store, "prediction": y + rng.normal(0, 1, 2000)}
    worse = np.where(store == 2, 2.0, 0.8) * rng.normal(0, 1, 2000)
    given = evidence(
        side(version("3", rmse=1.0), old),
        side(version("5", rmse=0.9), {**old, "prediction": y + worse}),
        slices=("store",),
    )
    (gate,) = judge(given, [slices])
    assert gate.result is FAIL
    assert "worse by RMSE: store 2 " in gate.detail


@pytest.mark.parametrize(
    ("p", "rejected"),
    [
        ([], []),
        ([0.01, 0.04, 0.03], [True, False, False]),
        ([0.01, 0.02, 0.03], [True, True, True]),
        ([0.2, 0.001], [False, True]),
    ],
)
def test_holm(p: list[float], rejected: list[bool]) -> None:
    assert holm(p, 0.05) == rejected
