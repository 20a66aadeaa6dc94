from collections.abc import Sequence
from pathlib import Path

import numpy as np

from knowledge.adapters.cached_embedder import CachedEmbedder
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.records import Vector


class Counting(HashEmbedder):
    """Remembers what it was asked to encode."""

    def __init__(self, name: str = "one") -> None:
        super().__init__(8)
        self.name = name
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vector:
        self.encoded += texts
        return super().encode(texts)


def test_a_restart_reads_what_was_computed(tmp_path: Path) -> None:
    first, file = Counting(), tmp_path / "vectors.db"
    before = CachedEmbedder(first, file)
    rows = before.encode(["a", "b", "a"])
    before.close()
    second = Counting()
    after = CachedEmbedder(second, file)
    assert after.missing(["a", "c"]) == 1
    np.testing.assert_array_equal(after.encode(["a", "b", "a"]), rows)
    assert (first.encoded, second.encoded) == (["a", "b"], [])
    after.close()


def test_another_model_has_its_own_vectors(tmp_path: Path) -> None:
    file, other = tmp_path / "vectors.db", Counting("two")
    one, two = CachedEmbedder(Counting("one"), file), CachedEmbedder(other, file)
    one.encode(["a"])
    two.encode(["a"])
    assert other.encoded == ["a"]
    one.close()
    two.close()


def test_a_damaged_file_is_gone_without(tmp_path: Path) -> None:
    file = tmp_path / "vectors.db"
    file.write_bytes(b"this is not a database, not at all" * 100)
    embedder = CachedEmbedder(Counting(), file)
    assert embedder.encode(["a"]).shape == (1, 8)
    embedder.close()


def test_nothing_to_encode(tmp_path: Path) -> None:
    embedder = CachedEmbedder(Counting(), tmp_path / "vectors.db")
    assert embedder.encode([]).shape == (0, 8)
    assert (embedder.name, embedder.dimensions, embedder.ready) == ("one", 8, True)
    embedder.close()
