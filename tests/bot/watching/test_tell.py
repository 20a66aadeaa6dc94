"""Who is told besides the channel."""

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.testing import MemoryMessenger
from bot.watching.tell import GIVE_UP, SETTLES, TELL, Telling, put
from bot.watching.testing import watching_at
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.monitors import MetricMonitor
from knowledge.oncall import OnCall
from knowledge.records import AlertRecord, Delivery, Signal, Verdict

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
FOUND = Signal(
    *("f1", "queue", NOW, NOW, "monitor"),
    summary="queue is 9, above 5",
    labels={"monitor": "metric:queue"},
)


def failing(error: Exception) -> object:
    def before(method: str) -> None:
        if method == "post":
            raise error

    return before


@dataclass
class World:
    tell: tuple[str, ...] = ("#ml",)
    now: datetime = NOW
    store: MemoryStore = field(default_factory=MemoryStore)
    messenger: MemoryMessenger = field(
        default_factory=lambda: MemoryMessenger(channels=frozenset({"#ml", "#incidents", "U1"}))
    )
    telling: Telling = field(init=False)

    def __post_init__(self) -> None:
        monitor = MetricMonitor.model_validate(
            {"name": "queue", "query": "queue", "above": 5, "tell": self.tell}
        )
        self.telling = Telling(
            self.store,
            watching_at(NOW, self.store, (monitor,)),
            OnCall(people={"ada": "U1"}),
            self.messenger,
            "#incidents",
            lambda: self.now,
            lambda incident: f"https://chat.example/{incident}",
        )

    def found(self, signal: Signal = FOUND, incident: str = "INC-1") -> Delivery:
        """The engine found it and the intake put it into an incident."""
        put(self.store.outbox, [signal], self.now)
        verdict = Verdict.OPENED if incident else Verdict.WAITING
        self.store.alerts.record([AlertRecord(signal, NOW, incident=incident, verdict=verdict)])
        self.now += SETTLES
        (delivery,) = [
            d for d in self.store.outbox.due(self.now) if d.subject.startswith(signal.fingerprint)
        ]
        assert delivery.kind == TELL
        return delivery


def test_a_channel_is_told_what_was_found_and_where() -> None:
    world = World()
    world.telling.send(world.found())
    (shown,) = world.messenger.shown
    assert (shown.channel, shown.reply.title) == ("#ml", "INC-1 · queue")
    assert shown.reply.text == "queue is 9, above 5"
    assert [button.url for button in shown.reply.buttons] == ["", "https://chat.example/INC-1"]


def test_nothing_is_told_before_its_time() -> None:
    store = MemoryStore()
    put(store.outbox, [FOUND], NOW)
    assert store.outbox.count_due(NOW) == 0
    assert store.outbox.count_due(NOW + SETTLES) == 1


def test_each_is_told_of_an_incident_once() -> None:
    world = World(("#ml", "ada", "U1", "#incidents"))
    world.telling.send(world.found())
    world.telling.send(world.found(replace(FOUND, fingerprint="f2")))
    assert [shown.channel for shown in world.messenger.shown] == ["#ml", "U1"]
    world.telling.send(world.found(replace(FOUND, fingerprint="f3"), "INC-2"))
    assert len(world.messenger.shown) == 4


def test_what_has_no_incident_yet_waits_and_is_forgotten_after_an_hour() -> None:
    world = World()
    delivery = world.found(incident="")
    with pytest.raises(Unavailable, match="no incident for it yet"):
        world.telling.send(delivery)
    with pytest.raises(Unavailable, match="no incident for it yet"):
        world.telling.send(replace(delivery, key=f"{TELL}:f9|{NOW.isoformat()}"))
    world.now += GIVE_UP
    world.telling.send(delivery)
    assert world.messenger.shown == []


def test_what_is_over_is_not_told() -> None:
    world = World()
    over = replace(FOUND, ends_at=NOW + timedelta(seconds=5))
    world.telling.send(world.found(over))
    assert world.messenger.shown == []


def test_a_message_in_doubt_is_looked_for_before_it_is_sent_again() -> None:
    world = World()
    delivery = world.found()
    world.telling.send(delivery)
    world.store.outbox.forget_posted(f"{TELL}:INC-1@#ml")
    world.telling.send(replace(delivery, attempts=1))
    assert len(world.messenger.shown) == 1


def test_a_name_that_nobody_has_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World(("nobody", "#ml"))
    with caplog.at_level(logging.WARNING, "tandem.watching"):
        world.telling.send(world.found())
    assert "tells 'nobody'" in caplog.text
    assert [shown.channel for shown in world.messenger.shown] == ["#ml"]


def test_a_channel_that_is_not_there_keeps_nobody_else_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(("#gone", "#ml"))
    with caplog.at_level(logging.ERROR, "tandem.watching"):
        world.telling.send(world.found())
    assert "#gone cannot be told of INC-1" in caplog.text
    assert [shown.channel for shown in world.messenger.shown] == ["#ml"]


def test_a_chat_that_is_away_is_tried_again() -> None:
    world = World()
    delivery = world.found()
    world.messenger.before = failing(Unavailable("slack", "timeout"))  # type: ignore[assignment]
    with pytest.raises(Unavailable, match="timeout"):
        world.telling.send(delivery)
    world.messenger.before = lambda method: None
    world.telling.send(replace(delivery, attempts=1))
    assert len(world.messenger.shown) == 1
