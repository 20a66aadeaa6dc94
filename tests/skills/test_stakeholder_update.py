import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot.slack import press
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, Unavailable, UserError
from knowledge.incidents import open_from, resolve
from knowledge.records import Incident, Signal
from knowledge.updates import promised
from skills.contract import Button, Form, Reply
from skills.stakeholder_update import skill
from skills.testing import NOON, context


@dataclass
class Rooms:
    """`ports.Rooms` that keeps what was said."""

    said: list[tuple[str, str, str]] = field(default_factory=list)
    fails: bool = False

    def open(self, name: str, topic: str, people: tuple[str, ...]) -> str:
        raise AssertionError("an update opens no channel")

    def topic(self, channel: str, topic: str) -> None:
        raise AssertionError("an update changes no topic")

    def say(self, channel: str, title: str, text: str, link: str = "") -> str:
        if self.fails:
            raise Unavailable("slack", "fatal_error")
        self.said.append((channel, title, text))
        return "https://example.com/message"


class World:
    def __init__(self, rooms: Rooms | None = None, title: str = "") -> None:
        self.store = MemoryStore()
        self.rooms = rooms
        signal = Signal(
            "f", "HighErrorRate", NOON, NOON, service="checkout", severity="critical", summary=title
        )
        self.store.incidents.open(open_from((signal,), NOON))

    def ask(self, pressed: bool = True, **args: Any) -> Reply:
        ctx = context(incidents=self.store.incidents, rooms=self.rooms, via_button=pressed)
        return skill.run(ctx, skill.args(**{"incident": "INC-1", **args}))

    def send(self, **args: Any) -> Reply:
        return self.ask(**{"text": "All is being done.", "channel": "#status", **args})

    @property
    def incident(self) -> Incident:
        return self.store.incidents.get("INC-1")


def form_of(reply: Reply) -> tuple[Button, Form]:
    (button,) = reply.buttons
    assert button.form is not None
    return button, button.form


@pytest.mark.parametrize("pressed", [False, True])
def test_first_there_is_a_draft_in_a_window(pressed: bool) -> None:
    rooms = Rooms()
    reply = World(rooms).ask(pressed=pressed)
    _, form = form_of(reply)
    initial = {field.name: field.initial for field in form.fields}
    assert initial["text"] == reply.text
    assert "trouble with checkout since 12:00 UTC: high error rate" in reply.text
    assert (initial["channel"], initial["next_in"]) == ("", "30 min")
    assert rooms.said == []


def test_what_was_submitted_is_sent_with_its_author_and_the_promise() -> None:
    rooms = Rooms()
    world = World(rooms)
    reply = world.send(next_in="30m")
    text = "All is being done.\nNext update by 12:30 UTC.\nSent by ada."
    assert rooms.said == [("#status", "Update on checkout", text)]
    event = world.incident.timeline[-1]
    assert (event.kind, event.actor, event.url) == ("update", "U1", "https://example.com/message")
    assert promised(world.incident) == NOON + timedelta(minutes=30)
    assert reply.title == "The update is sent to #status"
    assert "remind of the next one at 12:30 UTC" in reply.text


@pytest.mark.parametrize("said", ["", "none", "No", "0"])
def test_no_promise_where_none_is_made(said: str) -> None:
    rooms = Rooms()
    world = World(rooms)
    world.send(next_in=said)
    assert "Next update" not in rooms.said[0][2]
    assert promised(world.incident) is None


def test_the_next_draft_goes_to_the_same_channel() -> None:
    world = World(Rooms())
    world.send()
    _, form = form_of(world.ask())
    assert form.fields[0].initial == "#status"


def test_the_draft_of_what_is_over_promises_nothing() -> None:
    world = World(Rooms())
    world.store.incidents.change("INC-1", lambda i: resolve(i, "U1", NOON, "rolled back"))
    reply = world.ask()
    _, form = form_of(reply)
    assert "Resolved" in reply.text
    assert form.fields[2].initial == ""


@pytest.mark.parametrize(
    ("channel", "sent"),
    [("status", "#status"), ("# Status", "#status"), ("C0STATUS00", "C0STATUS00")],
)
def test_channels_as_people_write_them(channel: str, sent: str) -> None:
    rooms = Rooms()
    World(rooms).send(channel=channel)
    assert rooms.said[0][0] == sent


@pytest.mark.parametrize("channel", ["", "#", "two words", "<!channel>"])
def test_what_is_no_channel_is_refused_before_anything_is_sent(channel: str) -> None:
    rooms = Rooms()
    with pytest.raises(BadArgs, match="Write for example #status"):
        World(rooms).send(channel=channel)
    assert rooms.said == []


def test_a_length_that_is_none() -> None:
    with pytest.raises(BadArgs, match="next_in"):
        World(Rooms()).send(next_in="soon")


def test_what_did_not_get_through_is_not_on_the_time_line() -> None:
    world = World(Rooms(fails=True))
    with pytest.raises(Unavailable):
        world.send()
    assert len(world.incident.timeline) == 1


def test_where_there_are_no_channels() -> None:
    with pytest.raises(UserError, match="ask in Slack"):
        World(None).send()


@pytest.mark.parametrize("title", ["x" * 4000, "日本" * 2000, '"quoted" \\ ' * 300])
def test_a_draft_always_fits_its_button(title: str) -> None:
    world = World(Rooms(), title)
    world.store.incidents.change("INC-1", lambda i: resolve(i, "U1", NOON, title))
    button, form = form_of(world.ask())
    assert button.call is not None
    assert press.fits(button.call, form)
    assert len(json.dumps(form.fields[1].initial)) <= 1200
