import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments
from knowledge.errors import NotFound, Unavailable
from knowledge.library import SearchLibrary, band
from knowledge.records import Band, Document, DocumentKind, Filters, Judgement, Vector

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


class Overtaken(HashEmbedder):
    """Runs `meanwhile` once, after the question was embedded and before it is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] | None = None

    def encode(self, texts: Sequence[str]) -> Vector:
        vectors = super().encode(texts)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return vectors


def test_what_comes_while_a_question_is_embedded_is_found_by_the_next(
    documents: MemoryDocuments,
) -> None:
    asked = Overtaken()
    library = SearchLibrary(documents, asked, FlatIndex, HashEmbedder())
    library.build()
    new = Document("NP-3", "Certificate expired again", "The certificate of the broker expired.")
    asked.meanwhile = lambda: library.add([new])
    first = library.similar("certificate expired", kinds=[DocumentKind.INCIDENT])
    assert [(hit.document.id, hit.band) for hit in first] == [("NP-2", Band.SIMILAR)]
    assert {hit.document.id for hit in library.similar("certificate expired")} == {"NP-2", "NP-3"}


def test_parts_wait_for_what_came_meanwhile(documents: MemoryDocuments) -> None:
    asked = Overtaken()
    library = SearchLibrary(documents, asked, FlatIndex, HashEmbedder())
    library.build()
    asked.meanwhile = lambda: library.add([Document("NP-3", "Broker slow", "It waits for disk.")])
    with pytest.raises(Unavailable, match="not embedded yet"):
        library.parts("certificate expired")
    assert len(library.parts("broker disk slow")[0]) == 4


SERVED = (
    Document("A-1", "Pool ran dry", "connections ran out", service="checkout", date="2026-01-02"),
    Document(
        "A-2",
        "Pool ran dry",
        "connections ran out again",
        service="checkout, payments",
        date="2026-03-05",
        severity="critical",
        resolution="Raised the pool",
    ),
    Document("A-3", "Pool ran dry", "connections ran out", service="search"),
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"A-1", "A-2", "A-3"}),
        (Filters(service="Checkout"), {"A-1", "A-2"}),
        (Filters(service="payments"), {"A-2"}),
        (Filters(since="2026-01-02"), {"A-1", "A-2"}),
        (Filters(until="2026-03-04"), {"A-1"}),
        (Filters(since="2026-01-03", until="2026-03-05"), {"A-2"}),
        (Filters(severity="SEV1"), {"A-2"}),
        (Filters(resolved_only=True), {"A-2"}),
        (Filters(service="checkout", severity="SEV4"), set()),
    ],
)
def test_only_what_passes_the_filters_is_found(filters: Filters, expected: set[str]) -> None:
    store = MemoryDocuments()
    store.put(SERVED)
    library = SearchLibrary(store, HashEmbedder(), FlatIndex)
    found = library.similar("pool ran dry, connections ran out", filters=filters)
    assert {hit.document.id for hit in found} == expected


def test_a_removed_document_is_forgotten(library: SearchLibrary) -> None:
    assert library.similar("certificate expired")
    library.remove(["NP-2", "unknown"])
    assert library.similar("certificate expired") == []


def test_what_others_put_into_the_store_is_found(
    library: SearchLibrary, documents: MemoryDocuments
) -> None:
    assert library.similar("redis evicted sessions") == []
    documents.put([Document("NP-7", "Redis evicted sessions", "maxmemory was reached")])
    documents.remove(["NP-2"])
    assert library.similar("redis evicted sessions")[0].document.id == "NP-7"
    assert library.similar("certificate expired") == []


def test_rows_are_numbered_anew_and_nothing_is_mixed_up(documents: MemoryDocuments) -> None:
    many = [Document(f"N-{n}", f"noise {n}", f"word{n} word{n} noise") for n in range(300)]
    documents.put(many)
    library = SearchLibrary(documents, HashEmbedder(), FlatIndex)
    library.build()
    library.remove([document.id for document in many[:200]])
    hit = library.similar("broker disk full, no space left", kinds=(DocumentKind.INCIDENT,))[0]
    assert (hit.document.id, hit.band) == ("NP-1", Band.SIMILAR)
    assert library.rank("word250", 1)[0].document.id == "N-250"
    assert library.similar("disk full", kinds=(DocumentKind.RUNBOOK,))[0].document.id == "disk-full"


def test_among_many_documents_the_best_of_both_searches_are_scored() -> None:
    store = MemoryDocuments()
    store.put([Document(f"N-{n}", f"noise {n}", f"word{n} noise hum buzz") for n in range(450)])
    store.put(SERVED)
    library = SearchLibrary(store, HashEmbedder(), FlatIndex, all_up_to=1_000)
    some = SearchLibrary(store, HashEmbedder(), FlatIndex, all_up_to=10)
    library.build()
    some.build()
    texts = ["pool ran dry, connections ran out", "word77 noise", "noise 449"]
    exact = [[hit.document.id for hit in library.rank(text, 3)] for text in texts]
    assert [[hit.document.id for hit in some.rank(text, 3)] for text in texts] == exact
    found = some.similar(texts[0], filters=Filters(service="payments"))
    assert [hit.document.id for hit in found] == ["A-2"]


def test_a_hit_names_the_sections_of_the_words(library: SearchLibrary) -> None:
    hit = library.similar("broker disk full, retention lowered")[0]
    assert set(hit.sections) >= {"title", "resolution"}


def test_votes_move_a_document_and_are_told() -> None:
    store = MemoryDocuments()
    store.put(SERVED)
    now = datetime(2026, 4, 1, tzinfo=UTC)
    library = SearchLibrary(store, HashEmbedder(), FlatIndex, now=lambda: now)
    text = "pool ran dry, connections ran out"
    assert [hit.document.id for hit in library.similar(text)] == ["A-1", "A-3", "A-2"]
    votes = [Judgement(now, f"U{n}", text, "A-3", useful=True) for n in range(3)]
    first = library.similar(text, votes=votes)[0]
    assert (first.document.id, first.helped, first.unlike) == ("A-3", 3, 0)
    far = [Judgement(now, "U1", "the espresso machine leaks", "A-3", useful=True)]
    assert library.similar(text, votes=far)[0].document.id == "A-1"
