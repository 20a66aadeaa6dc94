"""Do probabilities mean what they say, as much as the champion's?

The expected calibration error (Naeini, Cooper and Hauskrecht 2015) over BINS bins of equal size
(Nixon et al. 2019): the mean distance, over bins, of the mean probability from the share that came
true. A perfect model shows some of it by chance, the more the fewer the rows; that much is no
fault (Bröcker 2012 on the bias of such scores).
"""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from knowledge.errors import BadArgs
from knowledge.performance.answers import Answers, Floats, Task
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.policy import Mode
from knowledge.promotion.significance import compare_on_rows, pair

BINS = 10
MIN_ROWS = 500


class CalibrationSettings(Settings):
    worse: float = Field(
        0.02, ge=0, le=1, description="by how much the error may be larger than the champion's"
    )
    most: float = Field(1.0, ge=0, le=1, description="largest error that is let pass")


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins of rising probability, all arrays (bins,): mean probability, share that came true."""

    said: Floats
    came: Floats
    rows: Floats

    @property
    def error(self) -> float:
        """The expected calibration error, 0 to 1."""
        return float((self.rows * np.abs(self.said - self.came)).sum() / self.rows.sum())

    @property
    def chance(self) -> float:
        """What a perfect model would show: the mean distance of a binomial share from its mean,
        by the normal, is sqrt(2 p (1 - p) / (pi n))."""
        each = np.sqrt(2 * self.said * (1 - self.said) / (np.pi * self.rows))
        return float((self.rows * each).sum() / self.rows.sum())

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(
            f"said {said:.3f}, came {came:.3f} ({int(rows):,} rows)"
            for said, came, rows in zip(self.said, self.came, self.rows, strict=True)
        )


def reliability(answers: Answers) -> Reliability:
    """Of a binary task's labelled rows with probabilities."""
    order = np.argsort(answers.scores[:, 0], kind="stable")
    score, truth = answers.scores[order, 0], answers.truth[order]
    parts = [part for part in np.array_split(np.arange(len(order)), BINS) if len(part)]
    return Reliability(
        np.array([score[part].mean() for part in parts]),
        np.array([truth[part].mean() for part in parts]),
        np.array([float(len(part)) for part in parts]),
    )


def _calibration(evidence: Evidence, settings: CalibrationSettings) -> Finding | None:
    if evidence.champion is None or not evidence.challenger.predictions:
        return Finding(Held.MOOT, "there are no answers of the new version, row by row")
    try:
        rows = pair(evidence)
    except BadArgs as error:
        return Finding(Held.UNKNOWN, f"calibration cannot be compared: {error.problem}")
    both = rows.champion, rows.challenger
    if rows.challenger.task is not Task.BINARY or not all(a.scores.shape[1] for a in both):
        return Finding(Held.MOOT, "the answers are no probabilities of one class")
    if len(rows) < MIN_ROWS:
        return Finding(Held.UNKNOWN, f"{len(rows):,} rows; at least {MIN_ROWS} are needed")
    old, new = reliability(rows.champion), reliability(rows.challenger)
    brier = compare_on_rows(rows, "brier")
    says = (
        f"calibration error {old.error:.3f} → {new.error:.3f}, Brier score {brier.champion:.3f} → "
        f"{brier.challenger:.3f}"
    )
    more = ("in bins of rising probability:", *new.lines)
    limit = _missed(old, new, settings)
    return Finding(Held.NO if limit else Held.YES, f"{says}{limit}", more=more)


def _missed(old: Reliability, new: Reliability, settings: CalibrationSettings) -> str:
    """Which limit the new version misses, beyond what chance does to a perfect model."""
    if new.error - max(old.error, new.chance) > settings.worse:
        return f"; at most {settings.worse:.3f} more is allowed"
    if new.error > max(settings.most, new.chance):
        return f"; at most {settings.most:.3f} is allowed"
    return ""


calibration = GateSpec(
    "calibration",
    "Probabilities mean what they say, as much as the champion's",
    _calibration,
    CalibrationSettings,
    Mode.WARN,
)
