import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.intake import Intake
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.errors import Unavailable
from knowledge.incidents import resolve
from knowledge.records import Change, Incident, Signal, SignalKind, Status

START = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Store = MemoryStore | SqlStore


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = (
        MemoryStore()
        if request.param == "memory"
        else open_store(f"sqlite:///{tmp_path / 'tandem.db'}")
    )
    yield opened
    opened.close()


@pytest.fixture
def intake(store: Store, clock: Clock) -> Intake:
    return Intake(store.inbox, store.incidents, clock, changes=store.changes)


def signal(
    fingerprint: str = "a", service: str = "checkout", minute: int = 0, **given: object
) -> Signal:
    at = START + minute * MINUTE
    made = Signal(fingerprint, "High5xx", at, at, service=service, severity="critical")
    return replace(made, **given)  # type: ignore[arg-type]


def ended(of: Signal, minute: int) -> Signal:
    at = START + minute * MINUTE
    return replace(of, ends_at=at, received_at=at)


def told(store: Store, until: datetime = START + timedelta(days=1)) -> dict[str, int]:
    """Deliveries that wait, with how often each was put; then forgets them."""
    waiting = store.outbox.due(until)
    for delivery in waiting:
        store.outbox.done(delivery)
    return {delivery.key: delivery.revision for delivery in waiting}


def test_an_alert_becomes_one_incident_and_one_card(store: Store, intake: Intake) -> None:
    assert intake.accept("alertmanager", [signal()]) == 1
    assert store.incidents.find() == []
    assert intake.work() == 1
    (incident,) = store.incidents.find()
    assert (incident.id, incident.service) == ("INC-1", "checkout")
    assert told(store) == {"card:INC-1": 1}
    assert intake.work() == 0


def test_a_repeat_changes_and_tells_nothing(store: Store, intake: Intake, clock: Clock) -> None:
    intake.accept("alertmanager", [signal(), signal()])
    intake.work()
    before = store.incidents.find()
    told(store)
    clock.now += MINUTE
    for _ in range(3):
        intake.accept("alertmanager", [replace(signal(), received_at=clock.now)])
    assert intake.work() == 3
    assert store.incidents.find() == before
    assert told(store) == {}


def test_more_of_one_service_grows_the_incident(store: Store, intake: Intake) -> None:
    intake.accept("alertmanager", [signal("a"), signal("b"), signal("c", "search")])
    intake.work()
    intake.accept("alertmanager", [signal("d")])
    intake.accept("alertmanager", [signal("e", name="Latency")])
    intake.work()
    search, checkout = store.incidents.find()
    assert [s.fingerprint for s in checkout.signals] == ["a", "b", "d", "e"]
    assert [s.fingerprint for s in search.signals] == ["c"]
    assert told(store) == {"card:INC-1": 2, "thread:INC-1": 1, "card:INC-2": 1}


def test_it_resolves_itself_and_says_so(store: Store, clock: Clock) -> None:
    over: list[Incident] = []
    intake = Intake(store.inbox, store.incidents, clock, on_resolved=over.append)
    intake.accept("alertmanager", [signal()])
    intake.work()
    clock.now += 5 * MINUTE
    intake.accept("alertmanager", [ended(signal(), 5)])
    intake.work()
    assert [i.id for i in over] == ["INC-1"]
    assert over == store.incidents.find(status=Status.RESOLVED)
    assert told(store)["thread:INC-1"] == 1


def test_fires_again_and_the_same_incident_is_open(
    store: Store, intake: Intake, clock: Clock
) -> None:
    for batch in ([signal()], [ended(signal(), 2)], [signal(minute=4)]):
        intake.accept("alertmanager", batch)
        intake.work()
        clock.now += 2 * MINUTE
    (incident,) = store.incidents.find()
    assert incident.is_open
    assert incident.timeline[-1].kind == "reopened"


def test_a_repeat_leaves_resolved_what_a_person_resolved(
    store: Store, intake: Intake, clock: Clock
) -> None:
    intake.accept("alertmanager", [signal()])
    intake.work()
    store.incidents.change("1", lambda i: resolve(i, "U1", clock.now))
    clock.now += timedelta(hours=4)
    intake.accept("alertmanager", [replace(signal(), received_at=clock.now)])
    intake.work()
    (incident,) = store.incidents.find()
    assert not incident.is_open


def test_an_end_that_comes_first_keeps_its_alert_from_opening(store: Store, intake: Intake) -> None:
    intake.accept("alertmanager", [ended(signal(), 1)])
    intake.work()
    intake.accept("alertmanager", [signal()])
    intake.work()
    assert store.incidents.find() == []


def test_heartbeats_open_nothing(store: Store, intake: Intake) -> None:
    intake.accept("alertmanager", [signal(name="Watchdog"), signal("b", severity="none")])
    assert intake.work() == 1
    assert store.incidents.find() == []


def test_signals_of_monitors_take_the_same_way(store: Store, intake: Intake) -> None:
    intake.accept("monitor", [signal("d", "fraud", kind=SignalKind.DRIFT, severity="warning")])
    intake.accept("monitor", [signal("m", "fraud", kind=SignalKind.METRIC, severity="warning")])
    intake.work()
    kinds = {i.signals[0].kind for i in store.incidents.find(service="fraud")}
    assert kinds == {SignalKind.DRIFT, SignalKind.METRIC}


def test_the_service_is_guessed_and_its_changes_are_suspects(store: Store, intake: Intake) -> None:
    deploy = Change("c1", START - 10 * MINUTE, "deploy", "cart", "v2")
    store.changes.add(deploy)
    store.changes.add(replace(deploy, id="c2", at=START - timedelta(days=1)))
    intake.accept("alertmanager", [signal(service="", labels={"pod": "cart-5d8f9c7b6d-x2x9q"})])
    intake.work()
    (incident,) = store.incidents.find()
    assert incident.service == "cart"
    assert incident.changes == (deploy,)


class Breaking:
    """Incidents that fail once, after so many writes (0: never)."""

    def __init__(self, store: Store, error: Exception, after: int) -> None:
        self._real = store.incidents
        self._error = error
        self._left = after
        self.get = self._real.get
        self.find = self._real.find

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        opened = self._real.open(draft, tell)
        self._count()
        return opened

    def change(
        self, incident_id: str, by: Callable[[Incident], Incident], tell: Sequence[str] = ()
    ) -> Incident:
        changed = self._real.change(incident_id, by, tell)
        self._count()
        return changed

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise self._error


class Refusing(Breaking):
    """Never takes an incident of the service "cart"."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, ValueError("what"), after=0)

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        if draft.service == "cart":
            raise ValueError("no carts")
        return super().open(draft, tell)


def test_a_batch_that_cannot_be_dealt_with_blocks_nothing(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Intake(store.inbox, Refusing(store), clock)
    for service in ("search", "cart", "checkout", "cart"):
        broken.accept("alertmanager", [signal(service, service)])
    assert broken.work() == 2
    assert store.inbox.waiting() == []
    assert sorted(i.service for i in store.incidents.find()) == ["checkout", "search"]
    assert [len(i.timeline) for i in store.incidents.find()] == [1, 1]
    assert "batch 2 of alertmanager set aside" in caplog.text


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_crash_half_way_doubles_nothing(store: Store, clock: Clock, after: int) -> None:
    gone = Unavailable("the database", "went away")
    batch = [signal("a"), signal("b", "search"), signal("c", "cart")]
    crashing = Intake(store.inbox, Breaking(store, gone, after), clock)
    crashing.accept("alertmanager", batch)
    with pytest.raises(Unavailable):
        crashing.work()
    assert len(store.inbox.waiting()) == 1
    Intake(store.inbox, store.incidents, clock).work()
    found = store.incidents.find()
    assert sorted(i.service for i in found) == ["cart", "checkout", "search"]
    assert [len(i.timeline) for i in found] == [1, 1, 1]
    assert set(told(store).values()) == {1}
    assert store.inbox.waiting() == []


def test_what_follows_a_resolution_may_fail(store: Store, clock: Clock) -> None:
    def fail(incident: Incident) -> None:
        raise RuntimeError("the library is closed")

    intake = Intake(store.inbox, store.incidents, clock, on_resolved=fail)
    for batch in ([signal()], [ended(signal(), 0)]):
        intake.accept("alertmanager", batch)
        intake.work()
    assert not store.incidents.get("1").is_open
    assert store.inbox.waiting() == []


def test_with_quiet_set_it_resolves_by_and_by(store: Store, clock: Clock) -> None:
    intake = Intake(store.inbox, store.incidents, clock, quiet=5 * MINUTE)
    intake.accept("alertmanager", [signal()])
    intake.work()
    intake.accept("alertmanager", [ended(signal(), 1)])
    intake.work()
    clock.now += 2 * MINUTE
    assert intake.settle() == 0
    clock.now += 5 * MINUTE
    assert intake.settle() == 1
    assert intake.settle() == 0
    assert not store.incidents.get("1").is_open


@pytest.mark.parametrize("seed", range(5))
def test_two_replicas_in_any_order_make_the_same_incidents(seed: int, clock: Clock) -> None:
    fires = [signal(f"f{n}", f"s{n % 3}") for n in range(9)]
    ends = [ended(s, 1) for s in fires[:6]]
    clock.now += 2 * MINUTE
    shuffled = [*fires, *ends] * 2
    random.Random(seed).shuffle(shuffled)
    store = MemoryStore()
    intake = Intake(store.inbox, store.incidents, clock)
    for one in shuffled:
        intake.accept("alertmanager", [one])
    while intake.work(limit=1 + seed):
        pass
    firing = {s.fingerprint for i in store.incidents.find() for s in i.firing}
    assert firing == {"f6", "f7", "f8"}
    held = [s.fingerprint for i in store.incidents.find() for s in i.signals]
    assert len(held) == len(set(held))
