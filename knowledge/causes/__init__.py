"""What broke: services and components ranked by how well the evidence speaks for each."""

from knowledge.causes.case import Case, Readings, Symptom
from knowledge.causes.ranking import Clue, ClueKind, Ranking, Suspect
from knowledge.causes.search import rank

__all__ = [
    "Case",
    "Clue",
    "ClueKind",
    "Ranking",
    "Readings",
    "Suspect",
    "Symptom",
    "rank",
]
