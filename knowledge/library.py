"""The search library: past incidents and runbooks found by meaning and by words.

A document is embedded as passages of about 120 words, each headed by the title, and by its title
alone. The order of hits mixes the cosine with the share of the query's words that a document holds
(BM25 over its ceiling), so that the score of a hit does not depend on the other hits. The band
comes from the cosine of the nearest passage alone. Weights: benchmarks/retrieval.py.
"""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import Unavailable
from knowledge.lexical import Bm25, tokens
from knowledge.ports import Documents, Embedder, VectorIndex
from knowledge.records import Band, Document, DocumentKind, Hit, Vector

log = logging.getLogger(__name__)

SIMILAR = 0.55
POSSIBLE = 0.40
"""Cosines from which a hit is "similar", and "possibly related"."""
BY_WORDS = 0.25
"""Share of the query's words from which a hit is shown while only words are searched."""

CHUNK_WORDS = 120
"""The packaged model reads 256 tokens, about 190 words; shorter passages find more."""
_SHORTEST_CHUNK = 30

COSINE = 0.7
SHARE = 0.6
"""Weights of the cosine and of the share of words in the order of hits."""
TITLE = 0.15
"""Part of the cosine that is the title's."""

_DEPTH = 200
"""Candidates taken from either search before they are ordered by the mix."""
_INLINE = 32
"""New passages that a question embeds itself before it is answered; more are left to the
background."""
_BATCH = 256
_REMEMBERED = 64
"""Questions whose vectors are kept."""
_ALL_KINDS = (DocumentKind.INCIDENT, DocumentKind.RUNBOOK)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_PASSAGE_LENGTH = 240


def band(cosine: float) -> Band:
    if cosine >= SIMILAR:
        return Band.SIMILAR
    return Band.POSSIBLE if cosine >= POSSIBLE else Band.NONE


def full_text(document: Document) -> str:
    """All that a document says in sentences, each part once."""
    parts = (document.root_cause, document.resolution)
    missing = [part for part in parts if part and part not in document.text]
    return "\n".join([document.text, *missing])


def words_of(document: Document) -> str:
    """What the search by words reads: also the title, which is thereby heard twice where the text
    begins with it, and the tags."""
    return "\n".join([document.title, full_text(document), *document.tags])


def chunks(text: str) -> list[str]:
    """Passages of about 120 words; a short rest joins the last one. At least one, maybe empty."""
    words = text.split()
    starts = range(0, max(1, len(words)), CHUNK_WORDS)
    parts = [words[start : start + CHUNK_WORDS] for start in starts]
    if len(parts) > 1 and len(parts[-1]) < _SHORTEST_CHUNK:
        parts[-2:] = [parts[-2] + parts[-1]]
    return [" ".join(part) for part in parts]


def nearest_sentences(passage: str, query: str, weight: Callable[[str], float]) -> str:
    """The part of a passage that shares the most telling words with the query, for people to
    read: a sentence and, where there is room, the one after it."""
    sentences = [s.strip() for s in _SENTENCE.split(passage) if s.strip()]
    if not sentences:
        return ""
    wanted = set(tokens(query))
    worth = [sum(weight(t) for t in wanted & set(tokens(s))) for s in sentences]
    best = worth.index(max(worth))
    shown = sentences[best]
    if best + 1 < len(sentences) and len(shown) + len(sentences[best + 1]) < _PASSAGE_LENGTH:
        shown += " " + sentences[best + 1]
    return shown if len(shown) <= _PASSAGE_LENGTH else shown[: _PASSAGE_LENGTH - 1].rstrip() + "…"


@dataclass(frozen=True)
class _Entry:
    """A document as it is indexed. `texts`: the title, then each passage headed by it."""

    document: Document
    passages: tuple[str, ...]

    @property
    def texts(self) -> list[str]:
        title = self.document.title
        headed = [f"{title}. {passage}" for passage in self.passages]
        return [title or self.document.id, *headed]


def _entry(document: Document) -> _Entry:
    text = full_text(document)
    # Many texts begin with their own title; it should not count twice.
    if document.title and text.startswith(document.title):
        text = text[len(document.title) :].lstrip(" .\n")
    return _Entry(document, tuple(chunks(text)))


class SearchLibrary:
    """`Library` over a store of documents, an embedder and a vector index.

    The store is the truth. Both indexes are built from it and brought up to date when its revision
    moves. Safe to use from several threads.
    """

    def __init__(
        self,
        documents: Documents,
        embedder: Embedder,
        make_index: Callable[[int], VectorIndex],
        passages: Embedder | None = None,
    ) -> None:
        """`make_index` takes the number of dimensions; `passages` embeds documents where that is
        not the same embedder (one that remembers)."""
        self._documents = documents
        self._embedder = embedder
        self._passages = passages or embedder
        self._make_index = make_index
        self._lock = threading.RLock()
        self._building = threading.Lock()
        self._revision = -1
        self._entries: dict[str, _Entry] = {}
        self._words = Bm25()
        self._index: VectorIndex | None = None
        self._vectors: dict[str, Vector] = {}
        self._kinds: Counter[DocumentKind] = Counter()
        self._asked: dict[str, Vector] = {}

    @property
    def ready(self) -> bool:
        with self._lock:
            return self._embedder.ready and len(self._vectors) == len(self._entries)

    def get(self, document_id: str) -> Document:
        return self._documents.get(document_id)

    def add(self, documents: Sequence[Document]) -> None:
        self._documents.put(documents)
        self._refresh()

    def build(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Read the store and embed all that is not embedded yet; takes as long as it takes.

        `progress` is told documents done and in all. Raises Unavailable when the embedder fails.
        """
        with self._building:
            self._refresh()
            waiting = self._waiting()
            total = len(self._entries)
            for entries in _batches(waiting):
                self._embed(entries)
                progress(len(self._vectors), total)

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
    ) -> list[Hit]:
        return self._search(text, k, kinds, exclude, (Band.SIMILAR, Band.POSSIBLE))

    def rank(
        self,
        text: str,
        k: int = 20,
        kinds: Sequence[DocumentKind] = _ALL_KINDS,
        exclude: Sequence[str] = (),
    ) -> list[Hit]:
        """As `similar`, with the hits of band NONE."""
        return self._search(text, k, kinds, exclude, tuple(Band))

    # Questions

    def _search(
        self,
        text: str,
        k: int,
        kinds: Sequence[DocumentKind],
        exclude: Sequence[str],
        bands: Sequence[Band],
    ) -> list[Hit]:
        if not text.strip():
            return []
        self._refresh()
        query = self._query_vector(text)
        with self._lock:
            shares = self._shares(text)
            left_out = set(exclude)
            hits = [
                self._hit(entry, query, float(shares[self._words.row(entry.document.id)]))
                for entry in self._candidates(query, shares, kinds)
                if entry.document.kind in kinds and entry.document.id not in left_out
            ]
            shown = [hit for hit in hits if hit.band in bands]
            shown.sort(key=lambda hit: (-hit.score, hit.document.id))
            return [self._explained(hit, text, query) for hit in shown[:k]]

    def _query_vector(self, text: str) -> Vector | None:
        """None while only words can be searched."""
        if not self._embedder.ready:
            return None
        try:
            waiting = self._waiting()
            if sum(len(entry.texts) for entry in waiting) <= _INLINE:
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

    def _shares(self, text: str) -> NDArray[np.float32]:
        """For each row of the word index, its BM25 as a share of the ceiling."""
        return np.asarray(self._words.scores(text) / max(self._words.ceiling(text), 1e-9))

    def _candidates(
        self, query: Vector | None, shares: NDArray[np.float32], kinds: Sequence[DocumentKind]
    ) -> list[_Entry]:
        """The best of either search; all documents where the kinds asked for are few, as
        runbooks are: among thousands of incidents, the best 200 may hold none."""
        if sum(self._kinds[kind] for kind in set(kinds)) <= _DEPTH:
            return [entry for entry in self._entries.values() if entry.document.kind in kinds]
        most = min(_DEPTH, len(shares))
        rows = np.argpartition(-shares, most - 1)[:most]
        found = {self._words.ids[row] for row in rows if shares[row] > 0}
        if query is not None and self._index is not None:
            found.update(key.rpartition("#")[0] for key, _ in self._index.search(query, _DEPTH))
        return [self._entries[document_id] for document_id in found]

    def _hit(self, entry: _Entry, query: Vector | None, share: float) -> Hit:
        document = entry.document
        vectors = self._vectors.get(document.id)
        if query is None or vectors is None:
            # No cosine, so no claim beyond "possibly".
            found = Band.POSSIBLE if share >= BY_WORDS else Band.NONE
            return Hit(document, SHARE * share, 0.0, found)
        cosines = vectors @ query
        nearest = float(cosines[1:].max())
        mixed = (1 - TITLE) * nearest + TITLE * float(cosines[0])
        return Hit(document, COSINE * mixed + SHARE * share, nearest, band(nearest))

    def _explained(self, hit: Hit, text: str, query: Vector | None) -> Hit:
        entry = self._entries[hit.document.id]
        place = 0
        vectors = self._vectors.get(hit.document.id)
        if query is not None and vectors is not None:
            place = int((vectors[1:] @ query).argmax())
        elif len(entry.passages) > 1:
            wanted = set(tokens(text))
            held = [len(wanted & set(tokens(passage))) for passage in entry.passages]
            place = held.index(max(held))
        return Hit(
            hit.document,
            hit.score,
            hit.cosine,
            hit.band,
            self._words.matched(text, hit.document.id),
            nearest_sentences(entry.passages[place], text, self._words.idf),
        )

    # Keeping up with the store

    def _refresh(self) -> None:
        revision = self._documents.revision()
        with self._lock:
            if revision == self._revision:
                return
            stored = {document.id: document for document in self._documents.all()}
            gone = [i for i in self._entries if i not in stored]
            changed = [
                document
                for i, document in stored.items()
                if i not in self._entries or self._entries[i].document != document
            ]
            self._forget(gone + [document.id for document in changed])
            for document in changed:
                entry = _entry(document)
                self._entries[document.id] = entry
                self._kinds[document.kind] += 1
                self._words.add(document.id, words_of(document))
            self._revision = revision

    def _forget(self, document_ids: Sequence[str]) -> None:
        for document_id in document_ids:
            entry = self._entries.pop(document_id, None)
            if entry is not None:
                self._kinds[entry.document.kind] -= 1
            self._words.remove(document_id)
            vectors = self._vectors.pop(document_id, None)
            if vectors is not None and self._index is not None:
                self._index.remove(_keys(document_id, len(vectors)))

    def _waiting(self) -> list[_Entry]:
        with self._lock:
            if len(self._vectors) == len(self._entries):
                return []
            return [entry for i, entry in self._entries.items() if i not in self._vectors]

    def _embed(self, entries: Sequence[_Entry]) -> None:
        """Embed outside the lock, so that questions go on being answered."""
        if not entries:
            return
        rows = self._passages.encode([text for entry in entries for text in entry.texts])
        with self._lock:
            if self._index is None:
                self._index = self._make_index(rows.shape[1])
            start = 0
            for entry in entries:
                vectors = rows[start : start + len(entry.texts)]
                start += len(entry.texts)
                # It may have been changed or removed meanwhile.
                if self._entries.get(entry.document.id) is entry:
                    self._vectors[entry.document.id] = vectors
                    self._index.add(_keys(entry.document.id, len(vectors)), vectors)

    def _build_quietly(self) -> None:
        try:
            self.build()
        except Unavailable as error:
            # Questions are answered by words meanwhile, and each tries again.
            log.warning("documents not embedded: %s", error)


def _keys(document_id: str, count: int) -> list[str]:
    return [f"{document_id}#{number}" for number in range(count)]


def _batches(entries: Sequence[_Entry]) -> Iterable[Sequence[_Entry]]:
    for start in range(0, len(entries), _BATCH):
        yield entries[start : start + _BATCH]
