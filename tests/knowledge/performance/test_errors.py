import numpy as np
import pytest

from knowledge.performance.errors import fit_errors
from knowledge.records import Frame


def inputs(rows: int, seed: int) -> Frame:
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(0, 1, rows),
        "plan": rng.choice(["a", "b", "c"], rows).astype(object),
        "noise": rng.normal(0, 1, rows),
        "at": np.full(rows, np.datetime64("2026-01-01", "us")),
        "same": np.ones(rows),
    }


def size(frame: Frame) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.asarray(np.where(frame["x"] > 0.5, 3.0, 1.0) + (frame["plan"] == "b"))


def test_it_learns_steps_of_numbers_and_of_texts() -> None:
    rng = np.random.default_rng(5)
    frame = inputs(8000, 1)
    model = fit_errors(frame, size(frame) + rng.normal(0, 0.3, 8000))
    assert model is not None
    fresh = inputs(2000, 2)
    assert np.abs(model(fresh) - size(fresh)).mean() < 0.1


def test_missing_unknown_and_infinite_values_are_predicted_too() -> None:
    frame = inputs(4000, 1)
    model = fit_errors(frame, size(frame))
    assert model is not None
    odd = {"x": np.array([np.nan, np.inf, 0.0]), "plan": np.array([None, "new", "b"], object)}
    made = model(odd)
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert made[2] == pytest.approx(2.0, abs=0.15)


def test_a_vanished_column_counts_as_missing() -> None:
    frame = inputs(4000, 1)
    model = fit_errors(frame, size(frame))
    assert model is not None
    assert model({"plan": np.array(["b", "a"], dtype=object)}).shape == (2,)


@pytest.mark.parametrize("errors", ["noise", "constant"])
def test_what_cannot_be_told_has_no_model(errors: str) -> None:
    rng = np.random.default_rng(0)
    sizes = rng.exponential(1, 4000) if errors == "noise" else np.ones(4000)
    assert fit_errors(inputs(4000, 3), sizes) is None
