"""An embedder that remembers, in PostgreSQL, what any replica was asked before.

What `cached_embedder` is on one machine. Replicas that meet the same new texts at the same time
embed them one after the other, so that the second finds what the first has done.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import sqlalchemy as sa

from knowledge.adapters.around_embedder import AroundEmbedder
from knowledge.adapters.sql.database import Database
from knowledge.errors import Unavailable
from knowledge.ports import Embedder
from knowledge.records import Vector

log = logging.getLogger(__name__)

TABLE = "vector_cache"
_BATCH = 1_000
_WORTH_WAITING = 16
"""Texts from which waiting for another replica is better than embedding the same."""
_PATIENCE = "60s"
"""Longest wait for another replica's batch; after it the texts are embedded here too."""
_EMBEDDING, _MAKING = 7_261_321, 7_261_320
"""PostgreSQL's advisory locks for embedding a batch and for making tables."""


class SharedEmbedder(AroundEmbedder):
    """`Embedder` around another. Meant for passages; questions are not worth keeping.

    Vectors are kept as the model gave them, so every replica scores alike. A database that cannot
    be reached costs time, never an answer. The table is derived data and may be emptied.
    """

    def __init__(self, inner: Embedder, database: Database) -> None:
        super().__init__(inner)
        self._database = database
        self._make_table()

    def encode(self, texts: Sequence[str]) -> Vector:
        if not texts:
            return self._inner.encode([])
        keys = [self._key(text) for text in texts]
        by_key = dict(zip(keys, texts, strict=True))
        known = self._read(list(by_key))
        if len(by_key.keys() - known.keys()) >= _WORTH_WAITING:
            with self._alone():
                known |= self._read(list(by_key.keys() - known.keys()))
                known |= self._embed({k: t for k, t in by_key.items() if k not in known})
        else:
            known |= self._embed({k: t for k, t in by_key.items() if k not in known})
        return np.stack([known[key] for key in keys])

    def _embed(self, wanted: dict[bytes, str]) -> dict[bytes, Vector]:
        if not wanted:
            return {}
        fresh = dict(zip(wanted, self._inner.encode(list(wanted.values())), strict=True))
        rows = [(k, v.astype("<f4").tobytes()) for k, v in sorted(fresh.items())]
        try:
            with self._database.write() as session:
                self._database.driver(session).many(
                    f"INSERT INTO {TABLE} (key, vector) VALUES (?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                    rows,
                )
        except Unavailable as error:
            log.warning("shared vectors not written: %s", error)
        return fresh

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        sql = f"SELECT key, vector FROM {TABLE} WHERE key = ANY(?)"  # noqa: S608
        found: dict[bytes, Vector] = {}
        try:
            for start in range(0, len(keys), _BATCH):
                with self._database.read() as session:
                    some = keys[start : start + _BATCH]
                    rows = self._database.driver(session).all(sql, (list(some),))
                found |= {bytes(k): np.frombuffer(v, dtype="<f4") for k, v in rows}
        except Unavailable as error:
            log.warning("shared vectors not read: %s", error)
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other replica embeds meanwhile, unless it takes longer than is worth waiting for."""
        with ExitStack() as stack:
            try:
                # The lock goes with the connection's transaction, also when this process dies.
                connection = stack.enter_context(self._database.engine.connect())
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_EMBEDDING)))
            except sa.exc.DBAPIError as error:
                log.info("embedding beside other replicas: %s", error.orig)
            yield

    def _make_table(self) -> None:
        with self._database.write() as session:
            self._database.driver(session).all("SELECT pg_advisory_xact_lock(?)", (_MAKING,))
            session.execute(
                sa.text(
                    f"CREATE TABLE IF NOT EXISTS {TABLE}"
                    " (key bytea PRIMARY KEY, vector bytea NOT NULL)"
                )
            )

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._inner.name}\0{text}".encode("utf-8", "replace")).digest()
