"""What performance is to be expected while labels are not known.

Classification: confidence-based performance estimation (CBPE; NannyML's documentation gives the
formulas). Calibrated on the reference, a score p says that the row is positive with probability p,
so an answer of 1 is right with p and one of 0 with 1 - p; expected counts take the counts' place.

Regression: the size of the error is learned from the inputs on the reference (as NannyML's direct
loss estimation does, here with a small boosted model) and averaged over the window.

Both see that the inputs moved to where the model is weaker. Neither can see that the same inputs
now mean something else (concept drift): an estimate is no proof, in either direction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan

import numpy as np

from knowledge.performance.answers import Answers, Floats, Task
from knowledge.performance.calibration import Calibration, calibrate
from knowledge.performance.errors import ErrorModel, fit_errors
from knowledge.performance.measures import MIN_ROWS, Measured, measure_class, names_of
from knowledge.records import Frame

NO_PROBABILITIES = "not estimated: there is no column of probabilities"
NO_PATTERN = "not estimated: the inputs do not tell how large the errors are"


@dataclass(frozen=True, eq=False)
class Estimator:
    """Learned from a reference. `why` says why it cannot estimate, where it cannot."""

    task: Task
    calibrations: tuple[Calibration, ...] = ()
    """Binary: one, of the positive class; else one of each class."""
    errors: Mapping[str, ErrorModel] = field(default_factory=dict)
    """Regression: by measure."""
    why: str = ""

    def membership(self, answers: Answers) -> Floats:
        """The calibrated probabilities (n, k) of rows that have scores; rows of several classes
        add up to 1."""
        columns = [c(answers.scores[:, k]) for k, c in enumerate(self.calibrations)]
        made = np.stack(columns, axis=1)
        if self.task is Task.BINARY:
            return made
        total = made.sum(axis=1, keepdims=True)
        return np.where(total > 0, made / np.where(total > 0, total, 1.0), 1.0 / made.shape[1])

    def estimate(self, answers: Answers, inputs: Frame) -> dict[str, Measured]:
        """Expected measures of a window. `inputs` are its columns, (n,) each: a regression's errors
        are told from them. The error of a measure here is that of its average alone."""
        if self.why or not len(answers):
            return {}
        if self.task is Task.REGRESSION:
            return self._estimate_errors(answers, inputs)
        known = answers.take(answers.answered)
        truth = self.membership(known)
        names = names_of(self.task)
        return {name: measure_class(known, truth, name) for name in names} if len(known) else {}

    def expect(self, known: Answers, name: str) -> float:
        """One expected measure of a classification's rows; NaN where there is none."""
        if not self.calibrations or not len(known):
            return nan
        return measure_class(known, self.membership(known), name).value

    def _estimate_errors(self, answers: Answers, inputs: Frame) -> dict[str, Measured]:
        kept = answers.answered
        made = {}
        for name, model in self.errors.items():
            expected = model(inputs)[kept]
            if not len(expected):
                continue
            mean = float(expected.mean())
            spread = float(expected.std()) / len(expected) ** 0.5
            if name == "rmse":
                root = max(mean, 0.0) ** 0.5
                made[name] = Measured(
                    name, root, spread / (2 * root) if root else 0.0, len(expected)
                )
            else:
                made[name] = Measured(name, mean, spread, len(expected))
        return made


def learn(answers: Answers, inputs: Frame) -> Estimator:
    """Learn to estimate from a reference whose labels are known."""
    kept = answers.labelled & answers.answered
    known = answers.take(kept)
    if len(known) < MIN_ROWS:
        return Estimator(answers.task, why=f"not estimated: {len(known):,} labelled rows to learn")
    if answers.task is Task.REGRESSION:
        rows = {name: values[kept] for name, values in inputs.items()}
        errors = np.abs(known.answer - known.truth)
        absolute = fit_errors(rows, errors)
        if absolute is None:
            return Estimator(answers.task, why=NO_PATTERN)
        squared = fit_errors(rows, errors**2)
        made = {"mae": absolute} | ({"rmse": squared} if squared else {})
        return Estimator(answers.task, errors=made)
    if not known.scores.shape[1]:
        return Estimator(answers.task, why=NO_PROBABILITIES)
    if known.task is Task.BINARY:
        return Estimator(known.task, (calibrate(known.scores[:, 0], known.truth),))
    return Estimator(
        known.task,
        tuple(
            calibrate(known.scores[:, k], (known.truth == k).astype(np.float64))
            for k in range(len(known.classes))
        ),
    )
