"""What the documents of a library, taken together, say about likeness.

Two things that a cosine alone does not know, both learned from the library's own vectors:

- Which differences matter. The title and the passages of one document say one thing in several
  ways; directions in which they differ among themselves tell little, and are weighed down by the
  inverse of the within-document scatter (within-class covariance normalisation: Hatch, Kajarekar
  and Stolcke, "Within-class covariance normalization for SVM-based speaker recognition", 2006).
- Which documents are near to everything. A report that says only that something is being looked
  into resembles every other one; such hubs crowd out the document that is meant (Radovanovic,
  Nanopoulos and Ivanovic, "Hubs in space", 2010). `crowding` measures it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from knowledge.records import Vector

FEWEST = 200
"""Documents from which there is something to learn."""
SAMPLE = 2_000
"""Documents that stand for all when it is asked what is near to everything."""
_NEIGHBOURS = 10

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Geometry:
    """`metric` is symmetric and positive, of the vectors' dimensions squared; `mean` is where
    angles are measured from. `sample`: one passage each of some documents, `owners` their rows."""

    mean: Vector
    metric: Vector
    sample: Vector
    owners: Rows
    documents: int
    """How many there were when it was learned."""

    def lengths(self, vectors: Vector) -> Vector:
        """The length of each vector under the metric, seen from the mean; shape (len(vectors),)."""
        shifted = vectors - self.mean
        squares = np.einsum("ij,ij->i", shifted @ self.metric, shifted)
        return np.asarray(np.sqrt(np.maximum(squares, 1e-12)), dtype=np.float32)

    def question(self, query: Vector) -> tuple[Vector, float]:
        """(u, c): for a vector v, (v @ u - c) / lengths(v) is the cosine under the metric."""
        shifted = query - self.mean
        pulled = self.metric @ shifted
        unit = pulled / max(float(np.sqrt(shifted @ pulled)), 1e-6)
        return np.asarray(unit, dtype=np.float32), float(unit @ self.mean)

    def crowding(self, vectors: Vector, begins: Rows, rows: Rows) -> Vector:
        """How near documents are to the passages of others, each by its most crowded passage: the
        mean cosine to the ten nearest of the sample; shape (len(rows),).

        `vectors` holds the documents' one below the other, each's title first; `begins` says where
        each begins.
        """
        near = vectors @ self.sample.T
        number = {int(row): i for i, row in enumerate(rows)}
        ends = np.append(begins[1:], len(vectors))
        for column, owner in enumerate(self.owners):
            own = number.get(int(owner))
            if own is not None:
                near[begins[own] : ends[own], column] = -1
        most = min(_NEIGHBOURS, near.shape[1])
        crowded = np.partition(near, -most, axis=1)[:, -most:].mean(axis=1)
        crowded[begins] = -1  # titles are short, and near to many
        return np.asarray(np.maximum.reduceat(crowded, begins), dtype=np.float32)

    def renumbered(self, kept: Rows) -> "Geometry":
        """After the rows were numbered anew; `kept` holds the old number of each."""
        number = {int(old): new for new, old in enumerate(kept)}
        owners = np.array([number.get(int(old), -1) for old in self.owners], dtype=np.int64)
        return replace(self, owners=owners)


def learn(documents: Iterable[tuple[int, Vector]], count: int) -> Geometry:
    """From the row and the vectors (title first, then passages) of each of some documents, out of
    `count`. The documents should be a fair sample; at least one."""
    apart: list[Vector] = []
    firsts: list[Vector] = []
    sums: list[Vector] = []
    owners: list[int] = []
    passages = 0
    for row, vectors in documents:
        apart.append(vectors - vectors.mean(axis=0))
        sums.append(vectors[1:].sum(axis=0))
        passages += len(vectors) - 1
        firsts.append(vectors[1])
        owners.append(row)
    differences = np.concatenate(apart)
    within = np.asarray(differences.T @ differences / len(differences), dtype=np.float64)
    size = within.shape[0]
    # Fewer differences than dimensions say little about each direction: lean on the mean more.
    lean = (1 + size / len(differences)) * max(float(np.trace(within)) / size, 1e-9)
    metric = np.linalg.inv(within + lean * np.eye(size))
    chosen = _spread(len(firsts), SAMPLE)
    return Geometry(
        mean=np.asarray(np.sum(sums, axis=0) / passages, dtype=np.float32),
        metric=np.asarray(metric, dtype=np.float32),
        sample=np.stack([firsts[i] for i in chosen]),
        owners=np.array([owners[i] for i in chosen], dtype=np.int64),
        documents=count,
    )


def _spread(count: int, most: int) -> Sequence[int]:
    """At most so many of range(count), evenly spread."""
    if count <= most:
        return range(count)
    return [int(i) for i in np.linspace(0, count - 1, most)]
