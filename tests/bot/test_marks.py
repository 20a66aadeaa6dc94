import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.ask import Ask, Mark, Place, Way
from bot.marks import Marks, read_emojis
from bot.slack import blocks, inbound
from bot.testing import MemoryMessenger
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.incidents import open_from
from knowledge.records import Incident, Message, Signal, Status

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SAID = Message("5.1", NOON, "U2", "the pool is exhausted", url="http://m/5.1", thread="4.0")
REACTED = Mark("reaction:C1:5.1:memo:U1", "U1", "C1", "5.1", "memo")
PICKED = Mark("action:U1:t", "U1", "C1", "5.1", message=SAID, trigger="t", response_url="http://r")


class World:
    """Marks over a chat and a store in memory; `heads` are the threads of cards."""

    def __init__(self) -> None:
        self.chat = MemoryMessenger(said={"4.0": (SAID,)})
        self.store = MemoryStore()
        self.taken: list[Ask] = []
        self.heads: dict[tuple[str, str], str] = {}
        self.marks = Marks(
            self.chat,
            self.store.incidents,
            lambda channel, thread: self.heads.get((channel, thread), ""),
            self.taken.append,
            frozenset({"memo"}),
        )

    def open(self, channel: str = "", title: str = "") -> str:
        draft = open_from([Signal("f1", "Down", NOON, NOON, service="checkout")], NOON)
        draft = replace(draft, channel=channel, title=title or draft.title)
        return self.store.incidents.open(draft).id


@pytest.fixture
def world() -> World:
    return World()


def test_emojis_are_read_with_and_without_colons() -> None:
    assert read_emojis("pushpin, :memo: ,") == {"pushpin", "memo"}
    assert read_emojis("") == frozenset()


def test_only_the_set_emojis_count(world: World) -> None:
    assert world.marks.wants("memo")
    assert not world.marks.wants("eyes")


def test_a_reaction_in_an_incidents_thread_asks_for_its_time_line(world: World) -> None:
    world.heads["C1", "4.0"] = "INC-7"
    world.marks.reacted(REACTED)
    (ask,) = world.taken
    assert (ask.id, ask.user, ask.way) == (REACTED.id, "U1", Way.BUTTON)
    assert ask.place == Place("C1", "4.0", "5.1")
    assert ask.call is not None
    assert ask.call.skill == "timeline_add"
    assert ask.call.args == {
        "incident": "INC-7",
        "user": "U2",
        "at": "2026-03-05T12:00:00+00:00",
        "text": "the pool is exhausted",
        "url": "http://m/5.1",
    }


def test_an_incidents_own_channel_counts_like_its_thread(world: World) -> None:
    world.open(channel="C9")
    incident = world.open(channel="C1")
    world.marks.reacted(REACTED)
    assert [ask.call.args["incident"] for ask in world.taken if ask.call] == [incident]


def test_elsewhere_a_reaction_is_just_a_reaction(world: World) -> None:
    world.open()
    world.marks.reacted(REACTED)
    assert world.taken == []
    assert world.chat.shown == []


def test_a_chat_out_of_reach_stops_nothing(world: World) -> None:
    def fails(method: str) -> None:
        raise Unavailable("slack", "is down")

    world.chat.before = fails
    world.heads["C1", "4.0"] = "INC-7"
    world.marks.reacted(REACTED)
    assert world.taken == []


def test_the_menu_in_a_thread_asks_nothing(world: World) -> None:
    world.heads["C1", "4.0"] = "INC-7"
    assert world.marks.picked(PICKED) is None
    (ask,) = world.taken
    assert ask.call is not None
    assert ask.call.args["incident"] == "INC-7"
    assert ask.place.response_url == "http://r"


def test_the_menu_elsewhere_asks_which_incident_open_ones_first(world: World) -> None:
    over = world.open(title="Over")
    world.store.incidents.change(over, lambda i: replace(i, status=Status.RESOLVED))
    still = world.open(title="Search: slow " + "x" * 100)
    asked = world.marks.picked(PICKED)
    assert asked is not None
    call, form, place = asked
    (field,) = form.fields
    assert [value for value, _ in field.options] == [still, over]
    assert field.initial == still
    assert all(len(label) <= 75 for _, label in field.options)
    assert "incident" not in call.args
    assert place.trigger == "t"
    assert world.taken == []


@pytest.mark.parametrize("text", ["x" * 4000, "🚨" * 2000, '"\\\n' * 1300])
def test_a_long_message_still_fits_into_the_window(world: World, text: str) -> None:
    world.open()
    long = replace(PICKED, message=replace(SAID, text=text))
    asked = world.marks.picked(long)
    assert asked is not None
    call, form, place = asked
    view = blocks.form_view(form, inbound.metadata(call, place))
    assert len(view["private_metadata"]) <= inbound.METADATA
    carried, _ = inbound.press_metadata(view["private_metadata"])
    assert carried.args["text"].endswith("…")
    assert json.dumps(text).startswith(json.dumps(carried.args["text"][:-1])[:-1])


def test_a_store_out_of_reach_is_said(world: World) -> None:
    class Down:
        def find(self, **given: object) -> list[Incident]:
            raise Unavailable("database", "is down")

    incidents: Any = Down()
    marks = replace(world.marks, incidents=incidents)
    assert marks.picked(PICKED) is None
    (told,) = world.chat.shown
    assert told.reply.title == "database is not available"


def test_without_any_incident_the_menu_says_so(world: World) -> None:
    assert world.marks.picked(PICKED) is None
    (told,) = world.chat.shown
    assert told.reply.title == "There is no incident yet"
