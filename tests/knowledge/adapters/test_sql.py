"""What only the SQL stores can get wrong: opening, migrating, restarting, dying."""

import os
import signal as signals
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from knowledge.adapters.sql import open_store
from knowledge.adapters.sql.tables import Table
from knowledge.errors import NotFound, Unavailable, UserError
from knowledge.incidents import open_from
from knowledge.records import Signal

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def make(number: int) -> Signal:
    return Signal(f"f{number}", "High5xx", NOW, NOW, service="checkout")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tandem.db'}"


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


def test_the_migrations_make_the_tables_that_the_code_means(url: str) -> None:
    open_store(url).close()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


def test_a_restart_loses_nothing(url: str) -> None:
    store = open_store(url)
    opened = store.incidents.open(open_from((make(1),), NOW), tell=("card",))
    store.inbox.put("alertmanager", (make(2),), NOW)
    store.close()
    store = open_store(url)
    assert store.incidents.get(opened.id) == opened
    assert [d.key for d in store.outbox.due(NOW)] == ["card:INC-1"]
    assert store.inbox.waiting()[0].signals == (make(2),)
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
        "from knowledge.records import Signal\n"
        "at = datetime(2026, 3, 5, 12, tzinfo=UTC)\n"
        "store = open_store(sys.argv[1])\n"
        "store.inbox.put('a', (Signal('f1', 'High5xx', at, at, service='checkout'),), at)\n"
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
    assert [b.signals for b in store.inbox.waiting()] == [(make(1),)]
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


def test_a_batch_nobody_can_read_is_set_aside_and_kept(url: str) -> None:
    store = open_store(url)
    first, second = (store.inbox.put("a", (make(1),), NOW) for _ in range(2))
    with sqlite3.connect(file_of(url)) as spy:
        spy.execute("UPDATE inbox SET signals = '[{\"what\": 1}]' WHERE id = ?", (first,))
    spy.close()
    assert [batch.id for batch in store.inbox.waiting()] == [second]
    assert [batch.id for batch in store.inbox.waiting()] == [second]
    with sqlite3.connect(file_of(url)) as spy:
        ((why,),) = spy.execute("SELECT poison FROM inbox WHERE id = ?", (first,)).fetchall()
    spy.close()
    assert "unreadable" in why
    store.close()


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
