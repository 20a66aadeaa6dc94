"""Two replicas' engines over one store: one reads the monitors, the other shows them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.replica import Alone
from bot.watching.charge import ScheduleTurn
from bot.watching.engine import Engine
from bot.watching.entry import Found
from bot.watching.testing import PlainSources, series
from knowledge.adapters.memory.leases import MemoryLeases
from knowledge.adapters.memory.store import MemoryStore
from knowledge.codec import signals_from_json
from knowledge.errors import Unavailable
from knowledge.monitors import MetricMonitor, ModelMonitor, MonitorState
from knowledge.records import KeptMonitor, Sample, Signal

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CALM, HIGH = {series(): 1.0}, {series(): 9.0}
KEY = "metric:queue"


def queue() -> MetricMonitor:
    given = {"name": "queue", "query": "queue", "above": 5, "every": MINUTE}
    return MetricMonitor.model_validate(given)


def no_models(monitor: ModelMonitor, state: MonitorState, at: datetime) -> Found:
    raise Unavailable("model data", "it is not connected")


@dataclass
class Turn:
    """`Charge` by the test's word."""

    name: str
    leases: MemoryLeases
    mine: bool = False

    def now(self) -> bool:
        return self.mine

    def era(self) -> int | None:
        return self.leases.take("schedule", self.name, 60) if self.mine else None

    def stands(self, era: int | None) -> bool:
        return era is not None and self.leases.stands("schedule", self.name, era)


@dataclass
class Slow(PlainSources):
    """Much may happen while it answers."""

    asked_now: Callable[[], object] = lambda: None

    def instant(self, monitor: MetricMonitor, at: datetime) -> list[Sample]:
        self.asked_now()
        return super().instant(monitor, at)


@dataclass
class Two:
    store: MemoryStore = field(default_factory=MemoryStore)
    sources: Slow = field(default_factory=lambda: Slow({"queue": CALM}))
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.turns = [Turn(name, self.store.leases) for name in ("one", "two")]
        self.one, self.two = (self._engine(turn) for turn in self.turns)
        self.turns[0].mine = True

    def _engine(self, turn: Turn) -> Engine:
        return Engine(
            (queue(),),
            self.store,
            self.sources,
            no_models,
            lambda source, body, signals: self.store.inbox.put(source, body, self.now),
            lambda: self.now,
            charge=turn,
        )

    def hand_over(self) -> None:
        for turn in self.turns:
            turn.mine = not turn.mine
        self.store.leases.release("schedule", "one")
        self.store.leases.release("schedule", "two")

    def replace_one(self) -> None:
        """Its time is over, and it does not know yet."""
        self.store.leases.release("schedule", "one")
        self.store.leases.take("schedule", "two", 60)

    def pass_time(self, length: timedelta) -> None:
        until = self.now + length
        while self.now < until:
            self.now += timedelta(seconds=10)
            for engine, turn in zip((self.one, self.two), self.turns, strict=True):
                if turn.mine:
                    engine.tick()
                    engine.wait()

    def told(self) -> list[Signal]:
        return [s for batch in self.store.inbox.waiting() for s in signals_from_json(batch.body)]


@pytest.fixture
def two() -> Iterator[Two]:
    made = Two()
    yield made
    made.one.stop()
    made.two.stop()


def test_what_one_reads_the_other_shows(two: Two) -> None:
    two.sources.values["queue"] = HIGH
    two.pass_time(3 * MINUTE)
    two.one.flush()
    entry = two.two.entry(KEY)
    assert entry is not None
    assert len(entry.firing()) == 1
    assert entry.polled_at is not None
    assert two.now - entry.polled_at < 2 * MINUTE
    assert entry.problem == ""


def test_that_nobody_reads_is_shown(two: Two) -> None:
    two.pass_time(2 * MINUTE)
    two.one.flush()
    two.turns[0].mine = False
    two.now += 10 * MINUTE
    entry = two.two.entry(KEY)
    assert entry is not None
    assert "last read" in entry.problem


def test_the_other_goes_on_without_telling_again(two: Two) -> None:
    two.sources.values["queue"] = HIGH
    two.pass_time(2 * MINUTE)
    two.hand_over()
    two.pass_time(3 * MINUTE)
    assert [s.firing for s in two.told()] == [True]
    two.sources.values["queue"] = CALM
    two.pass_time(2 * MINUTE)
    two.hand_over()
    two.pass_time(2 * MINUTE)
    assert [s.firing for s in two.told()] == [True, False]


def test_who_was_replaced_while_reading_writes_nothing(two: Two) -> None:
    two.pass_time(2 * MINUTE)
    two.one.flush()
    before = two.store.monitors.states()
    two.sources.values["queue"] = HIGH
    two.sources.asked_now = two.replace_one
    two.pass_time(MINUTE)
    assert two.sources.asked
    two.one.flush()
    assert two.store.monitors.states() == before
    assert two.told() == []


def test_what_people_change_at_the_other_holds_where_it_is_read(two: Two) -> None:
    two.sources.values["queue"] = HIGH
    two.pass_time(2 * MINUTE)
    two.one.flush()
    paused = KeptMonitor(KEY, "U1", two.now, paused=True)
    assert two.two.change(paused) is not None
    two.one.follow()
    entry = two.one.entry(KEY)
    assert entry is not None
    assert entry.listed.paused(two.now)
    # Followed once, it is not changed again.
    two.one.follow()
    assert two.one.entry(KEY) is entry


def test_one_that_is_removed_at_the_other_ends_what_it_told(two: Two) -> None:
    two.sources.values["queue"] = HIGH
    two.pass_time(2 * MINUTE)
    two.one.flush()
    assert two.two.change(KeptMonitor(KEY, "U1", two.now, removed=True)) is None
    two.one.follow()
    assert two.one.entry(KEY) is None
    two.pass_time(3 * MINUTE)
    assert two.told()[0].firing
    assert not any(s.firing for s in two.told()[1:])
    assert two.store.monitors.states() == {}


def test_the_charge_of_a_replica_is_its_role() -> None:
    turn = ScheduleTurn(Alone("a"), MemoryLeases())
    assert (turn.now(), turn.era(), turn.stands(None)) == (True, None, True)
    assert not turn.stands(1)
