"""Clues of each service while they are collected, and what they come to."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from knowledge.causes.ranking import Clue, ClueKind, Suspect

TEMPERATURE = 0.6
"""Scores of how many bits apart make one service e times as likely as another."""
NOBODY = 0.6
"""Score of "none of these"."""
_HIGHEST = 60.0
_TOLD = 6
_LEAST = 0.08
"""Clues of less weight are counted and not told."""


class Board:
    """One row for each service that may be the cause. All evidence of a service is multiplied by
    its factor, where it has one."""

    def __init__(self, services: Iterable[str], factors: Mapping[str, float] | None = None) -> None:
        self._clues: dict[str, list[Clue]] = {service: [] for service in services}
        self._factors = factors or {}

    def add(
        self,
        service: str,
        kind: ClueKind,
        text: str,
        weight: float,
        *,
        at: datetime | None = None,
        sources: tuple[str, ...] = (),
    ) -> None:
        """Of services that are no candidates, and of no weight, nothing is kept."""
        if weight and service in self._clues:
            weight *= self._factors.get(service, 1.0)
            self._clues[service].append(Clue(kind, text, weight, at, sources))

    def suspects(self) -> tuple[Suspect, ...]:
        """Likeliest first, with probabilities that sum to 1 with "none of these"."""
        scores = {s: math.fsum(c.weight for c in clues) for s, clues in self._clues.items()}
        powers = {s: math.exp(min(score, _HIGHEST) / TEMPERATURE) for s, score in scores.items()}
        whole = math.fsum(powers.values()) + math.exp(NOBODY / TEMPERATURE)
        found = [
            Suspect(service, score, powers[service] / whole, _told(self._clues[service]))
            for service, score in scores.items()
        ]
        return tuple(sorted(found, key=lambda suspect: (-suspect.score, suspect.component)))


def _told(clues: Iterable[Clue]) -> tuple[Clue, ...]:
    told = [clue for clue in clues if abs(clue.weight) >= _LEAST]
    return tuple(sorted(told, key=lambda clue: -abs(clue.weight))[:_TOLD])
