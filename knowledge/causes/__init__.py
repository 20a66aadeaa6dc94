"""What broke: services and components ranked by how well the evidence speaks for each."""

from knowledge.causes.ranking import Clue, ClueKind, Ranking, Suspect

__all__ = ["Clue", "ClueKind", "Ranking", "Suspect"]
