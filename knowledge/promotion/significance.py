"""Is a difference between two versions more than chance? By what both answered on the same rows.

On the same rows the errors of two models go together, so the difference is much surer than either
figure. By measure:

AUC        DeLong, DeLong and Clarke-Pearson (1988): the variance of the difference from each row's
           share in both areas
accuracy   McNemar (1947) on the rows that only one of them got right, exact by the binomial; the
           interval is Bonett and Price's (2012)
others     the percentile bootstrap over rows, drawn in pairs (Efron and Tibshirani 1993) up to
           FEW_ROWS; beyond, where it costs much and says the same, the influence function's normal
           interval (Hampel 1974)

The draws come from a fixed seed: the same evidence gives the same interval at every click.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb, erfc, isfinite, nan, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadArgs
from knowledge.performance.answers import Answers, Floats, Task, read_answers
from knowledge.performance.measures import LOWER_IS_BETTER, Value, names_of, say_measure, value_of
from knowledge.promotion.comparison import evaluations
from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.versions import name_words, show_version
from knowledge.records import ColumnRoles, Difference, Frame

MIN_ROWS = 100
"""Fewer rows of both say nothing of a difference."""
FEW_ROWS = 2_000
DRAWS = 1_000
SEED = 20_260_101
EXACT = 1_000
"""Up to so many rows that only one got right, the binomial is summed; beyond, the normal is it."""
LEAST_DRAWS = 0.9
"""The share of draws that must give a value: others lacked a class."""

ROW, LABEL, PREDICTION, PROBABILITY = "row", "label", "prediction", "probability"

_NEUTRAL = frozenset(("test", "val", "valid", "validation", "holdout", "eval", "score", "roc"))
_PLAIN = ("auc", "accuracy", "precision", "recall", "f1", "specificity", "brier", "mae", "rmse")
_WORDS: Mapping[str, str] = {
    **{name: name for name in (*_PLAIN, "mape", "r2", "log loss")},
    "auroc": "auc",
    "acc": "accuracy",
    "tpr": "recall",
    "tnr": "specificity",
    "logloss": "log loss",
}


@dataclass(frozen=True, eq=False)
class Pair:
    """What both answered on the same labelled rows, in the same order."""

    champion: Answers
    challenger: Answers
    frame: Frame
    """All columns of those rows, as the challenger's predictions came with them."""
    digest: str
    dataset: str

    def __len__(self) -> int:
        return len(self.challenger)

    def take(self, rows: NDArray[np.bool_]) -> "Pair":
        columns = {name: values[rows] for name, values in self.frame.items()}
        both = self.champion.take(rows), self.challenger.take(rows)
        return Pair(*both, columns, self.digest, self.dataset)

    def measures(self) -> tuple[str, ...]:
        """Those that can be computed of both, the usual one first."""
        scored = all(a.scores.shape[1] for a in (self.champion, self.challenger))
        return names_of(self.challenger.task, scored)


@dataclass(frozen=True)
class Compared:
    """One measure of both on the same rows."""

    measure: str
    champion: float
    challenger: float
    low: float
    high: float
    """Of challenger - champion."""
    rows: int
    method: str
    p: float
    """How likely so large a difference of either sign is by chance."""

    @property
    def value(self) -> float:
        return self.challenger - self.champion

    @property
    def gain(self) -> tuple[float, float, float]:
        """The difference and its interval, turned so that above zero is better."""
        if self.measure in LOWER_IS_BETTER:
            return -self.value, -self.high, -self.low
        return self.value, self.low, self.high

    def difference(self, metric: str) -> Difference:
        """As the card draws it, under the registry's name for it."""
        return Difference(metric, self.value, self.low, self.high)


# Pairing -------------------------------------------------------------------------------------


def pair(evidence: Evidence) -> Pair:
    """The rows that both answered. Raises BadArgs that says why there are none."""
    if evidence.champion is None:
        raise BadArgs("predictions", "there is no champion to compare with")
    digest = _shared(evidence.champion, evidence.challenger, evidence.problems)
    frames = evidence.champion.predictions[digest], evidence.challenger.predictions[digest]
    old, new = _aligned(*(_checked(frame) for frame in frames))
    if LABEL not in new:
        raise BadArgs("predictions", "the rows have no column `label`", "Log the truth with them")
    challenger = read_answers(new, _roles(new, evidence.positive))
    labelled = {LABEL: new[LABEL], **old}
    champion = read_answers(labelled, _roles(labelled, evidence.positive), challenger)
    if not np.array_equal(champion.truth, challenger.truth, equal_nan=True):
        at = int(np.argmax(~_same(champion.truth, challenger.truth)))
        raise BadArgs(
            "predictions",
            f"the labels of both differ, first in row {at + 1:,}: they are not the same rows",
            "Log a column `row` that names them",
        )
    known = challenger.labelled & challenger.answered & champion.answered
    if int(known.sum()) < MIN_ROWS:
        raise BadArgs(
            "predictions",
            f"{int(known.sum()):,} rows are labelled and answered by both",
            f"At least {MIN_ROWS} are needed",
        )
    name = _name_of(digest, evidence.challenger)
    return Pair(champion, challenger, new, digest, name).take(known)


def _shared(champion: Side, challenger: Side, problems: Mapping[str, str]) -> str:
    """The digest of data that both were measured on and left their answers of; the challenger's
    own first."""
    measured = [e.digest for e in evaluations(challenger.version) if e.digest]
    for digest in dict.fromkeys(measured):
        if digest in champion.predictions and digest in challenger.predictions:
            return digest
    without = [s for s in (champion, challenger) if not s.predictions]
    if not without:
        raise BadArgs("predictions", "those of the two versions are of different data")
    which = " and ".join(show_version(s.version.version) for s in without)
    why = next((text for what, text in problems.items() if what.startswith("predictions")), "")
    raise BadArgs("predictions", why or f"no answers of {which} were logged row by row")


def _name_of(digest: str, side: Side) -> str:
    return next((e.dataset for e in evaluations(side.version) if e.digest == digest), "")


def _checked(frame: Frame) -> Frame:
    if len({len(values) for values in frame.values()}) > 1:
        raise BadArgs("predictions", "the columns are not of one length", "Log them again")
    return frame


def _aligned(old: Frame, new: Frame) -> tuple[Frame, Frame]:
    """The same rows of both: by name where rows have names, else by place."""
    if ROW in old and ROW in new:
        return _by_name(old, new)
    rows = [max((len(v) for v in frame.values()), default=0) for frame in (old, new)]
    if rows[0] != rows[1]:
        raise BadArgs(
            "predictions",
            f"the champion answered {rows[0]:,} rows and the new version {rows[1]:,}",
            "Log a column `row` that names them",
        )
    return old, new


def _by_name(old: Frame, new: Frame) -> tuple[Frame, Frame]:
    names = [frame[ROW].astype(str) for frame in (old, new)]
    found = [np.unique(n, return_index=True) for n in names]
    if any(len(unique) != len(n) for (unique, _), n in zip(found, names, strict=True)):
        raise BadArgs("predictions", "some names in `row` come twice", "Name each row once")
    (first, at), (second, where) = found
    shared, i, j = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    if not len(shared):
        raise BadArgs("predictions", "the versions share no name in `row`")
    # In the order of the challenger's rows.
    order = np.argsort(where[j])
    return _rows(old, at[i][order]), _rows(new, where[j][order])


def _rows(frame: Frame, at: NDArray[np.intp]) -> Frame:
    return {name: values[at] for name, values in frame.items()}


def _roles(frame: Frame, positive: str) -> ColumnRoles:
    return ColumnRoles(
        label=LABEL,
        prediction=PREDICTION if PREDICTION in frame else "",
        probability=PROBABILITY if PROBABILITY in frame else "",
        positive=positive,
        task="" if PROBABILITY in frame or not _measured(frame[LABEL]) else Task.REGRESSION,
    )


def _measured(labels: NDArray[Any]) -> bool:
    """Are they fractions? Then they are no classes, and need not be read as such."""
    known = labels[np.isfinite(labels)] if labels.dtype.kind == "f" else np.empty(0)
    return bool((known != np.floor(known)).any())


def _same(one: Floats, other: Floats) -> NDArray[np.bool_]:
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)), dtype=bool)


# Comparing -----------------------------------------------------------------------------------


def measure_of(metric: str, of: Pair) -> str:
    """The measure that a registry's metric is ("val_roc_auc" is the AUC), or "" where it cannot be
    computed from the rows, or another of the same family may be meant ("pr_auc")."""
    words = [w for w in name_words(metric) if w not in _NEUTRAL]
    if of.challenger.task is Task.MULTICLASS:
        words = [w for w in words if w != "macro"]
    found = _WORDS.get(" ".join(words), "")
    return found if found in of.measures() else ""


def compare_on_rows(of: Pair, measure: str, confidence: float = 0.95) -> Compared:
    """Raises BadArgs where it has no value for one of them: too few rows of a class."""
    # Figures beyond what a float holds come out infinite, and are refused below.
    with np.errstate(all="ignore"):
        return _compared(of, measure, confidence)


def _compared(of: Pair, measure: str, confidence: float) -> Compared:
    old, new = value_of(of.champion, measure), value_of(of.challenger, measure)
    for value in (old, new):
        if value.why or not isfinite(value.value):
            raise BadArgs("predictions", f"no {say_measure(measure)}: {value.why or 'no value'}")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    if measure == "accuracy":
        low, high, p = _mcnemar(of, z)
        method = "McNemar"
    elif len(of) <= FEW_ROWS and measure != "auc":
        low, high, p = _bootstrap(of, measure, confidence)
        method = f"{DRAWS:,} bootstrap draws"
    else:
        error, gap = spread(old, new), new.value - old.value
        low, high = gap - z * error, gap + z * error
        p = erfc(abs(gap) / error / sqrt(2)) if error > 0 else float(gap == 0)
        method = "DeLong" if measure == "auc" else "normal"
    if not (isfinite(low) and isfinite(high)):
        raise BadArgs("predictions", f"no {say_measure(measure)}: the values are too large")
    return Compared(measure, old.value, new.value, low, high, len(of), method, p)


def spread(old: Value, new: Value) -> float:
    """The standard error of new - old on the same rows."""
    gaps = new.influence - old.influence
    return sqrt(float(np.mean(gaps**2)) / len(gaps)) if len(gaps) else nan


def _mcnemar(of: Pair, z: float) -> tuple[float, float, float]:
    old, new = (a.answer == a.truth for a in (of.champion, of.challenger))
    won, lost, n = int((new & ~old).sum()), int((old & ~new).sum()), len(of)
    up, down = (won + 1) / (n + 2), (lost + 1) / (n + 2)
    reach = z * sqrt(max(up + down - (up - down) ** 2, 0.0) / (n + 2))
    return max(up - down - reach, -1.0), min(up - down + reach, 1.0), sign_test(won, lost)


def sign_test(won: int, lost: int) -> float:
    """Two-sided: how likely so uneven a split of won + lost is where both are as likely."""
    n, fewer = won + lost, min(won, lost)
    if not n:
        return 1.0
    if n > EXACT:
        return erfc(max(abs(won - lost) - 1, 0) / sqrt(n) / sqrt(2))
    tail = sum(comb(n, k) for k in range(fewer + 1))
    return float(min(2 * tail / 2**n, 1.0))


def _bootstrap(of: Pair, measure: str, confidence: float) -> tuple[float, float, float]:
    rng, n = np.random.default_rng(SEED), len(of)
    drawn = np.array([_draw(of, measure, rng.integers(n, size=n)) for _ in range(DRAWS)])
    known = drawn[np.isfinite(drawn)]
    if len(known) < LEAST_DRAWS * DRAWS:
        raise BadArgs("predictions", f"too few rows of a class for {say_measure(measure)}")
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, (tail, 1 - tail))
    # One more on either side: no draw across zero does not make it impossible.
    beyond = (min((known <= 0).sum(), (known >= 0).sum()) + 1) / (len(known) + 1)
    return float(low), float(high), min(2 * float(beyond), 1.0)


def _draw(of: Pair, measure: str, rows: NDArray[Any]) -> float:
    new, old = (value_of(a.take(rows), measure) for a in (of.challenger, of.champion))
    return nan if new.why or old.why else new.value - old.value
