"""The history of alerts on PostgreSQL: one partition for the alerts that began in one week.

Retention drops a partition, which costs the same whatever is in it. Weeks are made ahead; alerts of
weeks that have no partition (clocks that are wrong, history that was imported) are in one for odd
times, so nothing is ever refused. The few rows of an old week that must stay, those of open
incidents and of alerts that were heard of late, move there too when their week is dropped.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from knowledge.adapters.sql.packing import DAY_US, to_us

ODD = "alert_default"
WEEK = 7
AHEAD = 4
"""Weeks that are made before they begin."""
MOST_MOVED = 50_000
"""Rows that are moved out of a week to drop it; with more it waits for the next time."""
_PATIENCE = "500ms"
"""Readers come first: below deadlock_timeout (1 s), so that in doubt it is the housekeeping that
gives up. It is tried again."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEKS = sa.text(
    "SELECT part.relname FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid"
    " WHERE inhparent = to_regclass('alert') AND part.relname <> :odd ORDER BY 1"
)


def weeks(connection: sa.Connection) -> dict[str, int]:
    """Names of partitions, with the day (since 1970) of their Monday; the oldest first."""
    names = connection.execute(_WEEKS, {"odd": ODD}).scalars()
    return {name: _day_of(name) for name in names}


def make_ahead(connection: sa.Connection, now: datetime) -> list[str]:
    """Make the weeks that are missing from this one on, and say which. Cheap when none is."""
    there = weeks(connection)
    first = monday(to_us(now) // DAY_US)
    missing = [
        day for day in range(first, first + WEEK * AHEAD + 1, WEEK) if _name(day) not in there
    ]
    if missing:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
    for day in missing:
        _make(connection, day)
    return [_name(day) for day in missing]


def drop_oldest(
    connection: sa.Connection, before: datetime, incidents: Sequence[str]
) -> tuple[int, int] | None:
    """Drop the oldest week if all of it began before `before`. What was first received later, and
    alerts of `incidents`, stay. About how many rows went and the last day (since 1970) of them;
    None when no week is old enough."""
    for name, day in weeks(connection).items():
        if (day + WEEK) * DAY_US > to_us(before):
            return None
        part = sa.table(name, sa.column("first_received_at"), sa.column("incident"))
        stays = sa.or_(
            part.c.first_received_at >= to_us(before), part.c.incident.in_(list(incidents))
        )
        many = sa.select(sa.literal(1)).select_from(part).where(stays).limit(MOST_MOVED + 1)
        kept = connection.scalar(sa.select(sa.func.count()).select_from(many.subquery())) or 0
        if kept <= MOST_MOVED:
            return _drop(connection, part, stays)
    return None


def monday(day: int) -> int:
    """The Monday of the week of a day since 1970, which began on a Thursday."""
    return day - (day + 3) % WEEK


def _make(connection: sa.Connection, day: int) -> None:
    name, begin, end = _name(day), day * DAY_US, (day + WEEK) * DAY_US
    columns = ", ".join(_columns(connection))
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE alert INCLUDING ALL)")
    # What came for that week before it was there.
    connection.exec_driver_sql(
        f"WITH moved AS (DELETE FROM {ODD} WHERE starts_at >= {begin} AND starts_at < {end}"  # noqa: S608
        f" RETURNING {columns}) INSERT INTO {name} ({columns}) SELECT {columns} FROM moved"
    )
    connection.exec_driver_sql(
        f"ALTER TABLE alert ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})"
    )


def _drop(
    connection: sa.Connection, part: sa.TableClause, stays: sa.ColumnElement[bool]
) -> tuple[int, int]:
    name = part.name
    about = connection.exec_driver_sql(
        f"SELECT greatest(reltuples, 1)::bigint FROM pg_class WHERE oid = '{name}'::regclass"  # noqa: S608
    ).scalar_one()
    last = connection.scalar(sa.select(sa.func.max(part.c.first_received_at)).where(~stays))
    columns = _columns(connection)
    alert = sa.table("alert", *(sa.column(column) for column in columns))
    of_part: list[Any] = [sa.column(column) for column in columns]
    kept = sa.select(*of_part).select_from(part).where(stays)
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
    connection.exec_driver_sql(f"ALTER TABLE alert DETACH PARTITION {name}")
    connection.execute(sa.insert(alert).from_select(columns, kept))
    connection.exec_driver_sql(f"DROP TABLE {name}")
    return int(about), -1 if last is None else int(last) // DAY_US


def _columns(connection: sa.Connection) -> list[str]:
    return [column["name"] for column in sa.inspect(connection).get_columns("alert")]


def _name(day: int) -> str:
    return f"alert_{_EPOCH + timedelta(days=day):%Y%m%d}"


def _day_of(name: str) -> int:
    at = datetime.strptime(name.removeprefix("alert_"), "%Y%m%d").replace(tzinfo=UTC)
    return (at - _EPOCH).days
