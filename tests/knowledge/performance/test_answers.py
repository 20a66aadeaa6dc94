import numpy as np
import pytest

from knowledge.errors import BadArgs
from knowledge.performance import Task, read_answers
from knowledge.records import ColumnRoles, Frame

BINARY = ColumnRoles(label="y", probability="p")


def frame(**columns: object) -> Frame:
    return {name: np.array(values) for name, values in columns.items()}


def texts(*values: str | None) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    return np.array(values, dtype=object)


def test_a_binary_log_is_read_and_answers_come_from_the_probability() -> None:
    answers = read_answers(frame(y=[0, 1, 1], p=[0.2, 0.5, 0.9]), BINARY)
    assert answers.task is Task.BINARY
    assert answers.classes == ("0", "1")
    assert answers.truth.tolist() == [0, 1, 1]
    assert answers.answer.tolist() == [0, 1, 1]
    assert answers.coverage == 1.0


def test_a_prediction_of_probabilities_is_taken_as_the_probability() -> None:
    roles = ColumnRoles(label="y", prediction="score")
    answers = read_answers(frame(y=[0, 1, 1], score=[0.2, 0.4, 0.9]), roles)
    assert answers.scores[:, 0].tolist() == [0.2, 0.4, 0.9]
    assert answers.answer.tolist() == [0, 0, 1]


def test_labels_that_are_not_known_yet_are_no_fault() -> None:
    known = read_answers(frame(y=[0, 1], p=[0.1, 0.9]), BINARY)
    late = read_answers({"y": np.array([0, np.nan, 1.0]), "p": np.full(3, 0.6)}, BINARY, known)
    none = read_answers(frame(p=[0.6, 0.7]), BINARY, known)
    assert late.labelled.tolist() == [True, False, True]
    assert late.coverage == pytest.approx(2 / 3)
    assert none.coverage == 0.0
    assert late.notes == none.notes == ()


def test_booleans_numbers_and_words_of_truth_are_one() -> None:
    known = read_answers(frame(y=[0, 1], p=[0.1, 0.9]), BINARY)
    for values in ([False, True], [0.0, 1.0], ["0", "1"], ["no", "yes"], ["false", "true"]):
        made = read_answers({"y": np.array(values, dtype=object), "p": np.zeros(2)}, BINARY, known)
        assert made.truth.tolist() == [0, 1], values


def test_a_window_of_one_class_keeps_the_task_of_the_reference() -> None:
    known = read_answers(frame(y=[0, 1], p=[0.1, 0.9]), BINARY)
    window = read_answers(frame(y=[1, 1], p=[0.1, 0.9]), BINARY, known)
    assert window.truth.tolist() == [1, 1]


def test_a_label_that_the_reference_does_not_know_is_left_out_and_said() -> None:
    known = read_answers({"y": texts("no", "yes"), "p": np.array([0.1, 0.9])}, BINARY)
    window = read_answers({"y": texts("yes", "maybe", None), "p": np.full(3, 0.5)}, BINARY, known)
    assert window.labelled.tolist() == [True, False, False]
    assert window.notes == ("1 row left out: `y` holds 'maybe', which the reference does not know",)


def test_a_few_impossible_probabilities_are_left_out_and_said() -> None:
    p = np.full(300, 0.5)
    p[:4] = [1.7, np.nan, np.inf, -2]
    answers = read_answers({"y": np.arange(300) % 2, "p": p}, BINARY)
    assert int(answers.answered.sum()) == 296
    assert answers.notes == (
        "2 rows left out: `p` is outside 0 to 1",
        "2 rows left out: no `p`",
    )


def test_several_classes_answer_with_the_likeliest() -> None:
    roles = ColumnRoles(label="y", probabilities={"cat": "c", "dog": "d", "owl": "o"})
    columns = {"c": [0.7, 0.1], "d": [0.2, 0.1], "o": [0.1, 0.8]}
    answers = read_answers({"y": texts("cat", "dog"), **frame(**columns)}, roles)
    assert (answers.task, answers.classes) == (Task.MULTICLASS, ("cat", "dog", "owl"))
    assert answers.answer.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("columns", "task"),
    [
        ({"y": [0, 1, 1, 0], "a": [0, 1, 0, 0]}, Task.BINARY),
        ({"y": [0, 1, 2, 0], "a": [0, 1, 2, 2]}, Task.MULTICLASS),
        ({"y": [3.2, 1.5, 2.25, 9.0], "a": [3.0, 1.0, 2.0, 9.5]}, Task.REGRESSION),
    ],
)
def test_the_task_is_told_from_the_labels(columns: dict[str, list[float]], task: Task) -> None:
    assert read_answers(frame(**columns), ColumnRoles(label="y", prediction="a")).task is task


def test_infinite_numbers_of_a_regression_are_left_out() -> None:
    roles = ColumnRoles(label="y", prediction="a", task="regression")
    answers = read_answers(frame(y=[1.0, np.inf, np.nan], a=[1.0, 2.0, np.inf]), roles)
    assert answers.labelled.tolist() == [True, False, False]
    assert answers.notes == ("1 row left out: no `a`",)


@pytest.mark.parametrize(
    ("columns", "roles", "said"),
    [
        ({"p": [0.1]}, BINARY, "label: there is no column `y`. Columns are p"),
        ({"p": [0.1]}, ColumnRoles(probability="p"), "label: it is not given"),
        ({"y": [0, 1]}, BINARY, "probability: there is no column `p`"),
        (
            {"y": [0, 1], "p": [-3.1, 8.2]},
            BINARY,
            "probability: `p` holds values from -3.1 to 8.2; probabilities lie in 0 to 1. "
            "Name the column of the probability, not of log-odds or margins",
        ),
        ({"y": [1, 1], "p": [0.1, 0.2]}, BINARY, "label: `y` is '1' throughout in the reference"),
        ({"y": [np.nan], "p": [0.1]}, BINARY, "label: `y` is never known in the reference"),
        ({"y": ["good", "bad"], "p": [0.1, 0.2]}, BINARY, "positive: it is not given; labels are"),
        (
            {"y": ["a", "b"], "p": [0.1, 0.2]},
            ColumnRoles(label="y", probability="p", positive="c"),
            "positive: there is no label 'c'; labels are 'a' and 'b'",
        ),
        ({"y": [0, 1, 2], "p": [0.1, 0.2, 0.3]}, BINARY, "has 3 values (0, 1, 2); a binary task"),
        (
            {"y": [0, 1]},
            ColumnRoles(label="y", task="ranking"),
            "task: 'ranking' is none. There are binary, multiclass, regression",
        ),
        (
            {"y": [0.5, 1], "a": ["x", "2"]},
            ColumnRoles(label="y", prediction="a", task="regression"),
            "prediction: `a` holds 'x', which is no number",
        ),
        (
            {"y": [str(n) for n in range(10_000)], "a": ["1"] * 10_000},
            ColumnRoles(label="y", prediction="a"),
            "label: `y` has 10,000 classes; at most 100 are judged. Is it a number?",
        ),
        ({"y": [0, 1]}, ColumnRoles(label="y"), "prediction: it is not given"),
    ],
)
def test_what_cannot_be_judged_names_field_problem_and_remedy(
    columns: dict[str, list[object]], roles: ColumnRoles, said: str
) -> None:
    made: Frame = {
        name: np.array(values, dtype=object if isinstance(values[0], str) else None)
        for name, values in columns.items()
    }
    with pytest.raises(BadArgs) as raised:
        read_answers(made, roles)
    assert said in str(raised.value)
