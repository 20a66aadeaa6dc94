"""An embedder that remembers, in one SQLite file, what it was asked before.

Derived data: the file may be deleted at any time. A restart then reads vectors instead of
computing them, and does not need the model at all while nothing is new.
"""

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from knowledge.adapters.around_embedder import AroundEmbedder
from knowledge.ports import Embedder
from knowledge.records import Vector

log = logging.getLogger(__name__)

_BATCH = 500


class CachedEmbedder(AroundEmbedder):
    """`Embedder` around another. Meant for passages; questions are not worth keeping.

    A damaged or unwritable file costs time, never an answer: it is logged and gone without.
    """

    def __init__(self, inner: Embedder, file: Path) -> None:
        super().__init__(inner)
        self._lock = threading.Lock()
        self._database = _open(file)

    def encode(self, texts: Sequence[str]) -> Vector:
        keys = [_key(self._inner.name, text) for text in texts]
        known = self.known(texts)
        wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if wanted:
            fresh = self._inner.encode(list(wanted.values()))
            known |= dict(zip(wanted, fresh, strict=True))
            self._write({key: known[key] for key in wanted})
        if not keys:
            return self._inner.encode([])
        return np.stack([known[key] for key in keys])

    def missing(self, texts: Sequence[str]) -> int:
        """How many of the texts the model would have to encode."""
        return len({_key(self._inner.name, text) for text in texts} - set(self.known(texts)))

    def known(self, texts: Sequence[str]) -> dict[str, Vector]:
        keys = list({_key(self._inner.name, text) for text in texts})
        found: dict[str, Vector] = {}
        try:
            with self._lock:
                for part in _parts(keys):
                    found |= self._read(part)
        except sqlite3.Error as error:
            log.warning("vector cache not read: %s", error)
        return found

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _read(self, keys: Sequence[str]) -> dict[str, Vector]:
        marks = ",".join("?" * len(keys))
        # Only question marks are put into the statement; the keys are bound.
        rows = self._database.execute(
            f"SELECT key, vector FROM vectors WHERE key IN ({marks})",  # noqa: S608
            keys,
        )
        return {key: np.frombuffer(blob, dtype=np.float32) for key, blob in rows}

    def _write(self, vectors: dict[str, Vector]) -> None:
        rows = [(key, vector.astype(np.float32).tobytes()) for key, vector in vectors.items()]
        try:
            with self._lock, self._database:
                self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            log.warning("vector cache not written: %s", error)


def _key(model: str, text: str) -> str:
    return hashlib.sha256(f"{model}\0{text}".encode("utf-8", "replace")).hexdigest()


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]


def _open(file: Path) -> sqlite3.Connection:
    try:
        return _create(str(file))
    except sqlite3.Error as error:
        log.warning("vector cache %s is not usable (%s); going without", file, error)
        return _create(":memory:")


def _create(where: str) -> sqlite3.Connection:
    database = sqlite3.connect(where, check_same_thread=False, timeout=10)
    try:
        with database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL)"
            )
    except sqlite3.Error:
        database.close()
        raise
    return database
