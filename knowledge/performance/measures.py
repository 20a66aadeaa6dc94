"""Measures of performance with their uncertainty.

Each measure is computed with its influence function: row i's share psi_i in value - expectation
(Hampel 1974), so that one formula, sd(psi) / sqrt(n), gives the standard error of all of them. For
the AUC that is the estimate of DeLong, DeLong and Clarke-Pearson (1988); for ratios it is the delta
method. Intervals are normal, 95 %; a ratio's error never falls below Agresti and Coull's (1998), so
that 50 right of 50 is not "certain".

The truth of a row may be a probability instead of 0 or 1: the same formulas then give what is
expected (see `knowledge.performance.estimate`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np

from knowledge.errors import BadArgs
from knowledge.performance.answers import Answers, Floats, Task

MIN_ROWS = 200
"""Fewer labelled rows say nothing."""
MIN_CLASS = 10
"""Nor do fewer rows of a class, for what depends on that class."""
Z95 = 1.959964
SCORED = ("auc", "brier", "log loss")
"""Measures that need probabilities."""
LOWER_IS_BETTER = ("brier", "log loss", "mae", "rmse", "mape")
ERRORS = ("mae", "rmse", "mape", "log loss")
"""Measures without an upper end: a change is judged as a share of what is usual."""
DIRECTIONLESS = ("bias", "calibration")
"""Shown and not judged: neither up nor down is better."""

ALIASES = {
    "auc": "AUC",
    "brier": "Brier score",
    "f1": "F1",
    "mae": "MAE",
    "rmse": "RMSE",
    "mape": "MAPE",
    "r2": "R²",
}


@dataclass(frozen=True)
class Measured:
    """One measure. `error` is its standard error, `low` and `high` its 95 % interval."""

    name: str
    value: float
    error: float
    rows: int
    why: str = ""
    """Why there is no value, where there is none (it is NaN then)."""

    @property
    def known(self) -> bool:
        return isfinite(self.value)

    @property
    def low(self) -> float:
        return self._bound(self.value - Z95 * self.error)

    @property
    def high(self) -> float:
        return self._bound(self.value + Z95 * self.error)

    def _bound(self, end: float) -> float:
        if self.name in (*ERRORS, "r2", *DIRECTIONLESS):
            return end if self.name in ("r2", *DIRECTIONLESS) else max(end, 0.0)
        return min(max(end, 0.0), 1.0)

    def to_json(self) -> dict[str, float | int | str | None]:
        return {
            "value": _plain(self.value),
            "low": _plain(self.low),
            "high": _plain(self.high),
            "rows": self.rows,
            "why": self.why,
        }


def say_measure(name: str) -> str:
    """As people write it: "AUC", "log loss"."""
    return ALIASES.get(name, name)


def say_value(name: str, value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.4g}"


@dataclass(frozen=True, eq=False)
class Value:
    """A measure before it is one: `influence` is (n,), `least` the smallest believable variance."""

    value: float
    influence: Floats
    least: float = 0.0
    why: str = ""

    def measured(self, name: str) -> Measured:
        rows = len(self.influence)
        if self.why or not rows:
            return Measured(name, nan, nan, rows, self.why or "no rows")
        error = sqrt(max(float(np.mean(self.influence**2)) / rows, self.least))
        return Measured(name, self.value, error, rows)


def ratio(part: Floats, whole: Floats, few: str = "") -> Value:
    """sum(part) / sum(whole); `few` says what there are too few of when the whole is small."""
    total = float(whole.sum())
    if total < MIN_CLASS:
        return Value(nan, np.zeros(len(part)), why=f"only {total:.0f} {few or 'rows'}")
    value = float(part.sum()) / total
    influence = (part - value * whole) / (total / len(whole))
    guess = (float(part.sum()) + 2) / (total + 4)
    return Value(value, influence, max(guess * (1 - guess), 0.0) / (total + 4))


def average(values: Floats) -> Value:
    mean = float(values.mean()) if len(values) else nan
    return Value(mean, values - mean)


def area(positive: Floats, score: Floats) -> Value:
    """Area under the ROC curve; ties count half. `positive` may be probabilities.

    Of hard labels this is the Mann-Whitney statistic and its influence gives DeLong's variance.
    """
    negative = 1.0 - positive
    many, few = float(positive.sum()), float(negative.sum())
    for count, what in ((many, "positive"), (few, "negative")):
        if count < MIN_CLASS:
            return Value(nan, np.zeros(len(score)), why=f"only {count:.0f} {what} labels")
    _, group = np.unique(score, return_inverse=True)
    ups, downs = np.bincount(group, positive), np.bincount(group, negative)
    below = np.cumsum(downs) - downs / 2
    above = many - np.cumsum(ups) + ups / 2
    value = float(ups @ below) / many / few
    n = len(score)
    influence = positive * (below[group] / few - value) / (many / n)
    influence += negative * (above[group] / many - value) / (few / n)
    return Value(value, influence)


Binary = Callable[[Floats, Floats, Floats], Value]
"""Of (positive, answered, score), each (n,): the truth, the answer and its probability."""

BINARY: Mapping[str, Binary] = {
    "auc": lambda y, a, s: area(y, s),
    "accuracy": lambda y, a, s: ratio(y * a + (1 - y) * (1 - a), np.ones(len(y))),
    "precision": lambda y, a, s: ratio(y * a, a, "positive answers"),
    "recall": lambda y, a, s: ratio(y * a, y, "positive labels"),
    "specificity": lambda y, a, s: ratio((1 - y) * (1 - a), 1 - y, "negative labels"),
    "f1": lambda y, a, s: ratio(2 * y * a, y + a, "positives"),
    "brier": lambda y, a, s: average(y * (1 - s) ** 2 + (1 - y) * s**2),
    "log loss": lambda y, a, s: average(_log_loss(y, s)),
    "calibration": lambda y, a, s: average(s - y),
}
MACRO = ("auc", "precision", "recall", "f1")
"""Of several classes: the mean over each class against the rest."""
MULTICLASS = ("accuracy", *MACRO, "log loss")
REGRESSION: Mapping[str, Callable[[Floats, Floats], Value]] = {
    "mae": lambda y, a: average(np.abs(a - y)),
    "rmse": lambda y, a: _root(average((a - y) ** 2)),
    "mape": lambda y, a: _relative(y, a),
    "r2": lambda y, a: _explained(y, a),
    "bias": lambda y, a: average(a - y),
}


def names_of(task: Task, scored: bool = True) -> tuple[str, ...]:
    """The measures of a task, the one that is judged by default first."""
    names = {Task.BINARY: tuple(BINARY), Task.MULTICLASS: MULTICLASS}.get(task, tuple(REGRESSION))
    if scored or task is Task.REGRESSION:
        return names
    without = [n for n in names if n not in (*SCORED, "calibration")]
    # Where positives are rare, accuracy is high whatever the model does.
    return ("f1", *(n for n in without if n != "f1")) if task is Task.BINARY else tuple(without)


def check_measure(name: str, task: Task, scored: bool) -> str:
    """The measure to judge by; empty gives the default. Raises BadArgs."""
    names = [n for n in names_of(task, scored) if n not in DIRECTIONLESS]
    if not name:
        return names[0]
    if name in names:
        return name
    if name in SCORED and not scored and task is not Task.REGRESSION:
        raise BadArgs("measure", f"{name!r} needs probabilities", "Name their column, or another")
    raise BadArgs("measure", f"there is no {name!r} for a {task} task", f"Use {', '.join(names)}")


def measure(answers: Answers) -> dict[str, Measured]:
    """Every measure of rows whose truth and answer are known; the others are left out."""
    known = answers.take(answers.labelled & answers.answered)
    names = names_of(known.task, bool(known.scores.shape[1]))
    return {name: measure_one(known, name) for name in names}


def measure_one(known: Answers, name: str) -> Measured:
    """One measure of rows whose truth and answer are all known."""
    return value_of(known, name).measured(name)


def value_of(known: Answers, name: str) -> Value:
    """The same with each row's influence: what a comparison of two models on the same rows needs,
    whose errors go together."""
    if known.task is Task.REGRESSION:
        return REGRESSION[name](known.truth, known.answer)
    return _class_value(known, membership(known), name)


def membership(answers: Answers) -> Floats:
    """Truth as (n, k): binary, k = 1, whether it is positive; else which class it is."""
    if answers.task is Task.BINARY:
        return answers.truth.reshape(-1, 1)
    same = answers.truth.reshape(-1, 1) == np.arange(len(answers.classes))
    return np.asarray(same, dtype=np.float64)


def measure_class(answers: Answers, truth: Floats, name: str) -> Measured:
    """A measure of a classification, of `truth` (n, k) as in `membership` or as probabilities."""
    return _class_value(answers, truth, name).measured(name)


def _class_value(answers: Answers, truth: Floats, name: str) -> Value:
    if answers.task is not Task.BINARY:
        return _of_classes(name, answers, truth)
    score = answers.scores[:, 0] if answers.scores.shape[1] else answers.answer
    return BINARY[name](truth[:, 0], answers.answer, score)


def _of_classes(name: str, answers: Answers, truth: Floats) -> Value:
    if name == "accuracy":
        right = truth[np.arange(len(answers)), answers.answer.astype(np.int64)]
        return ratio(right, np.ones(len(right)))
    if name == "log loss":
        logs = np.log(np.clip(answers.scores, 1e-15, 1.0))
        lost: Floats = -(truth * logs).sum(axis=1)
        return average(lost)
    each = [_against_rest(name, answers, truth, k) for k in range(len(answers.classes))]
    judged = [value for value in each if not value.why]
    if not judged:
        return Value(nan, np.zeros(len(answers)), why="too few labels of every class")
    influence = np.mean([value.influence for value in judged], axis=0)
    return Value(float(np.mean([value.value for value in judged])), influence)


def _against_rest(name: str, answers: Answers, truth: Floats, k: int) -> Value:
    answered = (answers.answer == k).astype(np.float64)
    score = answers.scores[:, k] if answers.scores.shape[1] else answered
    return BINARY[name](truth[:, k], answered, score)


def _log_loss(positive: Floats, score: Floats) -> Floats:
    sure = np.clip(score, 1e-15, 1 - 1e-15)
    lost = -positive * np.log(sure) - (1 - positive) * np.log1p(-sure)
    return np.asarray(lost, dtype=np.float64)


def _root(square: Value) -> Value:
    root = sqrt(square.value) if square.value >= 0 else nan
    return Value(root, square.influence / (2 * root) if root > 0 else square.influence * 0)


def _relative(truth: Floats, answer: Floats) -> Value:
    """Mean absolute error as a share of the truth, over rows whose truth is not 0."""
    kept = truth != 0
    if not kept.any():
        return Value(nan, np.zeros(len(truth)), why="every truth is 0")
    return average(np.abs(answer - truth)[kept] / np.abs(truth[kept]))


def _explained(truth: Floats, answer: Floats) -> Value:
    """R squared: 1 - mean squared error / variance of the truth."""
    if not len(truth) or float(np.ptp(truth)) == 0.0:
        return Value(nan, np.zeros(len(truth)), why="every label is the same")
    squares, spread = (answer - truth) ** 2, (truth - truth.mean()) ** 2
    lost = float(squares.sum() / spread.sum())
    return Value(1 - lost, -(squares - lost * spread) / float(spread.mean()))


def _plain(value: float) -> float | None:
    return value if isfinite(value) else None
