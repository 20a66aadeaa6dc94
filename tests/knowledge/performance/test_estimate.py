import numpy as np
import pytest

from knowledge.performance import learn, measure, read_answers
from knowledge.performance.measures import MIN_ROWS
from knowledge.performance.yardstick import inputs_of
from knowledge.records import ColumnRoles, Frame
from tests.knowledge.performance.conftest import ROLES, MakeLog


def both(reference: Frame, window: Frame, roles: ColumnRoles) -> tuple[dict[str, float], ...]:
    """Estimated and realised measures of a window."""
    known = read_answers(reference, roles)
    answers = read_answers(window, roles, known)
    estimator = learn(known, inputs_of(reference, roles))
    assert not estimator.why
    estimated = estimator.estimate(answers, inputs_of(window, roles))
    realised = measure(answers)
    return (
        {name: one.value for name, one in estimated.items()},
        {name: one.value for name, one in realised.items()},
    )


def test_it_is_the_published_formula(make_log: MakeLog, reference: Frame) -> None:
    """Confidence-based estimation written out: sums of calibrated probabilities in a table."""
    window = make_log(4000, 1)
    known = read_answers(reference, ROLES)
    estimator = learn(known, {})
    answers = read_answers(window, ROLES, known)
    found = estimator.estimate(answers, {})
    q = estimator.membership(answers)[:, 0]
    yes = answers.answer == 1
    tp, fp, fn = q[yes].sum(), (1 - q[yes]).sum(), q[~yes].sum()
    assert found["precision"].value == pytest.approx(tp / (tp + fp))
    assert found["recall"].value == pytest.approx(tp / (tp + fn))
    assert found["f1"].value == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert found["accuracy"].value == pytest.approx((tp + (1 - q[~yes]).sum()) / len(q))
    order = np.argsort(-q, kind="stable")
    tpr = np.concatenate(([0], np.cumsum(q[order]))) / q.sum()
    fpr = np.concatenate(([0], np.cumsum(1 - q[order]))) / (1 - q).sum()
    assert found["auc"].value == pytest.approx(np.trapezoid(tpr, fpr), abs=2e-4)


def test_it_sees_that_inputs_moved_to_where_the_model_is_weak(
    make_log: MakeLog, reference: Frame
) -> None:
    estimated, realised = both(reference, make_log(10_000, 1, shift=-1.5), ROLES)
    assert realised["auc"] < 0.71
    for name in ("auc", "accuracy", "precision", "recall", "f1", "brier"):
        assert estimated[name] == pytest.approx(realised[name], abs=0.025), name


def test_it_cannot_see_that_inputs_mean_something_else(make_log: MakeLog, reference: Frame) -> None:
    estimated, realised = both(reference, make_log(10_000, 1, concept=0.6), ROLES)
    assert realised["auc"] < 0.6
    assert estimated["auc"] == pytest.approx(0.755, abs=0.01)


def test_several_classes_are_estimated(make_log: MakeLog) -> None:
    roles = ColumnRoles(label="y", probabilities={"0": "p0", "1": "p1", "2": "p2"})

    def made(rows: int, seed: int, sharp: float) -> Frame:
        rng = np.random.default_rng(seed)
        p = rng.dirichlet((sharp, sharp, sharp), rows)
        y = (rng.random(rows)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
        return {"y": y, "p0": p[:, 0], "p1": p[:, 1], "p2": p[:, 2]}

    estimated, realised = both(made(20_000, 0, 0.7), made(8000, 1, 2.0), roles)
    for name in ("accuracy", "auc", "f1", "log loss"):
        assert estimated[name] == pytest.approx(realised[name], abs=0.02), name


def regression(rows: int, seed: int, shift: float, telling: bool = True) -> Frame:
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, rows)
    plan = rng.choice(["basic", "pro"], rows).astype(object)
    size = np.exp(0.5 * x) * np.where(plan == "pro", 2.0, 1.0) if telling else np.ones(rows)
    answer = 3 * x
    return {"x": x, "plan": plan, "a": answer, "y": answer + rng.normal(0, 1, rows) * size}


def test_the_errors_of_a_regression_are_told_from_its_inputs() -> None:
    roles = ColumnRoles(label="y", prediction="a")
    estimated, realised = both(regression(20_000, 0, 0.0), regression(8000, 1, 0.7), roles)
    usual = measure(read_answers(regression(20_000, 0, 0.0), roles))["mae"].value
    assert realised["mae"] > 1.25 * usual
    assert estimated["mae"] == pytest.approx(realised["mae"], rel=0.08)
    assert estimated["rmse"] == pytest.approx(realised["rmse"], rel=0.15)


def test_errors_that_the_inputs_do_not_tell_are_not_estimated() -> None:
    frame = regression(5000, 0, 0.0, telling=False)
    roles = ColumnRoles(label="y", prediction="a")
    made = learn(read_answers(frame, roles), inputs_of(frame, roles))
    assert made.why == "not estimated: the inputs do not tell how large the errors are"


def test_without_probabilities_or_labels_nothing_is_estimated(make_log: MakeLog) -> None:
    log = make_log(1000)
    log = {**log, "a": (log["p"] > 0.5).astype(int)}
    made = learn(read_answers(log, ColumnRoles(label="y", prediction="a")), log)
    assert made.why == "not estimated: there is no column of probabilities"
    few = learn(read_answers(make_log(MIN_ROWS - 1), ROLES), {})
    assert few.why == "not estimated: 199 labelled rows to learn"
