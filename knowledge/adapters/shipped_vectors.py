"""Vectors that are computed once and shipped in a file, so that no start waits for them."""

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from zipfile import BadZipFile

import numpy as np

from knowledge.adapters.around_embedder import AroundEmbedder
from knowledge.ports import Embedder
from knowledge.records import Vector


class ShippedVectors(AroundEmbedder):
    """`Embedder`: what the file holds comes from there, the rest from `inner`.

    A file of another model, or none at all, is as if it were empty. Vectors are kept in half
    precision, which moves a cosine by less than 0.001.
    """

    def __init__(self, inner: Embedder, file: Path) -> None:
        super().__init__(inner)
        self._file = file
        self._lock = Lock()
        self._known: dict[bytes, Vector] | None = None

    def encode(self, texts: Sequence[str]) -> Vector:
        known = self._read()
        found = {text: known[_key(text)] for text in texts if _key(text) in known}
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        if missing:
            found.update(zip(missing, self._inner.encode(missing), strict=True))
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([found[text] for text in texts])

    def _read(self) -> dict[bytes, Vector]:
        with self._lock:
            if self._known is None:
                self._known = _load(self._file, self._inner.name)
            return self._known


def write(file: Path, model: str, texts: Sequence[str], vectors: Vector) -> None:
    """vectors: shape (len(texts), dimensions), unit rows."""
    keys = np.frombuffer(b"".join(map(_key, texts)), dtype=np.uint8).reshape(len(texts), -1)
    np.savez_compressed(file, model=np.array(model), keys=keys, vectors=vectors.astype(np.float16))


def _load(file: Path, model: str) -> dict[bytes, Vector]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            if str(stored["model"]) != model:
                return {}
            vectors = stored["vectors"].astype(np.float32)
            keys = [row.tobytes() for row in stored["keys"]]
    except (OSError, BadZipFile, KeyError, ValueError):
        return {}
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(keys, vectors, strict=True))


def _key(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=12).digest()
