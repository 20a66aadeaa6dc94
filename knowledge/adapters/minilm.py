"""all-MiniLM-L6-v2 without sentence-transformers, whose imports take more memory than the model.

Six layers of BERT (Devlin et al. 2019, arXiv:1810.04805) in the base sizes below, the mean of the
last layer over a text's tokens, and length 1: what sentence-transformers computes from the same
files (the tests compare). That and transformers bring pandas, scikit-learn, scipy and pyarrow
along: 240 MB and ten seconds of processor time, for nothing that is used here.

torch takes seconds to import, so this module is imported when the model is loaded.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Encoding, Tokenizer
from torch import Tensor
from torch.nn import functional as F

from knowledge.records import Vector

LAYERS, HEADS, WIDTH = 6, 12, 384
MOST_TOKENS = 256
"""What the model was made for; the rest of a text is not read."""
_EPSILON = 1e-12
"""Of the layer normalisation, as in the model's config.json."""


class MiniLM:
    """Texts to unit rows; one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when a file of the model cannot be read, ValueError when it is none."""
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
        try:
            self._tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # The library raises nothing narrower.
            raise ValueError(f"tokenizer.json is not one: {error}") from error
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.enable_padding()
        self._weights = load_file(folder / "model.safetensors")

    def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), WIDTH); all texts are one batch, padded to the longest."""
        encodings: list[Encoding] = self._tokenizer.encode_batch_fast(list(texts))
        ids = torch.tensor([encoding.ids for encoding in encodings])
        seen = torch.tensor([encoding.attention_mask for encoding in encodings], dtype=torch.bool)
        with torch.inference_mode():
            states = self._embedded(ids)
            for layer in range(LAYERS):
                states = self._layer(f"encoder.layer.{layer}", states, seen)
            counted = seen.unsqueeze(-1)
            mean = (states * counted).sum(1) / counted.sum(1)
            rows: Vector = F.normalize(mean, dim=1).numpy()
        return rows

    def _embedded(self, ids: Tensor) -> Tensor:
        words = F.embedding(ids, self._weights["embeddings.word_embeddings.weight"])
        places = self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        # A text is one piece, so all tokens are of the first of the two types.
        types = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._normed("embeddings", words + types + places)

    def _layer(self, name: str, states: Tensor, seen: Tensor) -> Tensor:
        """`states` and the result: (texts, tokens, WIDTH). `seen`: (texts, tokens), not padding."""
        query, key, value = (
            self._dense(f"{name}.attention.self.{part}", states)
            .view(*states.shape[:2], HEADS, -1)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, seen[:, None, None, :])
        mixed = self._dense(f"{name}.attention.output.dense", mixed.transpose(1, 2).flatten(2))
        states = self._normed(f"{name}.attention.output", mixed + states)
        wide = F.gelu(self._dense(f"{name}.intermediate.dense", states))
        return self._normed(f"{name}.output", self._dense(f"{name}.output.dense", wide) + states)

    def _dense(self, name: str, states: Tensor) -> Tensor:
        return F.linear(states, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _normed(self, name: str, states: Tensor) -> Tensor:
        weight, bias = (self._weights[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return F.layer_norm(states, (WIDTH,), weight, bias, _EPSILON)
