import numpy as np
import pytest

from knowledge.errors import BadArgs
from knowledge.performance import make_yardstick
from knowledge.performance.measures import Measured
from knowledge.performance.yardstick import LEAST, Usual
from knowledge.records import ColumnRoles, Frame
from tests.knowledge.performance.conftest import ROLES, MakeLog


def test_chance_alone_leaves_nothing_between_chunks(reference: Frame) -> None:
    usual = make_yardstick(reference, ROLES).usual["auc"]
    assert usual.chunks == 20
    assert usual.between < 0.006


def test_a_reference_that_swings_gives_a_wider_band(make_log: MakeLog) -> None:
    weeks = [make_log(1000, seed, concept=0.3 * (seed % 2)) for seed in range(20)]
    swinging = {name: np.concatenate([week[name] for week in weeks]) for name in weeks[0]}
    usual = make_yardstick(swinging, ROLES).usual["auc"]
    apart = 0.755 - 0.62
    assert usual.between == pytest.approx(apart / 2, rel=0.35)
    assert usual.limit(5000) < usual.value - 0.15


def test_the_limit_comes_nearer_with_more_rows_and_never_below_what_matters() -> None:
    usual = Usual(Measured("auc", 0.8, 0.004, 10_000), between=0.0, chunks=20)
    limits = [usual.limit(rows) for rows in (200, 2000, 20_000, 2_000_000)]
    assert limits == sorted(limits)
    assert limits[-1] == pytest.approx(0.8 - LEAST)
    assert usual.limit(2_000_000, least=0.1) == pytest.approx(0.7)


def test_an_error_is_worse_upwards_and_by_a_share() -> None:
    usual = Usual(Measured("mae", 40.0, 0.1, 10_000), between=0.0, chunks=20)
    assert usual.limit(1_000_000) == pytest.approx(42.0)
    assert usual.fall(44.0) == pytest.approx(4.0)


def test_a_short_reference_has_no_chunks_and_says_so(make_log: MakeLog) -> None:
    usual = make_yardstick(make_log(700), ROLES).usual["auc"]
    assert usual.between == 0.0
    assert usual.chunks == 3


def test_a_reference_without_labels_cannot_be_judged_by(reference: Frame) -> None:
    without = {name: values for name, values in reference.items() if name != "y"}
    with pytest.raises(BadArgs, match="label: there is no column `y`"):
        make_yardstick(without, ROLES)
    with pytest.raises(BadArgs, match="measure: there is no 'gini'"):
        make_yardstick(reference, ROLES, "gini")


def test_a_log_without_scores_is_judged_by_f1(reference: Frame) -> None:
    log = {**reference, "a": (reference["p"] > 0.5).astype(int)}
    assert make_yardstick(log, ColumnRoles(label="y", prediction="a")).judged == "f1"
