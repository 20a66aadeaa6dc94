"""What only the SQL stores can get wrong: opening, migrating, restarting, dying."""

import os
import signal as signals
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from knowledge.adapters.sql import open_store
from knowledge.adapters.sql.database import MIGRATIONS
from knowledge.adapters.sql.tables import Table
from knowledge.codec import signals_from_json, signals_to_json
from knowledge.errors import NotFound, Unavailable, UserError
from knowledge.incidents import open_from
from knowledge.records import (
    Approval,
    ApprovalStatus,
    AuditEntry,
    Gate,
    GateResult,
    Signal,
    SignalKind,
)

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def make(number: int) -> Signal:
    return Signal(f"f{number}", "High5xx", NOW, NOW, service="checkout")


FIRST_DATA = (
    "INSERT INTO incident (number, version, title, service, service_key, severity, status,"
    " opened_at, updated_at, owner, acknowledged_by, channel, cause, resolution) VALUES"
    " (7, 3, 'checkout: slow', 'checkout', 'checkout', 'SEV2', 'open',"
    " '2026-03-05 12:00:00.000000', '2026-03-05 12:00:00.000000', '', '', '', '', '')",
    *(
        "INSERT INTO incident_signal (incident, position, fingerprint, name, starts_at,"
        " received_at, source, kind, ends_at, service, severity, summary, description, value,"
        " labels, url, runbook_url, signal_id) VALUES"
        f" (7, {position}, 'f{position + 1}', 'High5xx',"
        " '2026-03-05 12:00:00.000000', '2026-03-05 12:00:00.000000', '', "
        f"{more}, '', '', '')"
        for position, more in enumerate(
            (
                "'drift', '2026-03-05 12:00:01.500000', 'checkout', '', 'ü', '', '',"
                ' \'{"pod": "p-1"}\'',
                "'alert', NULL, 'checkout', '', '', '', '', '{}'",
            )
        )
    ),
    "INSERT INTO inbox (id, source, received_at, signals, poison) VALUES"
    " (3, 'a', '2026-03-05 12:00:00.000000', '[{\"what\": 1}]', 'unreadable')",
    "INSERT INTO inbox (id, source, received_at, signals) VALUES"
    " (4, 'alertmanager', '2026-03-05 12:00:00.000000', '"
    + signals_to_json([replace(make(3), summary="back\\slash ü")]).decode()
    + "'), (5, 'a', '2026-03-05 12:00:00.000000', '[]')",
    "DELETE FROM inbox WHERE id = 5",
    *(
        "INSERT INTO approval (number, model, version, champion, requester, requester_name,"
        " created_at, reason, status, gates, decided_by, decided_by_name, decided_at,"
        " decision_reason, outcome) VALUES"
        f" ({number}, 'fraud', '9', '8', 'U1', 'ada', '2026-03-05 12:00:00.250001', 'ü',"
        f' \'{status}\', \'[{{"name": "ü", "result": "warn", "detail": "d"}}]\','
        f" '', '', NULL, '', '{outcome}')"
        for number, status, outcome in (
            (1, "pending", ""),
            (2, "approved", ""),
            (4, "approved", "fraud 9 is champion"),
        )
    ),
)
"""What Tandem 0.1 may have left behind."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tandem.db'}"


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, url: str) -> str:
    """Of a database without tables."""
    if request.param == "sqlite":
        return url
    shared = sa.make_url(request.getfixturevalue("postgresql_url"))
    engine = sa.create_engine(shared, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS fresh WITH (FORCE)"))
        connection.execute(sa.text("CREATE DATABASE fresh"))
    engine.dispose()
    return shared.set(database="fresh").render_as_string(hide_password=False)


def test_the_migrations_make_the_tables_that_the_code_means(new_url: str) -> None:
    open_store(new_url).close()
    engine = sa.create_engine(new_url)
    with engine.connect() as connection:
        # A partition is a table to the database, of the shape of the one that it belongs to.
        partitions = set(connection.execute(sa.text(PARTITIONS[engine.dialect.name])).scalars())
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or name not in partitions,
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


PARTITIONS = {
    "sqlite": "SELECT '' WHERE false",
    "postgresql": "SELECT inhrelid::regclass::text FROM pg_inherits"
    " WHERE inhparent = 'alert'::regclass",
}


def migrate(url: str, step: Callable[[Config, str], None], revision: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        step(config, revision)
    engine.dispose()


@pytest.mark.parametrize("act", ["UPDATE audit SET actor = 'U9'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_rewrite_the_audit_record(
    request: pytest.FixtureRequest, url: str, act: str
) -> None:
    for address in (url, request.getfixturevalue("empty_postgresql")):
        store = open_store(address)
        store.audit.add(AuditEntry(NOW, "U1", "approve", {}, "ok"))
        store.close()
        engine = sa.create_engine(address)
        with pytest.raises(sa.exc.DBAPIError, match="append only"), engine.begin() as connection:
            connection.execute(sa.text(act))
        engine.dispose()


def test_a_database_of_the_first_tables_is_brought_along(new_url: str) -> None:
    migrate(new_url, command.upgrade, "0001")
    engine = sa.create_engine(new_url)
    with engine.begin() as connection:
        for statement in FIRST_DATA:
            connection.exec_driver_sql(statement)
        if engine.dialect.name == "postgresql":
            for column in ("incident', 'number", "inbox', 'id", "approval', 'number"):
                connection.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{column}'), 7)"))
    engine.dispose()

    store = open_store(new_url)
    known = replace(make(1), ends_at=NOW + timedelta(seconds=1.5), kind=SignalKind.DRIFT)
    assert store.incidents.get("INC-7").signals == (
        replace(known, summary="ü", labels={"pod": "p-1"}),
        make(2),
    )
    assert (store.incidents.get("7").suspects, store.incidents.get("7").tickets) == ((), ())
    assert store.incidents.get("7").merged_into == ""
    (batch,) = store.inbox.waiting()
    assert (batch.id, batch.source) == (4, "monitor")
    assert signals_from_json(batch.body) == (replace(make(3), summary="back\\slash ü"),)
    assert store.inbox.put("a", b"", NOW) > 4
    assert [store.incidents.open(open_from((make(4),), NOW)).id] == ["INC-8"]
    done, unfinished, waiting = store.approvals.find()
    assert [a.status for a in (done, unfinished, waiting)] == [
        ApprovalStatus.APPROVED,
        ApprovalStatus.MOVING,
        ApprovalStatus.PENDING,
    ]
    created_at = NOW + timedelta(microseconds=250_001)
    gates = (Gate("ü", GateResult.WARN, "d"),)
    asked = Approval("APR-1", "fraud", "9", "8", "U1", "ada", created_at, "ü", gates=gates)
    assert waiting == replace(asked, expires_at=created_at + timedelta(hours=24))
    assert store.approvals.add(asked).id in ("APR-5", "APR-8")
    store.close()


def test_the_way_back_to_the_first_tables_keeps_what_they_held(new_url: str) -> None:
    store = open_store(new_url)
    asked = Approval("", "fraud", "9", "8", "U1", "ada", NOW, status=ApprovalStatus.MOVING)
    gates = (Gate("ü", GateResult.WARN, "d", ("more",)),)
    store.approvals.add(replace(asked, gates=gates, evidence="{}", key="k"))
    store.close()
    migrate(new_url, command.downgrade, "0004")
    store = open_store(new_url)
    (kept,) = store.approvals.find()
    assert (kept.gates, kept.status, kept.evidence) == (gates, ApprovalStatus.MOVING, "")
    store.close()


def test_a_restart_loses_nothing(url: str) -> None:
    store = open_store(url)
    opened = store.incidents.open(open_from((make(1),), NOW), tell=("card",))
    store.inbox.put("alertmanager", b"{}", NOW)
    store.close()
    store = open_store(url)
    assert store.incidents.get(opened.id) == opened
    assert [d.key for d in store.outbox.due(NOW)] == ["card:INC-1"]
    assert store.inbox.waiting()[0].body == b"{}"
    assert store.incidents.open(open_from((make(3),), NOW)).id == "INC-2"
    store.close()


def test_many_may_open_it_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(open_store, [url] * 4))
    ids = {store.incidents.open(open_from((make(1),), NOW)).id for store in stores}
    assert ids == {"INC-1", "INC-2", "INC-3", "INC-4"}
    for store in stores:
        store.close()


def test_one_store_sees_what_another_changed(url: str) -> None:
    one, two = open_store(url), open_store(url)
    one.incidents.open(open_from((make(1),), NOW))
    assert two.incidents.get("1").title == "checkout: High5xx"
    one.incidents.change("1", lambda i: replace(i, title="new", signals=(*i.signals, make(2))))
    assert two.incidents.get("1") == one.incidents.get("1")
    assert len(two.incidents.change("1", lambda i: i).signals) == 2
    one.close()
    two.close()


def test_an_accepted_batch_survives_kill_9(url: str) -> None:
    program = (
        "import sys, time\n"
        "from datetime import UTC, datetime\n"
        "from knowledge.adapters.sql import open_store\n"
        "at = datetime(2026, 3, 5, 12, tzinfo=UTC)\n"
        "store = open_store(sys.argv[1])\n"
        "store.inbox.put('a', b'alerts', at)\n"
        "print('accepted', flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", program, url], stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"accepted\n"
        os.kill(process.pid, signals.SIGKILL)
    store = open_store(url)
    assert [b.body for b in store.inbox.waiting()] == [b"alerts"]
    store.close()


def test_one_more_signal_writes_one_more_row(url: str) -> None:
    store = open_store(url)
    store.incidents.open(open_from([make(n) for n in range(1000)], NOW))
    with sqlite3.connect(file_of(url)) as spy:
        spy.execute("CREATE TABLE written (what TEXT)")
        for act in ("INSERT", "UPDATE", "DELETE"):
            spy.execute(
                f"CREATE TRIGGER on_{act} AFTER {act} ON incident_signal "
                f"BEGIN INSERT INTO written VALUES ('{act}'); END"
            )
    spy.close()
    ended = replace(make(7), ends_at=NOW)
    store.incidents.change(
        "1", lambda i: replace(i, signals=(*i.signals[:7], ended, *i.signals[8:], make(1000)))
    )
    store.close()
    with sqlite3.connect(file_of(url)) as spy:
        assert spy.execute("SELECT what FROM written").fetchall() == [("UPDATE",), ("INSERT",)]
    spy.close()


def test_one_unknown_id_leaves_the_store_usable(url: str) -> None:
    store = open_store(url)
    with pytest.raises(NotFound):
        store.incidents.change("INC-1", lambda incident: incident)
    assert store.incidents.open(open_from((make(1),), NOW)).id == "INC-1"
    store.close()


def test_a_database_that_breaks_later_is_unavailable(url: str) -> None:
    store = open_store(url)
    with sqlite3.connect(file_of(url)) as spy:
        spy.execute("DROP TABLE inbox")
    spy.close()
    with pytest.raises(Unavailable, match="database"):
        store.inbox.waiting()
    store.close()


def test_what_postgresql_says_in_many_lines_is_told_in_one(empty_postgresql: str) -> None:
    store = open_store(empty_postgresql)
    with store.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE inbox RENAME TO away")
    try:
        with pytest.raises(Unavailable) as told:
            store.inbox.waiting()
    finally:
        with store.database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO inbox")
    assert told.value.why == 'relation "inbox" does not exist'
    store.close()


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "nonsense",
        "mysql://host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////nowhere/at/all/tandem.db",
        "foo+bar://x",
    ],
)
def test_a_wrong_url_names_the_setting(wrong: str) -> None:
    with pytest.raises(UserError, match=r"^DATABASE_URL: .+"):
        open_store(wrong)


def test_a_password_is_not_repeated() -> None:
    for url in ("postgres:hunter2@host", "mysql://bob:hunter2@host/db"):
        with pytest.raises(UserError) as caught:
            open_store(url)
        assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello " * 1000)
    with pytest.raises(UserError, match="not a database"):
        open_store(f"sqlite:///{tmp_path / 'notes.txt'}")


def test_a_database_of_a_newer_tandem_is_left_alone(url: str) -> None:
    open_store(url).close()
    with sqlite3.connect(file_of(url)) as spy:
        spy.execute("UPDATE alembic_version SET version_num = '9999'")
    spy.close()
    with pytest.raises(UserError, match="another version of Tandem"):
        open_store(url)


def test_a_folder_with_a_percent_sign(tmp_path: Path) -> None:
    (tmp_path / "100% mine").mkdir()
    open_store(f"sqlite:///{tmp_path}/100% mine/tandem.db").close()
