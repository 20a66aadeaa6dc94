"""Intervals of differences, against textbook figures and against simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest

from knowledge.errors import BadArgs
from knowledge.performance.answers import Floats
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.significance import (
    FEW_ROWS,
    Compared,
    Pair,
    compare_on_rows,
    measure_of,
    pair,
    sign_test,
)
from knowledge.records import Frame
from tests.knowledge.promotion.gates.conftest import evidence, side, version


def scored(rows: int, seed: int, better: float = 0.0) -> tuple[Frame, Frame]:
    """A champion and a challenger that sees `better` more of what decides the label."""
    rng = np.random.default_rng(seed)
    truth, first, second = rng.normal(0, 1, (3, rows))
    label = (truth > 0.5).astype(int)

    def frame(share: float, noise: Floats) -> Frame:
        score = 1 / (1 + np.exp(-(share * truth + (1 - share) * noise - 0.3)))
        return {"label": label, "probability": score}

    return frame(0.5, first), frame(0.5 + better, second)


def numbers(rows: int, seed: int, spread: float = 1.0) -> tuple[Frame, Frame]:
    rng = np.random.default_rng(seed)
    y = rng.normal(10, 3, rows)
    shared = rng.normal(0, 1, rows)
    old, new = (y + shared + rng.normal(0, s, rows) for s in (1.0, spread))
    return {"label": y, "prediction": old}, {"label": y, "prediction": new}


def both(frames: tuple[Frame, Frame]) -> Evidence:
    old, new = frames
    return evidence(side(version("3", rmse=5.0), old), side(version("5", rmse=4.0), new))


def compared(frames: tuple[Frame, Frame], measure: str) -> Compared:
    return compare_on_rows(pair(both(frames)), measure)


def test_delong_agrees_with_resampling() -> None:
    """The textbook's variance against 400 draws of the same rows."""
    of = pair(both(scored(1500, 1, better=0.05)))
    found = compare_on_rows(of, "auc")
    rng = np.random.default_rng(0)

    def drawn() -> float:
        rows = np.zeros(len(of), dtype=bool)
        rows[rng.choice(len(of), len(of) // 2, replace=False)] = True
        return compare_on_rows(of.take(rows), "auc").value

    # Half-samples without replacement spread as much as whole samples do.
    spread = float(np.std([drawn() for _ in range(400)]))
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(spread, rel=0.12)
    assert found.method == "DeLong"


def test_the_auc_of_both_and_its_difference() -> None:
    found = compared(scored(4000, 2, better=0.2), "auc")
    assert found.value == pytest.approx(found.challenger - found.champion)
    assert found.low < found.value < found.high
    assert found.gain[1] > 0


@pytest.mark.parametrize(
    ("won", "lost", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (10, 2, 0.0386), (7, 7, 1.0)]
)
def test_mcnemar_is_the_exact_binomial(won: int, lost: int, p: float) -> None:
    assert sign_test(won, lost) == pytest.approx(p, abs=1e-4)


def test_mcnemar_of_many_rows_is_the_normal_one() -> None:
    exact = 2 * sum(math.comb(1002, k) for k in range(451)) / 2**1002
    assert sign_test(552, 450) == pytest.approx(exact, rel=0.03)


def test_accuracy_is_compared_by_the_rows_that_one_got_right() -> None:
    label = np.tile([0, 1], 100)
    old, new = label.copy(), label.copy()
    old[:20], new[20:25] = 1 - old[:20], 1 - new[20:25]
    found = compared(
        ({"label": label, "prediction": old}, {"label": label, "prediction": new}), "accuracy"
    )
    assert found.value == pytest.approx(0.075)
    assert found.method == "McNemar"
    assert found.p == pytest.approx(sign_test(20, 5))
    # Bonett and Price: (21 - 6) / 202 around, sqrt of (27 / 202 - (15 / 202) ** 2) / 202.
    middle = 15 / 202
    reach = 1.959964 * math.sqrt((27 / 202 - middle**2) / 202)
    assert [found.low, found.high] == pytest.approx([middle - reach, middle + reach])


@pytest.mark.parametrize("measure", ["rmse", "mae", "r2"])
def test_bootstrap_and_normal_intervals_agree_where_they_meet(measure: str) -> None:
    few, many = (pair(both(numbers(n, 3, 0.8))) for n in (FEW_ROWS, FEW_ROWS + 1))
    drawn, normal = (compare_on_rows(of, measure) for of in (few, many))
    assert drawn.method.endswith("bootstrap draws")
    assert normal.method == "normal"
    assert drawn.high - drawn.low == pytest.approx(normal.high - normal.low, rel=0.15)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 200 pairs of equally good models, 95% of the intervals should hold zero."""
    held = 0
    for seed in range(200):
        found = compared(scored(300, seed), "auc")
        held += found.low <= 0 <= found.high
    assert 180 <= held <= 199


def test_the_same_rows_give_the_same_interval() -> None:
    frames = numbers(500, 4, 0.9)
    assert compared(frames, "rmse") == compared(frames, "rmse")


def test_less_error_is_a_gain() -> None:
    found = compared(numbers(5000, 5, 0.5), "rmse")
    assert found.value < 0
    assert found.gain == (-found.value, -found.high, -found.low)
    assert found.gain[1] > 0


def test_rows_are_paired_by_name_in_any_order() -> None:
    old, new = numbers(400, 6, 0.7)
    names = np.array([f"trip-{n}" for n in range(400)], dtype=object)
    order = np.random.default_rng(0).permutation(400)[:300]
    named = {**old, "row": names}, {c: v[order] for c, v in {**new, "row": names}.items()}
    kept = {c: v[order] for c, v in old.items()}, {c: v[order] for c, v in new.items()}
    assert compared(named, "mae") == compared(kept, "mae")


def why(given: Evidence) -> str:
    with pytest.raises(BadArgs) as error:
        pair(given)
    return str(error.value)


def test_what_cannot_be_paired_says_why() -> None:
    old, new = numbers(400, 7)
    short = {name: values[:300] for name, values in new.items()}
    other = {**new, "label": new["label"] + 1}
    twice = {**new, "row": np.zeros(400, dtype=int)}
    torn = {**new, "label": new["label"][:10]}
    bare = {"prediction": old["prediction"]}
    few = {name: values[:50] for name, values in old.items()}
    assert "row by row" in why(evidence())
    assert "the champion answered 400 rows and the new version 300" in why(both((old, short)))
    assert "first in row 1" in why(both((old, other)))
    assert "come twice" in why(both(({**old, "row": np.arange(400)}, twice)))
    assert "not of one length" in why(both((old, torn)))
    assert "50 rows are labelled" in why(both((few, few)))
    assert "no column `label`" in why(both((bare, bare)))
    assert "no champion" in why(replace(evidence(), champion=None))


def test_predictions_that_could_not_be_read_say_so() -> None:
    assert why(replace(evidence(), problems={"predictions of v3": "mlflow: took too long"})) == (
        "predictions: mlflow: took too long"
    )


def test_rows_of_different_data_are_not_paired() -> None:
    old, new = numbers(400, 8)
    apart = evidence(side(version("3", "aaa"), old), side(version("5", "bbb"), new))
    assert "different data" in why(apart)


def test_labels_that_only_the_challenger_came_with_serve_both() -> None:
    old, new = numbers(400, 9)
    assert compared(({"prediction": old["prediction"]}, new), "mae") == compared((old, new), "mae")


def test_too_few_of_a_class_are_no_auc() -> None:
    old, new = scored(200, 10)
    label = np.zeros(200, dtype=int)
    label[:3] = 1
    of = pair(both(({**old, "label": label}, {**new, "label": label})))
    with pytest.raises(BadArgs, match="no AUC: only 3 positive labels"):
        compare_on_rows(of, "auc")


@pytest.mark.parametrize(
    ("metric", "measure"),
    [
        ("auc", "auc"),
        ("val_roc_auc", "auc"),
        ("test-AUROC", "auc"),
        ("log_loss", "log loss"),
        ("logloss", "log loss"),
        ("f1_score", "f1"),
        ("pr_auc", ""),
        ("p90_error", ""),
        ("rmse", ""),
        ("macro_f1", ""),
    ],
)
def test_measures_by_the_names_of_metrics(metric: str, measure: str) -> None:
    of: Pair = pair(both(scored(300, 11)))
    assert measure_of(metric, of) == measure
