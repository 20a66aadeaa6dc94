"""Two replicas' intakes over one store: one feeds the correlation, both do what people say."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.intake import Intake
from bot.triage import IntakeTriage
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.codec import signals_from_json, signals_to_json
from knowledge.errors import Unavailable
from knowledge.incidents import instance, resolve
from knowledge.records import Batch, Change, Signal, SignalKind, Status

START = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

Store = MemoryStore | SqlStore


def read(source: str, body: bytes, at: datetime) -> Sequence[Signal]:
    return signals_from_json(body)


class Replica:
    """One process: its own intake, its own connections."""

    def __init__(self, store: Store, world: "World") -> None:
        self.store = store
        self.feeds = False
        self.intake = Intake(store, read, lambda: world.now, feeds=lambda: self.feeds)
        self.triage = IntakeTriage(self.intake, store, lambda: world.now)

    def accept(self, *signals: Signal) -> None:
        self.intake.accept("alertmanager", signals_to_json(signals), signals)


@dataclass
class World:
    stores: tuple[Store, Store]
    now: datetime = START

    def __post_init__(self) -> None:
        self.one, self.two = (Replica(store, self) for store in self.stores)
        self.one.feeds = True

    def work(self) -> None:
        for replica in (self.one, self.two):
            replica.intake.work()

    def hand_over(self) -> None:
        self.one.feeds, self.two.feeds = self.two.feeds, self.one.feeds

    def services(self) -> dict[str, set[str]]:
        found = self.stores[0].incidents.find(open_only=True)
        return {i.id: {s.service for s in i.signals} for i in found}


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        store = MemoryStore()
        yield World((store, store))
        return
    url = request.getfixturevalue("empty_postgresql")
    one, two = open_store(url), open_store(url)
    yield World((one, two))
    one.close()
    two.close()


def alert(name: str, service: str, second: int = 0) -> Signal:
    at = START + second * SECOND
    return Signal(
        f"{name}/{service}", name, at, at, service=service, severity="critical",
        kind=SignalKind.METRIC,
    )  # fmt: skip


ERRORS, SLOW = alert("HighErrorRate", "checkout"), alert("HighLatency", "checkout", 5)
CART = alert("HighErrorRate", "cart", 10)


def test_one_feeds_whoever_took_the_webhook(world: World) -> None:
    world.two.accept(ERRORS, SLOW)
    assert world.two.intake.work() == 0
    assert world.one.intake.work() == 1
    assert world.services() == {"INC-1": {"checkout"}}


def test_the_other_goes_on_where_the_first_ended(world: World) -> None:
    world.one.accept(ERRORS)
    world.work()
    world.hand_over()
    world.now += 5 * SECOND
    world.one.accept(SLOW)
    world.work()
    world.hand_over()
    world.now += 5 * SECOND
    world.one.accept(alert("PodNotReady", "checkout", 10))
    world.work()
    assert world.services() == {"INC-1": {"checkout"}}
    assert len(world.stores[0].incidents.get("INC-1").signals) == 3


def test_a_merge_at_the_other_is_followed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.one.accept(ERRORS, CART)
    world.work()
    assert world.services() == {"INC-1": {"checkout"}, "INC-2": {"cart"}}
    with caplog.at_level(logging.WARNING, "bot.intake"):
        world.two.triage.merge("INC-2", "INC-1", "U1")
        assert world.services() == {"INC-1": {"checkout", "cart"}}
        world.now += 30 * SECOND
        world.two.accept(alert("PodNotReady", "cart", 28))
        world.work()
    assert {s.name for s in world.stores[0].incidents.get("INC-1").signals} >= {"PodNotReady"}
    assert world.stores[0].incidents.get("INC-2").merged_into == "INC-1"
    # It was enough to follow.
    assert "rebuilt" not in caplog.text


def test_what_is_taken_out_at_the_other_stays_out(world: World) -> None:
    world.one.accept(ERRORS, CART)
    world.work()
    world.two.triage.merge("INC-2", "INC-1", "U1")
    world.two.triage.not_related("INC-1", [instance(CART)], "U2")
    assert world.services() == {"INC-1": {"checkout"}}
    assert world.stores[0].alerts.get(*instance(CART)).incident == ""
    world.now += 60 * SECOND
    world.two.accept(replace(CART, received_at=world.now))
    world.work()
    assert "cart" not in world.services()["INC-1"]


def test_what_is_split_off_at_the_other_is_an_incident_of_its_own(world: World) -> None:
    world.one.accept(ERRORS, SLOW, CART)
    world.work()
    world.two.triage.merge("INC-2", "INC-1", "U1")
    opened = world.two.triage.split("INC-1", [instance(CART)], "U2")
    assert world.services() == {"INC-1": {"checkout"}, opened.id: {"cart"}}
    world.now += 20 * SECOND
    over = replace(CART, ends_at=world.now, received_at=world.now)
    world.two.accept(over)
    world.work()
    assert world.stores[0].alerts.get(*instance(CART)).incident == opened.id
    assert [s.ends_at for s in world.stores[0].incidents.get(opened.id).signals] == [world.now]


def test_an_end_that_a_person_said_at_the_other_is_followed(world: World) -> None:
    """What comes much later is another incident."""
    world.one.accept(ERRORS, SLOW)
    world.work()
    ended = world.stores[1].incidents.change("INC-1", lambda i: resolve(i, "U1", world.now))
    world.two.intake.noticed(ended)
    world.work()
    world.now += timedelta(hours=2)
    world.one.accept(*(replace(alert("DiskFull", "checkout", 7200), received_at=world.now),))
    world.one.accept(*(replace(alert("OutOfMemory", "checkout", 7200), received_at=world.now),))
    world.work()
    assert world.stores[0].incidents.get("INC-1").status is Status.RESOLVED
    assert world.services() == {"INC-2": {"checkout"}}


def test_a_change_is_put_on_open_incidents_wherever_it_came_in(world: World) -> None:
    world.one.accept(ERRORS, SLOW)
    world.work()
    change = Change("d1", START, "deploy", "checkout", "checkout 4.1")
    world.two.intake.change(change)
    assert [c.id for c in world.stores[0].incidents.get("INC-1").changes] == ["d1"]


def test_a_long_history_is_taken_in_behind_the_first_rounds(world: World) -> None:
    """What is read first is what an open incident needs."""
    for number in range(12):
        odd = alert(f"Odd{number}", f"service{number}", (number - 20) * 900)
        world.now = odd.received_at
        world.one.accept(replace(odd, severity="info"))
        world.work()
    world.now = START + 10 * SECOND
    world.one.accept(ERRORS, SLOW)
    world.work()
    assert world.services() == {"INC-1": {"checkout"}}
    assert world.one.intake.known() == 14

    world.one.feeds = False
    late = alert("PodNotReady", "checkout", 40)
    new = Intake(world.stores[1], read, lambda: world.now, at_once=4)
    new.accept("alertmanager", signals_to_json([late]), [late])
    new.work()
    new.wait_for_history()
    assert world.stores[0].alerts.get(*instance(late)).incident == "INC-1"
    assert new.known() == 15


def test_one_that_slept_over_its_time_deals_with_nothing_twice(world: World) -> None:
    world.two.accept(ERRORS, SLOW)
    waiting = world.stores[0].inbox.waiting
    slept: list[int] = []

    def sleepy(limit: int = 100) -> list[Batch]:
        found = waiting(limit)
        if not slept:
            slept.append(len(found))
            world.hand_over()
            world.two.intake.work()
        return found

    world.one.store.inbox.waiting = sleepy  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="another replica"):
        world.one.intake.work()
    assert slept == [1]
    assert world.stores[0].inbox.count() == 0
    (incident,) = world.stores[0].incidents.find()
    assert len(incident.signals) == 2
    assert world.stores[0].alerts.get(*instance(ERRORS)).deliveries == 1


def test_one_that_gets_its_role_back_while_asleep_looks_again(world: World) -> None:
    """It has the role again when its round begins, and still knows only what was before."""
    world.one.accept(alert("CertificateExpires", "checkout"))
    world.work()
    world.two.accept(ERRORS, SLOW)
    waiting = world.stores[0].inbox.waiting
    slept: list[int] = []

    def sleepy(limit: int = 100) -> list[Batch]:
        found = waiting(limit)
        if not slept:
            slept.append(len(found))
            world.hand_over()
            world.two.intake.work()
            world.hand_over()
        return found

    world.one.store.inbox.waiting = sleepy  # type: ignore[method-assign]
    world.one.intake.work()
    assert world.stores[0].alerts.get(*instance(ERRORS)).deliveries == 1
    assert len(world.services()) <= 1
