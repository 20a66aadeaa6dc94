from dataclasses import dataclass
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.incidents import merge_into, open_from
from knowledge.records import Incident, Signal, Ticket
from knowledge.ticketing import with_ticket
from skills.contract import Reply
from skills.testing import NOON, context
from skills.ticket import skill


@dataclass
class Desk:
    system: str

    def create(self, incident: Incident, body: str) -> Ticket:
        raise AssertionError("the courier opens tickets, not the skill")

    def update(self, ticket: Ticket, incident: Incident, comment: str) -> Ticket:
        raise AssertionError("the courier updates tickets, not the skill")


class World:
    def __init__(self, *systems: str) -> None:
        self.store = MemoryStore()
        self.desks = tuple(map(Desk, systems))
        signal = Signal("f", "Lag", NOON, NOON, service="checkout", severity="critical")
        self.store.incidents.open(open_from((signal,), NOON))

    def ask(self, pressed: bool = True, **args: Any) -> Reply:
        ctx = context(incidents=self.store.incidents, tickets=self.desks, via_button=pressed)
        return skill.run(ctx, skill.args(**{"incident": "INC-1", **args}))

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        return self.store.incidents.get("INC-1").tickets


def test_words_only_ask() -> None:
    world = World("jira")
    reply = world.ask(pressed=False)
    assert reply.title == "Open a ticket for INC-1 in Jira?"
    assert world.tickets == ()


def test_a_press_asks_for_one_that_the_courier_opens() -> None:
    world = World("jira")
    assert world.ask().title == "A ticket for INC-1 is being opened in Jira"
    assert world.tickets == (Ticket("jira", ""),)
    assert "ticket:INC-1" in {delivery.key for delivery in world.store.outbox.due(NOON)}


def test_a_second_press_shows_the_first_one() -> None:
    world = World("jira")
    world.ask()
    assert world.ask().title == "The ticket of INC-1 is on its way to Jira already"
    made = Ticket("jira", "OPS-7", "https://example.com/OPS-7", "open")
    world.store.incidents.change("INC-1", lambda i: with_ticket(i, made, NOON))
    reply = world.ask()
    assert reply.title == "INC-1 has the ticket OPS-7 in Jira"
    assert reply.buttons[0].url == "https://example.com/OPS-7"
    assert len(world.tickets) == 1


def test_which_system_where_there_are_several() -> None:
    world = World("jira", "github")
    assert [button.label for button in world.ask().buttons] == ["Jira", "GitHub"]
    world.ask(system="GitHub")
    assert world.tickets == (Ticket("github", ""),)


def test_a_system_that_is_not_set_up() -> None:
    with pytest.raises(NotFound) as raised:
        World("jira").ask(system="gira")
    assert raised.value.nearest == ("jira",)
    with pytest.raises(UserError, match="JIRA_URL"):
        World().ask()


def test_what_was_merged_is_told_where_it_goes_on() -> None:
    world = World("jira")
    world.store.incidents.change("INC-1", lambda i: merge_into(i, "INC-9", "U1", NOON))
    with pytest.raises(BadArgs, match="goes on as INC-9"):
        world.ask()
