"""What a model's scores mean as probabilities, learned from a labelled reference."""

from dataclasses import dataclass

import numpy as np

from knowledge.performance.answers import Floats


@dataclass(frozen=True, eq=False)
class Calibration:
    """A non-decreasing map from score to probability: knots `scores` and `shares`, both (m,)."""

    scores: Floats
    shares: Floats

    def __call__(self, scores: Floats) -> Floats:
        """Linear between the knots, level beyond them."""
        return np.interp(scores, self.scores, self.shares)


AS_GIVEN = Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
"""Scores that are probabilities already."""
FOLDS = 10
MOST_TRIED = 100_000


def calibrate(scores: Floats, truth: Floats) -> Calibration:
    """The map from `scores` to the share of `truth` (0 or 1), both (n,): isotonic regression where
    that serves, else the scores as they are.

    Fitted to chance, a calibration makes a model look better than it is. So it must bring rows that
    it was not fitted to nearer to their truth, by the Brier score of ten folds (the same at every
    call). NannyML asks the same of the expected calibration error; over pooled folds that falls
    also where the scores were probabilities already.
    """
    return isotonic(scores, truth) if _serves(scores, truth) else AS_GIVEN


def isotonic(scores: Floats, truth: Floats) -> Calibration:
    """Isotonic regression of `truth` on `scores`: the non-decreasing step nearest in squared error
    (Barlow and Brunk 1972; for probabilities Zadrozny and Elkan 2002)."""
    # scipy.optimize takes a while to import, and only models with labels need it.
    from scipy.optimize import isotonic_regression

    found, group = np.unique(scores, return_inverse=True)
    weights = np.bincount(group).astype(np.float64)
    means = np.bincount(group, truth) / weights
    shares = np.asarray(isotonic_regression(means, weights=weights).x, dtype=np.float64)
    # A step needs its two ends only.
    inner = np.zeros(len(shares), dtype=bool)
    inner[1:-1] = (shares[1:-1] == shares[:-2]) & (shares[1:-1] == shares[2:])
    return Calibration(found[~inner], np.clip(shares[~inner], 0.0, 1.0))


def _serves(scores: Floats, truth: Floats) -> bool:
    some = np.arange(len(scores)) % max(len(scores) // MOST_TRIED, 1) == 0
    scores, truth = scores[some], truth[some]
    # Not every tenth row: labels may alternate with the order of the rows.
    fold = np.random.default_rng(0).permutation(len(scores)) % FOLDS
    after = np.empty(len(scores))
    for held in range(FOLDS):
        if (fold != held).any():
            made = isotonic(scores[fold != held], truth[fold != held])
            after[fold == held] = made(scores[fold == held])
    return float(((after - truth) ** 2).sum()) < float(((scores - truth) ** 2).sum())
