"""What a model's performance usually is, learned once from its labelled reference.

The reference is cut into chunks in the order it is stored. Their measures vary for two reasons:
chance, which is known (the standard error of each chunk), and time, which is what is left
(DerSimonian and Laird 1986: the observed variance less the mean of the chance's). A window of n
rows is worse than usual when it falls by more than 3 standard deviations of both together and by
more than is of any matter: a small window does not flap, a large one is not alarmed by nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from knowledge.performance.answers import Answers, read_answers
from knowledge.performance.estimate import Estimator, learn
from knowledge.performance.fairness import Fairness, compare_groups
from knowledge.performance.measures import (
    ERRORS,
    LOWER_IS_BETTER,
    MIN_ROWS,
    Measured,
    check_measure,
    measure,
)
from knowledge.records import ColumnRoles, Frame

CHUNKS = 20
FEWEST_CHUNKS = 4
"""Fewer say nothing of how much it varies over time."""
MOST_KEPT = 200_000
SIGMAS = 3.0
LEAST = 0.02
"""The fall of a measure between 0 and 1 that matters."""
LEAST_SHARE = 0.05
"""The same for errors without an upper end, as a share of what is usual."""


@dataclass(frozen=True)
class Usual:
    """One measure on the reference."""

    measured: Measured
    between: float
    """Standard deviation from chunk to chunk beyond chance."""
    chunks: int

    @property
    def value(self) -> float:
        return self.measured.value

    def error(self, rows: int) -> float:
        """Standard deviation of a window of so many rows about `value`."""
        unit = self.measured.error * sqrt(self.measured.rows)
        chance = unit**2 / max(rows, 1) + self.measured.error**2
        return sqrt(self.between**2 + chance)

    def limit(self, rows: int, least: float | None = None) -> float:
        """From where a window of so many rows is worse than usual."""
        fall = max(SIGMAS * self.error(rows), self.least(least))
        return self.value + fall if self.measured.name in LOWER_IS_BETTER else self.value - fall

    def least(self, given: float | None = None) -> float:
        if given is not None:
            return given
        return LEAST_SHARE * abs(self.value) if self.measured.name in ERRORS else LEAST

    def fall(self, value: float) -> float:
        """How much worse than usual a value is; below 0, better."""
        worse = value - self.value
        return worse if self.measured.name in LOWER_IS_BETTER else -worse


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What is known of a model from its reference."""

    answers: Answers
    """The reference's; at most MOST_KEPT rows of it."""
    segments: Frame
    """The columns of slices and groups, of the same rows."""
    roles: ColumnRoles
    judged: str
    """The measure that decides."""
    usual: Mapping[str, Usual]
    estimator: Estimator
    fairness: Fairness

    def read(self, frame: Frame) -> Answers:
        """A window's answers, of the same task and classes. Raises BadArgs."""
        return read_answers(frame, self.roles, like=self.answers)


def make_yardstick(reference: Frame, roles: ColumnRoles, measure_name: str = "") -> Yardstick:
    """Learn from a reference; raises BadArgs where it has no labels or they cannot be judged."""
    answers = read_answers(reference, roles)
    judged = check_measure(measure_name, answers.task, bool(answers.scores.shape[1]))
    some = np.arange(len(answers)) % max(len(answers) // MOST_KEPT, 1) == 0
    told = [name for name in (*roles.slices, *roles.groups) if name in reference]
    groups = [name for name in roles.groups if name in reference]
    return Yardstick(
        answers.take(some),
        {name: reference[name][some] for name in told},
        roles,
        judged,
        _usual(answers),
        learn(answers, inputs_of(reference, roles)),
        compare_groups(answers, reference, groups),
    )


def inputs_of(frame: Frame, roles: ColumnRoles) -> Frame:
    """The columns that the model saw, as far as is known, and what it answered."""
    known_later = {roles.label, roles.version}
    return {name: values for name, values in frame.items() if name not in known_later}


def _usual(answers: Answers) -> dict[str, Usual]:
    kept = answers.labelled & answers.answered
    known = answers.take(kept)
    count = min(CHUNKS, len(known) // MIN_ROWS)
    parts: list[dict[str, Measured]] = []
    if count >= FEWEST_CHUNKS:
        chunk = np.arange(len(known)) * count // len(known)
        parts = [measure(known.take(chunk == i)) for i in range(count)]
    return {
        name: Usual(whole, _between([part[name] for part in parts]), count)
        for name, whole in measure(known).items()
        if whole.known
    }


def _between(chunks: list[Measured]) -> float:
    known = [chunk for chunk in chunks if chunk.known]
    if len(known) < FEWEST_CHUNKS:
        return 0.0
    observed = float(np.var([chunk.value for chunk in known], ddof=1))
    chance = float(np.mean([chunk.error**2 for chunk in known]))
    return sqrt(max(observed - chance, 0.0))
