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


def calibrate(scores: Floats, truth: Floats) -> Calibration:
    """Isotonic regression of `truth` (0 or 1) on `scores`, both (n,): the non-decreasing step
    nearest in squared error (Barlow and Brunk 1972; for probabilities Zadrozny and Elkan 2002)."""
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
