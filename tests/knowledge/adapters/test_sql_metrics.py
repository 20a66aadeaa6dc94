"""The SQL source, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from knowledge.adapters.memory.telemetry import MemoryMetrics
from knowledge.adapters.sources import open_sources
from knowledge.adapters.sql_metrics import SqlMetrics
from knowledge.errors import Unavailable, UserError
from knowledge.monitors.file import SourceSpec

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ORDERS = (
    "SELECT shop, count(*) AS value FROM orders WHERE at > :start AND at <= :end "
    "GROUP BY shop ORDER BY shop"
)


@dataclass
class Shop:
    url: str
    metrics: SqlMetrics


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """An order a minute in Oslo for the hour before NOON, and ten more in Bergen just now."""
    if request.param == "sqlite":
        url, stamp, decimal = f"sqlite:///{tmp_path / 'orders.db'}", "TEXT", "NUMERIC"
    else:
        url, stamp = request.getfixturevalue("spare_postgresql"), "TIMESTAMPTZ"
        decimal = "NUMERIC(10, 2)"
    engine = sa.create_engine(url)
    rows: list[tuple[datetime, str, float | None]]
    rows = [(NOON - n * MINUTE, "Oslo", 10.25) for n in range(60)]
    rows += [(NOON - timedelta(seconds=n), "Bergen", None) for n in range(10)]
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS orders"))
        connection.execute(
            sa.text(f"CREATE TABLE orders (at {stamp}, shop TEXT, amount {decimal})")
        )
        for at, name, amount in rows:
            given = at.strftime("%Y-%m-%d %H:%M:%S") if request.param == "sqlite" else at
            connection.execute(
                sa.text("INSERT INTO orders VALUES (:at, :shop, :amount)"),
                {"at": given, "shop": name, "amount": amount},
            )
    engine.dispose()
    metrics = SqlMetrics("shop", url, timedelta(seconds=2))
    yield Shop(url, metrics)
    metrics.close()


def test_a_value_for_each_series_of_the_time_asked_about(shop: Shop) -> None:
    found = shop.metrics.over(5 * MINUTE).instant(ORDERS, NOON)
    assert [(dict(s.labels), s.value, s.at) for s in found] == [
        ({"shop": "Bergen"}, 10, NOON),
        ({"shop": "Oslo"}, 5, NOON),
    ]
    (oslo,) = shop.metrics.over(30 * MINUTE).instant(ORDERS, NOON - 30 * MINUTE)
    assert (oslo.labels, oslo.value) == ({"shop": "Oslo"}, 30)


def test_a_range_asks_for_each_step(shop: Shop) -> None:
    end = NOON - 10 * MINUTE
    (oslo,) = shop.metrics.over(5 * MINUTE).range(ORDERS, end - 20 * MINUTE, end, 300)
    assert oslo.labels == {"shop": "Oslo"}
    assert oslo.values.tolist() == [5] * 5
    assert oslo.times[-1] == end.timestamp()


def test_a_column_time_gives_many_moments_at_once(shop: Shop) -> None:
    asked = 'SELECT at AS "time", shop, 1 AS value FROM orders WHERE at > :start AND at <= :end'
    oslo, bergen = sorted(
        shop.metrics.range(asked, NOON - 5 * MINUTE, NOON, 60), key=lambda s: len(s.times)
    )
    assert len(bergen.times) == 10
    assert oslo.times.tolist() == [(NOON - n * MINUTE).timestamp() for n in (4, 3, 2, 1, 0)]
    newest = shop.metrics.instant(asked, NOON)
    assert {s.at for s in newest} == {NOON}


def test_missing_values_are_left_out_and_decimals_are_numbers(shop: Shop) -> None:
    asked = "SELECT shop, sum(amount) AS value FROM orders GROUP BY shop"
    (oslo,) = shop.metrics.instant(asked, NOON)
    assert oslo.value == 60 * 10.25


def test_words_in_quotes_are_not_times(shop: Shop) -> None:
    (found,) = shop.metrics.instant("SELECT ':nothing' AS label, 1 AS value", NOON)
    assert found.labels == {"label": ":nothing"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DELETE FROM orders", "is no SELECT; a monitor may only read"),
        ("SELECT 1 AS value; DELETE FROM orders", "must be one statement"),
        ("SELECT ';' AS value", "must be one statement"),
        ("SELECT count(*) FROM orders", "gives no column `value` but count"),
        ("SELECT shop AS value FROM orders", "`value` must be a number, not"),
        ("SELECT 1 AS value, 'soon' AS time", "`time` must be a time or epoch seconds, not 'soon'"),
        ("SELECT :since AS value", "uses :since; there are :start and :end"),
        ("SELECT 1 AS value FROM nowhere", "shop rejects 'SELECT 1 AS value FROM nowhere': "),
        ("SELECT sum( AS value", "shop rejects"),
    ],
)
def test_a_wrong_question_is_named_with_the_remedy(shop: Shop, query: str, said: str) -> None:
    with pytest.raises(UserError, match="(?s)" + said.replace("(", "\\(").replace("*", "\\*")):
        shop.metrics.instant(query, NOON)


def test_nothing_can_be_written(shop: Shop) -> None:
    sly = (
        "WITH x AS (DELETE FROM orders RETURNING 1 AS value) SELECT value FROM x"
        if shop.url.startswith("postgresql")
        else "WITH x AS (SELECT 1) DELETE FROM orders"
    )
    with pytest.raises(UserError, match="would write; a monitor may only read"):
        shop.metrics.instant(sly, NOON)
    (found, _) = shop.metrics.instant(
        "SELECT shop, count(*) AS value FROM orders GROUP BY shop ORDER BY 2 DESC", NOON
    )
    assert found.value == 60


def test_what_takes_too_long_is_given_up(shop: Shop) -> None:
    slow = (
        "SELECT 1 AS value FROM pg_sleep(60)"
        if shop.url.startswith("postgresql")
        else "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT max(i) AS value FROM n"
    )
    hasty = SqlMetrics("shop", shop.url, timedelta(seconds=0.2))
    with pytest.raises(Unavailable, match=r"shop: took longer than 0\.2 s") as raised:
        hasty.instant(slow, NOON)
    assert raised.value.retry
    assert hasty.instant("SELECT 1 AS value", NOON)[0].value == 1
    hasty.close()


def test_too_many_rows_are_refused(shop: Shop) -> None:
    many = "SELECT a.shop, 1 AS value FROM orders a, orders b, orders c"
    with pytest.raises(UserError, match="more than 100,000 rows; let the database sum up"):
        shop.metrics.instant(many, NOON)


def test_a_database_that_is_away_may_come_back(tmp_path: Path) -> None:
    url = f"postgresql://user:secret@127.0.0.1:1/{tmp_path.name}"
    away = SqlMetrics("shop", url, timedelta(seconds=2))
    with pytest.raises(Unavailable) as raised:
        away.instant("SELECT 1 AS value", NOON)
    assert raised.value.retry
    assert "secret" not in str(raised.value)
    missing = SqlMetrics("shop", f"sqlite:///{tmp_path / 'no' / 'such.db'}")
    with pytest.raises(Unavailable, match="unable to open database file"):
        missing.instant("SELECT 1 AS value", NOON)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "source 'shop': database: it is no database URL"),
        ("sqlite://", "it is no database URL"),
        ("oracle://u:secret@h/x", "not supported|not installed"),
        ("nosuch://u:secret@h/x", "nosuch is not supported, only postgresql and sqlite are"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        SqlMetrics("shop", url)
    assert "secret" not in str(raised.value)


def test_sources_are_opened_by_their_specs(tmp_path: Path) -> None:
    specs = {
        "shop": SourceSpec(database=f"sqlite:///{tmp_path / 'shop.db'}"),
        "eu": SourceSpec(prometheus="http://127.0.0.1:1", timeout=timedelta(seconds=2)),
    }
    opened = open_sources(specs, MemoryMetrics())
    assert opened.names == ("shop", "eu")
    opened.close()
