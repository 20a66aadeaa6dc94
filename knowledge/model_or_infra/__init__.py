"""Is the model at fault, or the infrastructure? Evidence in, verdict out; pure."""

from knowledge.model_or_infra.evidence import (
    Bad,
    Case,
    Happened,
    Kind,
    Reading,
    Side,
    Watched,
    What,
)
from knowledge.model_or_infra.measure import read
from knowledge.model_or_infra.weighing import Verdict, Weighed, assess, judge

__all__ = [
    "Bad",
    "Case",
    "Happened",
    "Kind",
    "Reading",
    "Side",
    "Verdict",
    "Watched",
    "Weighed",
    "What",
    "assess",
    "judge",
    "read",
]
