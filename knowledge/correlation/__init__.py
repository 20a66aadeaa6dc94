"""Which alerts belong together, which are noise, and when there is enough for a card."""

from knowledge.correlation.deciding import carry_out
from knowledge.correlation.engine import Correlator
from knowledge.correlation.outcome import (
    Explanation,
    Key,
    Merging,
    Opening,
    Outcome,
    Placement,
    Splitting,
)
from knowledge.correlation.subject import Subject, is_noise, service_of, subject_of
from knowledge.correlation.tuning import Tuning

__all__ = [
    "Correlator",
    "Explanation",
    "Key",
    "Merging",
    "Opening",
    "Outcome",
    "Placement",
    "Splitting",
    "Subject",
    "Tuning",
    "carry_out",
    "is_noise",
    "service_of",
    "subject_of",
]
