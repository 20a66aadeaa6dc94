"""The search ports in memory: an embedder that hashes words, and an exact index in numpy."""

import re
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from knowledge.records import Vector

_WORD = re.compile(r"[a-z0-9]+")


class HashEmbedder:
    """`Embedder` without a model: counts words in hashed places. Texts that share words are alike;
    it knows no synonyms."""

    ready = True

    def __init__(self, dimensions: int = 256) -> None:
        self.dimensions = dimensions
        self.name = f"hash:{dimensions}"

    def encode(self, texts: Sequence[str]) -> Vector:
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                row[crc32(word.encode()) % self.dimensions] += 1
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


class FlatIndex:
    """`VectorIndex` that compares with every vector."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._vectors: dict[str, Vector] = {}

    def __len__(self) -> int:
        return len(self._vectors)

    def add(self, ids: Sequence[str], vectors: Vector) -> None:
        self._vectors |= dict(zip(ids, vectors, strict=True))

    def remove(self, ids: Sequence[str]) -> None:
        for document_id in ids:
            self._vectors.pop(document_id, None)

    def settle(self) -> None:
        """Nothing is left to do."""

    def search(self, vector: Vector, k: int) -> list[tuple[str, float]]:
        if not self._vectors:
            return []
        ids = list(self._vectors)
        cosines = np.stack(list(self._vectors.values())) @ vector
        best = np.argsort(-cosines, kind="stable")[:k]
        return [(ids[row], float(cosines[row])) for row in best]
