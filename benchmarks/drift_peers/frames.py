"""The frames that every tool is shown: 20 numeric and 5 categorical columns."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.drift import make_frame
from knowledge.records import Frame

MOVED = (
    *("number 0", "number 1", "number 4", "number 5", "number 6", "number 8", "number 9"),
    *("number 12", "text 0", "text 1"),
)
"""The columns of `materially_drifted` that have moved; the other fifteen have not."""


def undrifted(rows: int, seed: int) -> tuple[Frame, Frame]:
    rng = np.random.default_rng(seed)
    return make_frame(rows, rng), make_frame(rows, rng)


def materially_drifted(rows: int, seed: int) -> tuple[Frame, Frame]:
    """Ten columns moved, each in a way of its own and enough to matter."""
    rng = np.random.default_rng(seed)
    reference, frame = make_frame(rows, rng), dict(make_frame(rows, rng))
    some = rng.random(rows)
    frame["number 0"] = frame["number 0"] + 0.5  # mean
    frame["number 1"] = frame["number 1"] * 1.6  # unit
    frame["number 4"] = frame["number 4"] * 1.5  # variance
    frame["number 5"] = np.where(some < 0.1, np.nan, frame["number 5"])  # missing: 10 points
    frame["number 6"] = frame["number 6"] * 1.6  # unit
    frame["number 8"] = np.where(some < 0.02, 1000.0, frame["number 8"])  # outliers: 2 %
    frame["number 9"] = np.where(some < 0.3, 0.0, frame["number 9"])  # a spike at zero
    frame["number 12"] = frame["number 12"] - 0.4  # mean
    frame["text 0"] = _where(some < 0.2, "category 19", frame["text 0"])  # shares
    frame["text 1"] = _where(some < 0.03, "never seen", frame["text 1"])  # a new category
    return reference, frame


def _where(
    chosen: NDArray[np.bool_], text: str, values: NDArray[np.object_]
) -> NDArray[np.object_]:
    found = values.copy()
    found[chosen] = text
    return found
