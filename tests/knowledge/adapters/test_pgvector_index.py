"""What only an index that replicas share can get wrong; the rest is in test_vector_index.py."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from knowledge.adapters.memory.search import HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments
from knowledge.adapters.pgvector_index import PgVectorIndex, why_not
from knowledge.adapters.shared_vectors import SharedEmbedder
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.sql.database import open_as_it_is
from knowledge.errors import Unavailable
from knowledge.library import SearchLibrary
from knowledge.records import Document, Vector
from tests.knowledge.adapters.vectors import empty_index

SIZE = 64


@pytest.fixture
def stores(empty_postgresql: str) -> Iterator[tuple[SqlStore, SqlStore]]:
    """Of two replicas."""
    one, other = open_store(empty_postgresql), open_store(empty_postgresql)
    yield one, other
    one.close()
    other.close()


def made(count: int, seed: int = 1) -> Vector:
    """Around a few centres, as texts about the same things are."""
    dice = np.random.default_rng(seed)
    centres = dice.standard_normal((40, SIZE))
    rows = centres[dice.integers(0, 40, count)] + dice.standard_normal((count, SIZE))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def names(count: int) -> list[str]:
    return [f"D{number}#1" for number in range(count)]


def rows_of(index: PgVectorIndex, store: SqlStore) -> int:
    with store.database.read() as session:
        return int(session.scalar(sa.text(f"SELECT count(*) FROM {index.table}")) or 0)


def test_what_one_replica_adds_the_other_finds(stores: tuple[SqlStore, SqlStore]) -> None:
    one = empty_index(stores[0].database, SIZE)
    other = PgVectorIndex(stores[1].database, "tests", SIZE)
    rows = made(20)
    one.add(names(20), rows)
    assert other.search(rows[7], 1)[0][0] == "D7#1"
    other.add(names(20), rows)
    assert rows_of(one, stores[0]) == len(other) == 20


def test_one_that_lags_behind_takes_only_the_old_version_away(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    one = empty_index(stores[0].database, SIZE)
    other = PgVectorIndex(stores[1].database, "tests", SIZE)
    old, new = made(2)
    one.add(["D1#1"], old[None])
    other.add(["D1#1"], old[None])
    one.add(["D1#1"], new[None])
    other.remove(["D1#1"])
    ((found, cosine),) = one.search(new, 5)
    assert (found, round(cosine, 3)) == ("D1#1", 1.0)


def test_replicas_that_change_the_same_at_once_agree(stores: tuple[SqlStore, SqlStore]) -> None:
    replicas = [
        empty_index(stores[0].database, SIZE),
        PgVectorIndex(stores[1].database, "tests", SIZE),
    ]
    versions = [made(60, seed) for seed in range(4)]

    def keep_up(index: PgVectorIndex) -> None:
        for rows in versions:
            index.remove(names(30))
            index.add(names(60), rows)
        index.remove(names(60)[50:])

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(keep_up, index) for index in replicas]:
            done.result()
    assert rows_of(replicas[0], stores[0]) == 50
    for index in replicas:
        for number in (0, 49):
            found = index.search(versions[-1][number], 1)
            assert found[0][0] == f"D{number}#1"
            assert found[0][1] == pytest.approx(1, abs=1e-3)


def test_models_do_not_mix(stores: tuple[SqlStore, SqlStore]) -> None:
    one = empty_index(stores[0].database, SIZE, "one")
    other = empty_index(stores[0].database, SIZE, "other")
    one.add(["a"], made(1))
    assert other.search(made(1)[0], 5) == []
    assert one.table != other.table


def test_what_a_dead_replica_left_goes_when_it_is_old(stores: tuple[SqlStore, SqlStore]) -> None:
    dead = empty_index(stores[0].database, SIZE)
    dead.add(names(3), made(3))
    alive = PgVectorIndex(stores[1].database, "tests", SIZE)
    alive.add(names(2), made(3)[:2])
    alive.settle()
    assert len(alive) == 3
    with stores[0].database.write() as session:
        session.execute(sa.text(f"UPDATE {dead.table} SET added_at = added_at - interval '1 hour'"))
    alive.settle()
    assert [key for key, _ in alive.search(made(3)[2], 5)][-1] != "D2#1"
    assert len(alive) == 2


def test_the_graph_finds_what_comparing_with_all_finds(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    rows = made(3_000)
    index = empty_index(stores[0].database, SIZE, graph_from=1_000)
    index.add(names(len(rows)), rows)
    index.settle()
    assert not index.exact
    with stores[0].database.write() as session:
        session.execute(sa.text(f"ANALYZE {index.table}"))
    hits = 0
    for question in made(50, seed=1)[:50] * 0.8 + made(50, seed=2) * 0.6:
        asked = question / np.linalg.norm(question)
        nearest = np.argsort(-(rows @ asked))[:10]
        found = {key for key, _ in index.search(asked, 10)}
        hits += len(found & {f"D{row}#1" for row in nearest})
    assert hits / 500 >= 0.99


def test_more_may_be_asked_for_than_the_graph_looks_at(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    rows = made(1_500)
    index = empty_index(stores[0].database, SIZE, graph_from=1_000)
    index.add(names(len(rows)), rows)
    index.settle()
    assert len(index.search(rows[0], 1_400)) == 1_400


def test_a_document_put_by_one_replica_is_found_by_the_other(
    stores: tuple[SqlStore, SqlStore],
) -> None:
    libraries = [
        SearchLibrary(
            store.documents,
            HashEmbedder(SIZE),
            partial(PgVectorIndex, store.database, "tests"),
            all_up_to=0,
        )
        for store in stores
    ]
    empty_index(stores[0].database, SIZE)
    for library in libraries:
        library.build()
    libraries[0].add([Document("INC-1", "disk full", "the broker ran out of disk")])
    assert libraries[1].similar("disk full on the broker")[0].document.id == "INC-1"
    libraries[1].add([Document("INC-1", "certificate expired", "nobody renewed it")])
    assert libraries[0].similar("disk full on the broker") == []
    assert libraries[0].similar("certificate expired")[0].document.id == "INC-1"


def test_ids_that_are_not_heard_of_yet_are_left_out(stores: tuple[SqlStore, SqlStore]) -> None:
    index = empty_index(stores[0].database, SIZE)
    documents = MemoryDocuments()
    library = SearchLibrary(documents, HashEmbedder(SIZE), lambda _: index, all_up_to=0)
    library.add([Document("INC-1", "disk full", "the broker ran out of disk")])
    library.build()
    text = HashEmbedder(SIZE).encode(["disk full"])
    PgVectorIndex(stores[1].database, "tests", SIZE).add(["INC-9#1"], text)
    assert [hit.document.id for hit in library.similar("disk full")] == ["INC-1"]


class Counting(HashEmbedder):
    """Counts what it was asked to encode."""

    def __init__(self, name: str) -> None:
        super().__init__(8)
        self.name = name
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vector:
        self.encoded += texts
        return super().encode(texts)


def test_what_one_replica_embedded_the_other_reads(stores: tuple[SqlStore, SqlStore]) -> None:
    texts = [f"text {number}" for number in range(40)]
    first, second, other = Counting("one"), Counting("one"), Counting("other")
    for store in stores:
        SharedEmbedder(first, store.database)
    with stores[0].database.write() as session:
        session.execute(sa.text("TRUNCATE vector_cache"))
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(SharedEmbedder(inner, store.database).encode, texts)
            for inner, store in zip((first, second), stores, strict=True)
        ]
        np.testing.assert_array_equal(both[0].result(), both[1].result())
    assert sorted(first.encoded + second.encoded) == sorted(texts)
    SharedEmbedder(other, stores[0].database).encode(texts[:2])
    assert other.encoded == texts[:2]


def test_without_the_database_texts_are_embedded_all_the_same(empty_postgresql: str) -> None:
    store = open_store(empty_postgresql)
    inner = Counting("one")
    shared = SharedEmbedder(inner, store.database)
    with store.database.write() as session:
        session.execute(sa.text("DROP TABLE vector_cache"))
    assert shared.encode(["a"]).shape == (1, 8)
    assert shared.encode([]).shape == (0, 8)
    assert (shared.name, shared.dimensions, shared.ready) == ("one", 8, True)
    store.close()


def test_what_cannot_be_shared_is_told(tmp_path: Path, empty_postgresql: str) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'tandem.db'}")
    assert why_not(store.database) == "the database is SQLite"
    store.close()
    shared = open_store(empty_postgresql)
    with pytest.raises(Unavailable, match="4001 dimensions do not fit"):
        PgVectorIndex(shared.database, "large", 4_001)
    shared.close()


def test_a_role_that_may_not_make_the_extension_is_told_so(postgresql_url: str) -> None:
    shared = sa.make_url(postgresql_url)
    engine = sa.create_engine(shared, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS bare WITH (FORCE)"))
        connection.execute(sa.text("DROP ROLE IF EXISTS guest"))
        connection.execute(sa.text("CREATE DATABASE bare"))
        connection.execute(sa.text("CREATE ROLE guest LOGIN"))
    engine.dispose()
    url = shared.set(database="bare", username="guest").render_as_string(hide_password=False)
    guest = open_as_it_is(url)
    assert why_not(guest).startswith("the extension vector cannot be made (permission denied")
    guest.close()
