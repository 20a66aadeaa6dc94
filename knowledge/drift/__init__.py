"""Has a model's input moved away from what the model was trained on?

>>> reference = profile({"x": np.arange(1000.0)})
>>> compare(reference, {"x": np.arange(1000.0) + 500}).verdict
'drifting'
"""

from knowledge.drift.compare import (
    BROKEN,
    DRIFTING,
    INPUT,
    MIN_ROWS,
    NOT_ENOUGH,
    PREDICTION,
    STABLE,
    ColumnDrift,
    DriftReport,
    compare,
)
from knowledge.drift.profile import Profile, profile, profile_for
from knowledge.drift.readings import Categories, Column, Columns, Histogram
from knowledge.quality import QualityFinding

__all__ = [
    "BROKEN",
    "DRIFTING",
    "INPUT",
    "MIN_ROWS",
    "NOT_ENOUGH",
    "PREDICTION",
    "STABLE",
    "Categories",
    "Column",
    "ColumnDrift",
    "Columns",
    "DriftReport",
    "Histogram",
    "Profile",
    "QualityFinding",
    "compare",
    "profile",
    "profile_for",
]
