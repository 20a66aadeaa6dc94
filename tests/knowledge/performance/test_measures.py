import numpy as np
import pytest
from sklearn import metrics

from knowledge.errors import BadArgs
from knowledge.performance import Measured, Task, check_measure, measure, read_answers
from knowledge.records import ColumnRoles, Frame
from tests.knowledge.performance.conftest import ROLES, MakeLog


def test_binary_measures_are_those_of_scikit_learn(make_log: MakeLog) -> None:
    log = make_log(3000, 5)
    y, p = log["y"], np.round(log["p"], 2)
    found = measure(read_answers({**log, "p": p}, ROLES))
    answered = p >= 0.5
    expected = {
        "auc": metrics.roc_auc_score(y, p),
        "accuracy": metrics.accuracy_score(y, answered),
        "precision": metrics.precision_score(y, answered),
        "recall": metrics.recall_score(y, answered),
        "specificity": metrics.recall_score(1 - y, ~answered),
        "f1": metrics.f1_score(y, answered),
        "brier": metrics.brier_score_loss(y, p),
        "log loss": metrics.log_loss(y, np.clip(p, 1e-15, 1 - 1e-15)),
        "calibration": float(np.mean(p - y)),
    }
    assert {name: one.value for name, one in found.items()} == pytest.approx(expected)


def multiclass(rows: int, seed: int) -> tuple[Frame, ColumnRoles]:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet((1.0, 2.0, 1.5), rows)
    y = np.array([rng.choice(3, p=row) for row in p])
    frame = {"y": y, "p0": p[:, 0], "p1": p[:, 1], "p2": p[:, 2]}
    return frame, ColumnRoles(label="y", probabilities={"0": "p0", "1": "p1", "2": "p2"})


def test_measures_of_several_classes_are_those_of_scikit_learn() -> None:
    frame, roles = multiclass(1500, 2)
    found = measure(read_answers(frame, roles))
    p = np.stack([frame["p0"], frame["p1"], frame["p2"]], axis=1)
    y, answered = frame["y"], p.argmax(axis=1)
    expected = {
        "accuracy": metrics.accuracy_score(y, answered),
        "auc": metrics.roc_auc_score(y, p, multi_class="ovr"),
        "precision": metrics.precision_score(y, answered, average="macro"),
        "recall": metrics.recall_score(y, answered, average="macro"),
        "f1": metrics.f1_score(y, answered, average="macro"),
        "log loss": metrics.log_loss(y, p),
    }
    assert {name: one.value for name, one in found.items()} == pytest.approx(expected)


def test_regression_measures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(10, 3, 800)
    a = y + rng.normal(0.5, 1, 800)
    found = measure(read_answers({"y": y, "a": a}, ColumnRoles(label="y", prediction="a")))
    expected = {
        "mae": metrics.mean_absolute_error(y, a),
        "rmse": metrics.root_mean_squared_error(y, a),
        "mape": metrics.mean_absolute_percentage_error(y, a),
        "r2": metrics.r2_score(y, a),
        "bias": float(np.mean(a - y)),
    }
    assert {name: one.value for name, one in found.items()} == pytest.approx(expected)


@pytest.fixture(scope="module")
def windows(make_log: MakeLog) -> list[dict[str, Measured]]:
    """400 windows of 500 rows, measured."""
    whole = make_log(200_000, 9)
    return [
        measure(read_answers({k: v[i : i + 500] for k, v in whole.items()}, ROLES))
        for i in range(0, 200_000, 500)
    ]


@pytest.mark.parametrize("name", ["auc", "accuracy", "precision", "recall", "f1", "brier"])
def test_the_standard_error_is_the_spread_of_many_windows(
    windows: list[dict[str, Measured]], name: str
) -> None:
    spread = float(np.std([window[name].value for window in windows], ddof=1))
    assert float(np.mean([w[name].error for w in windows])) == pytest.approx(spread, rel=0.12)


def test_all_right_of_fifty_is_not_certain() -> None:
    y = np.arange(50) % 2
    found = measure(read_answers({"y": y, "p": y * 0.98 + 0.01}, ROLES))["accuracy"]
    assert found.value == 1.0
    assert found.high == 1.0
    assert 0.90 < found.low < 0.97


def test_labels_of_one_class_give_no_area_and_say_why() -> None:
    both = read_answers({"y": np.arange(400) % 2, "p": np.linspace(0, 1, 400)}, ROLES)
    one = read_answers({"y": np.ones(400, int), "p": np.linspace(0, 1, 400)}, ROLES, both)
    found = measure(one)
    assert not found["auc"].known
    assert found["auc"].why == "only 0 negative labels"
    assert found["auc"].to_json()["value"] is None
    assert found["recall"].known


def test_a_constant_score_tells_nothing_apart() -> None:
    found = measure(read_answers({"y": np.arange(400) % 2, "p": np.full(400, 0.3)}, ROLES))
    assert found["auc"].value == 0.5
    assert found["precision"].why == "only 0 positive answers"


@pytest.mark.parametrize(
    ("name", "task", "scored", "said"),
    [
        ("gini", Task.BINARY, True, "there is no 'gini' for a binary task. Use auc, accuracy"),
        ("mae", Task.MULTICLASS, True, "there is no 'mae' for a multiclass task"),
        ("auc", Task.BINARY, False, "'auc' needs probabilities"),
        ("auc", Task.REGRESSION, True, "there is no 'auc' for a regression task. Use mae"),
        ("bias", Task.REGRESSION, True, "there is no 'bias' for a regression task"),
    ],
)
def test_an_unknown_measure_is_named_with_those_there_are(
    name: str, task: Task, scored: bool, said: str
) -> None:
    with pytest.raises(BadArgs) as raised:
        check_measure(name, task, scored)
    assert said in str(raised.value)


def test_the_default_measure_goes_by_the_task() -> None:
    assert check_measure("", Task.BINARY, True) == "auc"
    assert check_measure("", Task.BINARY, False) == "f1"
    assert check_measure("", Task.MULTICLASS, False) == "accuracy"
    assert check_measure("", Task.REGRESSION, False) == "mae"
