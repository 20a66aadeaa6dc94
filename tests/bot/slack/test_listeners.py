"""Reactions and message menus through real Bolt and the playground, up to the desk."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from queue import Empty, Queue
from typing import Any, TypeVar

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient

from bot.ask import Ask, Way
from bot.marks import Marks
from bot.playground.client import PersonClient
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.playground.shown import Message
from bot.slack import listeners
from bot.slack.manifest import ADD_TO_TIMELINE, manifest
from bot.slack.messenger import SlackMessenger
from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import Posted, Signal
from skills.contract import Button, Call, Form, FormField, Preview, Reply
from skills.registry import BUILTIN

CHANNEL = "#incidents"
T = TypeVar("T")
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@dataclass
class Counter:
    """A desk that keeps what it was handed; its cards are those of the store's outbox."""

    store: MemoryStore
    asks: "Queue[Ask]" = field(default_factory=Queue)

    def take(self, ask: Ask) -> None:
        self.asks.put(ask)

    def take_read(self, read: Callable[[], Ask | None]) -> None:
        ask = read()
        if ask is not None and ask.way is not Way.THREAD:
            self.take(ask)

    def incident_of(self, channel: str, thread: str) -> str:
        posted = self.store.outbox.find_posted(channel, thread)
        return posted.key.removeprefix("card:") if posted else ""

    def opened_home(self, user: str) -> None: ...

    def check(self, call: Call) -> None: ...

    def next(self) -> Ask:
        return self.asks.get(timeout=10)

    def nothing_more(self) -> bool:
        try:
            self.asks.get(timeout=0.3)
        except Empty:
            return True
        return False


@dataclass
class World:
    slack: RunningPlayground
    messenger: SlackMessenger
    store: MemoryStore
    desk: Counter
    ada: PersonClient

    def card(self) -> tuple[str, Message]:
        """An incident with its card in the channel."""
        draft = open_from([Signal("f1", "Down", NOON, NOON, service="checkout")], NOON)
        incident = self.store.incidents.open(draft)
        channel, ts = self.messenger.post(CHANNEL, Reply(f"card of {incident.id}"))
        self.store.outbox.set_posted(Posted(f"card:{incident.id}", channel, ts))
        shown = self.ada.wait_for(lambda message: message.ts == ts, channel=CHANNEL)
        return incident.id, shown

    def said(self, name: str, text: str, thread: str = "") -> Message:
        ts = self.slack.client(name).say(CHANNEL, text, thread)
        return self.ada.wait_for(lambda message: message.ts == ts, channel=CHANNEL)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with RunningPlayground(Playground(manifest=manifest(BUILTIN), rate_scale=None)) as slack:
        messenger = SlackMessenger(WebClient(slack.bot_token, base_url=slack.api_url))
        store = MemoryStore()
        desk = Counter(store)
        marks = Marks(
            messenger, store.incidents, desk.incident_of, desk.take, frozenset({"memo", "pushpin"})
        )
        with bolt(slack, desk, marks):
            yield World(slack, messenger, store, desk, slack.client("ada"))


class bolt:
    """Bolt in Socket Mode on a thread of its own."""

    def __init__(self, slack: RunningPlayground, desk: Counter, marks: Marks) -> None:
        self._slack, self._desk, self._marks = slack, desk, marks
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> None:
        self._thread.start()
        self._handler = self._call(self._connect())

    def __exit__(self, *_: object) -> None:
        self._call(self._handler.close_async())  # type: ignore[no-untyped-call]
        self._call(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    async def _connect(self) -> AsyncSocketModeHandler:
        app = AsyncApp(token=self._slack.bot_token, signing_secret="unused")
        app.client.base_url = self._slack.api_url
        bot_user = str((await app.client.auth_test())["user_id"])
        listeners.register(app, self._desk, lambda: bot_user, self._marks)
        handler = AsyncSocketModeHandler(app, self._slack.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        return handler


def test_a_reaction_on_a_reply_in_a_cards_thread(world: World) -> None:
    incident, card = world.card()
    reply = world.said("ben", "the pool is exhausted, p99 > 2s", card.ts)
    world.ada.react(reply, "memo")
    ask = world.desk.next()
    assert ask.call is not None
    assert ask.call.skill == "timeline_add"
    ids = {u.name: u.id for u in world.slack.playground.workspace.users.values()}
    assert ask.user == ids["ada"]
    assert ask.call.args["incident"] == incident
    assert ask.call.args["user"] == ids["ben"]
    assert ask.call.args["text"] == "the pool is exhausted, p99 > 2s"
    assert datetime.fromisoformat(ask.call.args["at"]).timestamp() == pytest.approx(float(reply.ts))
    assert reply.ts.replace(".", "") in ask.call.args["url"]
    assert ask.place.thread == card.ts


def test_what_is_no_mark_asks_nothing(world: World) -> None:
    _, card = world.card()
    world.ada.react(world.said("ben", "lunch?", card.ts), "eyes")
    world.ada.react(world.said("ben", "elsewhere"), "memo")
    world.ada.react(card, "memo")
    reply = world.said("ben", "taken back", card.ts)
    world.ada.react(reply, "pushpin")
    assert world.desk.next().call is not None
    world.ada.react(reply, "pushpin", remove=True)
    assert world.desk.nothing_more()


def test_the_menu_of_a_message_in_a_cards_thread(world: World) -> None:
    incident, card = world.card()
    reply = world.said("ben", "failing over now", card.ts)
    world.ada.shortcut(ADD_TO_TIMELINE, reply)
    ask = world.desk.next()
    assert ask.call is not None
    assert (ask.call.args["incident"], ask.call.args["text"]) == (incident, "failing over now")


def test_the_menu_elsewhere_asks_in_a_window(world: World) -> None:
    incident, _ = world.card()
    message = world.said("ben", "the vendor says: 14:20")
    world.ada.shortcut(ADD_TO_TIMELINE, message)
    view = world.ada.wait_for_view("Add to time line", timeout=10)
    assert incident in view.text_shown
    world.ada.submit(view, {"incident": incident})
    ask = world.desk.next()
    assert ask.way is Way.FORM
    assert ask.call is not None
    assert ask.call.args["incident"] == incident
    assert ask.call.args["text"] == "the vendor says: 14:20"
    assert ask.place.channel == message.channel


def test_a_message_is_read_by_its_own_ts(world: World) -> None:
    _, card = world.card()
    reply = world.said("ben", "rolled back", card.ts)
    world.ada.react(reply, "eyes")
    read = world.messenger.message(reply.channel, reply.ts)
    assert (read.text, read.thread, read.reactions) == ("rolled back", card.ts, ("eyes",))
    alone = world.said("ben", "hello")
    assert replace(world.messenger.message(alone.channel, alone.ts), url="").thread == ""


# Windows


LOOK = Preview("Show", Call("look", {"monitor": "p99"}))
FORM = Form("Tune p99", (FormField("limit", "Limit", initial="> 1"),), preview=LOOK)


def offered(world: World, button: Button) -> Message:
    _, ts = world.messenger.post(CHANNEL, Reply("p99", buttons=(button,)))
    return world.ada.wait_for(lambda message: message.ts == ts, channel=CHANNEL)


def test_a_preview_is_asked_with_what_is_typed(world: World) -> None:
    world.ada.click(offered(world, Button("Tune", Call("tune"), form=FORM)), "Tune")
    view = world.ada.wait_for_view("Limit", timeout=10)
    world.ada.click(view, "Show", values={"Limit": "> 2"})
    ask = world.desk.next()
    assert ask.way is Way.LOOK
    assert ask.call == Call("look", {"monitor": "p99", "limit": "> 2"})
    assert ask.window is not None
    assert "Looking at" in world.ada.wait_for_view("Limit").text_shown
    world.messenger.show_in(ask.window, Reply("3 alarms"))
    shown = world.ada.wait_for_view("3 alarms")
    assert "Looking at" not in shown.text_shown

    assert world.ada.submit(shown) == {}
    sent = world.desk.next()
    assert sent.way is Way.FORM
    assert sent.call == Call("tune", {"limit": "> 2"}), "what was typed has outlived the preview"


def test_a_preview_may_be_shown_at_once(world: World) -> None:
    form = replace(FORM, preview=replace(LOOK, at_once=True))
    world.ada.click(offered(world, Button("Tune", Call("tune"), form=form)), "Tune")
    ask = world.desk.next()
    assert (ask.way, ask.call) == (Way.LOOK, Call("look", {"monitor": "p99", "limit": "> 1"}))
    world.ada.close(world.ada.wait_for_view("Looking at"))


def test_a_skills_own_form_is_asked_in_a_window_that_is_open_at_once(world: World) -> None:
    world.ada.click(offered(world, Button("Tune", Call("tune", {"a": 1}), asks=True)), "Tune")
    world.ada.wait_for_view("One moment")
    ask = world.desk.next()
    assert (ask.way, ask.call) == (Way.OPEN, Call("tune", {"a": 1}))
    assert ask.window is not None
    assert ask.call is not None
    world.messenger.ask_in(ask.window, FORM, ask.call, ask.place)
    world.ada.submit(world.ada.wait_for_view("Limit"), {"Limit": "> 3"})
    assert world.desk.next().call == Call("tune", {"a": 1, "limit": "> 3"})
