from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from knowledge.adapters.sentence_embedder import MINILM_DIMENSIONS, SentenceEmbedder
from knowledge.errors import Unavailable


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "lean"])
def minilm(request: pytest.FixtureRequest) -> SentenceEmbedder:
    embedder = SentenceEmbedder(lean=request.param)
    assert not embedder.ready
    embedder.warm().join()
    assert embedder.ready
    return embedder


def test_meaning_counts_more_than_words(minilm: SentenceEmbedder) -> None:
    asked, same, other = minilm.encode(
        ["the database is out of connections", "too many clients already", "fan speed is high"]
    )
    assert asked @ same > asked @ other
    assert asked.shape == (MINILM_DIMENSIONS,)


def test_rows_keep_their_places_over_batches(minilm: SentenceEmbedder) -> None:
    texts = [f"alert number {n} " * (n % 5 + 1) for n in range(40)]
    rows = minilm.encode(texts)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(rows[33], minilm.encode([texts[33]])[0], atol=1e-4)
    assert minilm.encode([]).shape == (0, MINILM_DIMENSIONS)


def test_threads_get_their_own_answers(minilm: SentenceEmbedder) -> None:
    texts = ["disk full", "certificate expired", "kafka lag", "bad deploy"]
    alone = minilm.encode(texts)
    found: dict[int, np.ndarray] = {}

    def ask(number: int) -> None:
        found[number] = minilm.encode([texts[number]])[0]

    threads = [Thread(target=ask, args=(n,)) for n in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose([found[n] for n in range(len(texts))], alone, atol=1e-4)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not the model")
    with pytest.raises(Unavailable, match="are not the known ones") as caught:
        SentenceEmbedder(weights=tmp_path).encode(["a"])
    assert not caught.value.retry


def test_missing_weights_name_the_remedy(tmp_path: Path) -> None:
    embedder = SentenceEmbedder(weights=tmp_path)
    embedder.warm().join()
    assert not embedder.ready
    with pytest.raises(Unavailable, match="reinstall the package"):
        embedder.encode(["a"])


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="TANDEM_EMBEDDER"):
        SentenceEmbedder(str(tmp_path)).encode(["a"])
