from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.adapters.memory.telemetry import MemoryMetrics
from knowledge.adapters.sql_metrics import SqlMetrics
from knowledge.errors import UserError
from knowledge.monitors import MetricMonitor, Sources

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def monitor(**fields: object) -> MetricMonitor:
    return MetricMonitor.model_validate({"name": "m", **fields})


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    default, other = MemoryMetrics(), MemoryMetrics()
    default.add("q", 1)
    other.add("q", 2)
    database = SqlMetrics("orders", f"sqlite:///{tmp_path / 'orders.db'}")
    return Sources(default, {"eu": other, "orders": database})


def test_a_monitor_is_read_from_its_source(sources: Sources) -> None:
    at_home, abroad = monitor(query="q"), monitor(query="q", source="eu")
    assert [s.value for s in sources.instant(at_home, NOON)] == [1]
    assert [s.value for s in sources.instant(abroad, NOON)] == [2]
    (series,) = sources.range(abroad, NOON, NOON + timedelta(minutes=1), 60)
    assert series.values.tolist() == [2, 2]
    assert (sources.name(at_home), sources.name(abroad)) == ("", "eu")
    assert sources.names == ("eu", "orders")


def test_a_database_is_asked_about_the_monitor_s_time(sources: Sources) -> None:
    asked = monitor(
        sql="SELECT (julianday(:end) - julianday(:start)) * 24 AS value", source="orders", over="6h"
    )
    (sample,) = sources.instant(asked, NOON)
    assert sample.value == pytest.approx(6, abs=1e-6)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"query": "q", "source": "us"}, "There is no source 'us'"),
        ({"query": "q", "source": "orders"}, "'orders' is a database; write `sql` for `query`"),
        ({"sql": "SELECT 1", "source": "eu"}, "m: `sql` asks a database"),
        ({"sql": "SELECT 1"}, "m: `sql` asks a database"),
    ],
)
def test_a_question_in_the_wrong_language_is_refused(
    sources: Sources, fields: dict[str, object], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        sources.name(monitor(**fields))
