"""Search by words: tokens that keep the names operators use, and BM25 over an inverted index.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009),
with the idf that stays positive: ln(1 + (N - df + 0.5) / (df + 0.5)).
"""

import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[A-Za-z0-9]+(?:[_.:/-][A-Za-z0-9]+)*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_STOP = frozenset(
    """
    a about after all also an and any are as at be because been before but by can could did
    do does for from had has have how i if in into is it its just may me more my no not of
    on or our out over s so some such t than that the their them then there these they this
    to too up us was we were what when where which while who why will with would you your
    """.split()  # noqa: SIM905 (a paragraph reads better than 100 literals)
)

_ENDINGS = (
    *("ations", "ation", "ingly", "ings", "ing", "edly", "ed", "ies", "ers", "er", "ions"),
    *("ion", "ment", "ly", "es", "s", "e"),
)
"""The longer before the shorter that it ends with."""
_STEM = 4
"""Letters that must remain: shorter stems make different words meet."""

K1 = 1.2
B = 0.75


def tokens(text: str) -> Iterator[str]:
    """Lower-case words without stop words.

    A compound gives itself and its parts: "KubePodCrashLooping" also gives kube, pod, crash and
    looping; "checkout-api" also checkout and api; "ORA-00942" also ora and 00942. So an exact name
    weighs most, and a part of it still finds the document.
    """
    for word in _WORD.findall(text):
        whole = word.lower()
        if whole not in _STOP:
            yield _stem(whole)
        parts = _PART.findall(word)
        if len(parts) > 1:
            for part in parts:
                lower = part.lower()
                if len(lower) > 1 and lower not in _STOP:
                    yield _stem(lower)


def _stem(word: str) -> str:
    """Cut one common ending, so that "failing", "failed" and "failures" meet; names with digits
    or punctuation stay whole."""
    if len(word) < 4 or not word.isalpha():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word[: -len(ending)]
    return word


def _tells(token: str) -> bool:
    """Worth showing as a reason: not a letter or a small number, which match by chance."""
    return len(token) > 2 or (len(token) == 2 and not token.isdigit())


def _repeated(count: int) -> float:
    """What a word is worth that the query says `count` times."""
    return 1 + math.log(count)


class Bm25:
    """Documents by id, found by words. Adding a known id replaces it. Not thread-safe."""

    def __init__(self) -> None:
        self._clear()

    def __len__(self) -> int:
        return len(self._row)

    def add(self, document_id: str, text: str) -> None:
        self.remove(document_id)
        self._append(document_id, Counter(tokens(text)))

    def remove(self, document_id: str) -> None:
        """Forget a document; an unknown id is fine."""
        row = self._row.pop(document_id, None)
        if row is None:
            return
        for term in self._terms[row]:
            self._frequency[term] -= 1
        self._total -= int(self._length[row])
        self._alive[row] = 0
        self._dead += 1
        if self._dead > max(100, len(self._row)):
            self._compact()

    def scores(self, query: str) -> NDArray[np.float32]:
        """BM25 of every row, shape (rows,); rows are numbered by `ids` and the removed score 0."""
        total = np.zeros(len(self._ids), dtype=np.float32)
        if not self._row:
            return total
        norm = self._norms()
        for term, weight in self._weights(query).items():
            rows = np.array(self._rows[term], dtype=np.int64)
            counts = np.array(self._counts[term], dtype=np.float32)
            total[rows] += np.float32(weight) * counts * (K1 + 1) / (counts + norm[rows])
        return total * np.array(self._alive, dtype=np.float32)

    def ceiling(self, query: str) -> float:
        """What a document would approach that repeats every word of the query without end.

        Dividing by it makes scores comparable across queries, between 0 and 1; words that no
        document has weigh as much as the rarest, so that they pull the share down.
        """
        counts = Counter(tokens(query))
        weights = (self.idf(term) * _repeated(count) for term, count in counts.items())
        return sum(weights) * (K1 + 1)

    def search(self, query: str, k: int) -> list[tuple[str, float]]:
        """The best ids with their BM25, best first; documents without a matching word left out."""
        scores = self.scores(query)
        best = np.argsort(-scores, kind="stable")[:k]
        return [(self._ids[row], float(scores[row])) for row in best if scores[row] > 0]

    @property
    def ids(self) -> Sequence[str]:
        """The id of each row of `scores`; rows of removed documents keep theirs."""
        return self._ids

    def row(self, document_id: str) -> int:
        return self._row[document_id]

    def matched(self, query: str, document_id: str, most: int = 6) -> tuple[str, ...]:
        """The query's words that the document holds, the rarest first, as they were typed."""
        row = self._row.get(document_id)
        if row is None:
            return ()
        held = self._terms[row]
        found: dict[str, tuple[float, str]] = {}
        for word in _WORD.findall(query):
            hits = [t for t in tokens(word) if t in held and _tells(t)]
            if not hits:
                continue
            shown = word if _stem(word.lower()) in held else hits[0]
            found.setdefault(_stem(shown.lower()), (max(map(self.idf, hits)), shown))
        ranked = sorted(found.values(), key=lambda pair: -pair[0])
        return tuple(word for _, word in ranked[:most])

    def idf(self, term: str) -> float:
        return self._idf(self._frequency.get(term, 0))

    def _idf(self, frequency: int) -> float:
        return math.log(1 + (len(self._row) - frequency + 0.5) / (frequency + 0.5))

    def _weights(self, query: str) -> dict[str, float]:
        """Each known word of the query with its weight."""
        counts = Counter(tokens(query))
        known = {t: n for t, n in counts.items() if self._frequency.get(t, 0) > 0}
        return {t: self.idf(t) * _repeated(n) for t, n in known.items()}

    def _norms(self) -> NDArray[np.float32]:
        mean = (self._total / len(self._row)) or 1.0
        lengths = np.array(self._length, dtype=np.float32)
        return np.asarray(K1 * (1 - B + B * lengths / mean), dtype=np.float32)

    def _append(self, document_id: str, counts: Counter[str]) -> None:
        row = len(self._ids)
        self._ids.append(document_id)
        self._row[document_id] = row
        self._terms.append(counts)
        self._length.append(sum(counts.values()))
        self._alive.append(1)
        self._total += sum(counts.values())
        for term, count in counts.items():
            self._rows[term].append(row)
            self._counts[term].append(count)
            self._frequency[term] += 1

    def _compact(self) -> None:
        kept = [(i, self._terms[row]) for i, row in self._row.items()]
        self._clear()
        for document_id, counts in kept:
            self._append(document_id, counts)

    def _clear(self) -> None:
        self._ids: list[str] = []
        self._row: dict[str, int] = {}
        self._terms: list[Counter[str]] = []
        self._rows: defaultdict[str, array[int]] = defaultdict(lambda: array("l"))
        self._counts: defaultdict[str, array[int]] = defaultdict(lambda: array("l"))
        self._frequency: Counter[str] = Counter()
        self._length: array[int] = array("l")
        self._alive: array[int] = array("b")
        self._total = 0
        self._dead = 0
