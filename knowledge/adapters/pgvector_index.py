"""`VectorIndex` over PostgreSQL with pgvector: one index for all replicas.

A row is one version of one vector: its id and a mark, which is a hash of the vector. So nothing a
replica does can undo what another one did. Adding what is there already compares marks and writes
nothing. A replica removes only the version that it had added itself: one that lags behind, and
still takes an old version away, leaves the newer one alone. Versions that nobody takes away, since
their replica died, go when the index settles.

Every pair of model and number of dimensions has a table of its own. It is derived data: dropped, it
is filled again from the store and the cache of vectors (`shared_vectors`).
"""

import hashlib
import logging
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from knowledge.adapters.sql.database import Database
from knowledge.errors import Unavailable
from knowledge.records import Vector

log = logging.getLogger(__name__)

GRAPH_FROM = 10_000
"""Vectors from which a graph (HNSW) is worth making: PostgreSQL compares with every one of that
many in about 5 ms, and exactly."""
LOOKED_AT = 200
"""At least so many candidates of the graph are kept while it is searched (hnsw.ef_search): the
recall@10 is then .99 and more. PostgreSQL allows 1,000; beyond that the search goes on from where
it was."""
_MOST_LOOKED_AT = 1_000
_LINKS, _LOOKED_AT_BUILDING = 16, 128
"""Of each vector in the graph (m), and candidates kept while it is built (ef_construction)."""
_MOST_DIMENSIONS = 4_000
"""What a graph over half precision takes."""
_OLDEST = (0, 8)
"""Of pgvector: the first that goes on where a filtered search came out short."""
_LEFT_ALONE = "10 minutes"
"""A row younger than that may be of a document that this replica has not heard of yet."""
_AT_ONCE = 5_000
_TOLD = "tandem_looked_at"
"""In a connection's info: how many candidates its session was told to look at."""
_MAKING = 7_261_320
"""PostgreSQL's advisory lock for making tables and graphs; any number, as long as it stays."""


def why_not(database: Database) -> str:
    """Why pgvector cannot be used with this database; empty where it can. Makes the extension
    where that is allowed."""
    if database.is_sqlite:
        return "the database is SQLite"
    try:
        with database.write() as session:
            driver = database.driver(session)
            driver.all("SELECT pg_advisory_xact_lock(?)", (_MAKING,))
            session.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
            found = session.scalar(
                sa.text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
            )
    except Unavailable as error:
        return f"the extension vector cannot be made ({error.why.splitlines()[0]})"
    version = str(found)
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        return f"the extension vector is {version}, and 0.8 or newer is needed"
    return ""


class PgVectorIndex:
    """Vectors by id in half precision; exact below GRAPH_FROM of them. Safe to use from several
    threads and processes."""

    def __init__(
        self, database: Database, model: str, dimensions: int, graph_from: int = GRAPH_FROM
    ) -> None:
        """`model` is the embedder's name. Raises Unavailable, for good when a graph cannot hold so
        many dimensions."""
        if dimensions > _MOST_DIMENSIONS:
            why = f"vectors of {dimensions} dimensions do not fit; {_MOST_DIMENSIONS} do"
            raise Unavailable("pgvector", why, retry=False)
        self._database = database
        self._graph_from = graph_from
        self.table = f"vectors_{dimensions}_{hashlib.sha256(model.encode()).hexdigest()[:12]}"
        self._lock = threading.Lock()
        self._mine: dict[str, int] = {}
        """The mark of each id that this replica has added."""
        self._make_table(model, dimensions)

    def __len__(self) -> int:
        return int(self._all(f"SELECT count(DISTINCT id) FROM {self.table}")[0][0])  # noqa: S608

    def add(self, ids: Sequence[str], vectors: Vector) -> None:
        if not ids:
            return
        last = {document_id: row for row, document_id in enumerate(ids)}
        marks = {document_id: _mark(vectors[row]) for document_id, row in last.items()}
        with self._lock:
            replaced = [
                (i, self._mine[i]) for i in marks if i in self._mine and self._mine[i] != marks[i]
            ]
            with self._database.write() as session:
                driver = self._database.driver(session)
                there = set(driver.all(self._known(), (list(marks), list(marks.values()))))
                # In one order, so that two replicas that add the same wait for each other once.
                missing = sorted(pair for pair in marks.items() if pair not in there)
                driver.many(
                    f"INSERT INTO {self.table} (id, mark, vector) VALUES (?, ?, ?::halfvec)"  # noqa: S608
                    " ON CONFLICT DO NOTHING",
                    [(i, mark, _text(vectors[last[i]])) for i, mark in missing],
                )
                driver.many(self._forget(), sorted(replaced))
            self._mine |= marks

    def remove(self, ids: Sequence[str]) -> None:
        with self._lock:
            gone = sorted((i, self._mine[i]) for i in set(ids) if i in self._mine)
            if not gone:
                return
            with self._database.write() as session:
                self._database.driver(session).many(self._forget(), gone)
            for document_id, _ in gone:
                del self._mine[document_id]

    def search(self, vector: Vector, k: int) -> list[tuple[str, float]]:
        if k < 1:
            return []
        asked = _text(vector)
        with self._database.single() as connection:
            _look_at(connection, min(max(LOOKED_AT, k), _MOST_LOOKED_AT))
            found = connection.exec_driver_sql(
                f"SELECT id, -(vector <#> %s::halfvec) FROM {self.table}"  # noqa: S608
                " ORDER BY vector <#> %s::halfvec LIMIT %s",
                (asked, asked, k),
            ).all()
        best: dict[str, float] = {}
        for document_id, cosine in sorted(found, key=lambda row: -row[1]):
            # Of two versions, for the moment that both are there, the nearer.
            best.setdefault(document_id, float(cosine))
        return list(best.items())

    def settle(self) -> None:
        """Forget what no replica has any more, and make the graph once it is worth it. Questions
        are answered meanwhile."""
        count = int(self._all(f"SELECT count(*) FROM {self.table}")[0][0])  # noqa: S608
        if count > len(self._mine):
            count -= self._sweep()
        if count >= self._graph_from:
            self._make_graph()

    @property
    def exact(self) -> bool:
        """True while every vector is compared; False once there is a graph."""
        return not self._valid_graph()

    # The table and its graph

    def _make_table(self, model: str, dimensions: int) -> None:
        with self._database.write() as session:
            # Of two that make the same table at once, one would fail.
            self._database.driver(session).all("SELECT pg_advisory_xact_lock(?)", (_MAKING,))
            session.execute(
                sa.text(
                    f"CREATE TABLE IF NOT EXISTS {self.table} (id text NOT NULL,"
                    " mark bigint NOT NULL, added_at timestamptz NOT NULL DEFAULT now(),"
                    f" vector halfvec({dimensions}) NOT NULL, PRIMARY KEY (id, mark))"
                )
            )
            words = "Vectors of " + model.replace("'", "''") + "; derived, may be dropped"
            session.connection().exec_driver_sql(f"COMMENT ON TABLE {self.table} IS '{words}'")

    def _make_graph(self) -> None:
        if self._valid_graph():
            return
        engine = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            locked = sa.select(sa.func.pg_try_advisory_lock(_MAKING, sa.func.hashtext(self.table)))
            if not connection.scalar(locked):
                # Another replica is making it.
                return
            try:
                self._build(connection)
            finally:
                connection.execute(
                    sa.select(sa.func.pg_advisory_unlock(_MAKING, sa.func.hashtext(self.table)))
                )

    def _build(self, connection: sa.Connection) -> None:
        """Without locking anybody out. In parallel first: where /dev/shm is small (containers have
        64 MB) PostgreSQL refuses that, and builds it alone."""
        rows = int(connection.scalar(sa.text(f"SELECT count(*) FROM {self.table}")) or 0)  # noqa: S608
        size = int(connection.scalar(sa.text(f"SELECT pg_table_size('{self.table}')")) or 0)
        room = max(64, min(4_096, (2 * size + rows * 300) // 2**20))
        for workers in (2, 0):
            try:
                connection.exec_driver_sql(f"SET maintenance_work_mem = '{room}MB'")
                connection.exec_driver_sql(f"SET max_parallel_maintenance_workers = {workers}")
                connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {self.table}_graph")
                connection.exec_driver_sql(
                    f"CREATE INDEX CONCURRENTLY {self.table}_graph ON {self.table}"
                    " USING hnsw (vector halfvec_ip_ops)"
                    f" WITH (m = {_LINKS}, ef_construction = {_LOOKED_AT_BUILDING})"
                )
            except DBAPIError as error:
                log.warning("the graph of %s was not made: %s", self.table, error.orig)
            else:
                log.info("made the graph of %s over %s vectors", self.table, rows)
                return
            finally:
                connection.exec_driver_sql("RESET maintenance_work_mem")
                connection.exec_driver_sql("RESET max_parallel_maintenance_workers")

    def _valid_graph(self) -> bool:
        found = self._all(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(?)",
            (f"{self.table}_graph",),
        )
        return bool(found and found[0][0])

    def _sweep(self) -> int:
        old = self._all(
            f"SELECT id, mark FROM {self.table}"  # noqa: S608
            f" WHERE added_at < now() - interval '{_LEFT_ALONE}'"
        )
        gone = sorted((str(i), int(mark)) for i, mark in old if self._mine.get(i) != mark)
        for some in _parts(gone):
            with self._database.write() as session:
                self._database.driver(session).many(self._forget(), some)
        return len(gone)

    def _known(self) -> str:
        return (
            f"SELECT id, mark FROM {self.table}"  # noqa: S608
            " JOIN unnest(?::text[], ?::bigint[]) AS asked (id, mark) USING (id, mark)"
        )

    def _forget(self) -> str:
        return f"DELETE FROM {self.table} WHERE id = ? AND mark = ?"  # noqa: S608

    def _all(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._database.read() as session:
            return self._database.driver(session).all(sql, values)


def _look_at(connection: sa.Connection, candidates: int) -> None:
    """Of the server's session, so told only when it changes."""
    if connection.info.get(_TOLD) == candidates:
        return
    connection.exec_driver_sql(
        "SELECT set_config('hnsw.ef_search', %s, false),"
        " set_config('hnsw.iterative_scan', 'relaxed_order', false)",
        (str(candidates),),
    )
    connection.info[_TOLD] = candidates


def _mark(vector: Vector) -> int:
    """The same of the same vector, on every machine of one byte order."""
    row = np.ascontiguousarray(vector, dtype="<f4").tobytes()
    return int.from_bytes(hashlib.blake2b(row, digest_size=8).digest(), "big", signed=True)


def _text(vector: Vector) -> str:
    """As PostgreSQL reads it: six digits are more than half precision keeps."""
    return "[" + ",".join(map(repr, vector.astype(np.float64).round(6).tolist())) + "]"


def _parts(pairs: Sequence[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    rest = iter(pairs)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
