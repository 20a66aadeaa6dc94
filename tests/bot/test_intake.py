"""The intake over both stores, with the real correlation: what comes in, and the incidents."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.intake import Intake
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.catalogue import Catalogue
from knowledge.codec import signals_from_json, signals_to_json
from knowledge.errors import BadArgs, Unavailable
from knowledge.incidents import resolve
from knowledge.records import (
    Change,
    Incident,
    Matcher,
    Signal,
    SignalKind,
    Silence,
    Status,
    Verdict,
)

START = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

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


def read(source: str, body: bytes, at: datetime) -> Sequence[Signal]:
    try:
        return signals_from_json(body)
    except ValueError:
        raise BadArgs("body", "it is not JSON") from None


def make(store: Store, clock: Clock, quiet: timedelta = timedelta(), **given: object) -> Intake:
    return Intake(store, read, clock, quiet=quiet, **given)  # type: ignore[arg-type]


@pytest.fixture
def intake(store: Store, clock: Clock) -> Intake:
    return make(store, clock)


def signal(
    name: str = "HighErrorRate", service: str = "checkout", second: int = 0, **given: object
) -> Signal:
    at = START + second * SECOND
    fingerprint = f"{name}/{service}"
    made = Signal(fingerprint, name, at, at, service=service, severity="critical")
    return replace(made, **given)  # type: ignore[arg-type]


def proof(service: str = "checkout", second: int = 0, **given: object) -> Signal:
    """Something of Tandem's own monitors: one is enough for an incident."""
    return signal("Monitored", service, second, **{"kind": SignalKind.METRIC, **given})


def ended(of: Signal, second: int) -> Signal:
    at = START + second * SECOND
    return replace(of, ends_at=at, received_at=at)


def send(intake: Intake, *signals: Signal) -> int:
    return intake.accept("alertmanager", signals_to_json(signals), signals)


def told(store: Store, until: datetime = START + timedelta(days=1)) -> dict[str, int]:
    """Deliveries that wait, with how often each was put; then forgets them."""
    waiting = store.outbox.due(until)
    for delivery in waiting:
        store.outbox.done(delivery)
    return {delivery.key: delivery.revision for delivery in waiting}


# From an alert to a card


def test_two_signs_of_one_trouble_become_one_incident_and_one_card(
    store: Store, intake: Intake
) -> None:
    assert send(intake, signal(), signal("HighLatency", second=5)) == 1
    assert store.incidents.find() == []
    assert intake.work() == 1
    (incident,) = store.incidents.find()
    assert (incident.id, incident.service) == ("INC-1", "checkout")
    assert {s.name for s in incident.signals} == {"HighErrorRate", "HighLatency"}
    assert told(store) == {"card:INC-1": 1}
    assert intake.work() == 0


def test_one_sign_alone_waits_and_says_so(store: Store, intake: Intake, clock: Clock) -> None:
    send(intake, signal(severity="warning"))
    intake.work()
    assert store.incidents.find() == []
    (kept,) = store.alerts.find()
    assert kept.verdict is Verdict.WAITING


def test_a_grave_alert_that_lasts_gets_its_card_without_another(
    store: Store, intake: Intake, clock: Clock
) -> None:
    send(intake, signal())
    for _ in range(120):
        clock.now += timedelta(seconds=30)
        intake.work()
    (incident,) = store.incidents.find()
    assert incident.title == "checkout: High error rate"


def test_what_a_monitor_of_our_own_says_is_proof(store: Store, intake: Intake) -> None:
    send(intake, proof())
    intake.work()
    assert [i.service for i in store.incidents.find()] == ["checkout"]


def test_a_cascade_is_one_incident_named_after_its_root(store: Store, clock: Clock) -> None:
    catalogue = Catalogue.from_topology(
        {"edges": [["frontend", "checkout"], ["checkout", "payment"]]}
    )
    intake = Intake(store, read, clock, catalogue=catalogue)
    send(
        intake,
        signal("HighErrorRate", "payment", 0),
        signal("PodCrashLooping", "payment", 4),
        signal("HighErrorRate", "checkout", 25),
        signal("HighErrorRate", "frontend", 55),
    )
    clock.now += MINUTE
    intake.work()
    (incident,) = store.incidents.find()
    assert len(incident.signals) == 4
    assert (incident.service, incident.suspects[0]) == ("payment", "payment")


def test_a_repeat_changes_and_tells_nothing_and_is_counted(
    store: Store, intake: Intake, clock: Clock
) -> None:
    send(intake, proof(), proof())
    intake.work()
    before = store.incidents.find()
    told(store)
    clock.now += MINUTE
    for _ in range(3):
        send(intake, replace(proof(), received_at=clock.now))
    assert intake.work() == 3
    assert store.incidents.find() == before
    assert told(store) == {}
    (kept,) = store.alerts.find()
    assert (kept.deliveries, kept.incident, kept.first_received_at) == (5, "INC-1", START)


def test_heartbeats_open_nothing(store: Store, intake: Intake) -> None:
    send(intake, signal("Watchdog", severity="none"), signal("Watchdog", "b", severity="none"))
    assert intake.work() == 1
    assert store.incidents.find() == []


def test_the_service_is_found_and_its_changes_are_suspects(store: Store, intake: Intake) -> None:
    deploy = Change("c1", START - 10 * MINUTE, "deploy", "cart", "v2")
    store.changes.add(deploy)
    store.changes.add(replace(deploy, id="c2", at=START - timedelta(days=1)))
    send(intake, proof(service="", labels={"pod": "cart-5d8f9c7b6d-x2x9q"}))
    intake.work()
    (incident,) = store.incidents.find()
    assert incident.service == "cart"
    assert incident.changes == (deploy,)


def test_a_change_that_comes_later_is_put_on_the_open_incident(
    store: Store, intake: Intake
) -> None:
    send(intake, proof("cart"))
    intake.work()
    deploy = Change("c1", START - MINUTE, "deploy", "cart", "v2")
    intake.change(deploy)
    intake.change(replace(deploy, id="c2", service="search"))
    (incident,) = store.incidents.find()
    assert incident.changes == (deploy,)


# To its end


def test_it_resolves_itself_and_says_so(store: Store, clock: Clock) -> None:
    over: list[Incident] = []
    intake = make(store, clock, on_resolved=over.append)
    send(intake, proof())
    intake.work()
    clock.now += 5 * MINUTE
    send(intake, ended(proof(), 300))
    intake.work()
    assert [i.id for i in over] == ["INC-1"]
    assert over == store.incidents.find(status=Status.RESOLVED)
    assert told(store)["thread:INC-1"] == 1


def test_fires_again_and_the_same_incident_is_open(
    store: Store, intake: Intake, clock: Clock
) -> None:
    for batch in (proof(), ended(proof(), 120), proof(second=240)):
        send(intake, batch)
        intake.work()
        clock.now += 2 * MINUTE
    (incident,) = store.incidents.find()
    assert incident.is_open
    assert incident.timeline[-1].kind == "reopened"


def test_a_repeat_leaves_resolved_what_a_person_resolved(
    store: Store, intake: Intake, clock: Clock
) -> None:
    send(intake, proof())
    intake.work()
    intake.noticed(store.incidents.change("1", lambda i: resolve(i, "U1", clock.now)))
    clock.now += timedelta(hours=4)
    send(intake, replace(proof(), received_at=clock.now))
    intake.work()
    (incident,) = store.incidents.find()
    assert not incident.is_open


def test_an_end_that_comes_first_keeps_its_alert_from_opening(store: Store, intake: Intake) -> None:
    send(intake, ended(proof(), 1))
    intake.work()
    send(intake, proof())
    intake.work()
    assert store.incidents.find() == []


def test_an_end_without_a_start_ends_what_fires_under_its_fingerprint(
    store: Store, intake: Intake, clock: Clock
) -> None:
    send(intake, proof())
    intake.work()
    clock.now += 5 * MINUTE
    send(intake, replace(proof(), starts_at=clock.now, ends_at=clock.now, received_at=clock.now))
    intake.work()
    assert not store.incidents.get("1").is_open


def test_with_quiet_set_it_resolves_by_and_by(store: Store, clock: Clock) -> None:
    intake = make(store, clock, quiet=5 * MINUTE)
    send(intake, proof())
    intake.work()
    send(intake, ended(proof(), 60))
    intake.work()
    clock.now += 2 * MINUTE
    assert intake.settle() == 0
    clock.now += 5 * MINUTE
    assert intake.settle() == 1
    assert intake.settle() == 0
    assert not store.incidents.get("1").is_open


# Silences


def test_a_silenced_alert_is_kept_and_opens_nothing_until_the_silence_ends(
    store: Store, intake: Intake, clock: Clock
) -> None:
    over = START + 10 * MINUTE
    draft = Silence("", (Matcher("service", "=", "checkout"),), START, over, "U1", START)
    silence = store.silences.add(draft)
    send(intake, proof(), proof("search"))
    intake.work()
    assert [i.service for i in store.incidents.find()] == ["search"]
    kept = {r.signal.service: (r.verdict, r.silence) for r in store.alerts.find()}
    assert kept["checkout"] == (Verdict.SILENCED, silence.id)
    clock.now = over + MINUTE
    send(intake, replace(proof(), received_at=clock.now))
    intake.work()
    assert [i.service for i in store.incidents.find()] == ["checkout", "search"]


def test_what_fires_still_counts_when_its_silence_is_over_though_its_sender_is_silent(
    store: Store, intake: Intake, clock: Clock
) -> None:
    over = START + 10 * MINUTE
    matchers = (Matcher("service", "=", "checkout"),)
    store.silences.add(Silence("", matchers, START, over, "U1", START))
    send(intake, proof())
    intake.work()
    intake.settle()
    assert store.incidents.find() == []
    clock.now = over + MINUTE
    intake.settle()
    assert [i.service for i in store.incidents.find()] == ["checkout"]
    intake.settle()
    assert len(store.incidents.find()) == 1


def test_what_fired_before_its_silence_goes_on_and_its_end_is_heard(
    store: Store, intake: Intake, clock: Clock
) -> None:
    send(intake, proof())
    intake.work()
    clock.now += MINUTE
    matchers = (Matcher("service", "=", "checkout"),)
    store.silences.add(Silence("", matchers, clock.now, clock.now + MINUTE * 30, "U1", clock.now))
    send(intake, replace(proof(), received_at=clock.now))
    intake.work()
    assert store.incidents.get("1").firing
    clock.now += MINUTE
    send(intake, ended(proof(), 120))
    intake.work()
    assert not store.incidents.get("1").is_open


# Faults


class Breaking:
    """Incidents that fail once, after so many writes (0: never); the rest is the real store."""

    def __init__(self, store: Store, error: Exception, after: int) -> None:
        self._store, self._error, self._left = store, error, after
        self.incidents = self
        self.get, self.find = store.incidents.get, store.incidents.find
        self.over = store.incidents.over

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        opened = self._store.incidents.open(draft, tell)
        self._left -= 1
        if self._left == 0:
            raise self._error
        return opened


class Refusing(Breaking):
    """Never takes an incident of the service "cart"."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, ValueError("what"), after=0)

    def open(self, draft: Incident, tell: Sequence[str] = ()) -> Incident:
        if draft.service == "cart":
            raise ValueError("no carts")
        return super().open(draft, tell)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'real.db'}")
    yield opened
    opened.close()


def test_a_batch_that_cannot_be_dealt_with_blocks_nothing(
    sqlite: SqlStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = make(Refusing(sqlite), clock)  # type: ignore[arg-type]
    for service in ("search", "cart", "checkout", "cart"):
        send(broken, proof(service))
    assert broken.work() == 2
    assert sqlite.inbox.waiting() == []
    assert sorted(i.service for i in sqlite.incidents.find()) == ["checkout", "search"]
    assert [len(i.timeline) for i in sqlite.incidents.find()] == [1, 1]
    assert "batch 2 of alertmanager set aside" in caplog.text


def test_a_batch_that_nobody_can_read_is_set_aside(
    sqlite: SqlStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    sqlite.inbox.put("alertmanager", b"no json", START)
    intake = make(sqlite, clock)
    send(intake, proof())
    assert intake.work() == 1
    assert sqlite.inbox.waiting() == []
    assert [i.service for i in sqlite.incidents.find()] == ["checkout"]
    assert "batch 1 of alertmanager set aside" in caplog.text


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_crash_half_way_loses_and_doubles_nothing(
    sqlite: SqlStore, clock: Clock, after: int
) -> None:
    gone = Unavailable("the database", "went away")
    crashing = make(Breaking(sqlite, gone, after), clock)  # type: ignore[arg-type]
    send(crashing, proof("checkout"), proof("search"), proof("cart"))
    with pytest.raises(Unavailable):
        crashing.work()
    assert len(sqlite.inbox.waiting()) == 1
    assert sqlite.incidents.find() == []
    # The same intake, its correlation rebuilt, or another process: the batch is dealt with once.
    again = crashing if after == 1 else make(sqlite, clock)
    again.work()
    found = sqlite.incidents.find()
    assert sorted(i.service for i in found) == ["cart", "checkout", "search"]
    assert [len(i.timeline) for i in found] == [1, 1, 1]
    assert set(told(sqlite).values()) == {1}
    assert sqlite.inbox.waiting() == []
    assert [r.deliveries for r in sqlite.alerts.find()] == [1, 1, 1]


def test_after_a_restart_alerts_go_where_they_would_have_gone(store: Store, clock: Clock) -> None:
    send(intake := make(store, clock), signal(), signal("HighLatency", second=5))
    intake.work()
    clock.now += MINUTE
    restarted = make(store, clock)
    send(restarted, signal("PodNotReady", second=50), replace(signal(), received_at=clock.now))
    restarted.work()
    (incident,) = store.incidents.find()
    names = {s.name for s in incident.signals}
    assert names == {"HighErrorRate", "HighLatency", "PodNotReady"}


def test_a_restart_brings_back_no_incident_that_was_over_long_ago(
    store: Store, clock: Clock
) -> None:
    intake = make(store, clock)
    for batch in (proof(), ended(proof(), 60)):
        send(intake, batch)
        intake.work()
    clock.now += timedelta(hours=3)
    again = proof(second=3 * 3600)
    send(restarted := make(store, clock), again)
    restarted.work()
    newest, oldest = store.incidents.find()
    assert (newest.id, newest.is_open) == ("INC-2", True)
    assert not oldest.is_open


def test_what_follows_a_resolution_may_fail(store: Store, clock: Clock) -> None:
    def fail(incident: Incident) -> None:
        raise RuntimeError("the library is closed")

    intake = make(store, clock, on_resolved=fail)
    for batch in (proof(), ended(proof(), 0)):
        send(intake, batch)
        intake.work()
    assert not store.incidents.get("1").is_open
    assert store.inbox.waiting() == []


@pytest.mark.parametrize("seed", range(5))
def test_two_replicas_in_any_order_make_the_same_incidents(seed: int, clock: Clock) -> None:
    fires = [proof(f"s{n}") for n in range(9)]
    ends = [ended(s, 60) for s in fires[:6]]
    clock.now += 2 * MINUTE
    shuffled = [*fires, *ends] * 2
    random.Random(seed).shuffle(shuffled)
    store = MemoryStore()
    intake = make(store, clock)
    for one in shuffled:
        send(intake, one)
    while intake.work(limit=1 + seed):
        pass
    firing = {s.service for i in store.incidents.find() for s in i.firing}
    assert firing == {"s6", "s7", "s8"}
    held = [s.fingerprint for i in store.incidents.find() for s in i.signals]
    assert len(held) == len(set(held))
