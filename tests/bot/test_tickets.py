"""Tickets opened and kept in step, over a store in memory and a system that can fail."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.tickets import TicketSync
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.incidents import acknowledge, add_note, open_from, resolve
from knowledge.records import Incident, Posted, Signal, Ticket
from knowledge.ticketing import ask_for, marker, state_of

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """`ports.Tickets`: keeps tickets by marker, each with its state and comments."""

    system: str = "jira"
    made: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    fails: Unavailable | None = None

    def create(self, incident: Incident, body: str) -> Ticket:
        self._perhaps()
        key = self.made.setdefault(marker(incident), f"OPS-{len(self.made) + 1}")
        self.states[key] = "open"
        return Ticket(self.system, key, f"https://example.com/{key}", "open")

    def update(self, ticket: Ticket, incident: Incident, comment: str) -> Ticket:
        self._perhaps()
        self.states[ticket.key] = state_of(incident)
        self.comments += [comment] if comment else []
        return replace(ticket, status=state_of(incident))

    def _perhaps(self) -> None:
        if self.fails is not None:
            raise self.fails


class World:
    def __init__(self, *desks: Desk) -> None:
        self.store = MemoryStore()
        self.desks = desks or (Desk(),)
        self.now = NOON
        signal = Signal("f1", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")
        self.store.incidents.open(open_from((signal,), NOON))
        self.restart()

    def restart(self) -> None:
        self.sync = TicketSync(
            self.store.incidents,
            self.store.outbox,
            self.desks,
            lambda: self.now,
            lambda user: "ada",
        )

    def change(self, by: Callable[[Incident], Incident]) -> None:
        self.store.incidents.change("INC-1", by)

    def ask(self, system: str = "jira") -> None:
        self.change(lambda i: ask_for(i, system, "U1", self.now))

    def pass_on(self) -> "World":
        """Look, then send as the courier does."""
        self.now += MINUTE
        self.sync.look()
        for delivery in self.store.outbox.due(self.now):
            if delivery.kind != "ticket":
                continue
            try:
                self.sync.send(delivery)
            except Unavailable:
                self.store.outbox.retry(delivery, self.now)
            else:
                self.store.outbox.done(delivery)
        return self

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        return self.store.incidents.get("INC-1").tickets

    @property
    def waits(self) -> bool:
        return any(d.kind == "ticket" for d in self.store.outbox.due(self.now + MINUTE * 9999))


def test_one_that_was_asked_for_is_opened_and_shown() -> None:
    world = World()
    world.ask()
    world.pass_on()
    assert world.tickets == (Ticket("jira", "OPS-1", "https://example.com/OPS-1", "open"),)
    event = world.store.incidents.get("INC-1").timeline[-1]
    assert (event.text, event.url) == (
        "ticket OPS-1 is open in Jira",
        "https://example.com/OPS-1",
    )


def test_what_happens_is_told_once() -> None:
    world = World()
    world.ask()
    world.pass_on().pass_on()
    assert world.desks[0].comments == []
    world.change(lambda i: add_note(i, "restarted the pods", "U1", world.now))
    world.change(lambda i: acknowledge(i, "U1", world.now))
    world.pass_on().pass_on().pass_on()
    (comment,) = world.desks[0].comments
    assert "ada: restarted the pods" in comment
    assert world.desks[0].states == {"OPS-1": "in progress"}
    world.change(lambda i: resolve(i, "U1", world.now, "rolled back"))
    world.pass_on()
    assert "ada: resolved: rolled back" in world.desks[0].comments[-1]
    assert world.tickets[0].status == "resolved"
    assert not world.pass_on().waits


def test_nobody_is_told_of_incidents_without_a_ticket() -> None:
    world = World()
    world.pass_on()
    assert world.desks[0].made == {}
    assert not world.waits


def test_a_crash_after_opening_makes_no_second_ticket() -> None:
    world = World()
    world.ask()
    desk = world.desks[0]
    desk.create(world.store.incidents.get("INC-1"), "made, and then the process ended")
    world.restart()
    world.pass_on()
    assert desk.made == {"tandem-inc-1": "OPS-1"}
    assert world.tickets[0].key == "OPS-1"


def test_a_failure_is_tried_again_until_it_heals() -> None:
    world = World()
    world.desks[0].fails = Unavailable("Jira", "answers 503")
    world.ask()
    world.pass_on().pass_on()
    assert world.tickets == (Ticket("jira", ""),)
    world.desks[0].fails = None
    assert world.pass_on().tickets[0].key == "OPS-1"


def test_one_system_that_fails_keeps_no_other_from_its_ticket() -> None:
    broken, well = Desk("jira", fails=Unavailable("Jira", "answers 503")), Desk("github")
    world = World(broken, well)
    world.ask("jira")
    world.ask("github")
    world.pass_on()
    assert {t.system: t.key for t in world.tickets} == {"jira": "", "github": "OPS-1"}
    broken.fails = None
    world.pass_on().pass_on()
    assert {t.system: t.key for t in world.tickets} == {"jira": "OPS-1", "github": "OPS-1"}


def test_what_is_refused_for_good_is_given_up_in_sight_of_all() -> None:
    world = World(Desk(fails=Unavailable("Jira", "answers 400: no project", retry=False)))
    world.ask()
    world.pass_on()
    assert world.tickets == ()
    text = world.store.incidents.get("INC-1").timeline[-1].text
    assert text == "no ticket in Jira: answers 400: no project"
    assert not world.pass_on().waits


def test_an_update_that_is_refused_for_good_is_not_tried_for_ever() -> None:
    world = World()
    world.ask()
    world.pass_on().pass_on()
    world.desks[0].fails = Unavailable("Jira", "answers 404", retry=False)
    world.change(lambda i: add_note(i, "x", "U1", world.now))
    assert not world.pass_on().waits
    assert world.tickets[0].key == "OPS-1"


def test_a_system_that_is_no_longer_configured_is_left_alone() -> None:
    world = World()
    world.change(partial(ask_for, system="servicenow", by="U1", now=NOON))
    assert not world.pass_on().waits
    assert world.tickets == (Ticket("servicenow", ""),)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_told_is_remembered_beside_the_outbox(restarted: bool) -> None:
    world = World()
    world.ask()
    world.change(lambda i: add_note(i, "x", "U1", world.now))
    world.pass_on().pass_on()
    told = len(world.desks[0].comments)
    if restarted:
        world.restart()
    world.pass_on()
    assert len(world.desks[0].comments) == told
    length = len(world.store.incidents.get("INC-1").timeline)
    assert world.store.outbox.posted("ticket:INC-1@jira") == Posted(
        "ticket:INC-1@jira", "", "", str(length)
    )
