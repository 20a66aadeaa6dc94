"""Questions to real databases: SQLite in a file, PostgreSQL from its wheel."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from knowledge.adapters.runners.sql import SqlRunner
from knowledge.errors import Unavailable, UserError
from knowledge.ports.remediation import Ended
from tests.knowledge.adapters.runners.steps import MakesPlace, action

LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


@pytest.fixture(scope="module")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("sql") / "orders.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE step_orders (id INTEGER, zone TEXT)")
        connection.executemany("INSERT INTO step_orders VALUES (?, ?)", _ROWS)
    connection.close()
    return f"sqlite:///{file}"


_ROWS = [(number, "eu" if number % 2 else "us") for number in range(1, 6)]


@pytest.fixture(scope="module")
def orders_url(spare_postgresql: str) -> Iterator[str]:
    engine = sa.create_engine(spare_postgresql)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS step_orders"))
        connection.execute(sa.text("CREATE TABLE step_orders (id integer, zone text)"))
        rows = [{"id": number, "zone": zone} for number, zone in _ROWS]
        connection.execute(sa.text("INSERT INTO step_orders VALUES (:id, :zone)"), rows)
    yield spare_postgresql
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE step_orders"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    name = {"sqlite": "sqlite_url", "postgresql": "orders_url"}[request.param]
    return str(request.getfixturevalue(name))


def test_a_table_of_what_it_found(url: str, place: MakesPlace) -> None:
    text = "database = 'orders'\nquery = 'SELECT id, zone FROM step_orders WHERE zone = :zone'"
    outcome = SqlRunner({"orders": url}).run(action("sql", f"{text}\nrows = 2", zone="eu"), place())
    assert outcome.ended is Ended.DONE
    assert outcome.output == "id  zone\n1   eu\n3   eu\n(2 rows shown, there are more)"


def test_a_value_is_bound_and_never_read(url: str, place: MakesPlace) -> None:
    text = "database = 'orders'\nquery = 'SELECT count(*) AS n FROM step_orders WHERE zone = :zone'"
    step = action("sql", text, zone="' OR 1=1 --")
    outcome = SqlRunner({"orders": url}).run(step, place())
    assert outcome.output == "n\n0\n(1 row)"


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM step_orders",
        "SELECT 1; DELETE FROM step_orders",
        "SELECT 1 -- and more",
        "PRAGMA query_only = OFF",
        "EXPLAIN ANALYZE DELETE FROM step_orders",
        "EXPLAIN (ANALYZE) DELETE FROM step_orders",
        "ATTACH DATABASE 'other.db' AS other",
        "COPY step_orders TO PROGRAM 'id'",
    ],
)
def test_what_does_not_only_read_is_refused_before_it_is_sent(query: str, url: str) -> None:
    step = action("sql", f'database = "orders"\nquery = "{query}"')
    with pytest.raises(UserError, match="query:"):
        SqlRunner({"orders": url}).facts(step)


def test_a_write_in_disguise_is_refused_by_the_database(orders_url: str, place: MakesPlace) -> None:
    query = "WITH gone AS (DELETE FROM step_orders RETURNING id) SELECT id FROM gone"
    step = action("sql", f'database = "orders"\nquery = "{query}"')
    outcome = SqlRunner({"orders": orders_url}).run(step, place())
    assert outcome.ended is Ended.FAILED
    assert "read-only transaction" in outcome.output


def test_sqlite_reads_no_other_file(sqlite_url: str, place: MakesPlace) -> None:
    step = action("sql", 'database = "orders"\nquery = "SELECT load_extension(\'evil\')"')
    outcome = SqlRunner({"orders": sqlite_url}).run(step, place())
    assert outcome.ended is Ended.FAILED
    assert "not authorized" in outcome.output


@pytest.mark.parametrize(("seconds", "ended"), [(30, Ended.CANCELLED), (0.2, Ended.TIMED_OUT)])
def test_a_long_question_is_ended(
    url: str, place: MakesPlace, seconds: float, ended: Ended
) -> None:
    query = LONG[sa.make_url(url).get_backend_name()]
    step = action("sql", f'database = "orders"\nquery = "{query}"')
    outcome = SqlRunner({"orders": url}).run(step, place(seconds, lambda: seconds == 30))
    assert outcome.ended is ended


def test_a_wrong_question_is_told_in_the_databases_words(url: str, place: MakesPlace) -> None:
    step = action("sql", 'database = "orders"\nquery = "SELECT id FROM nowhere"')
    outcome = SqlRunner({"orders": url}).run(step, place())
    assert outcome.ended is Ended.FAILED
    assert "nowhere" in outcome.output


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, place: MakesPlace) -> None:
    file = tmp_path / "none.db"
    step = action("sql", 'database = "orders"\nquery = "SELECT 1"')
    with pytest.raises(Unavailable, match="unable to open"):
        SqlRunner({"orders": f"sqlite:///{file}"}).run(step, place())
    assert not file.exists()


def test_an_address_that_is_none_is_not_repeated(place: MakesPlace) -> None:
    step = action("sql", 'database = "orders"\nquery = "SELECT 1"')
    with pytest.raises(UserError) as caught:
        SqlRunner({"orders": "oracle://scott:tiger@host"}).run(step, place())
    assert "tiger" not in str(caught.value)
