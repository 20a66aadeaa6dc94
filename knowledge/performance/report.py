"""One window of a model's answers, judged: realised, estimated, segments, groups, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

from knowledge.performance.answers import Answers, Floats, Task
from knowledge.performance.fairness import Fairness, Gap, compare_groups
from knowledge.performance.judge import (
    ESTIMATED,
    REALISED,
    Judgement,
    judge,
    say_reason,
)
from knowledge.performance.measures import MIN_ROWS, Measured, measure, say_measure
from knowledge.performance.slices import Slice, worse_slices
from knowledge.performance.yardstick import Yardstick, inputs_of
from knowledge.records import Frame

WORSE, EXPECTED_WORSE = "performing worse", "expected to perform worse"
USUAL, NOT_JUDGED = "performing as usual", "not enough data"
UNFAIR_KS = 0.1
"""Labelled rows that are answered so differently from the others are no fair sample of them."""
CAVEAT = (
    "An estimate sees that inputs moved, not that they mean something else now (concept drift); "
    "it is no proof."
)


@dataclass(frozen=True)
class PerformanceReport:
    """`realised` and `estimated` are never mixed; `judgements` holds the realised one first."""

    task: str
    judged: str
    rows: int
    labelled: int
    verdict: str
    sentence: str
    usual: Mapping[str, Measured]
    """On the reference."""
    realised: Mapping[str, Measured] = field(default_factory=dict)
    estimated: Mapping[str, Measured] = field(default_factory=dict)
    judgements: tuple[Judgement, ...] = ()
    slices: tuple[Slice, ...] = ()
    fairness: Fairness = field(default_factory=lambda: Fairness((), ()))
    new_gaps: tuple[Gap, ...] = ()
    """Differences between groups that have clearly grown since the reference, largest first."""
    reason: str = ""
    """How far the inputs explain a fall; empty where there is none."""
    notes: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        return self.labelled / self.rows if self.rows else 0.0

    def judgement(self, basis: str) -> Judgement | None:
        return next((j for j in self.judgements if j.basis == basis), None)

    def to_json(self) -> dict[str, Any]:
        """Plain values, every number finite or None."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "task": self.task,
            "judged_by": self.judged,
            "rows": self.rows,
            "labelled": self.labelled,
            "coverage": self.coverage,
            "reference": {name: m.to_json() for name, m in self.usual.items()},
            REALISED: {name: m.to_json() for name, m in self.realised.items()},
            ESTIMATED: {name: m.to_json() for name, m in self.estimated.items()},
            "limits": {j.basis: j.limit for j in self.judgements},
            "slices": [slice_.to_json() for slice_ in self.slices],
            "groups": [gap.to_json() for gap in self.fairness.gaps],
            "selection_rate_ratios": dict(self.fairness.ratios),
            "reason": self.reason,
            "notes": list(self.notes),
        }


def assess(
    yardstick: Yardstick,
    window: Frame,
    *,
    moved: Sequence[str] = (),
    least: float | None = None,
    limit: float | None = None,
) -> PerformanceReport:
    """Judge a window by what its model's reference says is usual.

    `moved`: columns that drifted, most first; `least` and `limit` as in `judge`. Raises BadArgs for
    columns that are missing or hold something else than the settings say.
    """
    roles = yardstick.roles
    answers = yardstick.read(window)
    inputs = inputs_of(window, roles)
    realised = measure(answers) if answers.labelled.any() else {}
    estimated = yardstick.estimator.estimate(answers, inputs)
    notes = [*answers.notes]
    fair = _fair(answers)
    if not fair:
        notes.append(
            f"labels cover {answers.coverage:.0%} of the rows and are no fair sample of them: the "
            "labelled rows are answered differently. What is realised does not decide yet"
        )
    options = {"least": least, "limit": limit}
    real = judge(yardstick, realised, REALISED, **options)
    expected = judge(yardstick, estimated, ESTIMATED, **options)
    if not estimated and yardstick.estimator.why:
        notes.append(yardstick.estimator.why)
    slices = []
    if roles.slices and answers.labelled.sum() >= MIN_ROWS:
        slices = worse_slices(
            answers,
            window,
            roles.slices,
            yardstick.judged,
            codes=roles.categorical,
            reference=(yardstick.answers, yardstick.segments),
            expect=yardstick.estimator.expect,
        )
    fairness = compare_groups(answers, window, roles.groups)
    judged = tuple(j for j in (real if fair else None, expected) if j is not None)
    verdict = _verdict(judged)
    return PerformanceReport(
        task=str(answers.task),
        judged=yardstick.judged,
        rows=len(answers),
        labelled=int(answers.labelled.sum()),
        verdict=verdict,
        sentence=_sentence(verdict, judged, answers),
        usual={name: usual.measured for name, usual in yardstick.usual.items()},
        realised=realised,
        estimated=estimated,
        judgements=judged,
        slices=tuple(slices),
        fairness=fairness,
        new_gaps=fairness.grown(yardstick.fairness),
        reason=say_reason(real, expected, moved) if real and fair else "",
        notes=tuple(notes),
    )


def check_order(reference: Frame, window: Frame) -> str:
    """A warning where a column of times says that the reference is newer; else empty."""
    for name, values in reference.items():
        other = window.get(name)
        if values.dtype.kind != "M" or other is None or other.dtype.kind != "M":
            continue
        old, new = values[~np.isnat(values)], other[~np.isnat(other)]
        if len(old) and len(new) and old.min() > new.max():
            first, last = (str(t.astype("datetime64[s]")) for t in (old.min(), new.max()))
            return (
                f"the reference begins at {first} ({name}), after the current data ends "
                f"({last}). Are the two swapped?"
            )
    return ""


def _verdict(judged: Sequence[Judgement]) -> str:
    if not judged:
        return NOT_JUDGED
    if not judged[0].worse:
        return USUAL
    return WORSE if judged[0].basis == REALISED else EXPECTED_WORSE


def _sentence(verdict: str, judged: Sequence[Judgement], answers: Answers) -> str:
    labelled = int(answers.labelled.sum())
    if not judged:
        return (
            f"{labelled:,} of {len(answers):,} rows have a label; at least {MIN_ROWS} are needed "
            "to judge, and there is no estimate."
        )
    first = judged[0]
    word = f"{verdict[0].upper()}{verdict[1:]} ({say_measure(first.measured.name)}): "
    coverage = f" {answers.coverage:.0%} of {len(answers):,} rows have a label."
    caveat = f" {CAVEAT}" if first.basis == ESTIMATED else ""
    return f"{word}{first.sentence}.{coverage}{caveat}"


def _fair(answers: Answers) -> bool:
    """Are the labelled rows answered like the others? By the Kolmogorov-Smirnov distance of what
    the model said, beyond chance (p < 0.001) and UNFAIR_KS."""
    known = answers.labelled & answers.answered
    rest = ~answers.labelled & answers.answered
    if min(known.sum(), rest.sum()) < MIN_ROWS:
        return True
    said = _said(answers)
    one, other = np.sort(said[known]), np.sort(said[rest])
    points = np.concatenate((one, other))
    gap = np.abs(
        np.searchsorted(one, points, side="right") / len(one)
        - np.searchsorted(other, points, side="right") / len(other)
    )
    chance = 1.95 * sqrt(1 / len(one) + 1 / len(other))
    return float(gap.max()) <= max(UNFAIR_KS, chance)


def _said(answers: Answers) -> Floats:
    if answers.task is Task.BINARY and answers.scores.shape[1]:
        return np.asarray(answers.scores[:, 0])
    return answers.answer
