"""`VectorIndex` over FAISS: exact below 100,000 vectors, cells (IVF) in half precision above."""

import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from knowledge.records import Vector

CELLS_FROM = 100_000
"""Vectors from which cells are worth their training: exact search takes about 6 ms there."""
_LOOKED_INTO = 64
"""One in so many cells is looked into, though never less than a few."""
_FEWEST = 16
_TRAINING = 40
"""Vectors for each cell that the centres are learned from; FAISS asks for 39."""
_ROUNDS = 8
_GROWN = 4
"""The centres are learned anew when there are so many times as many vectors."""


def _faiss() -> ModuleType:
    """The library: 13 MB that a bot needs once it has vectors."""
    import faiss

    return faiss


class FaissIndex:
    """Vectors by id; safe to use from several threads.

    Adding goes into the cells that there are, so that a new vector is found at once. A removed or
    replaced vector stays in FAISS as a dead row until a tenth are dead; searches ask for that many
    more and skip them.
    """

    def __init__(self, dimensions: int, cells_from: int = CELLS_FROM) -> None:
        self._dimensions = dimensions
        self._cells_from = cells_from
        self._lock = threading.Lock()
        self._index: Any = _faiss().IndexFlatIP(dimensions)
        self._trained = 0
        self._ids: list[str] = []
        self._row: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._row)

    @property
    def exact(self) -> bool:
        """True while every vector is compared; False once cells are."""
        return self._trained == 0

    def add(self, ids: Sequence[str], vectors: Vector) -> None:
        if not ids:
            return
        last = {document_id: i for i, document_id in enumerate(ids)}
        rows = np.ascontiguousarray(vectors[list(last.values())], dtype=np.float32)
        with self._lock:
            for document_id in last:
                self._row[document_id] = len(self._ids)
                self._ids.append(document_id)
            self._index.add(rows)
            if self._outgrown() or self._crowded():
                self._rebuild()

    def remove(self, ids: Sequence[str]) -> None:
        with self._lock:
            for document_id in ids:
                self._row.pop(document_id, None)
            if self._crowded():
                self._rebuild()

    def search(self, vector: Vector, k: int) -> list[tuple[str, float]]:
        query = np.ascontiguousarray(vector.reshape(1, -1), dtype=np.float32)
        with self._lock:
            if not self._row or k < 1:
                return []
            # OpenMP keeps this number per thread. On a busy machine, more threads make one
            # query slower: they wait for each other.
            _faiss().omp_set_num_threads(1)
            most = min(k + min(self._dead(), k), len(self._ids))
            found = self._alive(query, most)
            if len(found) < min(k, len(self._row)) and self._dead():
                found = self._alive(query, min(k + self._dead(), len(self._ids)))
        return found[:k]

    def settle(self) -> None:
        """Nothing is left to do: cells are made as vectors are added."""

    def _alive(self, query: Vector, most: int) -> list[tuple[str, float]]:
        cosines, rows = self._index.search(query, most)
        return [
            (self._ids[row], cosine)
            for cosine, row in zip(cosines[0].tolist(), rows[0].tolist(), strict=True)
            if row >= 0 and self._row.get(self._ids[row]) == row
        ]

    def _dead(self) -> int:
        return len(self._ids) - len(self._row)

    def _crowded(self) -> bool:
        return self._dead() > max(64, len(self._ids) // 10)

    def _outgrown(self) -> bool:
        return len(self._ids) >= max(self._cells_from, _GROWN * self._trained)

    def _rebuild(self) -> None:
        rows = sorted(self._row.values())
        stored = self._index.reconstruct_n(0, len(self._ids))[rows]
        self._ids = [self._ids[row] for row in rows]
        self._row = {document_id: row for row, document_id in enumerate(self._ids)}
        self._index = self._empty(stored)
        self._index.add(np.ascontiguousarray(stored))

    def _empty(self, vectors: Vector) -> Any:
        faiss = _faiss()
        count = len(vectors)
        if count < self._cells_from:
            self._trained = 0
            return faiss.IndexFlatIP(self._dimensions)
        cells = min(count, 2 * int(np.sqrt(count)))
        centres = faiss.IndexFlatIP(self._dimensions)
        index = faiss.IndexIVFScalarQuantizer(
            centres,
            self._dimensions,
            cells,
            faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT,
            False,  # the vectors themselves, not what is left after their centre
        )
        index.cp.niter = _ROUNDS
        index.cp.max_points_per_centroid = _TRAINING
        index.cp.min_points_per_centroid = 1
        index.nprobe = max(_FEWEST, cells // _LOOKED_INTO)
        step = max(1, count // (cells * _TRAINING))
        index.train(np.ascontiguousarray(vectors[::step]))
        self._trained = count
        return index
