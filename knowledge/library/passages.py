"""The vectors of the documents' passages, by row, in half precision.

A row's vectors are its title's and then its passages'. Half precision moves a cosine by less than
0.001 and halves the memory, which is most of a large library's.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

from knowledge.library.geometry import Geometry
from knowledge.records import Vector

_BLOCK = 16_384
"""Vectors in one block; blocks are never copied when more come."""
_AT_ONCE = 4_096
"""Rows that are measured together."""

Rows = NDArray[np.int64]


class Passages:
    """Vectors of rows 0, 1, 2 ...; `grow` adds a row without vectors. Not thread-safe."""

    def __init__(self, block: int = _BLOCK) -> None:
        self._block = block
        self._blocks: list[NDArray[np.float16]] = []
        self._lengths: array[float] = array("f")
        self._start: array[int] = array("q")
        self._count: array[int] = array("i")
        self._crowding: array[float] = array("f")
        self.filled = 0
        """Rows that have vectors."""

    def grow(self) -> None:
        self._start.append(-1)
        self._count.append(0)
        self._crowding.append(0.0)

    def has(self, row: int) -> bool:
        return self._start[row] >= 0

    def put(self, row: int, vectors: Vector, lengths: Vector, crowding: float) -> None:
        """vectors: shape (1 + passages, dimensions). `lengths` under the geometry's metric."""
        self.filled += not self.has(row)
        self._start[row] = len(self._lengths)
        self._count[row] = len(vectors)
        self._crowding[row] = crowding
        for vector in vectors:
            place, block = len(self._lengths) % self._block, len(self._lengths) // self._block
            if block == len(self._blocks):
                self._blocks.append(np.empty((self._block, vectors.shape[1]), dtype=np.float16))
            self._blocks[block][place] = vector
            self._lengths.append(0.0)
        self._lengths[self._start[row] :] = array("f", lengths.astype(np.float32).tobytes())

    def drop(self, row: int) -> None:
        """Forget its vectors; their place is given back when the rows are numbered anew."""
        self.filled -= self.has(row)
        self._start[row], self._count[row] = -1, 0

    def of(self, row: int) -> Vector:
        vectors, _, _ = self.gather(np.array([row]))
        return vectors

    def gather(self, rows: Rows) -> tuple[Vector, Rows, Vector]:
        """The vectors of these rows one below the other, where each row's begin, and the length of
        each under the metric. Each row must have vectors."""
        starts = np.frombuffer(self._start, np.int64)[rows]
        counts = np.frombuffer(self._count, np.int32)[rows].astype(np.int64)
        begins = np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64)
        places = np.arange(int(counts.sum())) + np.repeat(starts - begins, counts)
        lengths = np.frombuffer(self._lengths, np.float32)[places]
        return self._read(places), begins, lengths

    def crowding(self, rows: Rows) -> Vector:
        return np.frombuffer(self._crowding, np.float32)[rows]

    def measure(self, geometry: Geometry) -> None:
        """Measure all rows again, after something was learned."""
        filled = np.flatnonzero(np.frombuffer(self._start, np.int64) >= 0)
        for first in range(0, len(filled), _AT_ONCE):
            rows = filled[first : first + _AT_ONCE]
            vectors, begins, _ = self.gather(rows)
            lengths = geometry.lengths(vectors)
            crowding = geometry.crowding(vectors, begins, rows)
            for row, begin, crowded in zip(rows, begins, crowding, strict=True):
                start, count = self._start[row], self._count[row]
                measured = array("f", lengths[begin : begin + count].tobytes())
                self._lengths[start : start + count] = measured
                self._crowding[row] = crowded

    def renumbered(self, kept: Rows) -> "Passages":
        """After the rows were numbered anew; `kept` holds the old number of each."""
        new = Passages(self._block)
        for number, row in enumerate(kept):
            new.grow()
            if self.has(int(row)):
                vectors, _, lengths = self.gather(np.array([row]))
                new.put(number, vectors, lengths, self._crowding[int(row)])
        return new

    def _read(self, places: Rows) -> Vector:
        blocks = places // self._block
        if len(self._blocks) == 1:
            return self._blocks[0][places].astype(np.float32)
        found = np.empty((len(places), self._blocks[0].shape[1]), dtype=np.float32)
        for block in np.unique(blocks):
            here = blocks == block
            found[here] = self._blocks[block][places[here] % self._block]
        return found
