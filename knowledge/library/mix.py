"""What the score of a document is made of, and how the parts are weighed. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.records import Vector


@dataclass(frozen=True)
class Parts:
    """Of some documents, for one question; arrays of one length."""

    nearest: Vector
    """Cosine of the nearest passage. The band is made of this one alone."""
    title: Vector
    learned_nearest: Vector
    """The same two under the metric that the library learned; equal to them while it has not."""
    learned_title: Vector
    share: Vector
    """BM25 as a share of its ceiling."""
    crowding: Vector
    """How near the document is to everything (`knowledge.library.geometry`); 0 while unknown."""
    explains: NDArray[np.bool_]
    """Whether it says why it happened or what helped."""


@dataclass(frozen=True)
class Mix:
    """Weights, chosen with benchmarks/retrieval.py, which also says how much they matter: the
    figures change little when all but one kind of question, or all but one source, choose them."""

    nearest: float = 0.35
    title: float = 0.05
    learned_nearest: float = 0.30
    learned_title: float = 0.10
    share: float = 0.60
    crowding: float = 0.50
    explains: float = 0.05

    def score(self, parts: Parts) -> Vector:
        """Comparable across questions: it does not depend on the other documents found."""
        alike = (
            self.nearest * parts.nearest
            + self.title * parts.title
            + self.learned_nearest * parts.learned_nearest
            + self.learned_title * parts.learned_title
            + self.share * parts.share
        )
        worth = 1 + self.explains * parts.explains - self.crowding * parts.crowding
        return np.asarray(worth * alike, dtype=np.float32)
