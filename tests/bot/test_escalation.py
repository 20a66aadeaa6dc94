"""Steps, pages and reminders on real in-memory stores and a working chat."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier, Thread

import pytest

from bot.escalation import CLOCKS_DIFFER, Escalation, Pages
from bot.ports import Gone, RateLimited
from bot.testing import MemoryMessenger, Shown
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.escalation import page_by_hand
from knowledge.incidents import acknowledge, open_from, reopen, resolve
from knowledge.oncall import (
    Aim,
    Assignment,
    Layer,
    Level,
    OnCall,
    Policy,
    Rotation,
    Target,
    Turn,
)
from knowledge.records import Delivery, Incident, Posted, Signal
from knowledge.updates import told

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)
POLICY = Policy(
    "standard",
    (
        Level(5 * MINUTE, (Target(Aim.ON_CALL),)),
        Level(15 * MINUTE, (Target(Aim.NEXT), Target(Aim.CHANNEL, "#leads"))),
    ),
)
ROTATION = Rotation((Layer(("U1", "U2"), NOON - WEEK / 2, WEEK),))


@dataclass
class Bell:
    """A Pager that keeps what rings: key -> state."""

    name: str = "PagerDuty"
    states: dict[str, str] = field(default_factory=dict)
    rung: int = 0
    fails: Unavailable | None = None

    def page(self, incident: Incident, key: str, text: str) -> str:
        self._perhaps()
        self.rung += 1
        self.states[key] = "triggered"
        return ""

    def acknowledge(self, key: str) -> None:
        self._perhaps()
        self.states[key] = "acknowledged"

    def end(self, key: str) -> None:
        self._perhaps()
        self.states[key] = "resolved"

    def _perhaps(self) -> None:
        if self.fails is not None:
            raise self.fails


@dataclass
class World:
    """A store, a chat and a clock; `restart` loses all that is in memory."""

    rotation: object = ROTATION
    store: MemoryStore = field(default_factory=MemoryStore)
    chat: MemoryMessenger = field(
        default_factory=lambda: MemoryMessenger(channels=frozenset({"U1", "U2", "#leads"}))
    )
    bell: Bell = field(default_factory=Bell)
    now: datetime = NOON
    done: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.pages = Pages(
            incidents=self.store.incidents,
            outbox=self.store.outbox,
            messenger=self.chat,
            now=lambda: self.now,
            started=self.now,
            pager=self.bell,
        )

    @property
    def escalation(self) -> Escalation:
        oncall = OnCall(
            rotations={"platform": self.rotation},  # type: ignore[dict-item]
            policies={"standard": POLICY},
            default=Assignment("platform", "standard"),
        )
        return Escalation(self.store.incidents, oncall, lambda: self.now)

    def open(self) -> Incident:
        signal = Signal("f1", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")
        return self.store.incidents.open(open_from((signal,), NOON))

    def at(self, minutes: float) -> "World":
        """Move the clock, decide, send as the courier does."""
        self.now = NOON + minutes * MINUTE
        self.escalation.work()
        self.deliver()
        self.pages.settle()
        return self

    def deliver(self) -> None:
        for delivery in self.store.outbox.due(self.now):
            if delivery.kind == "page":
                self._send(delivery)

    def _send(self, delivery: Delivery) -> None:
        try:
            self.pages.send(delivery)
        except Unavailable:
            self.store.outbox.retry(delivery, self.now + timedelta(seconds=2))
        else:
            self.store.outbox.done(delivery)

    def told(self) -> list[str]:
        return [message.channel for message in self.chat.shown]

    def get(self) -> Incident:
        return self.store.incidents.get("INC-1")


def test_whoever_is_on_call_then_the_backup_and_the_channel() -> None:
    world = World()
    world.open()
    assert world.at(4).told() == []
    assert world.at(5).at(6).told() == ["U1"]
    assert world.at(15).at(60).told() == ["U1", "U2", "#leads"]
    kinds = [event.kind for event in world.get().timeline]
    assert kinds == ["opened", "paged", "paged"]


def test_what_a_page_says() -> None:
    world = World()
    world.open()
    world.at(5)
    reply = world.chat.shown[0].reply
    assert reply.title == "You are paged: INC-1 · checkout: High error rate"
    assert reply.text == "Nobody has taken it: not acknowledged for 5 min."
    assert reply.fields["Severity"] == "SEV1"
    assert [button.label for button in reply.buttons] == ["Acknowledge", "Catch me up"]


def test_nobody_is_told_after_somebody_took_it() -> None:
    world = World()
    incident = world.open()
    world.at(5)
    world.store.incidents.change(incident.id, lambda i: acknowledge(i, "U1", world.now))
    assert world.at(60).told() == ["U1"]


def test_a_page_that_waited_until_it_was_over_is_not_sent_any_more() -> None:
    world = World()
    incident = world.open()
    world.now = NOON + 5 * MINUTE
    world.escalation.work()
    world.store.incidents.change(incident.id, lambda i: acknowledge(i, "U1", world.now))
    world.deliver()
    assert world.told() == []
    assert world.store.outbox.due(world.now + WEEK)[0].kind != "page"


def test_a_person_who_pages_is_obeyed_though_it_is_acknowledged() -> None:
    world = World()
    incident = world.open()

    def ask(stored: Incident) -> Incident:
        taken = acknowledge(stored, "U1", NOON)
        return page_by_hand(taken, ("U2",), "U1", NOON, "the database is yours")

    world.store.incidents.change(incident.id, ask, tell=("page",))
    world.at(1)
    assert world.told() == ["U2"]
    assert world.chat.shown[0].reply.text == "ada asks for you: the database is yours"
    assert world.bell.rung == 0


def test_a_person_may_ask_for_the_pager_too_or_alone() -> None:
    world = World()
    incident = world.open()
    for whom in (("U2",), ()):
        ask = partial(page_by_hand, told=whom, by="U1", now=NOON, why="help", where="PagerDuty")
        world.store.incidents.change(incident.id, ask, tell=("page",))
    world.at(1)
    assert (world.told(), world.bell.rung) == (["U2"], 2)
    texts = [event.text for event in world.get().timeline[1:]]
    assert texts == ["paged <@U2> and PagerDuty: help", "paged PagerDuty: help"]


def test_two_replicas_take_a_step_once() -> None:
    world = World()
    world.open()
    world.now = NOON + 5 * MINUTE
    start = Barrier(4)

    def job() -> None:
        start.wait()
        world.escalation.work()

    threads = [Thread(target=job) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.kind for e in world.get().timeline] == ["opened", "paged"]


# Crashes and failures


class Crash(Exception):
    """The process ends here."""


def test_a_crash_after_the_decision_loses_no_page() -> None:
    world = World()
    world.open()
    world.now = NOON + 5 * MINUTE
    world.escalation.work()
    world.now += MINUTE
    world.restart()
    assert world.at(7).at(8).told() == ["U1"]
    assert world.bell.rung == 1


def test_a_crash_between_sending_and_remembering_pages_nobody_twice() -> None:
    world = World()
    world.open()
    world.now = NOON + 5 * MINUTE
    world.escalation.work()
    set_posted = world.store.outbox.set_posted

    def crash(posted: Posted) -> None:
        if posted.key.endswith("@U1"):
            raise Crash
        set_posted(posted)

    world.store.outbox.set_posted = crash  # type: ignore[method-assign]
    with pytest.raises(Crash):
        world.deliver()
    world.store.outbox.set_posted = set_posted  # type: ignore[method-assign]
    world.now += MINUTE
    world.restart()
    assert world.at(7).at(8).told() == ["U1"]
    assert world.bell.rung == 1


def test_one_who_is_rate_limited_keeps_nobody_waiting_and_nobody_is_told_twice() -> None:
    world = World()
    world.open()
    refusals = [RateLimited("slack", 1.0)]

    def limit(method: str) -> None:
        if method == "post" and refusals:
            raise refusals.pop()

    world.chat.before = limit
    world.now = NOON + 15 * MINUTE
    world.escalation.work()
    world.deliver()
    assert world.told() == ["U2", "#leads"]
    world.now += timedelta(seconds=2)
    world.deliver()
    assert world.told() == ["U2", "#leads", "U1"]


def test_one_who_left_is_said_on_the_time_line_and_the_rest_are_told() -> None:
    world = World(chat=MemoryMessenger(channels=frozenset({"#leads", "U2"})))
    world.open()
    world.at(5).at(15)
    assert world.told() == ["U2", "#leads"]
    said = [e.text for e in world.get().timeline if e.kind == "unreached"]
    assert said == ["could not page <@U1>: channel_not_found"]


def test_a_pager_that_is_down_keeps_the_chat_from_nothing_and_rings_later() -> None:
    world = World()
    world.open()
    world.bell.fails = Unavailable("pagerduty", "answers 503")
    assert world.at(5).told() == ["U1"]
    world.bell.fails = None
    assert world.at(6).told() == ["U1"]
    assert world.bell.states == {"tandem/INC-1": "triggered"}


def test_a_pager_that_refuses_for_good_is_said_and_not_asked_for_ever() -> None:
    world = World()
    world.open()
    world.bell.fails = Unavailable("pagerduty", "wrong key", retry=False)
    world.at(5).at(6)
    said = [e.text for e in world.get().timeline if e.kind == "unreached"]
    assert said == ["could not page pagerduty: wrong key"]
    assert not [d for d in world.store.outbox.due(world.now) if d.kind == "page"]


@pytest.mark.parametrize("restarted", [False, True])
def test_the_pager_follows_the_incident(restarted: bool) -> None:
    world = World()
    incident = world.open()
    world.at(5)
    if restarted:
        world.restart()
    world.store.incidents.change(incident.id, lambda i: acknowledge(i, "U1", world.now))
    assert world.at(6).bell.states == {"tandem/INC-1": "acknowledged"}
    world.store.incidents.change(incident.id, lambda i: resolve(i, "U1", world.now))
    assert world.at(7).bell.states == {"tandem/INC-1": "resolved"}
    world.store.incidents.change(incident.id, lambda i: reopen(i, "U1", world.now))
    assert world.at(20).bell.states == {"tandem/INC-1": "triggered"}
    assert world.bell.rung == 2


def test_without_a_pager_nothing_rings() -> None:
    world = World()
    world.open()
    world.pages = replace(world.pages, pager=None)
    assert world.at(5).told() == ["U1"]
    assert world.store.outbox.posted("pager:INC-1") is None


# Who cannot be told


class Broken:
    """A calendar that cannot be read."""

    def turns(self, start: datetime, end: datetime) -> Sequence[Turn]:
        raise Unavailable("the on-call calendar", "example.com does not answer")


def test_a_calendar_that_cannot_be_read_is_waited_for_and_then_gone_without() -> None:
    world = World(rotation=Broken())
    world.open()
    assert len(world.at(5).at(6).get().timeline) == 1
    text = world.at(7.5).get().timeline[-1].text
    assert text.startswith("paged nobody (step 1 of 2)")
    assert "example.com does not answer" in text
    assert world.at(15).told() == ["#leads"]


def test_a_name_that_nobody_has_is_told_of() -> None:
    world = World(rotation=Rotation((Layer(("Ada Osei",), NOON - WEEK, WEEK),)))
    world.open()
    text = world.at(7).get().timeline[-1].text
    assert "'Ada Osei' in the calendar is nobody's name in its table" in text


def test_in_a_gap_nobody_is_on_call() -> None:
    world = World(rotation=Rotation(()))
    world.open()
    assert world.at(5).get().timeline[-1].text.endswith("; nobody is on call")


# Reminders


def test_the_owner_is_reminded_once_of_the_update_that_was_promised() -> None:
    world = World()
    incident = world.open()

    def update(stored: Incident) -> Incident:
        taken = acknowledge(stored, "U2", NOON)
        return told(taken, "#leads", "U1", NOON, NOON + 30 * MINUTE)

    world.store.incidents.change(incident.id, update)
    assert world.at(29).told() == []
    assert world.at(30).at(90).told() == ["U2"]
    shown: Shown = world.chat.shown[0]
    assert shown.reply.title == "An update on INC-1 is due"
    assert shown.reply.text == (
        "checkout: High error rate: the next update was promised by 12:30 UTC."
    )
    assert world.bell.rung == 0


def test_messages_are_looked_for_from_before_the_chats_clock_could_differ() -> None:
    world = World()
    world.open()
    looked: list[datetime] = []
    find = world.chat.find

    def note(channel: str, key: str, since: datetime) -> tuple[str, str] | None:
        looked.append(since)
        if channel == "U1":
            raise Gone("slack", "channel_not_found")
        return find(channel, key, since)

    world.chat.find = note  # type: ignore[method-assign]
    world.now = NOON + 5 * MINUTE
    world.escalation.work()
    world.now += MINUTE
    world.restart()
    world.deliver()
    assert looked == [NOON + 5 * MINUTE - CLOCKS_DIFFER]
    assert world.told() == ["U1"]
