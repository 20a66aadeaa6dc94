import numpy as np
from sklearn.isotonic import IsotonicRegression

from knowledge.performance import calibrate
from knowledge.performance.calibration import AS_GIVEN, isotonic


def test_it_is_the_isotonic_regression_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    score = np.round(rng.random(3000), 3)
    truth = (rng.random(3000) < score**2).astype(float)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(score, truth)
    asked = np.linspace(-0.1, 1.1, 999)
    np.testing.assert_allclose(isotonic(score, truth)(asked), theirs.predict(asked), atol=1e-12)


def test_scores_that_are_too_sure_are_calibrated() -> None:
    rng = np.random.default_rng(1)
    truth_p = rng.random(5000)
    score = 1 / (1 + np.exp(-4 * np.log(truth_p / (1 - truth_p))))
    made = calibrate(score, (rng.random(5000) < truth_p).astype(float))
    assert np.abs(made(score) - truth_p).mean() < 0.03


def test_scores_that_are_probabilities_mostly_stay_as_they_are() -> None:
    kept = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        p = rng.random(5000)
        made = calibrate(p, (rng.random(5000) < p).astype(float))
        kept += made is AS_GIVEN
        assert np.abs(made(p) - p).mean() < 0.03
    assert kept >= 9


def test_a_constant_score_becomes_the_share_of_positives() -> None:
    made = calibrate(np.full(500, 0.9), np.array([1.0, 0] * 250))
    assert made(np.array([0.0, 0.9, 1.0])).tolist() == [0.5, 0.5, 0.5]


def test_it_never_falls() -> None:
    rng = np.random.default_rng(2)
    made = isotonic(rng.random(500), rng.integers(0, 2, 500).astype(float))
    assert (np.diff(made(np.linspace(0, 1, 400))) >= 0).all()
