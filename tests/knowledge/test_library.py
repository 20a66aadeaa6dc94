import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments
from knowledge.errors import NotFound, Unavailable
from knowledge.library import SearchLibrary, band, chunks, full_text, nearest_sentences, words_of
from knowledge.records import Band, Document, DocumentKind, Vector

DISK = Document(
    "NP-1",
    "Broker disk full",
    "No space left on device. Retention was raised. Kafka broker 2 stopped.",
    resolution="Retention lowered",
)
TLS = Document("NP-2", "Certificate expired", "The certificate of the gateway expired at night.")
BOOK = Document(
    "disk-full", "Disk full", "Find the largest files on the disk.", DocumentKind.RUNBOOK
)


@pytest.fixture
def documents() -> MemoryDocuments:
    store = MemoryDocuments()
    store.put([DISK, TLS, BOOK])
    return store


@pytest.fixture
def library(documents: MemoryDocuments) -> SearchLibrary:
    return SearchLibrary(documents, HashEmbedder(), FlatIndex)


class Sleeping(HashEmbedder):
    """An embedder that is still loading, then awake or broken."""

    def __init__(self, ready: bool = False, broken: bool = False) -> None:
        super().__init__()
        self.ready = ready
        self.broken = broken

    def encode(self, texts: Sequence[str]) -> Vector:
        if self.broken:
            raise Unavailable("embedder", "is gone")
        return super().encode(texts)


class Gated(HashEmbedder):
    """Encodes nothing before its gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()

    def encode(self, texts: Sequence[str]) -> Vector:
        self.open.wait()
        return super().encode(texts)


@pytest.mark.parametrize(
    ("cosine", "expected"),
    [
        (0.9, Band.SIMILAR),
        (0.55, Band.SIMILAR),
        (0.549, Band.POSSIBLE),
        (0.40, Band.POSSIBLE),
        (0.39, Band.NONE),
    ],
)
def test_bands_by_cosine(cosine: float, expected: Band) -> None:
    assert band(cosine) is expected


def test_the_best_document_is_first_and_says_why(library: SearchLibrary) -> None:
    hit = library.similar("broker disk full, no space left")[0]
    assert hit.document == DISK
    assert hit.band is Band.SIMILAR
    assert {"broker", "disk"} <= set(hit.matched)
    assert "No space left on device" in hit.passage


def test_kinds_and_excluded_ids_are_left_out(library: SearchLibrary) -> None:
    text = "disk full"
    runbooks = library.similar(text, kinds=(DocumentKind.RUNBOOK,))
    assert [hit.document.id for hit in runbooks] == ["disk-full"]
    without = library.rank(text, exclude=("NP-1",))
    assert "NP-1" not in {hit.document.id for hit in without}


def test_nothing_similar_is_an_empty_list(library: SearchLibrary) -> None:
    assert library.similar("lunch menu tomorrow") == []
    assert library.similar("   ") == []


def test_what_the_store_gains_is_found_at_once(
    library: SearchLibrary, documents: MemoryDocuments
) -> None:
    assert library.similar("redis evicted sessions") == []
    documents.put([Document("NP-3", "Redis evicted sessions", "Everybody was logged out.")])
    assert library.similar("redis evicted sessions")[0].document.id == "NP-3"


def test_a_changed_document_is_found_by_its_new_words_only(library: SearchLibrary) -> None:
    library.build()
    library.add([Document("NP-2", "Kafka rebalance loop", "Consumers joined again and again.")])
    assert library.similar("kafka rebalance loop")[0].document.id == "NP-2"
    assert library.similar("certificate expired gateway night") == []


def test_get_names_the_nearest(library: SearchLibrary) -> None:
    assert library.get("NP-1") == DISK
    with pytest.raises(NotFound, match="disk-full"):
        library.get("disk-ful")


def test_while_the_model_loads_words_are_searched(documents: MemoryDocuments) -> None:
    embedder = Sleeping()
    library = SearchLibrary(documents, embedder, FlatIndex)
    hits = library.similar("certificate expired")
    assert not library.ready
    assert [(hit.document.id, hit.band, hit.cosine) for hit in hits] == [
        ("NP-2", Band.POSSIBLE, 0.0)
    ]
    embedder.ready = True
    assert library.similar("certificate expired")[0].band is Band.SIMILAR
    assert library.ready


def test_a_broken_embedder_costs_meaning_and_not_the_answer(documents: MemoryDocuments) -> None:
    library = SearchLibrary(documents, Sleeping(ready=True, broken=True), FlatIndex)
    assert library.similar("certificate expired")[0].document.id == "NP-2"
    with pytest.raises(Unavailable, match="is gone"):
        library.build()
    library.warm().join()
    assert not library.ready


def test_many_new_documents_are_left_to_the_background(documents: MemoryDocuments) -> None:
    documents.put([Document(f"N-{n}", f"noise {n}", "nothing here") for n in range(40)])
    passages = Gated()
    library = SearchLibrary(documents, HashEmbedder(), FlatIndex, passages)
    assert library.similar("certificate expired")[0].cosine == 0.0
    assert not library.ready
    passages.open.set()
    for thread in threading.enumerate():
        if thread.name == "library":
            thread.join()
    assert library.ready
    assert library.similar("certificate expired")[0].band is Band.SIMILAR


def test_build_tells_how_far_it_is(library: SearchLibrary) -> None:
    told: list[tuple[int, int]] = []
    library.build(lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]


def test_asking_and_adding_at_once_loses_nothing(library: SearchLibrary) -> None:
    def add(number: int) -> None:
        library.add([Document(f"T-{number}", f"thread {number} turbine", "turbine trouble")])
        library.similar("turbine trouble")

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    library.build()
    found = {hit.document.id for hit in library.rank("turbine trouble", 8)}
    assert found == {f"T-{n}" for n in range(8)}


def test_chunks_cover_the_text_and_a_short_rest_joins() -> None:
    text = " ".join(str(n) for n in range(260))
    parts = chunks(text)
    assert [len(part.split()) for part in parts] == [120, 140]
    assert " ".join(parts) == text
    assert chunks("") == [""]


def test_full_text_says_each_part_once() -> None:
    document = Document("a", "t", "It was the disk.", root_cause="It was the disk.", resolution="X")
    assert full_text(document) == "It was the disk.\nX"
    assert words_of(replace(document, tags=("kafka",))) == "t\nIt was the disk.\nX\nkafka"


def test_a_passage_is_the_telling_sentence_and_short() -> None:
    passage = "We met at noon. The broker had no space left. Then lunch. " + "word " * 100
    assert nearest_sentences(passage, "no space", lambda _: 1.0).startswith("The broker had")
    assert len(nearest_sentences("word " * 200, "word", lambda _: 1.0)) <= 240
    assert nearest_sentences("", "x", lambda _: 1.0) == ""
