"""Steps that are one statement which only reads, on PostgreSQL or SQLite.

Three things keep it reading: the statement must begin as a question and be one; the transaction is
read only (PostgreSQL) or the file is opened read only (SQLite); nothing is ever committed.
"""

import math
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from knowledge.adapters.runners.programs import of_kind
from knowledge.errors import Unavailable, UserError
from knowledge.ports.remediation import Ended, Outcome, Place
from knowledge.runbooks.actions import Action, Sql
from knowledge.runbooks.runners_file import SETTING

POLL_S = 0.05
_READS = re.compile(r"\s*(SELECT|WITH|VALUES|TABLE|EXPLAIN(?!\s*\(?\s*ANALY[SZ]E))\b", re.I)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_MOST_CELL = 200
_LATER_MS = 5_000
"""The database ends by itself what our own watch over the time did not end."""


@dataclass(frozen=True)
class SqlRunner:
    """`ports.Runner`. `urls` by the database's name."""

    urls: Mapping[str, str]

    def facts(self, action: Action) -> str:
        step = of_kind(Sql, action)
        self._url(step)
        _check(step.query)
        return ""

    def can_try(self, action: Action) -> bool:
        return False

    def try_out(self, action: Action, place: Place) -> Outcome:
        raise UserError("A question to a database changes nothing and needs no dry run.")

    def run(self, action: Action, place: Place) -> Outcome:
        step = of_kind(Sql, action)
        self.facts(step)
        engine = _open(step.database, self._url(step), place)
        try:
            with engine.connect() as connection, _guarded(connection, place) as watch:
                try:
                    return _asked(connection, step)
                except SQLAlchemyError as error:
                    if watch.ended is not None:
                        return Outcome(watch.ended, "The question was ended.")
                    return Outcome(Ended.FAILED, _words(error))
        except SQLAlchemyError as error:
            raise Unavailable(step.database, _words(error)) from error
        finally:
            engine.dispose()

    def _url(self, step: Sql) -> str:
        url = self.urls.get(step.database)
        if url is None:
            known = ", ".join(self.urls) or "none"
            raise UserError(
                f"database: there is no {step.database!r} in {SETTING}; it has {known}."
            )
        return url


def _check(query: str) -> None:
    """Raises UserError. What the database itself forbids is forbidden twice."""
    bare = query.strip().rstrip(";").rstrip()
    if "--" in bare or "/*" in bare:
        raise UserError("query: write it without comments; they may hide what follows.")
    if ";" in bare:
        raise UserError("query: it must be one statement, without `;`.")
    if not _READS.match(bare):
        raise UserError("query: it may only read: SELECT, WITH, VALUES, TABLE or EXPLAIN.")


def _open(name: str, url: str, place: Place) -> sa.Engine:
    """Raises UserError for an address that is none; it may hold a password and is not repeated."""
    seconds = max(0.001, place.time_limit.total_seconds())
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            return _open_sqlite(parsed)
        if backend == "postgresql":
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            options = (
                "-c default_transaction_read_only=on "
                f"-c statement_timeout={math.ceil(seconds * 1000) + _LATER_MS}"
            )
            return sa.create_engine(
                parsed,
                poolclass=NullPool,
                connect_args={"options": options, "connect_timeout": 5},
            )
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise UserError(f"database {name!r}: its variable holds no database URL.") from error
    except ModuleNotFoundError as error:
        raise UserError(
            f"database {name!r}: the driver {error.name!r} is not installed."
        ) from error
    raise UserError(f"database {name!r}: only postgresql and sqlite are supported.")


def _open_sqlite(url: sa.URL) -> sa.Engine:
    """By a file URI: a mode that cannot write, and no file made where there is none."""
    if not url.database:
        raise ValueError("a database in memory holds nothing")
    address = f"{Path(url.database).resolve().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    return sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)


_MAY = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    }
)


def _only_reads(operation: int, first: str | None, second: str | None, *_: object) -> int:
    """SQLite asks it of everything that a statement does: no ATTACH, no PRAGMA, no extensions."""
    if operation == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if operation in _MAY else sqlite3.SQLITE_DENY


class _Watch:
    """Ends a question that takes too long or is not wanted any more, from a thread of its own."""

    def __init__(self, interrupt: Callable[[], None], place: Place) -> None:
        self._interrupt = interrupt
        self._place = place
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.ended: Ended | None = None

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        until = time.monotonic() + self._place.time_limit.total_seconds()
        while not self._over.wait(POLL_S):
            if self._place.stop():
                self.ended = Ended.CANCELLED
            elif time.monotonic() > until:
                self.ended = Ended.TIMED_OUT
            if self.ended is not None:
                # Again and again: it may not have begun yet.
                self._interrupt()


def _guarded(connection: sa.Connection, place: Place) -> _Watch:
    """Ends it in time; lets SQLite do nothing but read."""
    driver: Any = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        # Only now: SQLAlchemy asks for pragmas of its own when it connects.
        driver.set_authorizer(_only_reads)
        return _Watch(driver.interrupt, place)
    return _Watch(driver.cancel, place)


def _asked(connection: sa.Connection, step: Sql) -> Outcome:
    query = step.query.strip().rstrip(";")
    # A colon within quotes is text and must not be bound.
    text = _QUOTED.sub(lambda found: found[0].replace(":", r"\:"), query)
    answer = connection.execute(sa.text(text), dict(step.values))
    names = list(answer.keys())
    rows = answer.fetchmany(step.rows + 1)
    return Outcome(Ended.DONE, _table(names, rows[: step.rows], more=len(rows) > step.rows), 0)


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]], *, more: bool) -> str:
    """Columns in line, as a terminal shows them."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in [names, *cells]]
    said = f"{len(rows)} rows" if len(rows) != 1 else "1 row"
    lines.append(f"({said} shown, there are more)" if more else f"({said})")
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _MOST_CELL else text[: _MOST_CELL - 1] + "…"


def _words(error: SQLAlchemyError) -> str:
    """What the database said; never the address."""
    told = str(getattr(error, "orig", None) or type(error).__name__).strip()
    return told.splitlines()[0] if told else "it failed"
