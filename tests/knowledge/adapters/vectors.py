"""An index of pgvector as a test wants it: with nothing in it."""

import sqlalchemy as sa

from knowledge.adapters.pgvector_index import PgVectorIndex, why_not
from knowledge.adapters.sql.database import Database


def empty_index(
    database: Database, dimensions: int, model: str = "tests", graph_from: int = 10_000
) -> PgVectorIndex:
    assert why_not(database) == ""
    index = PgVectorIndex(database, model, dimensions, graph_from)
    with database.write() as session:
        session.execute(sa.text(f"DROP TABLE {index.table}"))
    return PgVectorIndex(database, model, dimensions, graph_from)
