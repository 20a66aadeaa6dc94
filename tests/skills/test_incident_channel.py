from dataclasses import dataclass, field, replace

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, Unavailable, UserError
from knowledge.incidents import acknowledge, merge_into, open_from
from knowledge.records import Incident, Signal
from skills.contract import Context, Reply
from skills.incident_channel import channel_name, skill
from skills.testing import NOON, context


@dataclass
class Rooms:
    """`ports.Rooms` that keeps what was made and said."""

    made: dict[str, tuple[str, ...]] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    said: list[tuple[str, str, str, str]] = field(default_factory=list)
    fails: bool = False

    def open(self, name: str, topic: str, people: tuple[str, ...]) -> str:
        if self.fails:
            raise Unavailable("slack", "restricted_action", retry=False)
        self.made[name] = tuple(people)
        self.topics["C1"] = topic
        return "C1"

    def topic(self, channel: str, topic: str) -> None:
        self.topics[channel] = topic

    def say(self, channel: str, title: str, text: str, link: str = "") -> str:
        self.said.append((channel, title, text, link))
        return "https://example.com/message"


class World:
    def __init__(self, rooms: Rooms | None) -> None:
        self.store = MemoryStore()
        self.rooms = rooms
        signal = Signal("f", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")
        self.store.incidents.open(open_from((signal,), NOON))

    def context(self, pressed: bool) -> Context:
        return context(
            incidents=self.store.incidents,
            rooms=self.rooms,
            via_button=pressed,
            card_link=lambda incident: f"https://example.com/{incident}",
        )

    def ask(self, pressed: bool = True) -> Reply:
        return skill.run(self.context(pressed), skill.args(incident="INC-1"))

    @property
    def incident(self) -> Incident:
        return self.store.incidents.get("INC-1")


def test_words_only_ask() -> None:
    rooms = Rooms()
    reply = World(rooms).ask(pressed=False)
    assert reply.title == "Open #inc-1-checkout-high-error-rate?"
    assert rooms.made == {}


def test_a_channel_with_everybody_who_is_on_it_and_the_cards_link() -> None:
    rooms = Rooms()
    world = World(rooms)
    world.store.incidents.change("INC-1", lambda i: acknowledge(i, "U7", NOON))
    reply = world.ask()
    assert rooms.made == {"inc-1-checkout-high-error-rate": ("U7", "U1")}
    assert rooms.topics == {"C1": "INC-1 SEV1 checkout: High error rate"}
    (channel, title, text, link) = rooms.said[0]
    assert (channel, title) == ("C1", "INC-1 · checkout: High error rate")
    assert "1 of 1 alerts fire" in text
    assert link == "https://example.com/INC-1"
    assert world.incident.channel == "C1"
    assert world.incident.timeline[-1].text == (
        "opened the channel #inc-1-checkout-high-error-rate"
    )
    assert reply.buttons[0].url.endswith("channel=C1")


def test_a_second_press_leads_to_the_first_one() -> None:
    rooms = Rooms()
    world = World(rooms)
    world.ask()
    reply = world.ask()
    assert reply.title == "INC-1 has a channel already"
    assert reply.buttons[0].url.endswith("channel=C1")
    assert len(rooms.said) == 1


def test_what_slack_refuses_changes_nothing() -> None:
    world = World(Rooms(fails=True))
    with pytest.raises(Unavailable, match="restricted_action"):
        world.ask()
    assert world.incident.channel == ""
    assert len(world.incident.timeline) == 1


def test_where_there_are_no_channels() -> None:
    with pytest.raises(UserError, match="ask in Slack"):
        World(None).ask()


def test_what_was_merged_gets_none() -> None:
    world = World(Rooms())
    world.store.incidents.change("INC-1", lambda i: merge_into(i, "INC-9", "U1", NOON))
    with pytest.raises(BadArgs, match="goes on as INC-9"):
        world.ask()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("kafka: Größe über 90 %!", "inc-1-kafka-groe-uber-90"),
        ("日本語", "inc-1"),
        ("x" * 200, "inc-1-" + "x" * 74),
        ("a -- b", "inc-1-a-b"),
    ],
)
def test_names_that_slack_takes(title: str, name: str) -> None:
    incident = replace(World(None).incident, title=title)
    assert channel_name(incident) == name
