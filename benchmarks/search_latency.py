"""How long `/similar` takes with 10,000 documents, once the model is warm: p50 and p95.

python benchmarks/search_latency.py [--documents 10000] [--questions 200]

The whole skill is timed: embedding the question, both searches, the mix, the reply. Documents are
made of sentences of the demo company's incidents, shuffled with a fixed seed. Their vectors are
random unit vectors, since embedding 10,000 texts takes minutes and the time of a search does not
depend on what the vectors say; the question is embedded by the real model.
"""

import argparse
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from knowledge.adapters.faiss_index import FaissIndex
from knowledge.adapters.memory.store import MemoryDocuments
from knowledge.adapters.sentence_embedder import SentenceEmbedder
from knowledge.ingest import read_paths
from knowledge.library import SearchLibrary
from knowledge.records import Document, Vector
from skills import similar_incidents
from skills.testing import context

CONTENT = Path(__file__).parents[1] / "bot" / "demo" / "content"
_SENTENCES = 12


class RandomPassages:
    """An embedder of passages that does not read them; see above."""

    name = "random"
    ready = True

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._random = np.random.default_rng(7)

    def encode(self, texts: Sequence[str]) -> Vector:
        rows = self._random.standard_normal((len(texts), self.dimensions), dtype=np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def make_documents(count: int) -> list[Document]:
    texts = [document.text for document in read_paths([CONTENT]).documents]
    sentences = [s for text in texts for s in re.split(r"(?<=[.!?])\s+|\n+", text) if s.strip()]
    dice = random.Random(7)
    return [
        Document(
            id=f"D-{number}",
            title=dice.choice(sentences)[:80],
            text=" ".join(dice.choices(sentences, k=_SENTENCES)),
        )
        for number in range(count)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=200)
    args = parser.parse_args()
    embedder = SentenceEmbedder()
    embedder.warm().join()
    documents = MemoryDocuments()
    documents.put(make_documents(args.documents))
    passages = RandomPassages(embedder.dimensions)
    library = SearchLibrary(documents, embedder, FaissIndex, passages)
    started = time.perf_counter()
    library.build()
    built = time.perf_counter() - started
    ctx = context(library=library)
    took = []
    for document in make_documents(args.questions):
        question = similar_incidents.Args(text=document.text[:200])
        started = time.perf_counter()
        similar_incidents.run(ctx, question)
        took.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.percentile(took, [50, 95])
    print(f"{'documents':>10s} {'build s':>8s} {'p50 ms':>7s} {'p95 ms':>7s} {'max ms':>7s}")
    print(f"{args.documents:10d} {built:8.1f} {p50:7.1f} {p95:7.1f} {max(took):7.1f}")


if __name__ == "__main__":
    main()
