"""How the search holds up with a million incidents: time, memory, and what it misses.

python benchmarks/search_scale.py [--documents 1000000] [--questions 200] [--json]

The whole of `SearchLibrary.rank` is timed without embedding the question, which takes the packaged
model another 10 to 20 ms at any size. What it misses is told by scoring every document with the
same weights: recall@10 of that. Nothing can embed a million texts in a benchmark, so words and
vectors are made:

- words by Zipf's law over 200,000, about 48 a document, in topics: a topic prefers its own words;
- vectors of 384 dimensions around the centres of the topics, spread as passages of real incidents
  are (the nearest neighbour of a question at a cosine of about 0.7, the thousandth at 0.5).

A question is made from a document: some of its words and its vector, disturbed.
"""

import argparse
import json
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from knowledge.adapters.faiss_index import FaissIndex
from knowledge.adapters.memory.store import MemoryDocuments
from knowledge.library import SearchLibrary
from knowledge.records import Document, Filters, Vector

DIMENSIONS = 384
_WORDS = 200_000
_LENGTH = 48
_TOPICS = 5_000
_OWN = 40
_ASKED = 20
_SPREAD = 0.8
_DISTURBED = 0.5
_NOISES = 199_999
_PUT = 50_000


@dataclass(frozen=True)
class Made:
    """Documents as word numbers, shape (count, _LENGTH), and their vectors by topic and seed."""

    words: NDArray[np.int32]
    topics: NDArray[np.int64]
    centres: Vector
    noise: Vector


def make(count: int, dice: np.random.Generator) -> Made:
    centres = dice.standard_normal((_TOPICS, DIMENSIONS), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    common = centres[:50].repeat(_TOPICS // 50, axis=0)
    centres = _unit(centres + common)
    chance = 1 / (np.arange(_WORDS) + 10.0)
    limits = np.cumsum(chance / chance.sum())
    topics = dice.integers(0, _TOPICS, count)
    words = np.searchsorted(limits, dice.random((count, _LENGTH), dtype=np.float32))
    own = dice.integers(1_000, _WORDS, (_TOPICS, _OWN))
    picked = own[topics[:, None], dice.integers(0, _OWN, (count, _LENGTH // 4))]
    words[:, : _LENGTH // 4] = picked
    noise = _unit(dice.standard_normal((_NOISES, DIMENSIONS), dtype=np.float32))
    return Made(np.minimum(words, _WORDS - 1).astype(np.int32), topics, centres, noise)


class MadeVectors:
    """An embedder that takes the number of a document from its text and makes its vectors."""

    name = "made"
    ready = True
    dimensions = DIMENSIONS

    def __init__(self, made: Made) -> None:
        self._made = made

    def encode(self, texts: Sequence[str]) -> Vector:
        """Of a title and of the passage under it: near to each other; of a question: disturbed."""
        heads = [text.partition(" ")[0] for text in texts]
        numbers = np.array([int(head[1:].rstrip(".")) for head in heads])
        asked = np.array([head[0] == "q" for head in heads])
        whole = np.array([" " in text for text in texts])
        own = self._made.noise[numbers * 7919 % _NOISES]
        vectors = _unit(self._made.centres[self._made.topics[numbers]] + _SPREAD * own)
        other = self._made.noise[(numbers * 104729 + whole * 31 + asked * 17) % _NOISES]
        return _unit(vectors + np.where(asked, _DISTURBED, 0.2)[:, None] * other)


def _unit(rows: Vector) -> Vector:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


def document(made: Made, number: int) -> Document:
    words = " ".join(map(spelled, made.words[number].tolist()))
    return Document(f"D{number}", f"d{number}", words, resolution="fix" if number % 3 else "")


@cache
def spelled(word: int) -> str:
    """A number as a word of letters."""
    letters = "bcdfghklmnprstvz"
    return "a".join(letters[int(digit, 16)] for digit in f"{word:05x}") + "o"


def question(made: Made, number: int, dice: np.random.Generator) -> str:
    asked = dice.choice(made.words[number], _ASKED, replace=False)
    return f"q{number} " + " ".join(map(spelled, asked.tolist()))


def memory() -> float:
    """The most that this process held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    dice = np.random.default_rng(7)
    made = make(args.documents, dice)
    before = memory()
    store = MemoryDocuments()
    for first in range(0, args.documents, _PUT):
        store.put([document(made, n) for n in range(first, min(first + _PUT, args.documents))])
    stored = memory()
    library = SearchLibrary(store, MadeVectors(made), FaissIndex)
    started = time.perf_counter()
    library.build()
    built = time.perf_counter() - started
    held = memory()
    asked = [question(made, int(n), dice) for n in dice.integers(0, args.documents, args.questions)]
    took, computed, found = [], [], []
    for text in asked:
        library.rank(text, 1, filters=Filters(severity="SEV9"))  # embeds it
        started, cpu = time.perf_counter(), time.process_time()
        found.append({hit.document.id for hit in library.rank(text, 10)})
        took.append((time.perf_counter() - started) * 1000)
        computed.append((time.process_time() - cpu) * 1000)
    added = _adding(library, made)
    missed = _missed(library, asked[:50], found)
    figures = {
        "p50 ms": float(np.percentile(took, 50)),
        "p95 ms": float(np.percentile(took, 95)),
        "p95 ms of processor": float(np.percentile(computed, 95)),
        "recall@10 of exact": 1 - missed,
        "add to found ms": added,
        "build s": built,
        "documents GB": stored - before,
        "indexes GB": held - stored,
    }
    if args.json:
        listed = [
            {"metric": f"search, {args.documents}: {name}", "value": value, "cases": len(asked)}
            for name, value in figures.items()
        ]
        print(json.dumps([{**one, "baseline": None} for one in listed]))
        return
    print(f"{args.documents} documents")
    for name, value in figures.items():
        print(f"{name:20s} {value:10.3f}")


def _adding(library: SearchLibrary, made: Made) -> float:
    """Milliseconds from adding an incident to finding it."""
    started = time.perf_counter()
    new = Document("NEW", "d1", "an incident that nobody has seen before zyzzyva")
    library.add([new])
    hits = library.rank("q1 zyzzyva", 3)
    took = (time.perf_counter() - started) * 1000
    if "NEW" not in {hit.document.id for hit in hits}:
        raise SystemExit("the new document was not found")
    library.remove(["NEW"])
    if "NEW" in {hit.document.id for hit in library.rank("q1 zyzzyva", 3)}:
        raise SystemExit("the removed document was found")
    return took


def _missed(library: SearchLibrary, asked: Sequence[str], found: Sequence[set[str]]) -> float:
    """The share of the exact best ten that were not found."""
    library.score_all()
    missed = [
        len({hit.document.id for hit in library.rank(text, 10)} - one) / 10
        for text, one in zip(asked, found, strict=False)
    ]
    return float(np.mean(missed))


if __name__ == "__main__":
    main()
