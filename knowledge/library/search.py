"""The search library: past incidents and runbooks found by meaning and by words.

A document is embedded as passages of about 120 words, each headed by the title, and by its title
alone. The order of hits mixes two cosines (as the model gives it, and under the metric that the
library learned from its own documents) with the share of the query's words that a document holds
(BM25 over its ceiling), so that the score of a hit does not depend on the other hits. What is near
to everything counts for less, what says why it happened for a little more. The band comes from
the cosine of the nearest passage alone. Weights: benchmarks/retrieval.py.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import NotFound, Unavailable
from knowledge.lexical import EXACT_TO, Bm25, tokens
from knowledge.library.geometry import FEWEST, Geometry, learn
from knowledge.library.mix import Mix, Parts
from knowledge.library.passages import Passages
from knowledge.library.shelf import Mask, Shelf
from knowledge.library.texts import (
    embedded_texts,
    explains,
    nearest_sentences,
    passages,
    sections_with,
    words_of,
)
from knowledge.library.votes import Standing, standings
from knowledge.ports import Documents, Embedder, VectorIndex
from knowledge.records import Band, Document, DocumentKind, Filters, Hit, Judgement, Vector

log = logging.getLogger(__name__)

SIMILAR = 0.55
POSSIBLE = 0.40
"""Cosines from which a hit is "similar", and "possibly related"."""
BY_WORDS = 0.25
"""Share of the query's words from which a hit is shown while only words are searched."""

MIX = Mix()

ALL_UP_TO = 4_000
"""Documents that may be found, up to which every one of them is scored; above, the best of either
search are."""
_DEPTH = 400
_DEEPEST = 6_000
"""Candidates taken from either search; more are asked for where filters will drop most."""
_INLINE = 32
"""New passages that a question embeds itself before it is answered; more are left to the
background."""
_BATCH = 256
_REMEMBERED = 64
"""Questions whose vectors are kept."""
_JUDGED = 4_096
"""Judged questions whose vectors are kept."""
_LEARN_FROM = 20_000
"""Documents that the metric is learned from, evenly spread."""
_ALL_KINDS = (DocumentKind.INCIDENT, DocumentKind.RUNBOOK)
_NO_FILTERS = Filters()

Rows = NDArray[np.int64]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def band(cosine: float) -> Band:
    if cosine >= SIMILAR:
        return Band.SIMILAR
    return Band.POSSIBLE if cosine >= POSSIBLE else Band.NONE


@dataclass(frozen=True)
class _Found:
    """A document found, before it is read."""

    id: str
    score: float
    cosine: float
    band: Band


@dataclass(frozen=True)
class _Scored:
    """Some rows, their scores, and the cosine that the band of each may claim; arrays of one
    length. `cosines` is None while only words are searched."""

    rows: Rows
    scores: Vector
    claims: Vector
    cosines: Vector | None


class SearchLibrary:
    """`Library` over a store of documents, an embedder and a vector index.

    The store is the truth. Both indexes are built from it and take in what has changed when its
    revision moves. Documents themselves are read from the store when they are shown. Safe to use
    from several threads.
    """

    def __init__(
        self,
        documents: Documents,
        embedder: Embedder,
        make_index: Callable[[int], VectorIndex],
        passages: Embedder | None = None,
        now: Callable[[], datetime] = _utc_now,
        all_up_to: int = ALL_UP_TO,
    ) -> None:
        """`make_index` takes the number of dimensions; `passages` embeds documents where that is
        not the same embedder (one that remembers). `now` is what votes fade by."""
        self._documents = documents
        self._embedder = embedder
        self._passages = passages or embedder
        self._make_index = make_index
        self._now = now
        self._all_up_to = all_up_to
        self._lock = threading.RLock()
        self._building = threading.Lock()
        self._revision = -1
        self._words = Bm25(self._renumber)
        self._shelf = Shelf()
        self._vectors = Passages()
        self._waiting: dict[str, Document] = {}
        self._index: VectorIndex | None = None
        self._geometry: Geometry | None = None
        self._asked: dict[str, Vector] = {}
        self._judged: dict[str, Vector] = {}

    @property
    def ready(self) -> bool:
        with self._lock:
            return self._embedder.ready and not self._waiting

    def get(self, document_id: str) -> Document:
        return self._documents.get(document_id)

    def add(self, documents: Sequence[Document]) -> None:
        self._documents.put(documents)
        self._refresh()

    def remove(self, document_ids: Sequence[str]) -> None:
        """Forget documents, in the store too; unknown ids are fine."""
        self._documents.remove(document_ids)
        self._refresh()

    def build(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Read the store and embed all that is not embedded yet; takes as long as it takes.

        `progress` is told documents done and in all. Raises Unavailable when the embedder fails.
        """
        with self._building:
            self._refresh()
            with self._lock:
                waiting = list(self._waiting.values())
            for batch in _batches(waiting):
                self._embed(batch)
                progress(self._vectors.filled, len(self._words))
            self._learn()
            self._settle()

    def _settle(self) -> None:
        """Only while nothing is missing here: what an index that replicas share holds beyond that
        is then nobody's."""
        revision = self._documents.revision()
        with self._lock:
            index, whole = self._index, revision == self._revision and not self._waiting
        if index is not None and whole:
            index.settle()

    def score_all(self) -> None:
        """Score every document from now on, however many there are; for measuring what is missed
        without. A million take seconds."""
        self._all_up_to = sys.maxsize

    def warm(self) -> threading.Thread:
        """`build()` in the background."""
        thread = threading.Thread(target=self._build_quietly, name="library", daemon=True)
        thread.start()
        return thread

    def similar(
        self,
        text: str,
        k: int = 5,
        kinds: Sequence[DocumentKind] = _ALL_KINDS,
        exclude: Sequence[str] = (),
        filters: Filters = _NO_FILTERS,
        votes: Sequence[Judgement] = (),
    ) -> list[Hit]:
        shown = (Band.SIMILAR, Band.POSSIBLE)
        return self._search(text, k, kinds, exclude, filters, votes, shown)

    def rank(
        self,
        text: str,
        k: int = 20,
        kinds: Sequence[DocumentKind] = _ALL_KINDS,
        exclude: Sequence[str] = (),
        filters: Filters = _NO_FILTERS,
        votes: Sequence[Judgement] = (),
    ) -> list[Hit]:
        """As `similar`, with the hits of band NONE."""
        return self._search(text, k, kinds, exclude, filters, votes, tuple(Band))

    def parts(self, text: str) -> tuple[Sequence[str], Parts]:
        """The ids of all documents, and what the score of each is made of; for tuning. Raises
        Unavailable while not everything is embedded."""
        self._refresh()
        query = self._query_vector(text)
        with self._lock:
            if query is None or self._waiting:
                raise Unavailable("library", "is not embedded yet")
            rows = np.array([self._words.row(i) for i in sorted(self._words)], dtype=np.int64)
            return sorted(self._words), self._parts(text, query, rows)

    # Questions

    def _search(
        self,
        text: str,
        k: int,
        kinds: Sequence[DocumentKind],
        exclude: Sequence[str],
        filters: Filters,
        votes: Sequence[Judgement],
        bands: Sequence[Band],
    ) -> list[Hit]:
        if not text.strip():
            return []
        self._refresh()
        query = self._query_vector(text)
        said = self._standings(votes, query)
        with self._lock:
            # What came while the question was embedded has no vector: the next question finds it.
            unread = self._waiting if query is not None else ()
            mask = self._mask(kinds, [*exclude, *unread], filters)
            rows = self._candidates(text, query, mask, said)
            found = self._best(self._scored(text, query, rows, said), k, bands)
        return [
            self._hit(document, one, text, query, said.get(one.id))
            for document, one in self._read(found)
        ]

    def _query_vector(self, text: str) -> Vector | None:
        """None while only words can be searched."""
        if not self._embedder.ready:
            return None
        try:
            with self._lock:
                waiting = list(self._waiting.values())
            if sum(len(embedded_texts(document)) for document in waiting[: _INLINE + 1]) <= _INLINE:
                self._embed(waiting)
            elif not self._building.locked():
                self.warm()
            if not self.ready:
                return None
            return self._embedded(text)
        except Unavailable as error:
            log.warning("searching by words alone: %s", error)
            return None

    def _embedded(self, text: str) -> Vector:
        """One reply asks the same text more than once (incidents, then runbooks)."""
        with self._lock:
            known = self._asked.get(text)
        if known is None:
            known = np.asarray(self._embedder.encode([text])[0])
            with self._lock:
                self._asked[text] = known
                while len(self._asked) > _REMEMBERED:
                    self._asked.pop(next(iter(self._asked)))
        return known

    def _standings(
        self, votes: Sequence[Judgement], query: Vector | None
    ) -> Mapping[str, Standing]:
        """What was said of documents for questions like this one; nothing without a vector."""
        if query is None or not votes:
            return {}
        texts = list(dict.fromkeys(vote.query for vote in votes))
        try:
            self._learn_questions([text for text in texts if text not in self._judged])
        except Unavailable as error:
            log.warning("votes are left out: %s", error)
        known = [(vote, self._judged[vote.query]) for vote in votes if vote.query in self._judged]
        return standings([(vote, float(vector @ query)) for vote, vector in known], self._now())

    def _learn_questions(self, texts: Sequence[str]) -> None:
        """A few at a time: the rest counts from the next question on."""
        some = list(texts[-_INLINE:])
        if not some:
            return
        vectors = self._passages.encode(some)
        with self._lock:
            self._judged.update(zip(some, vectors, strict=True))
            while len(self._judged) > _JUDGED:
                self._judged.pop(next(iter(self._judged)))

    def _mask(
        self, kinds: Sequence[DocumentKind], exclude: Sequence[str], filters: Filters
    ) -> Mask | None:
        mask = self._shelf.mask(kinds, filters)
        known = [self._words.row(i) for i in set(exclude) if i in self._words]
        if known:
            mask = np.ones(len(self._words.ids), dtype=bool) if mask is None else mask
            mask[known] = False
        return mask

    def _candidates(
        self, text: str, query: Vector | None, mask: Mask | None, said: Mapping[str, Standing]
    ) -> Rows:
        """The rows to score: all that may be found, where these are few; else the best of either
        search and what was found useful before."""
        rows = len(self._words.ids)
        passing = rows if mask is None else int(mask.sum())
        if passing <= self._all_up_to:
            return np.arange(rows) if mask is None else np.flatnonzero(mask)
        found = [self._words.best(text, _DEPTH, mask)]
        if query is not None and self._index is not None:
            depth = min(_DEEPEST, _DEPTH * rows // passing)
            keys = (key.rpartition("#")[0] for key, _ in self._index.search(query, depth))
            # Another replica may have added what is not heard of here yet.
            known = (self._words.row(i) for i in keys if i in self._words)
            found.append(np.fromiter(known, dtype=np.int64))
        praised = [self._words.row(i) for i, s in said.items() if s.shift > 0 and i in self._words]
        found.append(np.array(praised, dtype=np.int64))
        candidates = np.unique(np.concatenate(found))
        return candidates if mask is None else candidates[mask[candidates]]

    def _scored(
        self, text: str, query: Vector | None, rows: Rows, said: Mapping[str, Standing]
    ) -> _Scored:
        if query is None or not len(rows):
            shares = MIX.share * self._shares(text, rows)
            # No cosine, so no claim beyond "possibly".
            claims = np.where(shares >= MIX.share * BY_WORDS, POSSIBLE, 0)
            return _Scored(rows, shares, claims, None)
        parts = self._parts(text, query, rows)
        scores = MIX.score(parts)
        for document_id, standing in said.items():
            if document_id in self._words:
                scores[rows == self._words.row(document_id)] += standing.shift
        return _Scored(rows, scores, parts.nearest, parts.nearest)

    def _best(self, scored: _Scored, k: int, bands: Sequence[Band]) -> list[_Found]:
        """The first k in one of the bands; of equal scores, the document that came first."""
        order = np.argsort(-scored.scores, kind="stable")
        if Band.NONE not in bands:
            order = order[scored.claims[order] >= POSSIBLE]
        return [
            _Found(
                self._words.ids[int(scored.rows[i])],
                float(scored.scores[i]),
                float(scored.cosines[i]) if scored.cosines is not None else 0.0,
                band(float(scored.claims[i])),
            )
            for i in order[:k]
        ]

    def _shares(self, text: str, rows: Rows) -> Vector:
        """BM25 of each row as a share of the ceiling."""
        few = len(self._words) > EXACT_TO
        bm25 = self._words.scores_of(text, rows) if few else self._words.scores(text)[rows]
        return np.asarray(bm25 / max(self._words.ceiling(text), 1e-9), dtype=np.float32)

    def _parts(self, text: str, query: Vector, rows: Rows) -> Parts:
        vectors, begins, lengths = self._vectors.gather(rows)
        title, nearest = _title_and_nearest(vectors @ query, begins)
        learned_title, learned_nearest = title, nearest
        if self._geometry is not None:
            unit, offset = self._geometry.question(query)
            learned = (vectors @ unit - offset) / lengths
            learned_title, learned_nearest = _title_and_nearest(learned, begins)
        return Parts(
            nearest,
            title,
            learned_nearest,
            learned_title,
            self._shares(text, rows),
            self._vectors.crowding(rows),
            self._shelf.explains(rows),
        )

    def _read(self, found: Iterable[_Found]) -> Iterator[tuple[Document, _Found]]:
        """With the documents from the store, where they still are."""
        for one in found:
            try:
                yield self._documents.get(one.id), one
            except NotFound:
                log.info("%s was removed while it was found", one.id)

    def _hit(
        self,
        document: Document,
        found: _Found,
        text: str,
        query: Vector | None,
        said: Standing | None,
    ) -> Hit:
        with self._lock:
            idf = self._words.idf
            parts = passages(document)
            place = min(self._nearest_passage(document.id, parts, text, query), len(parts) - 1)
            return Hit(
                document,
                found.score,
                found.cosine,
                found.band,
                self._words.matched(text, document.id),
                nearest_sentences(parts[place], text, idf),
                sections_with(document, text, idf),
                helped=said.helped if said else 0,
                unlike=said.unlike if said else 0,
            )

    def _nearest_passage(
        self, document_id: str, parts: Sequence[str], text: str, query: Vector | None
    ) -> int:
        row = self._words.row(document_id) if document_id in self._words else -1
        if query is not None and row >= 0 and self._vectors.has(row):
            return int((self._vectors.of(row)[1:] @ query).argmax())
        wanted = set(tokens(text))
        held = [len(wanted & set(tokens(passage))) for passage in parts]
        return held.index(max(held))

    # Keeping up with the store

    def _refresh(self) -> None:
        revision = self._documents.revision()
        with self._lock:
            if revision == self._revision:
                return
            changes = self._documents.changes(self._revision)
            for document_id in changes.removed:
                self._forget(document_id)
            for document in changes.put:
                self._forget(document.id)
                self._words.add(document.id, words_of(document))
                self._shelf.append(document, explains(document))
                self._vectors.grow()
                self._waiting[document.id] = document
            self._revision = changes.revision

    def _forget(self, document_id: str) -> None:
        self._waiting.pop(document_id, None)
        if document_id not in self._words:
            return
        row = self._words.row(document_id)
        if self._vectors.has(row) and self._index is not None:
            self._index.remove(_keys(document_id, len(self._vectors.of(row)) - 1))
        self._vectors.drop(row)
        self._shelf.remove(row)
        self._words.remove(document_id)

    def _renumber(self, kept: Rows) -> None:
        self._shelf.renumber(kept)
        self._vectors = self._vectors.renumbered(kept)
        if self._geometry is not None:
            self._geometry = self._geometry.renumbered(kept)

    def _embed(self, documents: Sequence[Document]) -> None:
        """Embed outside the lock, so that questions go on being answered."""
        if not documents:
            return
        texts = [embedded_texts(document) for document in documents]
        vectors = self._passages.encode([text for part in texts for text in part])
        with self._lock:
            if self._index is None:
                self._index = self._make_index(vectors.shape[1])
            start = 0
            keys: list[str] = []
            rows: list[Vector] = []
            for document, part in zip(documents, texts, strict=True):
                own = vectors[start : start + len(part)]
                start += len(part)
                # It may have been changed or removed meanwhile.
                if self._waiting.get(document.id) is document:
                    del self._waiting[document.id]
                    self._put(self._words.row(document.id), own)
                    keys += _keys(document.id, len(own) - 1)
                    rows.append(own[1:])
            if keys:
                self._index.add(keys, np.concatenate(rows))

    def _put(self, row: int, vectors: Vector) -> None:
        if self._geometry is None:
            self._vectors.put(row, vectors, np.ones(len(vectors), dtype=np.float32), 0.0)
            return
        begins, rows = np.array([0]), np.array([row])
        crowding = float(self._geometry.crowding(vectors, begins, rows)[0])
        self._vectors.put(row, vectors, self._geometry.lengths(vectors), crowding)

    def _learn(self) -> None:
        """Learn from the documents what matters, at first and whenever there are twice as many.

        Questions wait meanwhile: less than a second for 10,000 documents.
        """
        with self._lock:
            count = self._vectors.filled
            learned = self._geometry.documents if self._geometry else FEWEST // 2
            if count < 2 * learned:
                return
            filled = [row for row in range(len(self._words.ids)) if self._vectors.has(row)]
            step = max(1, len(filled) // _LEARN_FROM)
            sample = ((row, self._vectors.of(row)) for row in filled[::step])
            self._geometry = learn(sample, count)
            self._vectors.measure(self._geometry)

    def _build_quietly(self) -> None:
        try:
            self.build()
        except Unavailable as error:
            # Questions are answered by words meanwhile, and each tries again.
            log.warning("documents not embedded: %s", error)


def _title_and_nearest(cosines: Vector, begins: Rows) -> tuple[Vector, Vector]:
    """Of each document: its title's, and the highest of its passages'."""
    titles = cosines[begins]
    passages_only = cosines.copy()
    passages_only[begins] = -np.inf
    return titles, np.asarray(np.maximum.reduceat(passages_only, begins))


def _keys(document_id: str, passages: int) -> list[str]:
    return [f"{document_id}#{number}" for number in range(1, passages + 1)]


def _batches(documents: Sequence[Document]) -> Iterable[Sequence[Document]]:
    for start in range(0, len(documents), _BATCH):
        yield documents[start : start + _BATCH]
