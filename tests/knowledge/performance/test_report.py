import json

import numpy as np
import pytest

from knowledge.performance import (
    ESTIMATED,
    EXPECTED_WORSE,
    NOT_JUDGED,
    REALISED,
    USUAL,
    WORSE,
    assess,
    check_order,
    make_yardstick,
)
from knowledge.performance.yardstick import Yardstick
from knowledge.records import Frame
from tests.knowledge.performance.conftest import ROLES, MakeLog


@pytest.fixture(scope="module")
def yardstick(reference: Frame) -> Yardstick:
    return make_yardstick(reference, ROLES)


def without_labels(frame: Frame) -> Frame:
    return {**frame, "y": np.full(len(frame["y"]), np.nan)}


def test_labels_decide_where_they_are_known(yardstick: Yardstick, make_log: MakeLog) -> None:
    report = assess(yardstick, make_log(6000, 1, concept=0.6), moved=())
    assert report.verdict == WORSE
    assert report.judgements[0].basis == REALISED
    assert report.sentence.startswith("Performing worse (AUC): realised AUC is 0.")
    assert report.sentence.endswith("100% of 6,000 rows have a label.")
    assert "concept drift" in report.reason


def test_before_labels_the_estimate_decides_and_says_what_it_is(
    yardstick: Yardstick, make_log: MakeLog
) -> None:
    report = assess(yardstick, without_labels(make_log(6000, 1, shift=-1.5)))
    assert report.verdict == EXPECTED_WORSE
    assert report.realised == {}
    assert "estimated AUC" in report.sentence
    assert "0% of 6,000 rows have a label" in report.sentence
    assert report.sentence.endswith("it is no proof.")


def test_windows_like_the_reference_are_as_usual(yardstick: Yardstick, make_log: MakeLog) -> None:
    """100 windows of 200 to 5,000 rows, with labels and without: none may be called worse."""
    rng = np.random.default_rng(0)
    for seed in range(100):
        window = make_log(int(rng.integers(200, 5000)), seed + 100)
        assert assess(yardstick, window).verdict == USUAL, seed
        assert assess(yardstick, without_labels(window)).verdict == USUAL, seed


def test_a_real_fall_is_found_from_two_thousand_rows_on(
    yardstick: Yardstick, make_log: MakeLog
) -> None:
    for seed in range(20):
        report = assess(yardstick, make_log(2000, seed + 300, concept=0.2))
        assert report.verdict == WORSE, seed


def test_labels_of_some_rows_only_do_not_decide(yardstick: Yardstick, make_log: MakeLog) -> None:
    """Positives are known first: of them alone, recall is high and nothing else is true."""
    window = make_log(6000, 1)
    early = np.where((window["y"] == 1) | (window["p"] > 0.7), window["y"], np.nan)
    report = assess(yardstick, {**window, "y": early})
    assert report.judgement(REALISED) is None
    assert report.judgement(ESTIMATED) is not None
    assert report.verdict == USUAL
    assert any("no fair sample" in note for note in report.notes)


def test_a_fair_sample_of_labels_decides_and_coverage_is_said(
    yardstick: Yardstick, make_log: MakeLog
) -> None:
    window = make_log(6000, 1, concept=0.6)
    some = np.where(np.random.default_rng(0).random(6000) < 0.2, window["y"], np.nan)
    report = assess(yardstick, {**window, "y": some})
    assert report.verdict == WORSE
    assert report.coverage == pytest.approx(0.2, abs=0.02)


def test_an_empty_or_short_window_is_not_judged(yardstick: Yardstick, make_log: MakeLog) -> None:
    empty = {name: values[:0] for name, values in make_log(300).items()}
    assert assess(yardstick, empty).verdict == NOT_JUDGED
    assert assess(yardstick, make_log(150)).sentence == (
        "150 of 150 rows have a label; at least 200 are needed to judge, and there is no estimate."
    )


def test_one_class_of_labels_falls_back_on_the_estimate(
    yardstick: Yardstick, make_log: MakeLog
) -> None:
    window = make_log(2000, 1)
    report = assess(yardstick, {**window, "y": np.ones(2000, dtype=int)})
    assert report.realised["auc"].why == "only 0 negative labels"
    assert report.judgement(REALISED) is None
    assert report.judgement(ESTIMATED) is not None


def test_json_holds_plain_finite_values(yardstick: Yardstick, make_log: MakeLog) -> None:
    window = make_log(2000, 1, weak="5812")
    window = {**window, "y": np.where(window["p"] > 0.9, np.nan, window["y"])}
    made = assess(yardstick, window).to_json()
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["judged_by"] == "auc"
    assert set(made[ESTIMATED]) >= {"auc", "f1", "accuracy"}


@pytest.mark.parametrize(("year", "warned"), [("2027", True), ("2026", False)])
def test_a_reference_that_is_newer_than_the_data_is_said(year: str, warned: bool) -> None:
    reference = {"at": np.array([f"{year}-02-01", "NaT"], dtype="datetime64[us]")}
    current = {"at": np.array(["2026-05-01", "2026-06-01"], dtype="datetime64[us]")}
    said = check_order(reference, current)
    assert bool(said) == warned
    assert ("Are the two swapped?" in said) == warned
