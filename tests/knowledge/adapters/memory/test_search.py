import numpy as np
import pytest

from knowledge.adapters.memory.search import HashEmbedder


def test_shared_words_make_texts_alike() -> None:
    same, other = HashEmbedder().encode(["disk full on broker", "lunch"])
    asked = HashEmbedder().encode(["broker disk"])[0]
    assert asked @ same > 0.5 > asked @ other


def test_rows_have_length_one_and_an_empty_text_is_zero() -> None:
    rows = HashEmbedder(64).encode(["a b", ""])
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0, 0.0])
