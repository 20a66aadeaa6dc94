"""`VectorIndex` over FAISS: exact below 100,000 vectors, a graph (HNSW) above."""

import threading
from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np

from knowledge.records import Vector

HNSW_FROM = 100_000
"""Vectors from which HNSW is worth its memory: exact search takes about 6 ms there."""
_LINKS = 32
_BREADTH = 256


class FaissIndex:
    """Vectors by id; safe to use from several threads.

    A removed or replaced vector stays in FAISS as a dead row until a tenth are dead; searches
    ask for that many more and skip them.
    """

    def __init__(self, dimensions: int, hnsw_from: int = HNSW_FROM) -> None:
        self._dimensions = dimensions
        self._hnsw_from = hnsw_from
        self._lock = threading.Lock()
        self._index: Any = faiss.IndexFlatIP(dimensions)
        self._ids: list[str] = []
        self._row: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._row)

    @property
    def exact(self) -> bool:
        """True while every vector is compared; False once a graph is searched."""
        return bool(len(self._ids) < self._hnsw_from)

    def add(self, ids: Sequence[str], vectors: Vector) -> None:
        if not ids:
            return
        last = {document_id: i for i, document_id in enumerate(ids)}
        rows = np.ascontiguousarray(vectors[list(last.values())], dtype=np.float32)
        with self._lock:
            was_exact = self.exact
            for document_id in last:
                self._row[document_id] = len(self._ids)
                self._ids.append(document_id)
            self._index.add(rows)
            if was_exact != self.exact or self._crowded():
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
            faiss.omp_set_num_threads(1)
            cosines, rows = self._index.search(query, min(k + self._dead(), len(self._ids)))
            found = [
                (self._ids[row], float(cosine))
                for cosine, row in zip(cosines[0], rows[0], strict=True)
                if row >= 0 and self._row.get(self._ids[row]) == row
            ]
        return found[:k]

    def _dead(self) -> int:
        return len(self._ids) - len(self._row)

    def _crowded(self) -> bool:
        return self._dead() > max(64, len(self._ids) // 10)

    def _rebuild(self) -> None:
        rows = sorted(self._row.values())
        stored = self._index.reconstruct_n(0, len(self._ids))
        self._ids = [self._ids[row] for row in rows]
        self._row = {document_id: row for row, document_id in enumerate(self._ids)}
        self._index = self._empty()
        self._index.add(np.ascontiguousarray(stored[rows]))

    def _empty(self) -> Any:
        if self.exact:
            return faiss.IndexFlatIP(self._dimensions)
        index = faiss.IndexHNSWFlat(self._dimensions, _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efSearch = _BREADTH
        return index
