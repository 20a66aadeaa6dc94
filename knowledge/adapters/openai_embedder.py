"""Embeddings from any endpoint that speaks OpenAI's /v1/embeddings.

The client takes most of a second to import, so that waits until an endpoint is configured.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from knowledge.errors import Unavailable
from knowledge.records import Vector
from knowledge.redact import redact

if TYPE_CHECKING:
    import openai

BATCH = 64


class OpenAIEmbedder:
    """`Embedder` over an OpenAI-compatible endpoint. Vectors are brought to length 1 here, since
    not every server does it. Secrets and personal data are masked before texts leave."""

    def __init__(
        self, model: str, base_url: str = "", api_key: str = "", timeout_s: float = 10.0
    ) -> None:
        """An empty base_url means OpenAI's own; local servers often need no key."""
        import openai

        self._model = model
        self._client = openai.OpenAI(
            base_url=base_url or None,
            api_key=api_key or "none",
            timeout=timeout_s,
            max_retries=1,
        )

    @property
    def name(self) -> str:
        return f"openai:{self._model}"

    @cached_property
    def dimensions(self) -> int:
        """Asked of the endpoint once, by embedding a word."""
        return int(self._embed(["size"]).shape[1])

    @property
    def ready(self) -> bool:
        return True

    def encode(self, texts: Sequence[str]) -> Vector:
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        starts = range(0, len(texts), BATCH)
        return np.concatenate([self._embed(texts[start : start + BATCH]) for start in starts])

    def _embed(self, texts: Sequence[str]) -> Vector:
        import openai

        # Each with masks of its own, so that a text has one vector whatever it comes with. The API
        # refuses empty strings.
        wanted = [redact(text)[0] if text.strip() else "." for text in texts]
        try:
            answer = self._client.embeddings.create(
                model=self._model, input=wanted, encoding_format="float"
            )
        except openai.APITimeoutError as error:
            raise Unavailable("embeddings", "took too long") from error
        except openai.APIConnectionError as error:
            raise Unavailable("embeddings", f"cannot be reached ({error.__cause__})") from error
        except openai.APIStatusError as error:
            raise _refused(error) from error
        except openai.OpenAIError as error:
            raise Unavailable("embeddings", f"gave no usable answer ({error})") from error
        except ValueError as error:
            # The client raises it for an answer without data.
            raise Unavailable("embeddings", f"gave no usable answer ({error})") from error
        rows = sorted(answer.data, key=lambda item: item.index)
        return _unit([row.embedding for row in rows], len(texts))


def _refused(error: openai.APIStatusError) -> Unavailable:
    code = error.status_code
    if code in (401, 403):
        return Unavailable("embeddings", "refused the key; check OPENAI_API_KEY", retry=False)
    if code == 404:
        why = "does not know the model; check TANDEM_EMBEDDER and OPENAI_BASE_URL"
        return Unavailable("embeddings", why, retry=False)
    return Unavailable("embeddings", f"answered {code}", retry=code == 429 or code >= 500)


def _unit(rows: list[list[float]], expected: int) -> Vector:
    if len(rows) != expected or len({len(row) for row in rows}) != 1:
        raise Unavailable("embeddings", f"gave {len(rows)} vectors for {expected} texts, or uneven")
    matrix = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(lengths > 0, lengths, 1), dtype=np.float32)
