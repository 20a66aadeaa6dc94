"""How good verdicts with probabilities are: accuracy, recall of each side, calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.model_or_infra.evidence import Side
from knowledge.model_or_infra.weighing import SIDES

BINS = 10


@dataclass(frozen=True)
class Judged:
    """One scenario: what is true, what was said, and how likely each side was held to be."""

    id: str
    plan: str
    alike: bool
    truth: Side
    said: Side
    probabilities: Mapping[Side, float]

    @property
    def right(self) -> bool:
        return self.said is self.truth


@dataclass(frozen=True)
class Bin:
    """Verdicts that were about as sure."""

    count: int
    sure: float
    right: float


def accuracy(judged: Sequence[Judged]) -> float:
    return float(np.mean([one.right for one in judged])) if judged else float("nan")


def recall(judged: Sequence[Judged], side: Side) -> float:
    return accuracy([one for one in judged if one.truth is side])


def confusion(judged: Sequence[Judged]) -> dict[Side, dict[Side, int]]:
    """Truth -> said -> how often."""
    every = (*SIDES, Side.UNKNOWN)
    return {
        truth: {s: sum(j.truth is truth and j.said is s for j in judged) for s in every}
        for truth in SIDES
    }


def reliability(judged: Sequence[Judged]) -> list[Bin]:
    """Verdicts in ten bins of their probability; empty ones are left out."""
    sure = np.array([max(one.probabilities.values()) for one in judged])
    right = np.array([_likeliest(one) is one.truth for one in judged])
    at = np.minimum((sure * BINS).astype(int), BINS - 1)
    return [
        Bin(int(n), float(sure[at == b].mean()), float(right[at == b].mean()))
        for b in range(BINS)
        if (n := (at == b).sum())
    ]


def ece(judged: Sequence[Judged]) -> float:
    """Expected calibration error (Naeini, Cooper and Hauskrecht 2015)."""
    return sum(b.count * abs(b.sure - b.right) for b in reliability(judged)) / len(judged)


def brier(judged: Sequence[Judged]) -> float:
    """Over all sides (Brier 1950): 0 is perfect, 2 is certain of the wrong side."""
    p, y = _arrays(judged)
    return float(np.mean(np.sum((p - y) ** 2, axis=1)))


def log_loss(judged: Sequence[Judged]) -> float:
    p, y = _arrays(judged)
    return float(-np.mean(np.log(np.maximum(np.sum(p * y, axis=1), 1e-12))))


def _likeliest(one: Judged) -> Side:
    return max(one.probabilities, key=lambda side: one.probabilities[side])


def _arrays(judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p = np.array([[one.probabilities[side] for side in SIDES] for one in judged])
    y = np.array([[float(one.truth is side) for side in SIDES] for one in judged])
    return p, y
