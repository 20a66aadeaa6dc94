"""A backup while the bot runs, its restore, and the move from one database to another.

A backup is one SQLite file, whatever it was made of. Of SQLite it is a copy by SQLite itself, of
PostgreSQL one snapshot of all tables. It has its name only once it was written and checked, and a
restore shows only once it is whole: until then nothing has changed.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError

from knowledge.adapters.sql.copying import (
    AT_ONCE,
    Progress,
    Shape,
    copy_all,
    empty,
    rows_in,
    shape_of,
)
from knowledge.adapters.sql.database import Database, in_one_line, open_as_it_is, open_database
from knowledge.audit_chain import Verification, verify
from knowledge.errors import Unavailable, UserError
from knowledge.records import AuditEntry

_UPGRADING = 7_261_318
"""PostgreSQL's advisory lock of migrations: who starts on the database waits until it is whole."""
_OF_ENTRY = tuple(field.name for field in fields(AuditEntry))
_LIVE = "SELECT holder FROM lease WHERE until > extract(epoch FROM clock_timestamp()) LIMIT 1"


def _silent(name: str, rows: int) -> None:
    """Progress that nobody wants to hear of."""


@dataclass(frozen=True)
class Copied:
    """What is in the copy, as it was read back from it."""

    rows: dict[str, int]
    """By table, those that hold any."""
    version: str
    """Of the tables."""
    audit: Verification
    size: int = 0
    """Bytes of the file; 0 where there is none."""
    former: Path | None = None
    """Where what was there before is kept."""


def back_up(
    database_url: str, file: Path, *, force: bool = False, progress: Progress = _silent
) -> Copied:
    """Write all that Tandem keeps into `file`, readable by its owner alone; the bot may go on.

    Raises UserError when the file exists (without `force`) or cannot be written, or when what was
    written does not hold; then there is no file, or the former one.
    """
    if file.exists() and not force:
        raise UserError(f"FILE: {file} exists. Name another, or replace it with --force.")
    source = _existing(database_url)
    try:
        _require_tables(source)
        with _written_whole(file, "FILE") as part:
            if (sqlite_file := _sqlite_file(database_url)) is not None:
                _copy_file(sqlite_file, part)
            else:
                _copy_snapshot(source, part, progress)
            _one_file(part)
            return _checked_file(part)
    finally:
        source.close()


def restore(
    file: Path, database_url: str, *, force: bool = False, progress: Progress = _silent
) -> Copied:
    """Put a backup in the place of what the database holds, brought up to date; all of it or none.

    Raises UserError when the file is no backup or is damaged, when the database holds something
    already (without `force`), or when a bot still works on it.
    """
    if not file.is_file():
        raise UserError(f"FILE: there is no {file}.")
    _checked_file(file)
    with tempfile.TemporaryDirectory(prefix="tandem-restore-") as folder:
        copy = Path(folder) / "backup.db"
        _copy_file(file, copy)
        # Older tables are brought up to date here, where a failure harms nothing.
        with _naming("FILE"):
            open_database(f"sqlite:///{copy}").close()
        _one_file(copy)
        if (sqlite_file := _sqlite_file(database_url)) is not None:
            return _restore_file(copy, sqlite_file, force)
        target = open_database(database_url)
        try:
            return _restore_tables(copy, target, force, progress)
        except DBAPIError as error:
            raise Unavailable("the database", in_one_line(error)) from error
        finally:
            target.close()


def move(from_url: str, to_url: str, *, progress: Progress = _silent) -> Copied:
    """Everything from one database into another that is empty, in one transaction. The old one is
    left as it is, and takes no writes meanwhile where it is SQLite.

    Raises UserError that names --from or --to.
    """
    with _naming("--from"):
        source = _existing(from_url)
    try:
        with _naming("--to"):
            target = open_database(to_url)
    except UserError:
        source.close()
        raise
    try:
        with _snapshot(source) as here, target.engine.begin() as there:
            _wait_for_starts(there)
            if held := rows_in(there, shape_of(there)):
                raise UserError(
                    f"--to: the database is not empty ({_say(held)}). Name an empty one."
                )
            return _copied(here, there, progress)
    except DBAPIError as error:
        raise Unavailable("the database", in_one_line(error)) from error
    finally:
        source.close()
        target.close()


# Files


def _sqlite_file(database_url: str) -> Path | None:
    """None for another database, and for what is no URL, which opening tells best."""
    with suppress(ArgumentError):
        url = sa.make_url(database_url)
        if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
            return Path(str(url.database))
    return None


def _existing(database_url: str) -> Database:
    """Raises UserError where there is no database, instead of making one."""
    file = _sqlite_file(database_url)
    if file is not None and not file.is_file():
        raise UserError(f"DATABASE_URL: there is no {file}.")
    return open_as_it_is(database_url)


@contextmanager
def _naming(field: str) -> Iterator[None]:
    """What is wrong with the database is said of the argument that named it."""
    try:
        yield
    except UserError as error:
        raise UserError(str(error).replace("DATABASE_URL", field, 1)) from error


@contextmanager
def _written_whole(file: Path, field: str) -> Iterator[Path]:
    """A file beside `file` that takes its name once it is on the disk."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
    except OSError as error:
        raise UserError(
            f"{field}: {file} cannot be written: {error.strerror}. Name a folder that exists and "
            "may be written to."
        ) from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
        _to_disk(part)
        part.chmod(0o600)
        part.replace(file)
        _to_disk(file.parent)
    except OSError as error:
        raise UserError(f"{field}: {file} cannot be written: {error.strerror}.") from error
    finally:
        for left in (part, *(part.with_name(part.name + end) for end in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy_file(source: Path, target: Path) -> None:
    """SQLite's own copy of a database in use: all pages in one step, so one state of it, and
    writers go on meanwhile."""
    try:
        with (
            closing(sqlite3.connect(_only_reading(source), uri=True, timeout=30)) as here,
            closing(sqlite3.connect(target)) as there,
        ):
            here.backup(there, pages=-1)
    except sqlite3.Error as error:
        raise UserError(f"{source} cannot be copied: {error}.") from error


def _only_reading(file: Path) -> str:
    name = str(file.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{name}?mode=ro"


def _one_file(file: Path) -> None:
    """Nothing of it in a log beside it."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _read_file(file: Path) -> Iterator[sa.Connection]:
    """A database that nobody writes, as it is: nothing of the file is changed."""
    engine = sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(_only_reading(file), uri=True)
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _checked_file(file: Path) -> Copied:
    """What the file holds, once all of it was read. Raises UserError naming FILE."""
    try:
        with _read_file(file) as connection:
            damaged = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
            orphan = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if damaged != "ok" or orphan is not None:
                why = damaged if orphan is None else f"a row of {orphan[0]} belongs to nothing"
                raise UserError(f"FILE: {file.name} is damaged: {why}.")
            found = _found(connection)
    except DBAPIError as error:
        raise UserError(f"FILE: {file.name} is no backup: {error.orig}.") from error
    if not found.version:
        raise UserError(f"FILE: {file.name} holds no tables of Tandem.")
    if not found.audit.holds:
        raise UserError(
            f"FILE: the audit record in {file.name} does not hold from entry "
            f"{found.audit.broken_at}: {found.audit.why}. `tandem audit verify` tells more."
        )
    return replace(found, size=file.stat().st_size)


def _restore_file(copy: Path, file: Path, force: bool) -> Copied:
    """A rename, so that there is the former store or the restored one, and nothing in between."""
    held = _held_in(file)
    if held and not force:
        raise UserError(_not_empty("DATABASE_URL", held))
    former = None
    if file.exists():
        _must_be_alone(file)
    with _written_whole(file, "DATABASE_URL") as part:
        shutil.copyfile(copy, part)
        found = _checked_file(part)
        if held:
            former = file.with_name(f"{file.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S}")
            os.link(file, former)
    return replace(found, former=former)


def _held_in(file: Path) -> dict[str, int]:
    if not file.exists() or not file.stat().st_size:
        return {}
    try:
        with _read_file(file) as connection:
            tables = sa.inspect(connection).get_table_names()
            found = _found(connection)
            # Whatever else it is, it is not ours to replace unasked.
            return found.rows if found.version else {"tables of something else": len(tables)}
    except DBAPIError as error:
        raise UserError(f"DATABASE_URL: {file} is no database: {error.orig}.") from error


def _must_be_alone(file: Path) -> None:
    """Leaving the write-ahead log needs the file for oneself, so this fails while a bot runs."""
    try:
        _one_file(file)
    except sqlite3.OperationalError as error:
        raise UserError(
            f"DATABASE_URL: {file} is in use ({error}). Stop Tandem, and restore then."
        ) from error


# Tables


def _copy_snapshot(source: Database, file: Path, progress: Progress) -> None:
    """One state of PostgreSQL into a SQLite file with tables of the same version."""
    try:
        with _snapshot(source) as here:
            version = shape_of(here).version
            if not version:
                raise UserError("DATABASE_URL: there are no tables of Tandem in it.")
            target = open_as_it_is(f"sqlite:///{file}", version)
            try:
                with target.engine.begin() as there:
                    _copied(here, there, progress)
            finally:
                target.close()
    except DBAPIError as error:
        raise Unavailable("the database", in_one_line(error)) from error


@contextmanager
def _snapshot(source: Database) -> Iterator[sa.Connection]:
    """One state of it. SQLite takes no writes meanwhile: a move must not leave any behind."""
    if source.is_sqlite:
        with source.engine.begin() as connection:
            yield connection
        return
    reading = source.engine.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    with reading.connect() as connection:
        yield connection


def _restore_tables(copy: Path, target: Database, force: bool, progress: Progress) -> Copied:
    with _read_file(copy) as here, target.engine.begin() as there:
        _wait_for_starts(there)
        holder = there.execute(sa.text(_LIVE)).scalar()
        if holder is not None:
            raise UserError(
                f"DATABASE_URL: {holder} works on it. Stop every replica of Tandem, and restore "
                "half a minute later."
            )
        held = rows_in(there, shape_of(there))
        if held and not force:
            raise UserError(_not_empty("DATABASE_URL", held))
        if held:
            empty(there)
        return _copied(here, there, progress)


def _wait_for_starts(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADING)))


def _copied(here: sa.Connection, there: sa.Connection, progress: Progress) -> Copied:
    """Copy, and read back. Raises UserError, and the caller's transaction keeps nothing."""
    copy_all(here, there, progress)
    before, found = _chain(here, shape_of(here)), _found(there)
    if not found.audit.holds or found.audit.head != before.head:
        why = found.audit.why or "it ends in another entry"
        raise UserError(f"The audit record does not hold in the copy: {why}. Nothing was kept.")
    return found


def _require_tables(source: Database) -> None:
    """Raises UserError naming DATABASE_URL."""
    with source.engine.connect() as connection:
        if not shape_of(connection).tables:
            raise UserError(
                "DATABASE_URL: that database holds no tables of Tandem. Name the one that "
                "`tandem run` uses."
            )


def _found(connection: sa.Connection) -> Copied:
    shape = shape_of(connection)
    return Copied(rows_in(connection, shape), shape.version, _chain(connection, shape))


def _chain(connection: sa.Connection, shape: Shape) -> Verification:
    """Of tables from before there was a chain, every entry counts as unlinked."""
    if not shape.tables:
        return verify(())
    table = shape.named("audit")
    names = [name for name in _OF_ENTRY if name in table.c]
    query = sa.select(*(table.c[name] for name in names)).order_by(table.c.id)
    with connection.execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        return verify(_entry(dict(row)) for row in rows.mappings())


def _entry(row: dict[str, Any]) -> AuditEntry:
    at = row["at"]
    row["at"] = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    row["number"] = row.get("number") or 0
    return AuditEntry(**row)


def _not_empty(field: str, held: dict[str, int]) -> str:
    return (
        f"{field}: the database is not empty ({_say(held)}). Name an empty one, or replace what "
        "it holds with --force."
    )


def _say(held: dict[str, int]) -> str:
    most = sorted(held.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{count:,} of {name}" for name, count in most)
