from pathlib import Path

import numpy as np

from bot.parts import PHRASE_VECTORS
from bot.verbs.vectors import phrases
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.adapters.sentence_embedder import SentenceEmbedder
from knowledge.adapters.shipped_vectors import ShippedVectors, write
from knowledge.records import Vector


class Counting(HashEmbedder):
    """Counts the texts it is really asked for."""

    def __init__(self, name: str = "counting") -> None:
        super().__init__()
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> Vector:  # type: ignore[override]
        self.asked += texts
        return super().encode(texts)


def test_shipped_texts_are_not_computed_and_the_rest_is(tmp_path: Path) -> None:
    file, plain = tmp_path / "v.npz", HashEmbedder()
    write(file, "counting", ["a b", "c d"], plain.encode(["a b", "c d"]))
    inner = Counting()
    found = ShippedVectors(inner, file).encode(["c d", "e f", "a b", "e f"])
    assert inner.asked == ["e f"]
    np.testing.assert_allclose(found, plain.encode(["c d", "e f", "a b", "e f"]), atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_vectors_of_another_model_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "v.npz"
    write(file, "another", ["a b"], HashEmbedder().encode(["a b"]))
    inner = Counting()
    ShippedVectors(inner, file).encode(["a b"])
    assert inner.asked == ["a b"]


def test_a_broken_file_is_as_good_as_none(tmp_path: Path) -> None:
    file = tmp_path / "v.npz"
    file.write_bytes(b"PK no zip")
    inner = Counting()
    assert ShippedVectors(inner, file).encode(["a b"]).shape == (1, inner.dimensions)
    assert inner.asked == ["a b"]


def test_every_phrase_of_the_router_is_shipped() -> None:
    """Fails after phrases were changed: run `make vectors`."""
    inner = Counting(SentenceEmbedder().name)
    ShippedVectors(inner, PHRASE_VECTORS).encode(phrases())
    assert inner.asked == []
