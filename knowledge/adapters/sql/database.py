"""The connection: opening it, bringing its tables up to date, transactions, errors."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlmodel import Session, SQLModel

from knowledge.errors import Unavailable, UserError

MIGRATIONS = Path(__file__).parent.parent / "migrations"
BUSY_MS = 10_000
"""How long a SQLite connection waits for another process's write."""
_UPGRADE_LOCK = 7_261_318
"""PostgreSQL's advisory lock for migrations; any number, as long as it stays."""
_FAILED, _COMMITTED = "tandem_failed", "tandem_committed"
"""In a session's info: whether a step failed, and what to do after the commit."""
_NOTICE_LOSS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""libpq's: a server that was cut off is noticed within seconds, not after the kernel's hours."""
_REMEDY = "Write for example sqlite:///tandem.db or postgresql+psycopg://user@host/tandem"


class _Here(threading.local):
    """The transaction that this thread is in."""

    session: Session | None = None
    together: ExitStack | None = None
    """Set within `Database.together`; the transaction is put on it by the first write."""

    @contextmanager
    def of(self, session: Session) -> Iterator[None]:
        self.session = session
        try:
            yield
        finally:
            self.session = None


def _check(session: Session) -> None:
    """After a step that failed, the database takes no more in that transaction."""
    if session.info.get(_FAILED):
        raise Unavailable("the database", "an earlier step of the transaction failed")


def on_commit(session: Session, act: Callable[[], None]) -> None:
    """Have it done once the writing that `session` is part of is committed, and only then."""
    session.info.setdefault(_COMMITTED, []).append(act)


class Database:
    """Transactions on one database, with its errors in our words.

    SQLite takes one writer at a time. Writers of this process queue on a lock, which is fair;
    those of other processes wait in SQLite's busy handler, which is not but works.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._here = _Here()
        self._lock: AbstractContextManager[Any] = (
            threading.RLock() if self.is_sqlite else nullcontext()
        )
        # An incident is read from four tables, so a reader needs one state of all of them.
        # SQLite gives that anyway.
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reading = engine.execution_options(tandem_reading=True, **options)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent state of the database; within this thread's `write`, what that sees."""
        if self._here.session is not None:
            with self._joined(self._here.session) as session:
                yield session
            return
        with _in_our_words(), Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Commits at the end, or leaves nothing behind after an error.

        Inside another `write` or `together` of this thread it is part of that. Stores refuse
        (NotFound, a rule's error) before they write, so whoever catches that may go on; after a
        failure of the database itself nothing of the whole is kept.
        """
        if self._here.session is None and self._here.together is not None:
            self._here.together.enter_context(self._transaction())
        if self._here.session is not None:
            with self._joined(self._here.session) as session:
                yield session
            return
        with self._transaction() as session:
            yield session

    @contextmanager
    def single(self) -> Iterator[sa.Connection]:
        """For statements that are each by itself and part of no transaction, not of this thread's
        either: two trips to the server fewer than `read`."""
        alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with _in_our_words(), alone.connect() as connection:
            yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """All writes inside are one transaction, which begins with the first of them: until then
        other writers go on. What is read inside before that may change until it."""
        if self.inside:
            yield
            return
        with ExitStack() as stack:
            self._here.together = stack
            try:
                yield
            finally:
                self._here.together = None

    @property
    def inside(self) -> bool:
        """Whether what this thread writes now is part of something that it ends later."""
        return self.writing or self._here.together is not None

    @property
    def writing(self) -> bool:
        """Whether a transaction of this thread has begun to write."""
        return self._here.session is not None

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with (
            _in_our_words(),
            self._lock,
            Session(self.engine, expire_on_commit=False) as session,
            self._here.of(session),
            session.begin(),
        ):
            yield session
            _check(session)
        for act in session.info.get(_COMMITTED, ()):
            act()

    @contextmanager
    def _joined(self, session: Session) -> Iterator[Session]:
        _check(session)
        try:
            with _in_our_words():
                yield session
                # What follows may look for it without the ORM.
                session.flush()
        except Unavailable:
            session.info[_FAILED] = True
            raise

    def insert(self, table: type[SQLModel] | sa.Table) -> "sqlite.Insert | postgresql.Insert":
        """An INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def driver(self, session: Session) -> "Driver":
        return Driver(session.connection(), self.is_sqlite)

    def close(self) -> None:
        self.engine.dispose()


class Driver:
    """Plain statements for many rows, past all that SQLAlchemy does for each parameter.

    In them a "?" stands for a value, in every database. Times must be given by `time`, JSON and
    text from outside as the columns hold them.
    """

    def __init__(self, connection: sa.Connection, is_sqlite: bool) -> None:
        self._connection = connection
        self.is_sqlite = is_sqlite

    def time(self, at: datetime) -> object:
        """A value for a column of type `tables.Utc`."""
        at = at.astimezone(UTC)
        return at.replace(tzinfo=None).isoformat(" ", "microseconds") if self.is_sqlite else at

    def all(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.exec_driver_sql(self._marked(sql), values)]

    def run(self, sql: str, values: tuple[Any, ...]) -> None:
        self._connection.exec_driver_sql(self._marked(sql), values)

    def many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Once for each row; nothing where there is none."""
        if rows:
            self._connection.exec_driver_sql(self._marked(sql), list(rows))

    def _marked(self, sql: str) -> str:
        return sql if self.is_sqlite else sql.replace("?", "%s")


def open_database(database_url: str) -> Database:
    """Connects and migrates to the newest tables. Raises UserError naming DATABASE_URL."""
    engine = _engine(database_url)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        _upgrade(engine)
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise _not_opened(engine, error) from error
    except CommandError as error:
        engine.dispose()
        raise UserError(
            f"DATABASE_URL: {shown} was written by another version of Tandem ({error}). "
            "Upgrade Tandem, or point DATABASE_URL at another database"
        ) from error
    return Database(engine)


def open_as_it_is(database_url: str, version: str = "") -> Database:
    """Without bringing its tables up to date; `version` makes the tables of that one in a database
    that has none. Raises UserError naming DATABASE_URL."""
    engine = _engine(database_url)
    try:
        if version:
            _upgrade(engine, version)
        with engine.connect():
            pass
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise _not_opened(engine, error) from error
    return Database(engine)


def open_beside(database: Database, most_ms: int = 3_000) -> Database:
    """Further connections to the same PostgreSQL, for what must not wait behind other work: every
    statement ends after `most_ms`."""
    url = database.engine.url
    given = url.query.get("options", "")
    limits = f"{given} -c statement_timeout={most_ms} -c lock_timeout={most_ms}"
    engine = sa.create_engine(
        url,
        pool_size=2,
        max_overflow=0,
        pool_timeout=most_ms / 1000,
        pool_pre_ping=True,
        connect_args={**_notice_loss(url), "options": limits.strip()},
    )
    return Database(engine)


def _engine(database_url: str) -> sa.Engine:
    try:
        url = sa.make_url(database_url)
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url)
        if url.get_backend_name() == "postgresql":
            return sa.create_engine(url, pool_pre_ping=True, connect_args=_notice_loss(url))
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        # The URL is not repeated: a malformed one may hold a password in plain sight.
        raise UserError(f"DATABASE_URL: it is no database URL. {_REMEDY}") from error
    except ModuleNotFoundError as error:
        raise UserError(
            f"DATABASE_URL: the driver {error.name!r} is not installed. "
            f"Install it with pip, or use SQLite: sqlite:///tandem.db"
        ) from error
    raise UserError(
        f"DATABASE_URL: {url.get_backend_name()} is not supported, "
        f"only sqlite and postgresql are. {_REMEDY}"
    )


def _notice_loss(url: sa.URL) -> dict[str, int]:
    """What the URL says itself goes first; drivers without libpq have other names for it."""
    if not url.get_driver_name().startswith("psycopg"):
        return {}
    return {name: value for name, value in _NOTICE_LOSS.items() if name not in url.query}


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    if url.database in (None, "", ":memory:"):
        raise UserError(
            "DATABASE_URL: a SQLite database in memory is gone after a restart. "
            "Name a file: sqlite:///tandem.db"
        )
    engine = sa.create_engine(url, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver would open transactions late and of the wrong kind; `_begin_sqlite` does it.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # What survives: with NORMAL, a commit survives the death of this process (the pages are the
    # kernel's by then) but the last ones may be lost when the machine loses power; with FULL they
    # survive that too, for one fsync a commit (measured: 7,100 commits a second instead of
    # 26,600, far above what any pager sends). A sender that was told "accepted" forgets, so FULL.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the write lock at once: one that reads first and writes later would fail
    # without waiting when another wrote in between.
    reading = connection.get_execution_options().get("tandem_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _not_opened(engine: sa.Engine, error: Exception) -> UserError:
    shown = engine.url.render_as_string(hide_password=True)
    why = str(getattr(error, "orig", None) or error).strip()
    return UserError(
        f"DATABASE_URL: cannot open {shown}: {why}. "
        "Check that the folder or server exists and may be written to"
    )


def _upgrade(engine: sa.Engine, version: str = "head") -> None:
    """To the newest tables, in one transaction that also is the lock: of several processes that
    start at once, one migrates and the others wait and find nothing to do."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, version)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Unavailable("the database", in_one_line(error)) from error
    except DBAPIError as error:
        raise Unavailable("the database", in_one_line(error), retry=False) from error


def in_one_line(error: DBAPIError) -> str:
    """What it says; the lines below guess at causes and point at positions in SQL."""
    return str(error.orig).strip().partition("\n")[0].rstrip(".")
