"""Differences between groups that ought to be treated alike.

selection rate      share answered positive (demographic parity)
true positive rate  of the positive, the share answered so (equal opportunity; Hardt et al. 2016)
false positive rate of the negative, the share answered positive
calibration         mean probability less share of positives: above 0 the group is rated too high

Rates carry Wilson's interval (1927), their differences from the rest Newcombe's (1998, method 10).
The four-fifths rule (Uniform Guidelines on Employee Selection Procedures, 1978) compares selection
rates by their ratio: it is a rule of thumb of one law, named as such, no proof of harm or of none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from knowledge.errors import BadArgs
from knowledge.performance.answers import Answers, Bools, Floats, Task
from knowledge.performance.measures import Z95
from knowledge.performance.slices import plain
from knowledge.records import Frame

MIN_GROUP = 100
EFFECT = 0.1
FOUR_FIFTHS = 0.8
MOST_GROUPS = 20
RATES = ("selection rate", "true positive rate", "false positive rate")


@dataclass(frozen=True)
class Rate:
    """A share of rows and its 95 % interval."""

    hits: int
    rows: int

    @property
    def value(self) -> float:
        return self.hits / self.rows if self.rows else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval."""
        if not self.rows:
            return 0.0, 1.0
        n, z = self.rows, Z95
        middle = (self.value + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * sqrt(self.value * (1 - self.value) / n + (z / (2 * n)) ** 2)
        return max(middle - reach, 0.0), min(middle + reach, 1.0)


@dataclass(frozen=True)
class Gap:
    """One group against all others in one figure. `low` and `high`: the 95 % interval of
    value - others."""

    column: str
    group: str
    figure: str
    value: float
    others: float
    low: float
    high: float
    rows: int

    @property
    def difference(self) -> float:
        return self.value - self.others

    @property
    def matters(self) -> bool:
        """Beyond chance, and of a size to look into."""
        return abs(self.difference) >= EFFECT and (self.low > 0 or self.high < 0)

    @property
    def sentence(self) -> str:
        return (
            f"{self.column} {self.group}: {self.figure} {self.value:.2f} against {self.others:.2f} "
            f"(difference {self.difference:+.2f}, 95 %: {self.low:+.2f} to {self.high:+.2f}), "
            f"{self.rows:,} rows"
        )

    def to_json(self) -> dict[str, float | int | str | bool]:
        return {
            "column": self.column,
            "group": self.group,
            "figure": self.figure,
            "value": self.value,
            "others": self.others,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "rows": self.rows,
            "matters": self.matters,
        }


@dataclass(frozen=True)
class Fairness:
    """Every gap of every group; `ratios` of the lowest to the highest selection rate by column."""

    gaps: tuple[Gap, ...]
    ratios: tuple[tuple[str, float], ...]

    @property
    def findings(self) -> tuple[str, ...]:
        """What is worth looking into, a sentence each."""
        told = [gap.sentence for gap in sorted(self.gaps, key=_size) if gap.matters]
        ratios = [
            f"{column}: the lowest selection rate is {ratio:.2f} of the highest, below four fifths "
            "(a rule of thumb, not a proof)"
            for column, ratio in self.ratios
            if ratio < FOUR_FIFTHS and any(g.matters and g.column == column for g in self.gaps)
        ]
        return (*told, *ratios)

    def grown(self, before: "Fairness") -> tuple[Gap, ...]:
        """The gaps that matter and were smaller before by half of what matters, largest first; one
        that was not known before counts."""
        known = {(g.column, g.group, g.figure): abs(g.difference) for g in before.gaps}
        return tuple(
            gap
            for gap in sorted(self.gaps, key=_size)
            if gap.matters
            and abs(gap.difference) - known.get((gap.column, gap.group, gap.figure), 0.0)
            >= EFFECT / 2
        )


def compare_groups(answers: Answers, frame: Frame, columns: Sequence[str]) -> Fairness:
    """Compare the groups of each column; groups under MIN_GROUP rows are left out.

    Several classes and regressions have no positive answer, so nothing is compared there. Raises
    BadArgs for a column that is not there.
    """
    gaps: list[Gap] = []
    ratios: list[tuple[str, float]] = []
    for column in columns:
        if column not in frame:
            known = ", ".join(list(frame)[:12])
            raise BadArgs("groups", f"there is no column `{column}`", f"Columns are {known}")
        if answers.task is not Task.BINARY:
            continue
        values = plain(frame[column])
        rates = []
        for group, name in _groups(column, values):
            gaps += _gaps(answers, column, name, group)
            selected = _rate(answers.answer == 1, group & answers.answered)
            rates.append(selected.value)
        if len(rates) > 1 and max(rates) > 0:
            ratios.append((column, min(rates) / max(rates)))
    return Fairness(tuple(gaps), tuple(ratios))


def _groups(column: str, values: Floats) -> list[tuple[Bools, str]]:
    if values.dtype.kind == "f":
        found, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        names = [f"{v:.10g}" for v in found.tolist()]
    else:
        known = [v for v in values.tolist() if v is not None]
        texts, counts = np.unique(np.array(known, dtype=str), return_counts=True)
        found = names = texts.tolist()
    if len(names) > MOST_GROUPS:
        raise BadArgs(
            "groups",
            f"`{column}` has {len(names):,} values; at most {MOST_GROUPS} groups are compared",
            "Name a column of few groups, or put ranges into one",
        )
    kept = [i for i in range(len(names)) if counts[i] >= MIN_GROUP]
    return [(np.asarray(values == found[i], dtype=bool), names[i]) for i in kept]


def _gaps(answers: Answers, column: str, name: str, group: Bools) -> list[Gap]:
    selected = answers.answer == 1
    bases = {
        "selection rate": answers.answered,
        "true positive rate": answers.answered & (answers.truth == 1),
        "false positive rate": answers.answered & (answers.truth == 0),
    }
    made = []
    for figure, base in bases.items():
        here, others = _rate(selected, base & group), _rate(selected, base & ~group)
        if min(here.rows, others.rows) < MIN_GROUP // 2:
            continue
        low, high = _newcombe(here, others)
        made.append(Gap(column, name, figure, here.value, others.value, low, high, here.rows))
    calibration = _calibration(answers, column, name, group)
    return [*made, calibration] if calibration else made


def _calibration(answers: Answers, column: str, name: str, group: Bools) -> Gap | None:
    if not answers.scores.shape[1]:
        return None
    known = answers.labelled & answers.answered
    bias = answers.scores[:, 0] - answers.truth
    here, others = bias[known & group], bias[known & ~group]
    if min(len(here), len(others)) < MIN_GROUP:
        return None
    gap = float(here.mean() - others.mean())
    reach = Z95 * sqrt(float(here.var()) / len(here) + float(others.var()) / len(others))
    mean, rest = float(here.mean()), float(others.mean())
    return Gap(column, name, "calibration", mean, rest, gap - reach, gap + reach, len(here))


def _rate(hits: Bools, base: Bools) -> Rate:
    return Rate(int((hits & base).sum()), int(base.sum()))


def _newcombe(one: Rate, other: Rate) -> tuple[float, float]:
    (low, high), (other_low, other_high) = one.interval, other.interval
    gap = one.value - other.value
    return (
        gap - sqrt((one.value - low) ** 2 + (other_high - other.value) ** 2),
        gap + sqrt((high - one.value) ** 2 + (other.value - other_low) ** 2),
    )


def _size(gap: Gap) -> tuple[float, str]:
    return -abs(gap.difference), gap.group
