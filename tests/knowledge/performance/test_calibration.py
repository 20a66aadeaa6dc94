import numpy as np
from sklearn.isotonic import IsotonicRegression

from knowledge.performance import calibrate


def test_it_is_the_isotonic_regression_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    score = np.round(rng.random(3000), 3)
    truth = (rng.random(3000) < score**2).astype(float)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(score, truth)
    asked = np.linspace(-0.1, 1.1, 999)
    np.testing.assert_allclose(calibrate(score, truth)(asked), theirs.predict(asked), atol=1e-12)


def test_a_constant_score_becomes_the_share_of_positives() -> None:
    made = calibrate(np.full(10, 0.9), np.array([1.0, 0] * 5))
    assert made(np.array([0.0, 0.9, 1.0])).tolist() == [0.5, 0.5, 0.5]


def test_it_never_falls() -> None:
    rng = np.random.default_rng(2)
    made = calibrate(rng.random(500), rng.integers(0, 2, 500).astype(float))
    assert (np.diff(made(np.linspace(0, 1, 400))) >= 0).all()
