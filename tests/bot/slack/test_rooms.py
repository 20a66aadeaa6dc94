"""Channels for incidents, on the playground through slack_sdk's own client."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.playground.workspace import BOT_USER_ID, Channel, Workspace
from bot.slack.messenger import SlackMessenger
from bot.slack.rooms import SlackRooms, channel_name
from knowledge.errors import BadArgs, Unavailable


class World:
    def __init__(self, running: RunningPlayground, workspace: Workspace) -> None:
        client = WebClient(running.bot_token, base_url=running.api_url)
        self.rooms = SlackRooms(client, SlackMessenger(client))
        self.workspace = workspace

    def user(self, name: str) -> str:
        person = self.workspace.person(name)
        assert person is not None
        return person.id

    def channel(self, name: str) -> Channel:
        found = self.workspace.channel(name)
        assert found is not None
        return found


@pytest.fixture
def world() -> Iterator[World]:
    playground = Playground(rate_scale=None)
    with RunningPlayground(playground) as running:
        yield World(running, playground.workspace)


def test_a_channel_with_a_topic_and_people_in_it(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    opened = world.rooms.open("inc-12-checkout-errors", "SEV1 checkout", (ada, ben, ada))
    channel = world.channel("#inc-12-checkout-errors")
    assert (channel.id, channel.topic) == (opened, "SEV1 checkout")
    assert set(channel.members) == {BOT_USER_ID, ada, ben}


def test_opened_again_it_is_the_same_channel(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    first = world.rooms.open("inc-1", "one", (ada,))
    assert world.rooms.open("inc-1", "two", (ada, ben)) == first
    assert world.channel("inc-1").topic == "two"
    assert ben in world.channel("inc-1").members


def test_somebody_elses_channel_of_that_name_is_left_alone(world: World) -> None:
    world.rooms.open("inc-1", "theirs", ())
    world.channel("inc-1").members.remove(BOT_USER_ID)
    opened = world.rooms.open("inc-1", "ours", ())
    assert world.channel("inc-1-2").id == opened
    assert world.channel("inc-1").topic == "theirs"


def test_who_has_left_keeps_nobody_out(world: World) -> None:
    ada = world.user("ada")
    world.rooms.open("inc-2", "x", ("U0GONE0000", ada, BOT_USER_ID))
    assert ada in world.channel("inc-2").members


def test_a_long_topic_is_cut(world: World) -> None:
    opened = world.rooms.open("inc-3", "x" * 400, ())
    assert len(world.channel("inc-3").topic) == 250
    world.rooms.topic(opened, "over")
    assert world.channel("inc-3").topic == "over"


def test_what_is_said_can_be_found(world: World) -> None:
    url = world.rooms.say("#general", "Update", "all <well> & good", "https://example.com/card")
    (message,) = world.channel("general").messages.values()
    assert message.ts.replace(".", "") in url
    assert "all &lt;well&gt; &amp; good" in str(message.blocks)
    assert "https://example.com/card" in str(message.blocks)


def test_a_channel_that_does_not_take_it_is_named(world: World) -> None:
    with pytest.raises(BadArgs, match=r"channel: #nowhere does not take my message"):
        world.rooms.say("#nowhere", "Update", "x")


def test_refusals_are_told_in_our_words() -> None:
    with RunningPlayground(Playground(rate_scale=None)) as running:
        client = WebClient("xoxb-wrong", base_url=running.api_url)
        with pytest.raises(Unavailable, match="slack: invalid_auth"):
            SlackRooms(client, SlackMessenger(client)).open("inc-9", "x", ())


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("INC-12 Checkout: High error rate!", "inc-12-checkout-high-error-rate"),
        ("#status", "status"),
        ("x" * 79 + "-yz", "x" * 79),
        ("日本", "incident"),
        ("a__b--c", "a__b-c"),
    ],
)
def test_names_that_slack_takes(title: str, name: str) -> None:
    assert channel_name(title) == name
