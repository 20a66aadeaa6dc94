"""Every table of one database into another, whatever the two are: SQLite, PostgreSQL.

The tables are read from the databases themselves, not from the code, so that data of an older
version is copied as it is, and values as the tables hold them, without the code's reading of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from knowledge.errors import UserError

Progress = Callable[[str, int], None]
"""Told a table's name and how many of its rows are copied."""

AT_ONCE = 1_000
_TRANSIENT = frozenset({"lease", "llm_reservation"})
"""What holds for running processes only: a copy of it would bar those that start on the copy."""
_VERSION = "alembic_version"
_AUDIT = "audit"
_NO_DERIVED = (
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    " AND relkind IN ('r', 'p') AND NOT relispartition"
    " AND relname !~ '^vectors_' AND relname <> 'vector_cache'"
)
"""Partitions are read through their table; vectors are made again from texts."""


@dataclass(frozen=True)
class Shape:
    """The tables of one database, those that others refer to first, and the version of them."""

    tables: tuple[sa.Table, ...]
    version: str

    def named(self, name: str) -> sa.Table:
        return next(table for table in self.tables if table.name == name)


def shape_of(connection: sa.Connection) -> Shape:
    """What is there, without what is derived or holds for running processes only. Empty for
    another program's tables, which Alembic may have made as well."""
    names = _names(connection)
    if not {_VERSION, _AUDIT} <= set(names):
        return Shape((), "")
    metadata = sa.MetaData()
    metadata.reflect(connection, only=[*names - {_VERSION} - _TRANSIENT])
    version = connection.execute(sa.text(f"SELECT version_num FROM {_VERSION}")).scalar()  # noqa: S608
    return Shape(tuple(metadata.sorted_tables), str(version))


def rows_in(connection: sa.Connection, shape: Shape) -> dict[str, int]:
    """By table, those that hold any."""
    counts = {table.name: _count(connection, table) for table in shape.tables}
    return {name: count for name, count in counts.items() if count}


def copy_all(
    source: sa.Connection, target: sa.Connection, progress: Progress = lambda name, rows: None
) -> dict[str, int]:
    """Rows copied by table. All of it is part of the two transactions that the caller has begun:
    one state of the source, and in the target everything or nothing.

    Raises UserError when the two have different tables, or the counts differ at the end.
    """
    here, there = shape_of(source), shape_of(target)
    if here.version != there.version:
        raise UserError(
            f"The tables are of different versions ({here.version or 'none'} and "
            f"{there.version or 'none'}). Use the version of Tandem that wrote them, or start the "
            "newer one on them once, which brings them up to date."
        )
    copied: dict[str, int] = {}
    for table in there.tables:
        copied[table.name] = _copy(source, here.named(table.name), target, table, progress)
    for table in there.tables:
        if _count(target, table) != copied[table.name]:
            raise UserError(f"{table.name}: not every row arrived. Nothing was kept; try again.")
        _set_numbering(source, here.named(table.name), target, table)
    return copied


def empty(connection: sa.Connection) -> None:
    """Take everything out of PostgreSQL's tables, within the caller's transaction."""
    names = [f'"{table.name}"' for table in shape_of(connection).tables]
    # The record that takes no change is about to be replaced as a whole, by one that holds.
    connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER USER")
    connection.exec_driver_sql(f"TRUNCATE {', '.join(names)} RESTART IDENTITY")
    connection.exec_driver_sql("ALTER TABLE audit ENABLE TRIGGER USER")


def _names(connection: sa.Connection) -> set[str]:
    if connection.dialect.name == "postgresql":
        return set(connection.execute(sa.text(_NO_DERIVED)).scalars())
    return set(sa.inspect(connection).get_table_names())


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _copy(
    source: sa.Connection,
    from_table: sa.Table,
    target: sa.Connection,
    to_table: sa.Table,
    progress: Progress,
) -> int:
    copied = 0
    for rows in _read(source, from_table):
        target.execute(sa.insert(to_table), [_for(target, row) for row in rows])
        copied += len(rows)
        progress(to_table.name, copied)
    return copied


def _read(source: sa.Connection, table: sa.Table) -> Iterator[Sequence[dict[str, Any]]]:
    columns = [column for column in table.columns if column.computed is None]
    query = sa.select(*columns).execution_options(yield_per=AT_ONCE)
    with source.execute(query) as result:
        for rows in result.mappings().partitions():
            yield [dict(row) for row in rows]


def _for(target: sa.Connection, row: dict[str, Any]) -> dict[str, Any]:
    """SQLite keeps times without their zone, which is UTC."""
    for name, value in row.items():
        if isinstance(value, datetime):
            at = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
            row[name] = at if target.dialect.name == "postgresql" else at.replace(tzinfo=None)
    return row


def _set_numbering(
    source: sa.Connection, from_table: sa.Table, target: sa.Connection, table: sa.Table
) -> None:
    """Numbers that were given once are not given again, also those of rows that are gone."""
    key = _numbered_by(table)
    if key is None:
        return
    highest = target.execute(sa.select(sa.func.max(key))).scalar() or 0
    reached = max(int(highest), _reached(source, from_table))
    if not reached:
        return
    if target.dialect.name == "postgresql":
        target.execute(
            sa.text("SELECT setval(pg_get_serial_sequence(:table, :key), :reached)"),
            {"table": f'"{table.name}"', "key": key.name, "reached": reached},
        )
    elif _counts_on(target, table):
        target.execute(
            sa.text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table.name}
        )
        target.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :reached)"),
            {"table": table.name, "reached": reached},
        )


def _numbered_by(table: sa.Table) -> sa.Column[Any] | None:
    """The column whose values the database gives out."""
    for key in table.primary_key.columns:
        if isinstance(key.type, sa.Integer) and key.name in ("id", "number"):
            return None if key.foreign_keys else key
    return None


def _reached(connection: sa.Connection, table: sa.Table) -> int:
    key = _numbered_by(table)
    if key is None:
        return 0
    if connection.dialect.name == "postgresql":
        name = connection.execute(
            sa.text("SELECT pg_get_serial_sequence(:table, :key)"),
            {"table": f'"{table.name}"', "key": key.name},
        ).scalar()
        if name is None:
            return 0
        found = connection.exec_driver_sql(
            f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {name}"  # noqa: S608
        ).scalar()
        return int(found or 0)
    if not _counts_on(connection, table):
        return 0
    found = connection.execute(
        sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table.name}
    ).scalar()
    return int(found or 0)


def _counts_on(connection: sa.Connection, table: sa.Table) -> bool:
    """Whether SQLite was told never to give a number of this table twice."""
    made = connection.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"),
        {"table": table.name},
    ).scalar()
    return "AUTOINCREMENT" in str(made).upper()
