"""What people said of earlier hits, and how far that moves a document. Pure.

A vote counts for questions near to the one it was given for, and fades. A person counts once for a
document. However many vote, a document moves by less than LIMIT, and one person alone moves it by
less than a third of that: votes mend the order of hits, they neither hide nor invent one.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from knowledge.records import Judgement

LIMIT = 0.12
"""In units of the score; neighbours among the first ten hits lie about 0.01 apart."""
_NEAR = 0.6
"""Cosine between two questions from which a vote for one begins to count for the other."""
_HALF_LIFE = timedelta(days=180)
_SETTLING = 2.0
"""Weight of votes at which a document has moved half of LIMIT."""


@dataclass(frozen=True)
class Standing:
    """Of one document, for one question. `shift` is added to its score."""

    shift: float
    helped: int
    unlike: int


def standings(votes: Sequence[tuple[Judgement, float]], now: datetime) -> dict[str, Standing]:
    """By document; each vote comes with the cosine of its question to the one asked now."""
    weights: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for vote, cosine in sorted(votes, key=lambda pair: pair[0].at):
        weight = _weight(vote, cosine, now)
        held = weights[vote.document].get(vote.by, 0.0)
        # The vote for the nearest question speaks for a person; of equals, the last one.
        if weight and abs(weight) >= abs(held):
            weights[vote.document][vote.by] = weight
    return {
        document: Standing(
            _shift(sum(by.values())),
            sum(weight > 0 for weight in by.values()),
            sum(weight < 0 for weight in by.values()),
        )
        for document, by in weights.items()
        if by
    }


def _weight(vote: Judgement, cosine: float, now: datetime) -> float:
    """Between -1 and 1: by how near the question is, and how long ago it was."""
    near = min(1.0, max(0.0, (cosine - _NEAR) / (1 - _NEAR)))
    age = max(0.0, (now - vote.at) / _HALF_LIFE)
    faded = math.exp2(-age)
    return near * faded * (1 if vote.useful else -1)


def _shift(weight: float) -> float:
    return LIMIT * weight / (_SETTLING + abs(weight))
