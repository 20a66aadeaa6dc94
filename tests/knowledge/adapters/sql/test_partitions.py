"""The history of alerts in weeks: on PostgreSQL alone. What holds for every store is in
test_alerts_port.py."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.sql.database import MIGRATIONS
from knowledge.adapters.sql.partitions import drop_oldest, make_ahead, monday, weeks
from knowledge.incidents import open_from, resolve
from knowledge.records import AlertRecord, Signal, Verdict

WEDNESDAY = datetime(2031, 3, 5, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def fresh_url(postgresql_url: str) -> str:
    """Of a database of its own, without tables."""
    shared = sa.make_url(postgresql_url)
    engine = sa.create_engine(shared, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS partitioned WITH (FORCE)"))
        connection.execute(sa.text("CREATE DATABASE partitioned"))
    engine.dispose()
    return shared.set(database="partitioned").render_as_string(hide_password=False)


@pytest.fixture
def store(fresh_url: str) -> Iterator[SqlStore]:
    opened = open_store(fresh_url)
    yield opened
    opened.close()


def alert(number: int, at: datetime, heard: datetime | None = None) -> AlertRecord:
    signal = Signal(f"f{number}", "Hot", at, at, service="checkout")
    return AlertRecord(signal, heard or at, 1, "", Verdict.WAITING, ())


def places(store: SqlStore) -> dict[str, int]:
    """Rows by the partition that they are in."""
    query = sa.text("SELECT tableoid::regclass::text, count(*) FROM alert GROUP BY 1")
    with store.database.read() as session:
        return {str(name): int(count) for name, count in session.execute(query)}


def test_weeks_are_made_ahead_and_take_what_had_no_place(store: SqlStore) -> None:
    store.alerts.record([alert(1, WEDNESDAY), alert(2, WEDNESDAY + WEEK)])
    assert places(store) == {"alert_default": 2}
    store.alerts.prepare(WEDNESDAY)
    assert places(store) == {"alert_20310303": 1, "alert_20310310": 1}
    with store.database.write() as session:
        assert make_ahead(session.connection(), WEDNESDAY) == []
        assert "alert_20310331" in weeks(session.connection())


def test_an_instance_is_one_row_wherever_it_lies(store: SqlStore) -> None:
    first = alert(1, WEDNESDAY)
    store.alerts.record([first])
    store.alerts.prepare(WEDNESDAY)
    store.alerts.record([replace(first, incident="INC-1")])
    store.alerts.repeated([(first.signal, 3)])
    (found,) = store.alerts.find()
    assert (found.deliveries, found.incident) == (5, "INC-1")
    assert store.alerts.get("f1", WEDNESDAY) == found


def test_odd_times_are_kept_too(store: SqlStore) -> None:
    store.alerts.prepare(WEDNESDAY)
    odd = [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ]
    store.alerts.record([alert(number, at, WEDNESDAY) for number, at in enumerate(odd)])
    assert places(store) == {"alert_default": 3}
    assert store.alerts.get("f2", odd[2]).signal.starts_at == odd[2]


def test_a_week_that_is_old_is_dropped_whole_and_stays_counted(store: SqlStore) -> None:
    store.alerts.prepare(WEDNESDAY)
    opened = store.incidents.open(open_from((alert(1, WEDNESDAY).signal,), WEDNESDAY))
    later = WEDNESDAY + 20 * WEEK
    store.alerts.record(
        [
            replace(alert(1, WEDNESDAY), incident=opened.id),
            alert(2, WEDNESDAY),
            alert(3, WEDNESDAY, heard=later),
            alert(4, WEDNESDAY + WEEK),
        ]
    )
    before = store.alerts.tally(WEDNESDAY - WEEK, later + WEEK)
    end_of_week = datetime(2031, 3, 10, tzinfo=UTC)
    while store.alerts.compact(end_of_week - timedelta(seconds=1)):
        pass
    assert len(store.alerts.find()) == 4
    assert store.alerts.compact(end_of_week) > 0
    assert store.alerts.compact(end_of_week) == 0
    # Those of the open incident, and heard of lately, have moved.
    assert places(store) == {"alert_default": 2, "alert_20310310": 1}
    assert {r.signal.fingerprint for r in store.alerts.find()} == {"f1", "f3", "f4"}
    assert store.alerts.tally(WEDNESDAY - WEEK, later + WEEK) == before

    store.incidents.change(opened.id, lambda i: resolve(i, "U1", WEDNESDAY + WEEK))
    assert store.alerts.compact(end_of_week) == 1
    assert {r.signal.fingerprint for r in store.alerts.find()} == {"f3", "f4"}
    assert store.alerts.tally(WEDNESDAY - WEEK, later + WEEK) == before


def test_a_reader_is_not_waited_for(store: SqlStore) -> None:
    store.alerts.prepare(WEDNESDAY)
    store.alerts.record([alert(1, WEDNESDAY)])
    with store.database.engine.connect() as reader:
        reader.execute(sa.text("SELECT count(*) FROM alert"))
        with (
            pytest.raises(sa.exc.OperationalError, match="lock timeout"),
            store.database.engine.begin() as connection,
        ):
            drop_oldest(connection, WEDNESDAY + WEEK, ())
    assert places(store) == {"alert_20310303": 1}
    assert store.alerts.compact(WEDNESDAY + WEEK) > 0


def test_questions_about_some_weeks_read_no_others(store: SqlStore) -> None:
    store.alerts.prepare(WEDNESDAY)
    with store.database.read() as session:
        plan = session.execute(
            sa.text(
                "EXPLAIN SELECT alert.id"
                f" FROM (VALUES ({to_us(WEDNESDAY)}, 2), ({to_us(WEDNESDAY + WEEK)}, 2)) AS wanted"
                " CROSS JOIN alert WHERE alert.starts_at = wanted.column1"
                " AND alert.series = wanted.column2"
                f" AND alert.starts_at >= {to_us(WEDNESDAY)}"
                f" AND alert.starts_at <= {to_us(WEDNESDAY + WEEK)}"
            )
        ).scalars()
        read = "\n".join(plan)
    assert "alert_20310303" in read
    assert "alert_20310310" in read
    assert "alert_20310317" not in read


def to_us(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


def to_revision(url: str, revision: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        go = command.downgrade if revision == "0009" else command.upgrade
        go(config, revision)
    engine.dispose()


def test_what_was_recorded_before_is_moved_into_weeks_and_back(fresh_url: str) -> None:
    store = open_store(fresh_url)
    now = datetime.now(UTC)
    records = [alert(n, now - n * WEEK) for n in range(3)] + [
        alert(9, datetime(1, 1, 1, tzinfo=UTC))
    ]
    store.alerts.record(records)
    found = store.alerts.find()
    to_revision(fresh_url, "0009")
    assert places(store) == {"alert": 4}
    to_revision(fresh_url, "0010")
    there = places(store)
    assert (len(there), there["alert_default"]) == (4, 1)
    assert store.alerts.find() == found
    store.alerts.record([alert(10, now)])
    assert len(store.alerts.find()) == 5
    store.close()


@pytest.mark.parametrize(
    ("day", "expected"),
    [(datetime(1970, 1, 5), 4), (datetime(1970, 1, 4), -3), (datetime(2031, 3, 5), 22341)],
)
def test_weeks_begin_on_monday(day: datetime, expected: int) -> None:
    assert monday((day - datetime(1970, 1, 1)).days) == expected
