"""What senders get wrong, through real HTTP, SQLite, the correlation and the courier: malformed
parts, wrong clocks, disorder, doubles, huge labels. Each has the incidents that must come of it.

The clock is the test's own, and between two webhooks time passes in steps, as it does for the
running bot. The chat is in memory; all else is real.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import asgi

from bot.courier import Courier
from bot.incident_cards import IncidentCards
from bot.intake import Intake
from bot.parts import read_batch
from bot.playground.block_rules import violations
from bot.server import Intakes, http_app
from bot.slack import blocks
from bot.testing import MemoryMessenger
from bot.webhooks import built_in
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.catalogue import Catalogue
from knowledge.incidents import MOST_SIGNALS
from knowledge.records import Incident, Status
from skills.cards import incident_card, thread_update

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
TICK = timedelta(seconds=15)
QUIET = timedelta(minutes=2)
MINUTE = timedelta(minutes=1)
TOKEN = "let-me-in"
TOPOLOGY = {
    "edges": [["storefront", "checkout"], ["checkout", "payments"], ["search", "catalog"]],
}
Alert = dict[str, Any]


# The world


@dataclass
class World:
    """The HTTP side on a port of its own, the intake and the courier, called when time passes."""

    url: str
    store: SqlStore
    clock: "Clock"
    intake: Intake
    courier: Courier
    chat: MemoryMessenger
    http: httpx.Client = field(default_factory=httpx.Client)

    def send(self, *alerts: Alert, after: float = 0, **more: Any) -> httpx.Response:
        """One webhook of Alertmanager, that many seconds later."""
        return self.post(json.dumps({"version": "4", "alerts": alerts, **more}), after=after)

    def post(
        self, body: str | bytes, after: float = 0, source: str = "alertmanager", token: str = TOKEN
    ) -> httpx.Response:
        self.wait(after)
        answer = self.http.post(
            f"{self.url}/signals/{source}",
            content=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        self.intake.work()
        return answer

    def wait(self, seconds: float) -> None:
        until = self.clock.now + timedelta(seconds=seconds)
        while self.clock.now + TICK < until:
            self.clock.now += TICK
            self.intake.tick()
            self.intake.settle()
            self.courier.work(self.clock.now)
        self.clock.now = until

    def restart(self) -> None:
        """What the process remembers is gone; the store stays."""
        self.intake = make_intake(self.store, self.clock)

    def incidents(self) -> list[Incident]:
        """Oldest first, those that were merged into another left out."""
        found = self.store.incidents.find(limit=1000)
        return sorted((i for i in found if not i.merged_into), key=lambda i: i.opened_at)

    def one(self) -> Incident:
        [incident] = self.incidents()
        return incident

    def cards(self) -> list[str]:
        """The incidents that have a card in the chat, one entry a message."""
        self.wait(60)
        return [m.key.removeprefix("card:") for m in self.chat.shown if m.key.startswith("card:")]


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def make_intake(store: SqlStore, clock: Clock) -> Intake:
    catalogue = Catalogue.from_topology(TOPOLOGY)
    read = partial(read_batch, built_in(TOKEN))
    return Intake(store, read, clock, catalogue=catalogue, quiet=QUIET)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock, chat = Clock(), MemoryMessenger()
    store = open_store(f"sqlite:///{tmp_path / 'tandem.db'}")
    cards = IncidentCards(
        store.incidents,
        "#incidents",
        lambda incident: incident_card(incident, (), people=chat.person),
        lambda incident, events: thread_update(incident, events, chat.person),
    )
    courier = Courier(outbox=store.outbox, messenger=chat, subjects=(cards.subjects,), started=NOON)
    made = World("", store, clock, make_intake(store, clock), courier, chat)
    intakes = Intakes(
        lambda source, body, signals: made.intake.accept(source, body, signals),
        store.changes.add,
        clock,
    )
    with asgi(http_app(intakes, TOKEN, lambda: {"ok": True})) as made.url:
        yield made
        made.http.close()
    store.close()


# What is sent


def alert(
    name: str,
    service: str = "checkout",
    start: float = 0,
    *,
    end: float | None = None,
    off: timedelta = timedelta(),
    severity: str = "critical",
    **labels: str,
) -> Alert:
    """Began `start` seconds after noon; the sender's clock is `off`."""
    began = NOON + timedelta(seconds=start) + off
    given = {"alertname": name, "service": service, "severity": severity, **labels}
    return {
        "status": "firing" if end is None else "resolved",
        "labels": given,
        "annotations": {"summary": f"{name} on {service}"},
        "startsAt": began.isoformat(),
        "endsAt": ZERO if end is None else (NOON + timedelta(seconds=end) + off).isoformat(),
        "generatorURL": f"https://prometheus.example/{name}",
        "fingerprint": f"{name}/{service}/{labels.get('pod', '')}",
    }


ZERO = "0001-01-01T00:00:00Z"
TROUBLE = (
    ("HighErrorRate", "checkout", 0),
    ("HighLatency", "checkout", 10),
    ("QueueBacklog", "checkout", 20),
    ("CallsFail", "storefront", 30),
)
"""An incident beyond doubt: three signs on one service, then one on its caller."""
ALL = {(name, service) for name, service, _ in TROUBLE}


def trouble(start: float = 0, **given: Any) -> list[Alert]:
    return [alert(name, service, start + s, **given) for name, service, s in TROUBLE]


def holds(incident: Incident) -> set[tuple[str, str]]:
    return {(s.name, s.service) for s in incident.signals}


def play(world: World, start: float = 0, **given: Any) -> None:
    """The trouble as it happens: each alert by itself when it begins."""
    for each in trouble(start, **given):
        world.send(each, after=10)


def end_all(world: World, at: float, **given: Any) -> None:
    world.send(*trouble(end=at, **given))


# The clean story, that the others must come to


def test_clean_input_is_one_incident_that_ends(world: World) -> None:
    play(world)
    assert holds(world.one()) == ALL
    world.wait(300)
    end_all(world, at=340)
    world.wait(300)
    assert world.one().status is Status.RESOLVED
    assert world.cards() == ["INC-1"]


# Malformed


MALFORMED: tuple[Any, ...] = (
    {"status": "firing", "labels": {"service": "checkout"}, "startsAt": NOON.isoformat()},
    {**alert("BadStart"), "startsAt": "yesterday"},
    {**alert("BadStatus"), "status": "burning"},
    {**alert("BadLabels"), "labels": ["not", "an", "object"]},
    "no object at all",
    None,
)


def test_half_a_batch_malformed_loses_that_half_only(world: World) -> None:
    mixed = [part for pair in zip(trouble(), MALFORMED, strict=False) for part in pair]
    answer = world.send(*mixed, after=30)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 4
    assert {r["field"].split(".")[0] for r in answer.json()["refused"]} == {
        "alerts[1]",
        "alerts[3]",
        "alerts[5]",
        "alerts[7]",
    }
    world.wait(60)
    assert holds(world.one()) == ALL


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b'{"version": "4", "alerts": [{"status": "fir',
        b"\xff\xfe\x00",
        b'{"version": "4", "alerts": "none"}',
        b"[" * 100_000,
        b'{"version": "4", "alerts": ' + b'[{"labels":' * 5_000,
        b'{"version": "4", "alerts": [NaN, 1e999]}',
    ],
    ids=["empty", "text", "cut off", "no UTF-8", "no list", "deep", "deeper", "numbers"],
)
def test_a_body_that_cannot_be_read_is_refused_and_holds_up_nothing(
    world: World, body: bytes
) -> None:
    assert world.post(body).status_code == 400
    assert world.store.inbox.count() == 0
    play(world)
    world.wait(60)
    assert holds(world.one()) == ALL


def test_what_no_sender_of_ours_sent_is_not_kept(world: World) -> None:
    body = json.dumps({"version": "4", "alerts": trouble()})
    assert world.post(body, token="wrong").status_code == 401
    assert world.post(body, source="nagios").status_code == 404
    world.wait(60)
    assert world.incidents() == []
    assert world.store.alerts.find() == []


# Clocks


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_senders_clock_ten_minutes_off_changes_nothing(world: World, minutes: int) -> None:
    off = minutes * MINUTE
    play(world, off=off)
    assert holds(world.one()) == ALL
    assert NOON <= world.one().opened_at <= NOON + MINUTE
    world.wait(300)
    assert world.one().is_open
    end_all(world, at=340, off=off)
    world.wait(300)
    assert world.one().status is Status.RESOLVED
    assert world.cards() == ["INC-1"]


def test_a_batch_that_comes_half_a_minute_before_its_alerts_begin(world: World) -> None:
    world.send(*trouble())
    world.wait(60)
    assert holds(world.one()) == ALL
    assert world.one().opened_at <= NOON + MINUTE


def test_two_senders_whose_clocks_are_twenty_minutes_apart_tell_of_one_incident(
    world: World,
) -> None:
    ahead, behind = 10 * MINUTE, -10 * MINUTE
    for number, (name, service, second) in enumerate(TROUBLE):
        world.send(alert(name, service, second, off=(ahead, behind)[number % 2]), after=10)
    world.wait(60)
    assert holds(world.one()) == ALL


# Order and lateness


@pytest.mark.parametrize("seed", range(6))
def test_any_order_within_a_minute_comes_to_the_same(world: World, seed: int) -> None:
    shuffled = trouble()
    random.Random(seed).shuffle(shuffled)
    world.wait(30)
    for each in shuffled:
        world.send(each, after=8)
    world.wait(60)
    assert holds(world.one()) == ALL


def test_firing_copies_that_come_after_the_end_reopen_nothing(world: World) -> None:
    play(world)
    world.wait(120)
    end_all(world, at=160)
    world.wait(300)
    assert world.one().status is Status.RESOLVED
    for each in trouble():
        world.send(each, after=5)
    world.wait(60)
    assert world.one().status is Status.RESOLVED
    assert world.one().firing == ()


def test_copies_an_hour_late_reopen_nothing(world: World) -> None:
    play(world)
    world.wait(120)
    end_all(world, at=160)
    world.wait(3600)
    world.send(*trouble())
    world.wait(1200)
    assert world.one().status is Status.RESOLVED
    assert world.cards() == ["INC-1"]


def test_an_end_an_hour_late_ends_it_then(world: World) -> None:
    play(world)
    world.wait(3600)
    assert world.one().is_open
    end_all(world, at=160)
    world.wait(300)
    assert world.one().status is Status.RESOLVED


def test_trouble_that_is_told_an_hour_late_is_told_once(world: World) -> None:
    world.wait(3600)
    play(world)
    world.wait(60)
    assert holds(world.one()) == ALL
    assert world.cards() == ["INC-1"]


# Doubles


def test_two_replicas_that_send_the_same_count_once(world: World) -> None:
    for each in trouble():
        for replica in ("0", "1"):
            url = f"https://prometheus-{replica}.example/graph"
            world.send(
                {**each, "generatorURL": url},
                after=5,
                externalURL=f"https://alertmanager-{replica}.example",
            )
    world.wait(60)
    incident = world.one()
    assert holds(incident) == ALL
    assert len(incident.signals) == len(ALL)
    assert {record.deliveries for record in world.store.alerts.find()} == {2}
    assert world.cards() == ["INC-1"]


def test_two_replicas_that_disagree_about_the_end_end_it_once(world: World) -> None:
    play(world)
    world.wait(120)
    end_all(world, at=160)
    world.send(*trouble(), after=1)
    end_all(world, at=163)
    world.send(*trouble(), after=1)
    world.wait(300)
    incident = world.one()
    assert incident.status is Status.RESOLVED
    assert sum(event.kind == "resolved" for event in incident.timeline) == 1


def test_the_same_webhook_a_hundred_times_is_one_incident_and_one_card(world: World) -> None:
    world.wait(30)
    for _ in range(100):
        world.send(*trouble(), after=1)
    assert holds(world.one()) == ALL
    assert {record.deliveries for record in world.store.alerts.find()} == {100}
    assert world.cards() == ["INC-1"]


# Ends before beginnings


def test_an_end_that_comes_before_its_alert_leaves_nothing_firing(world: World) -> None:
    end_all(world, at=40)
    for each in trouble():
        world.send(each, after=10)
    world.wait(1200)
    assert [i for i in world.incidents() if i.is_open] == []


def test_an_early_end_of_one_alert_keeps_the_others(world: World) -> None:
    first, *rest = trouble()
    world.send(alert(*TROUBLE[0], end=5))
    for each in (first, *rest):
        world.send(each, after=10)
    world.wait(60)
    incident = world.one()
    assert {s.name for s in incident.firing} == {"HighLatency", "QueueBacklog", "CallsFail"}


# Flapping


def test_a_lone_flapping_warning_opens_nothing(world: World) -> None:
    for number in range(30):
        start = 180 * number
        world.send(alert("DiskAlmostFull", "catalog", start, severity="warning"), after=90)
        world.send(
            alert("DiskAlmostFull", "catalog", start, severity="warning", end=start + 60), after=90
        )
    assert world.incidents() == []


def test_a_flapping_alert_within_an_incident_is_one_incident_and_one_card(world: World) -> None:
    play(world)
    for number in range(20):
        start = 60 + 60 * number
        world.send(alert("Flaps", "checkout", start), after=30)
        world.send(alert("Flaps", "checkout", start, end=start + 25), after=30)
    assert holds(world.one()) == ALL | {("Flaps", "checkout")}
    assert world.one().is_open
    assert sum(event.kind == "alerts" for event in world.one().timeline) <= len(ALL)
    assert world.cards() == ["INC-1"]


def test_trouble_that_comes_back_at_once_is_the_same_incident(world: World) -> None:
    play(world)
    world.wait(120)
    end_all(world, at=160)
    world.wait(240)
    assert world.one().status is Status.RESOLVED
    play(world, start=410)
    world.wait(60)
    incident = world.one()
    assert incident.is_open
    assert world.cards() == ["INC-1"]


# Size


def test_a_megabyte_in_a_label_is_cut_and_harms_nothing(world: World) -> None:
    huge = "x" * 1_000_000
    first, *rest = trouble()
    first["labels"] = {**first["labels"], "payload": huge}
    first["annotations"] = {"summary": huge, "description": huge}
    assert world.send(first).status_code == 202
    for each in rest:
        world.send(each, after=10)
    world.wait(60)
    incident = world.one()
    assert holds(incident) == ALL
    kept = next(s for s in incident.signals if s.name == "HighErrorRate")
    assert sum(map(len, kept.labels.values())) + len(kept.summary + kept.description) < 100_000
    assert len(world.cards()) == 1
    assert list(violations(blocks.blocks(world.chat.shown[0].reply, ()))) == []


def test_a_thousand_labels_harm_nothing(world: World) -> None:
    first, *rest = trouble()
    first["labels"] |= {f"label_{n}": "v" * 50 for n in range(1000)}
    world.send(first)
    for each in rest:
        world.send(each, after=10)
    world.wait(60)
    assert holds(world.one()) == ALL


def test_a_body_beyond_the_limit_is_refused(world: World) -> None:
    assert world.post(b" " * (9 * 2**20)).status_code == 413
    assert world.store.inbox.count() == 0


def test_five_thousand_alerts_of_one_service_are_one_incident(world: World) -> None:
    storm = [alert("PodDown", "checkout", n / 100, pod=f"checkout-{n}") for n in range(5000)]
    for part in batches(storm, 1000):
        world.send(*part, after=10)
    play(world)
    world.wait(60)
    incident = world.one()
    assert holds(incident) == ALL | {("PodDown", "checkout")}
    assert len(incident.signals) <= MOST_SIGNALS + len(storm)
    assert len(world.store.alerts.find(limit=10_000)) == 5000 + len(ALL)
    assert world.cards() == ["INC-1"]


def batches(alerts: Sequence[Alert], size: int) -> list[Sequence[Alert]]:
    return [alerts[i : i + size] for i in range(0, len(alerts), size)]


# Restarts in the middle of it


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_restart_in_the_middle_changes_nothing(world: World, after: int) -> None:
    for number, each in enumerate(trouble()):
        if number == after:
            world.restart()
        world.send(each, after=10)
    world.wait(60)
    assert holds(world.one()) == ALL
    world.restart()
    end_all(world, at=160)
    world.wait(300)
    assert world.one().status is Status.RESOLVED
    assert world.cards() == ["INC-1"]


def test_a_webhook_that_was_accepted_before_a_crash_is_dealt_with_after_it(world: World) -> None:
    body = json.dumps({"version": "4", "alerts": trouble()})
    crashed, world.intake.work = world.intake.work, lambda limit=250: 0  # type: ignore[assignment]
    assert world.post(body, after=30).status_code == 202
    del crashed
    world.restart()
    world.intake.work()
    world.wait(60)
    assert holds(world.one()) == ALL
