"""The engine on stores in memory and SQLite, and sources in memory; the clock is the test's."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.watching.engine import Engine
from bot.watching.entry import Found
from bot.watching.testing import PlainSources, series
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.codec import signals_from_json
from knowledge.errors import Unavailable
from knowledge.incidents import open_from
from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor, MonitorState
from knowledge.records import KeptMonitor, Look, Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
CALM, HIGH = {series(): 1.0}, {series(): 9.0}

Store = MemoryStore | SqlStore


def queue(name: str = "queue", **more: object) -> MetricMonitor:
    return MetricMonitor.model_validate(
        {"name": name, "query": name, "above": 5, "every": MINUTE, **more}
    )


def no_models(monitor: ModelMonitor, state: MonitorState, at: datetime) -> Found:
    raise Unavailable("model data", "it is not connected")


@dataclass
class World:
    """An engine that a test drives: `pass_time` moves the clock and lets all that is due happen."""

    store: Store
    sources: PlainSources
    monitors: tuple[AnyMonitor, ...]
    look: Callable[[ModelMonitor, MonitorState, datetime], Found] = no_models
    now: datetime = NOON
    woken: int = 0
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As after a kill: nothing of the old engine is written any more."""
        self.engine = Engine(
            self.monitors,
            self.store,
            self.sources,
            lambda monitor, state, at: self.look(monitor, state, at),
            lambda source, body, signals: self.store.inbox.put(source, body, self.now),
            lambda: self.now,
            accepted=self.wake,
        )

    def wake(self) -> None:
        self.woken += 1

    def pass_time(self, length: timedelta, step: timedelta = 10 * SECOND) -> None:
        until = self.now + length
        while self.now < until:
            self.now = min(self.now + step, until)
            self.engine.tick()
            self.engine.wait()

    def told(self) -> list[Signal]:
        return [s for batch in self.store.inbox.waiting() for s in signals_from_json(batch.body)]

    def problem(self, key: str) -> str:
        entry = self.engine.entry(key)
        assert entry is not None
        return entry.problem


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = (
        MemoryStore() if request.param == "memory" else open_store(f"sqlite:///{tmp_path}/t.db")
    )
    yield opened
    opened.close()


@pytest.fixture
def sources() -> PlainSources:
    return PlainSources({"queue": CALM})


@pytest.fixture
def world(store: Store, sources: PlainSources) -> Iterator[World]:
    made = World(store, sources, (queue(),))
    yield made
    made.engine.stop()


def test_an_episode_is_told_once_and_its_end_too(world: World) -> None:
    world.pass_time(3 * MINUTE)
    assert world.told() == []
    world.sources.values["queue"] = HIGH
    world.pass_time(5 * MINUTE)
    (fired,) = world.told()
    assert (fired.name, fired.firing, fired.source) == ("queue", True, "monitor")
    world.sources.values["queue"] = CALM
    world.pass_time(5 * MINUTE)
    assert [s.firing for s in world.told()] == [True, False]
    assert world.told()[1].starts_at == fired.starts_at
    assert world.woken == 2


def test_a_restart_neither_loses_an_episode_nor_tells_it_again(world: World) -> None:
    world.sources.values["queue"] = HIGH
    world.pass_time(2 * MINUTE)
    world.restart()
    world.pass_time(2 * MINUTE)
    assert [s.firing for s in world.told()] == [True]
    world.sources.values["queue"] = CALM
    world.restart()
    world.pass_time(2 * MINUTE)
    assert [s.firing for s in world.told()] == [True, False]


class Broken(Exception):
    """The process dies here."""


def test_a_kill_at_any_step_of_telling_tells_it_exactly_once(
    tmp_path: Path, sources: PlainSources
) -> None:
    """The steps: before the transaction, between its writes, after it and before it is known."""
    sources.values["queue"] = HIGH
    for step in ("accept", "put_states", "after"):
        store = open_store(f"sqlite:///{tmp_path}/{step}.db")
        world = World(store, sources, (queue(),))
        died = threading.Event()
        die = partial(_die, died)
        if step == "accept":
            world.engine._accept = die
        elif step == "after":
            world.engine.accepted = die
        else:
            inner = store.monitors
            store.monitors = _DiesWriting(inner, die)  # type: ignore[assignment]
        world.pass_time(MINUTE)
        assert died.is_set()
        if step == "put_states":
            store.monitors = inner
        assert [s.firing for s in world.told()] == ([True] if step == "after" else [])
        world.restart()
        world.pass_time(3 * MINUTE)
        assert [s.firing for s in world.told()] == [True]
        world.engine.stop()
        store.close()


def _die(died: threading.Event, *_: object) -> int:
    died.set()
    raise Broken


class _DiesWriting:
    def __init__(self, inner: object, die: Callable[..., int]) -> None:
        self._inner, self._die = inner, die

    def __getattr__(self, name: str) -> object:
        return self._die if name == "put_states" else getattr(self._inner, name)


def test_what_cannot_be_written_is_told_later(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    inner = world.engine._accept
    world.engine._accept = _refuse
    world.sources.values["queue"] = HIGH
    with caplog.at_level(logging.WARNING, "tandem.watching"):
        world.pass_time(3 * MINUTE)
        world.engine.flush()
        assert world.told() == []
        world.engine._accept = inner
        world.engine.flush()
    assert [s.firing for s in world.told()] == [True]
    assert len(caplog.records) == 1
    world.pass_time(3 * MINUTE)
    assert [s.firing for s in world.told()] == [True]


def _refuse(*_: object) -> int:
    raise Unavailable("the database", "disk full")


def test_without_a_state_open_incidents_say_what_was_told(world: World) -> None:
    world.sources.values["queue"] = HIGH
    world.pass_time(2 * MINUTE)
    world.store.incidents.open(open_from(world.told(), world.now))
    world.store.monitors.drop_states(["metric:queue"])
    world.restart()
    world.pass_time(3 * MINUTE)
    assert [s.firing for s in world.told()] == [True]
    world.sources.values["queue"] = CALM
    world.pass_time(3 * MINUTE)
    assert [s.firing for s in world.told()] == [True, False]


def test_a_monitor_that_left_the_file_ends_what_it_told(world: World) -> None:
    world.sources.values["queue"] = HIGH
    world.pass_time(2 * MINUTE)
    world.monitors = ()
    world.restart()
    world.pass_time(MINUTE)
    assert [s.firing for s in world.told()] == [True, False]
    assert world.store.monitors.states() == {}
    world.restart()
    world.pass_time(MINUTE)
    assert len(world.told()) == 2


def test_what_happened_while_nobody_looked_is_read_and_not_told_late(world: World) -> None:
    world.pass_time(2 * MINUTE)
    world.engine.stop()
    before = world.now
    spike = (before + 20 * MINUTE, before + 40 * MINUTE)
    world.sources.values["queue"] = lambda at: HIGH if spike[0] <= at < spike[1] else CALM
    world.now += 2 * 60 * MINUTE
    world.restart()
    world.pass_time(3 * MINUTE)
    assert world.told() == []
    ((query, start, end, step_s),) = world.sources.read
    assert (query, step_s) == ("queue", 60.0)
    assert before - MINUTE < start < before + 2 * MINUTE
    assert end > before + 118 * MINUTE


def test_a_source_that_is_down_is_left_alone_told_in_one_line_and_caught_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.monitors = tuple(queue(f"q{n}") for n in range(30))
    world.sources.values |= {f"q{n}": CALM for n in range(30)}
    world.restart()
    world.pass_time(3 * MINUTE)
    world.sources.down.add("")
    asked = len(world.sources.asked) + len(world.sources.read)
    with caplog.at_level(logging.WARNING, "tandem.watching"):
        world.pass_time(30 * MINUTE)
        tries = len(world.sources.asked) + len(world.sources.read) - asked
        assert 5 < tries < 90
        assert world.problem("metric:q7") == "prometheus: connection refused"
        world.sources.down.clear()
        world.pass_time(5 * MINUTE)
    assert world.told() == []
    assert {world.problem(f"metric:q{n}") for n in range(30)} == {""}
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "prometheus is left alone for a while",
        "prometheus answers again after 30 min",
    ]


def test_a_slow_source_delays_no_other(world: World) -> None:
    world.monitors = (queue(), queue("far", source="far"))
    world.sources.values["far"] = HIGH
    world.sources.hold["far"] = threading.Event()
    world.restart()
    world.sources.values["queue"] = HIGH
    for _ in range(12):
        world.now += 10 * SECOND
        world.engine.tick()
    lane = world.engine._lanes[""].lane
    while lane.busy():
        threading.Event().wait(0.002)
    assert [s.name for s in world.told()] == ["queue"]
    world.sources.hold["far"].set()
    world.engine.wait()
    assert {s.name for s in world.told()} == {"queue", "far"}


def test_many_monitors_share_few_requests_and_each_gets_its_own_answer(world: World) -> None:
    names = [f"q{n}" for n in range(100)]
    world.monitors = tuple(queue(name) for name in names)
    world.sources.values |= dict.fromkeys(names, CALM)
    world.restart()
    world.pass_time(2 * MINUTE)
    before = len(world.sources.asked)
    world.sources.values["q42"] = HIGH
    world.pass_time(MINUTE, step=MINUTE)
    assert len(world.sources.asked) - before <= 4
    assert [s.name for s in world.told()] == ["q42"]


def test_monitors_that_ask_the_same_ask_once(world: World) -> None:
    world.monitors = tuple(queue(f"q{n}", query="queue", above=n) for n in range(10))
    world.restart()
    world.sources.values["queue"] = {series(): 4.5}
    world.pass_time(MINUTE)
    assert len([query for query, _ in world.sources.asked if query == "queue"]) <= 2
    assert sorted(s.name for s in world.told()) == ["q0", "q1", "q2", "q3", "q4"]


def test_a_rejected_query_is_that_monitors_problem_alone(world: World) -> None:
    world.monitors = (queue(), queue("nonsense"), queue("lost", source="unknown"))
    world.restart()
    world.pass_time(3 * MINUTE)
    assert world.problem("metric:nonsense") == "Prometheus rejects 'nonsense': parse error"
    assert world.problem("metric:lost") == "There is no data source 'unknown'."
    assert world.problem("metric:queue") == ""


def test_one_that_breaks_inside_a_joined_request_is_found(world: World) -> None:
    names = [f"q{n}" for n in range(20)]
    world.monitors = tuple(queue(name) for name in names)
    world.sources.values |= dict.fromkeys(names, CALM)
    world.restart()
    world.pass_time(2 * MINUTE)
    del world.sources.values["q3"]
    world.pass_time(3 * MINUTE)
    problems = {name: world.problem(f"metric:{name}") for name in names}
    assert problems.pop("q3").startswith("Prometheus rejects 'q3'")
    assert set(problems.values()) == {""}


class Looker:
    """A model that drifts when it is told to."""

    def __init__(self) -> None:
        self.breaks: Exception | None = None
        self.looks = 0

    def __call__(self, monitor: ModelMonitor, state: MonitorState, at: datetime) -> Found:
        if self.breaks is not None:
            raise self.breaks
        self.looks += 1
        look = Look(monitor.model, at, at - monitor.window, at, 1_000, "stable")
        return Found(replace(state, rows=(1_000,)), (), (look,), 1_000)


def test_those_a_monitor_names_are_told_of_what_begins(world: World) -> None:
    world.monitors = (queue(tell=("#ml",)), queue("other", query="queue"))
    world.restart()
    world.sources.values["queue"] = HIGH
    world.pass_time(2 * MINUTE)
    world.sources.values["queue"] = CALM
    world.pass_time(2 * MINUTE)
    assert len(world.told()) == 4
    (fired, _) = (signal for signal in world.told() if signal.name == "queue")
    (delivery,) = world.store.outbox.due(world.now)
    assert delivery.key == f"tell:{fired.fingerprint}|{fired.starts_at.isoformat()}"


def test_looks_at_models_are_kept(world: World) -> None:
    world.monitors = (ModelMonitor.model_validate({"model": "fraud", "every": MINUTE}),)
    world.look = Looker()
    world.restart()
    world.pass_time(3 * MINUTE)
    looks = world.store.monitors.looks("fraud", NOON)
    assert len(looks) == world.look.looks >= 3
    assert world.store.monitors.states().keys() == {"model:fraud"}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (Unavailable("model data", "no such folder"), "model data: no such folder"),
        (ZeroDivisionError("division"), "It cannot be judged: ZeroDivisionError: division"),
    ],
)
def test_a_look_that_fails_is_that_models_problem(
    world: World, error: Exception, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.monitors = (queue(), ModelMonitor.model_validate({"model": "fraud", "every": MINUTE}))
    looker = world.look = Looker()
    looker.breaks = error
    world.restart()
    with caplog.at_level(logging.CRITICAL):
        world.pass_time(2 * MINUTE)
    assert world.problem("model:fraud") == says
    looker.breaks = None
    world.pass_time(2 * MINUTE)
    assert world.problem("model:fraud") == ""
    assert world.problem("metric:queue") == ""


def test_what_people_keep_overlays_the_file(world: World) -> None:
    world.store.monitors.keep(
        KeptMonitor(
            "metric:queue", "U1", NOON, spec='{"name": "queue", "query": "queue", "above": 0.5}'
        )
    )
    world.store.monitors.keep(KeptMonitor("metric:gone", "U1", NOON, paused=True))
    world.restart()
    world.pass_time(2 * MINUTE)
    assert [entry.key for entry in world.engine.entries()] == ["metric:queue"]
    assert [s.name for s in world.told()] == ["queue"]


class Undumpable:
    """Something learned that cannot be written."""

    def dump(self) -> bytes:
        raise AttributeError("it has no size")


def test_a_state_that_cannot_be_written_holds_up_no_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.monitors = (queue(), queue("other"))
    world.sources.values["other"] = CALM
    world.restart()
    world.pass_time(2 * MINUTE)
    entry = world.engine.entry("metric:queue")
    assert entry is not None
    (followed,) = entry.state.series.values()
    followed.judge = Undumpable()  # type: ignore[assignment]
    with caplog.at_level(logging.CRITICAL):
        world.engine.flush()
    assert set(world.store.monitors.states()) == {"metric:queue", "metric:other"}
    assert "It cannot be judged: AttributeError" in world.problem("metric:queue")


def test_states_are_written_in_one_go(world: World) -> None:
    names = [f"q{n}" for n in range(450)]
    world.monitors = tuple(queue(name) for name in names)
    world.sources.values |= dict.fromkeys(names, CALM)
    world.restart()
    world.pass_time(MINUTE)
    assert world.store.monitors.states() == {}
    world.engine.flush()
    assert len(world.store.monitors.states()) == 450
    world.store.monitors.drop_states([f"metric:{name}" for name in names])
    world.engine.flush()
    assert world.store.monitors.states() == {}
