"""Backups of a store in use, their restore, and the move to another database."""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.sql.backup import back_up, move, restore
from knowledge.audit_chain import verify
from knowledge.errors import UserError
from knowledge.incidents import open_from
from knowledge.records import (
    AlertRecord,
    Approval,
    AuditEntry,
    Document,
    Posted,
    Signal,
    Use,
    Verdict,
)

NOW = datetime(2026, 3, 5, 12, 0, 0, 250_001, tzinfo=UTC)


def make(number: int) -> Signal:
    return Signal(f"f{number}", "High5xx", NOW, NOW, service="checkout", labels={"pod": "ü\\n"})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"empty_{request.param}"))


def filled(url: str) -> SqlStore:
    store = open_store(url)
    for number in range(3):
        store.incidents.open(open_from((make(number),), NOW), tell=("card",))
        store.audit.add(AuditEntry(NOW, "U1", "ack", {"incident": f"INC-{number}", "n": 0.1}, "ok"))
    record = AlertRecord(make(1), NOW, 2, "INC-1", Verdict.OPENED, ())
    store.alerts.record([record])
    store.inbox.put("alertmanager", b"\x00\xff{}", NOW)
    store.documents.put([Document("D1", "Ü", "text", tags=("a",))])
    store.approvals.add(Approval("", "fraud", "9", "8", "U1", "ada", NOW, "ü", evidence="{}"))
    store.outbox.set_posted(Posted("card:INC-1", "C1", "1.2", "x"))
    store.uses.add(Use(NOW, "small", "route", "p@1", "U1", "t", 10, 2, 0.1, 0.5, "ok", "turn"))
    return store


def content(store: SqlStore) -> object:
    """All that can be asked of it."""
    return (
        store.incidents.find(),
        store.alerts.find(),
        store.alerts.tally(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        store.inbox.waiting(),
        store.outbox.due(datetime(2027, 1, 1, tzinfo=UTC)),
        store.outbox.posted("card:INC-1"),
        store.documents.all(),
        store.documents.revision(),
        store.approvals.find(),
        store.uses.find(NOW, datetime(2027, 1, 1, tzinfo=UTC)),
        [(entry, entry.hash) for entry in store.audit.chain()],
    )


@contextmanager
def writers(store: SqlStore) -> Iterator[None]:
    """Two threads that open incidents and write the record of it, until the block ends."""
    over = threading.Event()

    def write(thread: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            with store.together():
                store.incidents.open(open_from((make(1000 * thread + number),), NOW))
                store.audit.add(AuditEntry(NOW, "U1", "open", {"n": number}, "ok"))

    threads = [threading.Thread(target=write, args=(thread,)) for thread in (1, 2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_backup_made_while_others_write_is_one_state_of_it(url: str, tmp_path: Path) -> None:
    store, file = filled(url), tmp_path / "backup.db"
    with writers(store):
        while len(store.audit.chain()) < 10:
            pass
        made = back_up(url, file)
        more = len(store.audit.chain())
    again = open_store(f"sqlite:///{file}")
    entries = again.audit.chain()
    # Each writer's incident and its entry are one transaction.
    assert len(again.incidents.find(limit=10_000)) == len(entries)
    assert 10 <= len(entries) <= more
    assert verify(entries).holds
    assert made.audit.head == entries[-1].hash
    assert made.rows["incident"] == len(entries)
    again.close()
    store.close()


def test_what_is_restored_is_what_was_there(url: str, tmp_path: Path) -> None:
    store, file = filled(url), tmp_path / "backup.db"
    back_up(url, file)
    before = content(store)
    store.close()
    target = f"sqlite:///{tmp_path / 'restored.db'}"
    restored = restore(file, target)
    store = open_store(target)
    assert content(store) == before
    assert restored.audit.entries == 3
    assert restored.former is None
    assert store.incidents.open(open_from((make(9),), NOW)).id == "INC-4"
    store.close()


def test_a_backup_is_restored_into_postgresql(
    empty_sqlite: str, empty_postgresql: str, tmp_path: Path
) -> None:
    store, file = filled(empty_sqlite), tmp_path / "backup.db"
    back_up(empty_sqlite, file)
    before = content(store)
    store.close()
    restore(file, empty_postgresql)
    store = open_store(empty_postgresql)
    assert content(store) == before
    store.audit.add(AuditEntry(NOW, "U1", "later", {}, "ok"))
    with pytest.raises(UserError, match=r"not empty.*--force"):
        restore(file, empty_postgresql)
    assert len(store.audit.chain()) == 4
    restore(file, empty_postgresql, force=True)
    assert content(store) == before
    with pytest.raises(sa.exc.DBAPIError, match="append only"), store.database.engine.begin() as c:
        c.execute(sa.text("DELETE FROM audit"))
    store.close()


def test_a_store_that_holds_something_is_replaced_only_when_told(
    empty_sqlite: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    filled(empty_sqlite).close()
    back_up(empty_sqlite, file)
    store = open_store(empty_sqlite)
    store.incidents.open(open_from((make(7),), NOW))
    with pytest.raises(UserError, match=r"DATABASE_URL: the database is not empty .*--force"):
        restore(file, empty_sqlite)
    with pytest.raises(UserError, match=r"in use.*Stop Tandem"):
        restore(file, empty_sqlite, force=True)
    assert len(store.incidents.find()) == 4
    store.close()
    restored = restore(file, empty_sqlite, force=True)
    assert restored.former is not None
    for where, count in ((empty_sqlite, 3), (f"sqlite:///{restored.former}", 4)):
        store = open_store(where)
        assert len(store.incidents.find()) == count
        store.close()


def test_a_running_replica_keeps_postgresql_from_being_restored(
    empty_sqlite: str, empty_postgresql: str, tmp_path: Path
) -> None:
    filled(empty_sqlite).close()
    back_up(empty_sqlite, tmp_path / "backup.db")
    store = open_store(empty_postgresql)
    store.leases.take("intake", "replica-1", 60)
    with pytest.raises(UserError, match="replica-1 works on it"):
        restore(tmp_path / "backup.db", empty_postgresql, force=True)
    store.close()


def test_only_its_owner_may_read_a_backup(empty_sqlite: str, tmp_path: Path) -> None:
    filled(empty_sqlite).close()
    back_up(empty_sqlite, tmp_path / "backup.db")
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.db", "tandem.db"]


def test_a_file_that_exists_is_replaced_only_when_told(empty_sqlite: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("precious")
    with pytest.raises(UserError, match=r"FILE: .* exists.*--force"):
        back_up(empty_sqlite, file)
    assert file.read_text() == "precious"
    back_up(empty_sqlite, file, force=True)
    assert file.read_bytes().startswith(b"SQLite format 3")


def test_a_record_that_does_not_hold_is_no_backup(empty_sqlite: str, tmp_path: Path) -> None:
    filled(empty_sqlite).close()
    with sqlite3.connect(tmp_path / "tandem.db") as spy:
        spy.execute("DROP TRIGGER audit_no_update")
        spy.execute("UPDATE audit SET actor = 'U9' WHERE number = 2")
    spy.close()
    with pytest.raises(UserError, match=r"audit record .* does not hold from entry 2"):
        back_up(empty_sqlite, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


@pytest.mark.parametrize("at", [0.01, 0.5])
def test_a_damaged_backup_is_refused_and_changes_nothing(
    empty_sqlite: str, tmp_path: Path, at: float
) -> None:
    file = tmp_path / "backup.db"
    store = filled(empty_sqlite)
    before = content(store)
    store.close()
    back_up(empty_sqlite, file)
    size = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(int(size * at))
        damaged.write(os.urandom(size // 4))
    with pytest.raises(UserError, match=r"^FILE: "):
        restore(file, empty_sqlite, force=True)
    store = open_store(empty_sqlite)
    assert content(store) == before
    store.close()


def test_what_is_no_backup_is_refused(empty_sqlite: str, tmp_path: Path) -> None:
    notes, other = tmp_path / "notes.txt", tmp_path / "other.db"
    notes.write_text("hello " * 1_000)
    with sqlite3.connect(other) as made:
        made.execute("CREATE TABLE t (a)")
    made.close()
    for file, why in (
        (tmp_path / "none.db", "there is no"),
        (notes, "is no backup"),
        (other, "holds no tables of Tandem"),
    ):
        with pytest.raises(UserError, match=f"^FILE: .*{why}"):
            restore(file, empty_sqlite)
    with pytest.raises(UserError, match=r"DATABASE_URL: there is no .*none\.db"):
        back_up(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "backup.db")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("tables", [(), ("experiments",), ("alembic_version", "runs")])
def test_another_programs_database_is_not_backed_up(
    tmp_path: Path, tables: tuple[str, ...]
) -> None:
    other = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(other)) as connection:
        for name in tables:
            connection.execute(f"CREATE TABLE {name} (version_num TEXT)")
        connection.commit()
    other.touch()
    with pytest.raises(UserError, match="DATABASE_URL: that database holds no tables of Tandem"):
        back_up(f"sqlite:///{other}", tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_a_store_moves_to_postgresql(empty_sqlite: str, empty_postgresql: str) -> None:
    store = filled(empty_sqlite)
    before = content(store)
    # A number whose row is gone is not given again there.
    store.inbox.done([store.inbox.put("a", b"", NOW)])
    store.close()
    moved = move(empty_sqlite, empty_postgresql)
    assert moved.audit.entries == moved.rows["incident"] == 3
    store = open_store(empty_postgresql)
    assert content(store) == before
    assert store.incidents.open(open_from((make(9),), NOW)).id == "INC-4"
    assert store.inbox.put("a", b"", NOW) == 3
    store.audit.add(AuditEntry(NOW, "U1", "next", {}, "ok"))
    assert verify(store.audit.chain()).entries == 4
    with pytest.raises(UserError, match=r"^--to: the database is not empty \(.*\)"):
        move(empty_sqlite, empty_postgresql)
    store.close()


def test_a_record_that_does_not_hold_does_not_move(
    empty_sqlite: str, empty_postgresql: str, tmp_path: Path
) -> None:
    filled(empty_sqlite).close()
    with sqlite3.connect(tmp_path / "tandem.db") as spy:
        spy.execute("DROP TRIGGER audit_no_update")
        spy.execute("UPDATE audit SET actor = 'U9' WHERE number = 2")
    spy.close()
    with pytest.raises(UserError, match="does not hold in the copy"):
        move(empty_sqlite, empty_postgresql)
    store = open_store(empty_postgresql)
    assert store.incidents.find() == []
    store.close()


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("sqlite:///{folder}/none.db", "sqlite:///{folder}/t.db", "^--from: there is no "),
        ("nonsense", "sqlite:///{folder}/t.db", "^--from: it is no database URL"),
        ("sqlite:///{folder}/tandem.db", "mysql://host/db", "^--to: mysql is not supported"),
    ],
)
def test_what_cannot_be_moved_is_named(
    empty_sqlite: str, tmp_path: Path, source: str, target: str, why: str
) -> None:
    with pytest.raises(UserError, match=why):
        move(source.format(folder=tmp_path), target.format(folder=tmp_path))
