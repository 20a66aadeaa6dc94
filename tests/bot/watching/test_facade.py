"""What people do to monitors: it holds at once, and after a restart."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.watching import Backtests, Engine, MonitorWatching
from bot.watching.entry import Found
from bot.watching.testing import PlainSources, series
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.codec import signals_from_json
from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor, MonitorState
from knowledge.records import Look, Opinion, Signal, SignalKind

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CALM, HIGH = {series(): 1.0}, {series(): 9.0}


def metric(name: str = "queue", **more: object) -> MetricMonitor:
    return MetricMonitor.model_validate(
        {"name": name, "query": "queue", "above": 5, "every": MINUTE, **more}
    )


def look_at(monitor: ModelMonitor, state: MonitorState, at: datetime) -> Found:
    """Drifts from 20 h after noon on."""
    drifts = at >= NOON + 20 * HOUR
    look = Look(
        *(monitor.model, at, at - monitor.window, at, 1_000, "drifting" if drifts else "stable"),
        figures={"drift": 0.4 if drifts else 0.02},
        findings=("amount moved",) if drifts else (),
    )
    begins = drifts and not state.drifted
    signal = Signal("f1", "ModelDrift", at, at, kind=SignalKind.DRIFT, summary="amount moved")
    return Found(replace(state, drifted=(drifts,) if drifts else ()), (signal,) * begins, (look,))


@dataclass
class World:
    store: MemoryStore | SqlStore
    sources: PlainSources
    monitors: tuple[AnyMonitor, ...]
    now: datetime = NOON
    engine: Engine = field(init=False)
    watching: MonitorWatching = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        def accept(source: str, body: bytes, signals: object) -> int:
            return self.store.inbox.put(source, body, self.now)

        clock: Callable[[], datetime] = lambda: self.now  # noqa: E731
        self.engine = Engine(self.monitors, self.store, self.sources, look_at, accept, clock)
        self.watching = MonitorWatching(
            self.engine, self.store.monitors, Backtests(self.sources, look_at), clock
        )

    def pass_time(self, length: timedelta) -> None:
        until = self.now + length
        while self.now < until:
            self.now += 10 * SECOND
            self.engine.tick()
            self.engine.wait()

    def told(self) -> list[Signal]:
        return [s for batch in self.store.inbox.waiting() for s in signals_from_json(batch.body)]


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    kind = request.param
    store = MemoryStore() if kind == "memory" else open_store(f"sqlite:///{tmp_path}/t.db")
    made = World(
        store,
        PlainSources({"queue": CALM, "other": CALM}),
        (
            metric(),
            metric("learned", above=None, every=HOUR),
            ModelMonitor.model_validate({"model": "fraud"}),
        ),
    )
    yield made
    made.engine.stop()
    store.close()


def test_all_by_name_and_how_they_do(world: World) -> None:
    world.sources.values["queue"] = HIGH
    world.pass_time(2 * MINUTE)
    found = {watched.key: watched for watched in world.watching.all()}
    assert list(found) == ["model:fraud", "metric:learned", "metric:queue"]
    queue = found["metric:queue"]
    assert (queue.firing, queue.series, queue.problem, queue.made_by) == (1, 1, "", "")
    assert queue.last_polled is not None
    assert NOON < queue.last_polled <= world.now


@pytest.mark.parametrize("name", ["metric:queue", "queue", " Queue "])
def test_one_by_key_or_name(world: World, name: str) -> None:
    assert world.watching.get(name).key == "metric:queue"


def test_an_unknown_name_offers_those_like_it(world: World) -> None:
    with pytest.raises(NotFound, match="Did you mean `queue`") as caught:
        world.watching.get("queu")
    assert caught.value.nearest == ("queue",)


def test_a_name_of_two_asks_which(world: World) -> None:
    world.watching.save(metric("fraud"), "U1")
    with pytest.raises(BadArgs, match="Write `metric:fraud` or `model:fraud`"):
        world.watching.get("fraud")


def test_a_new_monitor_runs_at_once_and_after_a_restart(world: World) -> None:
    world.pass_time(MINUTE)
    world.sources.values["other"] = HIGH
    saved = world.watching.save(metric("new", query="other"), "U7")
    assert (saved.key, saved.made_by, saved.last_polled) == ("metric:new", "U7", None)
    world.pass_time(10 * SECOND)
    assert [s.name for s in world.told()] == ["new"]
    world.restart()
    world.pass_time(2 * MINUTE)
    assert world.watching.get("new").monitor == metric("new", query="other")
    assert len(world.told()) == 1


def test_a_changed_limit_holds_at_once_and_what_fires_goes_by_it(world: World) -> None:
    world.sources.values["queue"] = HIGH
    world.pass_time(2 * MINUTE)
    changed = world.watching.save(metric(above=20), "U7")
    assert (changed.made_by, changed.firing) == ("U7", 1)
    world.pass_time(10 * SECOND)
    assert [(s.name, s.firing) for s in world.told()] == [("queue", True), ("queue", False)]


def test_a_changed_question_ends_what_fired_and_learns_anew(world: World) -> None:
    world.sources.values["queue"] = HIGH
    world.pass_time(2 * MINUTE)
    world.engine.flush()
    changed = world.watching.save(metric(query="other"), "U7")
    assert (changed.firing, changed.last_polled) == (0, None)
    assert [s.firing for s in world.told()] == [True, False]
    assert "metric:queue" not in world.store.monitors.states()


def test_a_removed_monitor_ends_what_it_told_and_stays_away(world: World) -> None:
    world.sources.values["queue"] = HIGH
    world.pass_time(2 * MINUTE)
    world.watching.remove("queue", "U7")
    assert [s.firing for s in world.told()] == [True, False]
    with pytest.raises(NotFound):
        world.watching.get("queue")
    world.restart()
    world.pass_time(2 * MINUTE)
    assert "metric:queue" not in {watched.key for watched in world.watching.all()}
    assert len(world.told()) == 2
    assert world.watching.save(metric(), "U7").key == "metric:queue"


def test_paused_until_then(world: World) -> None:
    world.pass_time(MINUTE)
    until = world.now + 10 * MINUTE
    paused = world.watching.pause("queue", until, "U7")
    assert (paused.paused, paused.paused_until, paused.made_by) == (True, until, "U7")
    world.sources.values["queue"] = HIGH
    world.restart()
    world.pass_time(9 * MINUTE)
    assert world.told() == []
    world.pass_time(3 * MINUTE)
    assert [s.name for s in world.told()] == ["queue"]
    assert not world.watching.get("queue").paused


def test_paused_until_resumed(world: World) -> None:
    world.watching.pause("queue", None, "U7")
    world.sources.values["queue"] = HIGH
    world.pass_time(HOUR)
    paused = world.watching.get("queue")
    assert (paused.paused, paused.paused_until, world.told()) == (True, None, [])
    assert not world.watching.resume("queue", "U8").paused
    world.pass_time(10 * SECOND)
    assert [s.name for s in world.told()] == ["queue"]


def test_a_pause_that_is_over_is_refused(world: World) -> None:
    with pytest.raises(BadArgs, match="until: it is over already"):
        world.watching.pause("queue", NOON, "U7")


def test_a_raised_bar_stays_and_keeps_what_was_learned(world: World) -> None:
    world.pass_time(2 * MINUTE)
    raised = world.watching.raise_bar("learned", 0.9, "U7")
    assert (raised.sure, raised.series) == (0.9, 1)
    world.restart()
    assert world.watching.get("learned").sure == 0.9
    assert world.watching.raise_bar("learned", 0.6, "U7").sure == 0.6
    renamed = metric("learned", above=None, every=HOUR, sure=0.6, severity="page")
    assert world.watching.save(renamed, "U7").sure == 0.6
    lowered = metric("learned", above=None, every=HOUR, sure=0.7)
    assert world.watching.save(lowered, "U7").sure == 0.7


@pytest.mark.parametrize(("name", "sure"), [("learned", 0.4), ("learned", 1.0), ("queue", 0.9)])
def test_a_bar_that_means_nothing_is_refused(world: World, name: str, sure: float) -> None:
    with pytest.raises(BadArgs, match="sure: "):
        world.watching.raise_bar(name, sure, "U7")


def test_a_source_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(BadArgs, match="source: There is no data source 'unknown'"):
        world.watching.save(metric(source="unknown"), "U7")


def test_opinions_of_the_last_days_are_counted(world: World) -> None:
    def said(days: int, useful: bool) -> Opinion:
        at = NOON - timedelta(days=days)
        return Opinion("metric:queue", at, "U1", useful, f"f{days}", at)

    for opinion in (said(1, False), said(2, False), said(3, True), said(40, False)):
        world.watching.say(opinion)
    assert world.watching.get("queue").not_useful == 2
    assert {w.key: w.not_useful for w in world.watching.all()}["metric:queue"] == 2
    assert len(world.watching.opinions("metric:queue")) == 4
    with pytest.raises(NotFound):
        world.watching.say(replace(said(1, False), key="metric:nope"))


def test_what_was_seen_of_the_series_of_a_signal(world: World) -> None:
    world.sources.values["queue"] = HIGH
    world.pass_time(5 * MINUTE)
    fired = next(signal for signal in world.told() if signal.name == "queue")
    seen = world.watching.trace(fired)
    assert seen is not None
    assert set(seen.values) == {9.0}
    assert len(seen.times) >= 5
    world.engine.stop()
    world.restart()
    again = world.watching.trace(fired)
    assert again is not None
    assert again.times.tolist() == seen.times.tolist()
    assert world.watching.trace(replace(fired, labels={})) is None


def test_a_backtest_says_what_would_have_been_found(world: World) -> None:
    hot = (NOON - 3 * HOUR, NOON - 2 * HOUR)
    world.sources.values["queue"] = lambda at: HIGH if hot[0] <= at < hot[1] else CALM
    found = world.watching.backtest(metric(), NOON - 24 * HOUR, NOON)
    assert [(e.starts_at, e.ends_at) for e in found.episodes] == [hot]
    assert [len(trace.times) for trace in found.traces] == [24 * 60 + 1]
    assert found.problem == ""


def test_a_backtest_that_cannot_read_says_why(world: World) -> None:
    world.sources.down.add("")
    found = world.watching.backtest(metric(), NOON - HOUR, NOON)
    assert found.problem == "The past cannot be read: prometheus: connection refused"
    world.sources.down.clear()
    with pytest.raises(UserError, match="nonsense"):
        world.watching.backtest(metric(query="nonsense"), NOON - HOUR, NOON)


@pytest.mark.parametrize("start", [NOON, NOON - timedelta(days=200)])
def test_a_time_that_cannot_be_asked_for(world: World, start: datetime) -> None:
    with pytest.raises(BadArgs, match="start: "):
        world.watching.backtest(metric(), start, NOON)


def test_a_long_backtest_is_read_more_coarsely_and_says_so(world: World) -> None:
    backtests = Backtests(world.sources, look_at, most_steps=120)
    found = backtests(metric(every="1s"), NOON - HOUR, NOON)
    assert found.problem == "Read every 30 s, since the time is long."
    assert [len(trace.times) for trace in found.traces] == [121]


def test_a_model_is_looked_at_in_the_past(world: World) -> None:
    monitor = world.watching.get("model:fraud").monitor
    found = world.watching.backtest(monitor, NOON, NOON + 24 * HOUR)
    (trace,) = found.traces
    assert (len(trace.times), trace.values.max()) == (25, 0.4)
    (episode,) = found.episodes
    assert (episode.starts_at, episode.says) == (NOON + 20 * HOUR, "amount moved")
    assert found.problem == ""


def test_the_drift_of_a_model_over_time(world: World) -> None:
    world.pass_time(MINUTE)
    drift = Signal("f1", "ModelDrift", NOON, NOON, labels={"monitor": "model:fraud"})
    seen = world.watching.trace(drift)
    assert seen is not None
    assert seen.values.tolist() == [0.02]
    assert world.watching.last_look("fraud") == world.watching.looks("fraud", NOON)[-1]
