"""Search by words: tokens that keep the names operators use, and BM25 over an inverted index.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009),
with the idf that stays positive: ln(1 + (N - df + 0.5) / (df + 0.5)).
"""

import math
import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

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

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]

EXACT_TO = 100_000
"""Documents up to which every posting of every word is read; above, see `Bm25.best`."""
_POSTINGS = 400_000
"""Postings read to find candidates among more documents than that."""
_MOST_REPEATS = 65_535


def tokens(text: str) -> Iterator[str]:
    """Lower-case words without stop words.

    A compound gives itself and its parts: "KubePodCrashLooping" also gives kube, pod, crash and
    looping; "checkout-api" also checkout and api; "ORA-00942" also ora and 00942. So an exact name
    weighs most, and a part of it still finds the document.
    """
    for word in _WORD.findall(text):
        yield from _terms(word)


@lru_cache(maxsize=131_072)
def _terms(word: str) -> tuple[str, ...]:
    """What one word gives; texts repeat most of theirs."""
    whole = word.lower()
    found = [] if whole in _STOP else [_stem(whole)]
    parts = _PART.findall(word)
    if len(parts) > 1:
        lower = (part.lower() for part in parts)
        found += [_stem(part) for part in lower if len(part) > 1 and part not in _STOP]
    return tuple(found)


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


@dataclass(slots=True)
class _Postings:
    """Where one word stands: rows, ascending, and how often. Typed arrays take 6 bytes a posting,
    and numpy reads them in place."""

    rows: "array[int]" = field(default_factory=lambda: array("i"))
    counts: "array[int]" = field(default_factory=lambda: array("H"))

    def read(self) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """Views. They must be dropped before the next document is added."""
        return np.frombuffer(self.rows, np.int32), np.frombuffer(self.counts, np.uint16)


class Bm25:
    """Documents by id, found by words. Adding a known id replaces it. Not thread-safe.

    Each document has a row, in the order of adding. A removed one leaves a dead row until half of
    the rows are dead; then the rows are numbered anew, and `moved` is told the old number of each.
    """

    def __init__(self, moved: Callable[[Rows], None] = lambda kept: None) -> None:
        self._moved = moved
        self._ids: list[str] = []
        self._row: dict[str, int] = {}
        self._postings: dict[str, _Postings] = {}
        self._length: array[int] = array("i")
        self._alive: array[int] = array("b")
        self._total = 0
        self._dead = 0
        self._norms: Scores | None = None
        self._frequency: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._row)

    def __contains__(self, document_id: str) -> bool:
        return document_id in self._row

    def __iter__(self) -> Iterator[str]:
        return iter(self._row)

    def add(self, document_id: str, text: str) -> int:
        """The row that the document got."""
        self.remove(document_id)
        counts = Counter(tokens(text))
        row = len(self._ids)
        self._ids.append(document_id)
        self._row[document_id] = row
        for term, count in counts.items():
            postings = self._postings.get(term)
            if postings is None:
                postings = self._postings[term] = _Postings()
            postings.rows.append(row)
            postings.counts.append(min(count, _MOST_REPEATS))
        self._length.append(counts.total())
        self._alive.append(1)
        self._total += counts.total()
        self._changed()
        return row

    def remove(self, document_id: str) -> None:
        """Forget a document; an unknown id is fine."""
        row = self._row.pop(document_id, None)
        if row is None:
            return
        self._total -= self._length[row]
        self._alive[row] = 0
        self._dead += 1
        self._changed()
        if self._dead > max(100, len(self._row)):
            self._compact()

    def scores(self, query: str) -> Scores:
        """BM25 of every row, shape (rows,); rows are numbered by `ids` and the removed score 0."""
        total = np.zeros(len(self._ids), dtype=np.float32)
        for term, weight in self._weights(query).items():
            rows, worth = self._worth(term, weight)
            total[rows] += worth
        return total * np.frombuffer(self._alive, np.int8) if self._dead else total

    def scores_of(self, query: str, rows: Rows) -> Scores:
        """BM25 of these rows only; for a few among many."""
        total = np.zeros(len(rows), dtype=np.float32)
        for term, weight in self._weights(query).items():
            held, counts = self._postings[term].read()
            places = np.searchsorted(held, rows)
            places[places == len(held)] = 0
            here = held[places] == rows
            found = counts[places[here]]
            total[here] += weight * (K1 + 1) * found / (found + self._norm()[rows[here]])
        return total

    def best(self, query: str, most: int, among: NDArray[np.bool_] | None = None) -> Rows:
        """About `most` rows with the highest scores, in no order; `among` has one entry a row.

        Above EXACT_TO documents the rarest words alone choose, until _POSTINGS are read: a word
        that half of the documents hold costs as much as all others and hardly tells them apart.
        """
        if len(self._row) <= EXACT_TO:
            return _highest(_within(self.scores(query), among), most)
        total = np.zeros(len(self._ids), dtype=np.float32)
        read = 0
        for term, weight in sorted(self._weights(query).items(), key=lambda pair: -pair[1]):
            size = len(self._postings[term].rows)
            if read and read + size > _POSTINGS:
                continue
            rows, worth = self._worth(term, weight)
            total[rows] += worth
            read += size
        return _highest(_within(total * np.frombuffer(self._alive, np.int8), among), most)

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
        found: dict[str, tuple[float, str]] = {}
        for word in _WORD.findall(query):
            hits = [t for t in tokens(word) if _tells(t) and self._holds(row, t)]
            if not hits:
                continue
            shown = word if self._holds(row, _stem(word.lower())) else hits[0]
            found.setdefault(_stem(shown.lower()), (max(map(self.idf, hits)), shown))
        ranked = sorted(found.values(), key=lambda pair: -pair[0])
        return tuple(word for _, word in ranked[:most])

    def idf(self, term: str) -> float:
        frequency = self._documents_with(term)
        return math.log(1 + (len(self._row) - frequency + 0.5) / (frequency + 0.5))

    def _documents_with(self, term: str) -> int:
        """Among many documents, removed ones count until the rows are numbered anew."""
        postings = self._postings.get(term)
        if postings is None:
            return 0
        if not self._dead:
            return len(postings.rows)
        if len(self._row) > EXACT_TO:
            return min(len(postings.rows), len(self._row))
        known = self._frequency.get(term)
        if known is None:
            known = int(np.frombuffer(self._alive, np.int8)[postings.read()[0]].sum())
            self._frequency[term] = known
        return known

    def _weights(self, query: str) -> Mapping[str, float]:
        """Each known word of the query with its weight."""
        counts = Counter(tokens(query))
        return {t: self.idf(t) * _repeated(n) for t, n in counts.items() if t in self._postings}

    def _worth(self, term: str, weight: float) -> tuple[NDArray[np.int32], Scores]:
        rows, counted = self._postings[term].read()
        counts = counted.astype(np.float32)
        return rows, np.float32(weight * (K1 + 1)) * counts / (counts + self._norm()[rows])

    def _holds(self, row: int, term: str) -> bool:
        postings = self._postings.get(term)
        if postings is None:
            return False
        place = bisect_left(postings.rows, row)
        return place < len(postings.rows) and postings.rows[place] == row

    def _norm(self) -> Scores:
        """The denominator's part that grows with the length of a document, for each row."""
        if self._norms is None:
            mean = (self._total / max(1, len(self._row))) or 1.0
            lengths = np.frombuffer(self._length, np.int32).astype(np.float32)
            self._norms = np.asarray(K1 * (1 - B + B * lengths / mean), dtype=np.float32)
        return self._norms

    def _changed(self) -> None:
        self._norms = None
        self._frequency.clear()

    def _compact(self) -> None:
        kept = np.flatnonzero(np.frombuffer(self._alive, np.int8))
        number = np.full(len(self._ids), -1, dtype=np.int32)
        number[kept] = np.arange(len(kept), dtype=np.int32)
        for term, postings in list(self._postings.items()):
            rows, counts = postings.read()
            here = number[rows] >= 0
            if here.any():
                moved = array("i", number[rows[here]].tobytes())
                self._postings[term] = _Postings(moved, array("H", counts[here].tobytes()))
            else:
                del self._postings[term]
        self._ids = [self._ids[row] for row in kept]
        self._row = {document_id: row for row, document_id in enumerate(self._ids)}
        self._length = array("i", np.frombuffer(self._length, np.int32)[kept].tobytes())
        self._alive = array("b", bytes([1]) * len(kept))
        self._dead = 0
        self._changed()
        self._moved(kept)


def _within(scores: Scores, among: NDArray[np.bool_] | None) -> Scores:
    return scores if among is None else scores * among


def _highest(scores: Scores, most: int) -> Rows:
    """The rows of the highest scores above 0. Among many, a sample tells first about where the
    limit lies, since to part a million numbers takes ten times as long as to compare them."""
    if len(scores) > EXACT_TO:
        step = len(scores) // (EXACT_TO // 4)
        sample = np.sort(scores[::step])
        limit = sample[-min(len(sample), 8 + 2 * most // step)]
        rows = np.flatnonzero(scores > limit)
        if len(rows) < most:
            rows = np.flatnonzero(scores > 0)
    else:
        rows = np.flatnonzero(scores > 0)
    if len(rows) <= most:
        return rows
    return np.asarray(rows[np.argpartition(-scores[rows], most - 1)[:most]])
