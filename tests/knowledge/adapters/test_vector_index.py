"""One suite for every VectorIndex."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest

from knowledge.adapters.faiss_index import FaissIndex
from knowledge.adapters.memory.search import FlatIndex
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.ports import VectorIndex
from knowledge.records import Vector
from tests.knowledge.adapters.vectors import empty_index

SIZE = 16


@pytest.fixture(params=["memory", "faiss", "faiss cells", "pgvector", "pgvector graph"])
def index(request: pytest.FixtureRequest) -> VectorIndex:
    makers: dict[str, Callable[[int], VectorIndex]] = {
        "memory": FlatIndex,
        "faiss": FaissIndex,
        "faiss cells": partial(FaissIndex, cells_from=2),
    }
    if request.param in makers:
        return makers[request.param](SIZE)
    shared = empty_index(request.getfixturevalue("opened").database, SIZE, graph_from=0)
    if request.param == "pgvector graph":
        shared.settle()
        assert not shared.exact
    return shared


@pytest.fixture(scope="module")
def opened(postgresql_url: str) -> Iterator[SqlStore]:
    store = open_store(postgresql_url)
    yield store
    store.close()


def unit(*places: int) -> Vector:
    rows = np.zeros((len(places), SIZE), dtype=np.float32)
    rows[np.arange(len(places)), places] = 1
    return rows


def test_the_nearest_is_first_with_its_cosine(index: VectorIndex) -> None:
    index.add(["a", "b", "c"], unit(0, 1, 2))
    question = (unit(1)[0] * 0.8 + unit(2)[0] * 0.6).astype(np.float32)
    found = index.search(question, 2)
    assert [key for key, _ in found] == ["b", "c"]
    assert [cosine for _, cosine in found] == pytest.approx([0.8, 0.6], abs=1e-3)


def test_an_empty_index_finds_nothing(index: VectorIndex) -> None:
    assert index.search(unit(0)[0], 3) == []
    index.add([], np.zeros((0, SIZE), dtype=np.float32))
    assert len(index) == 0


def test_adding_again_replaces(index: VectorIndex) -> None:
    index.add(["a", "b"], unit(0, 1))
    index.add(["a"], unit(5))
    assert len(index) == 2
    ((key, cosine),) = index.search(unit(5)[0], 1)
    assert (key, round(cosine, 5)) == ("a", 1.0)
    assert index.search(unit(0)[0], 2)[0][1] == pytest.approx(0.0)


def test_removed_ids_are_not_found(index: VectorIndex) -> None:
    index.add(["a", "b"], unit(0, 1))
    index.remove(["a", "unknown"])
    assert len(index) == 1
    assert [key for key, _ in index.search(unit(0)[0], 5)] == ["b"]


def test_many_replacements_leave_one_of_each(index: VectorIndex) -> None:
    dice = np.random.default_rng(1)
    ids = [str(n) for n in range(50)]
    for _ in range(6):
        rows = dice.standard_normal((50, SIZE)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        index.add(ids, rows)
    found = index.search(rows[7], 50)
    assert (found[0][0], round(found[0][1], 3)) == ("7", 1.0)
    assert len({key for key, _ in found}) == len(found) == len(index) == 50


def test_settling_changes_nothing_that_is_found(index: VectorIndex) -> None:
    index.add(["a", "b", "c"], unit(0, 1, 2))
    index.settle()
    assert index.search(unit(1)[0], 1)[0][0] == "b"
    assert len(index) == 3


def test_faiss_makes_cells_at_its_limit() -> None:
    index = FaissIndex(SIZE, cells_from=3)
    index.add(["a", "b"], unit(0, 1))
    assert index.exact
    index.add(["c"], unit(2))
    assert not index.exact
    assert index.search(unit(2)[0], 1)[0][0] == "c"
