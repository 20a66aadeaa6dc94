"""Few requests, and the same answers."""

from datetime import UTC, datetime

import pytest

from bot.watching.asker import HEAVY_S, QUICK_S, SMALL, Asker
from bot.watching.joined import join
from bot.watching.testing import PlainSources, series
from knowledge.errors import Unavailable, UserError
from knowledge.monitors import MetricMonitor

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


class Clock:
    """Each reading is `step` seconds after the last."""

    def __init__(self, step: float = 0.0) -> None:
        self.at, self.step = 0.0, step

    def __call__(self) -> float:
        self.at += self.step
        return self.at


def monitor(query: str, **more: object) -> MetricMonitor:
    return MetricMonitor.model_validate({"name": query, "query": query, "above": 1, **more})


UP, QUEUE = monitor("up"), monitor("queue")


@pytest.fixture
def sources() -> PlainSources:
    return PlainSources({"up": {series(job="a"): 1.0}, "queue": {series(): 7.0}})


@pytest.fixture
def asker(sources: PlainSources) -> Asker:
    return Asker(sources.instant, timer=Clock())


def test_queries_join_once_the_source_gave_one_the_same_when_marked(
    asker: Asker, sources: PlainSources
) -> None:
    assert not asker.joins(UP)
    assert [s.value for s in asker.ask_alone(UP, NOW)] == [1.0]
    assert asker.joins(UP)
    assert asker.joins(QUEUE)
    assert [query for query, _ in sources.asked] == ["up", join(["up"])]
    asker.ask_alone(QUEUE, NOW)
    assert len(sources.asked) == 3


def test_joined_ones_are_one_request(asker: Asker, sources: PlainSources) -> None:
    answers = asker.ask_together([UP, QUEUE], NOW)
    assert {query: [s.value for s in found] for query, found in answers.items()} == {
        "up": [1.0],
        "queue": [7.0],
    }
    assert len(sources.asked) == 1


def test_text_that_is_no_whole_never_joins(asker: Asker, sources: PlainSources) -> None:
    asker.ask_alone(UP, NOW)
    assert not asker.joins(monitor("up) or (queue"))


def test_what_is_no_vector_is_asked_alone_for_ever(asker: Asker, sources: PlainSources) -> None:
    sources.only_alone.add("up")
    for _ in range(3):
        assert len(asker.ask_alone(UP, NOW)) == 1
    asker.ask_alone(QUEUE, NOW)
    assert asker.joins(QUEUE)
    assert not asker.joins(UP)
    assert len(sources.asked) == 6


def test_without_series_nothing_is_shown_of_the_source(asker: Asker, sources: PlainSources) -> None:
    sources.values["up"] = {}
    asker.ask_alone(UP, NOW)
    assert not asker.joins(UP)
    asker.ask_alone(QUEUE, NOW)
    assert asker.joins(UP)


def test_an_answer_of_many_series_is_asked_alone(asker: Asker, sources: PlainSources) -> None:
    sources.values["up"] = {series(pod=str(n)): 1.0 for n in range(SMALL + 1)}
    asker.ask_together([UP, QUEUE], NOW)
    asker.ask_alone(QUEUE, NOW)
    assert asker.joins(QUEUE)
    assert not asker.joins(UP)
    sources.values["up"] = {series(): 1.0}
    asker.ask_alone(UP, NOW)
    assert asker.joins(UP)


def test_a_slow_query_is_asked_alone_until_it_is_quick(asker: Asker) -> None:
    asker.ask_alone(QUEUE, NOW)
    asker.timer = Clock(2 * HEAVY_S)
    assert len(asker.ask_together([UP, QUEUE], NOW)) == 2
    asker.timer = Clock(2 * QUICK_S)
    asker.ask_alone(UP, NOW)
    assert not asker.joins(UP)
    asker.timer = Clock(QUICK_S / 2)
    asker.ask_alone(UP, NOW)
    assert asker.joins(UP)


def test_where_all_are_slow_they_join(sources: PlainSources) -> None:
    asker = Asker(sources.instant, timer=Clock(2 * QUICK_S))
    for _ in range(20):
        asker.ask_alone(UP, NOW)
    assert asker.joins(QUEUE)


def test_after_a_joined_request_that_failed_each_shows_anew(
    asker: Asker, sources: PlainSources
) -> None:
    asker.ask_alone(UP, NOW)
    sources.down.add("")
    with pytest.raises(Unavailable):
        asker.ask_together([UP, QUEUE], NOW)
    assert not asker.joins(UP)
    assert not asker.joins(QUEUE)
    sources.down.clear()
    asker.ask_alone(UP, NOW)
    assert asker.joins(UP)
    assert not asker.joins(QUEUE)


def test_a_rejected_query_says_so_in_its_own_words(asker: Asker) -> None:
    with pytest.raises(UserError, match="'nonsense'"):
        asker.ask_alone(monitor("nonsense"), NOW)


def test_where_nothing_may_join_nothing_is_asked_twice(sources: PlainSources) -> None:
    asker = Asker(sources.instant, may_join=False)
    asker.ask_alone(UP, NOW)
    assert len(sources.asked) == 1
    assert not asker.joins(UP)


def test_sql_never_joins(sources: PlainSources) -> None:
    sources.values[""] = {series(): 1.0}
    asker = Asker(sources.instant, timer=Clock())
    counted = MetricMonitor(name="orders", sql="select 1 as value", above=1)
    asker.ask_alone(counted, NOW)
    assert not asker.joins(counted)
    assert len(sources.asked) == 1
