"""Has a model's input moved away from what the model was trained on?

>>> reference = profile({"x": np.arange(1000.0)})
>>> compare(reference, {"x": np.arange(1000.0) + 500}).verdict
'drifting'
"""

from knowledge.drift.compare import (
    BROKEN,
    DRIFTING,
    MIN_ROWS,
    NOT_ENOUGH,
    STABLE,
    ColumnDrift,
    DriftReport,
    compare,
)
from knowledge.drift.profile import Profile, profile
from knowledge.quality import QualityFinding

__all__ = [
    "BROKEN",
    "DRIFTING",
    "MIN_ROWS",
    "NOT_ENOUGH",
    "STABLE",
    "ColumnDrift",
    "DriftReport",
    "Profile",
    "QualityFinding",
    "compare",
    "profile",
]
