"""Long spans, in pieces."""

from datetime import UTC, datetime, timedelta

from bot.watching.past import MOST_POINTS, read_range
from bot.watching.testing import PlainSources, series
from knowledge.monitors import MetricMonitor

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
QUEUE = MetricMonitor.model_validate({"name": "queue", "query": "queue", "above": 1})


def test_a_short_span_is_one_request() -> None:
    sources = PlainSources({"queue": {series(job="a"): 1.0}})
    (found,) = read_range(sources.range, QUEUE, NOW, NOW + 10 * SECOND, 1.0)
    assert len(found.times) == 11
    assert len(sources.read) == 1


def test_a_long_one_is_read_in_pieces_without_a_hole_or_a_point_twice() -> None:
    start, length = NOW, 2 * MOST_POINTS + 500

    def values(at: datetime) -> dict[tuple[tuple[str, str], ...], float]:
        early = at < start + MOST_POINTS * SECOND
        return {series(): 1.0, **({series(job="old"): 2.0} if early else {})}

    sources = PlainSources({"queue": values})
    end = start + (length - 1) * SECOND
    found = {len(one.labels): one for one in read_range(sources.range, QUEUE, start, end, 1.0)}
    assert len(sources.read) == 3
    assert all((end - start) <= (MOST_POINTS - 1) * SECOND for _, start, end, _ in sources.read)
    expected = [start.timestamp() + n for n in range(length)]
    assert found[0].times.tolist() == expected
    assert len(found[1].times) == MOST_POINTS


def test_an_empty_span_asks_nothing() -> None:
    sources = PlainSources({"queue": {series(): 1.0}})
    assert read_range(sources.range, QUEUE, NOW, NOW - SECOND, 1.0) == []
    assert sources.read == []
