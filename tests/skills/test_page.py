from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, NotFound, Unavailable, UserError
from knowledge.incidents import open_from, resolve
from knowledge.oncall import Assignment, Layer, OnCall, Rotation, Turn
from knowledge.records import Incident, Signal
from skills.contract import Context, Reply
from skills.page import skill
from skills.testing import NOON, context

WEEK = timedelta(days=7)
NAMES = {"U1": "ada", "U2": "ben", "U3": "chloe"}
ONCALL = OnCall(
    rotations={
        "platform": Rotation((Layer(("U1", "U2"), NOON - WEEK / 2, WEEK),)),
        "payments": Rotation((Layer(("U3",), NOON - WEEK / 2, WEEK),)),
    },
    default=Assignment("platform"),
    people={"ada": "U1", "ben": "U2", "Chloe": "U3"},
)


@dataclass
class Bell:
    name: str = "PagerDuty"

    def page(self, incident: Incident, key: str, text: str) -> str:
        raise AssertionError("the courier rings, not the skill")

    def acknowledge(self, key: str) -> None: ...

    def end(self, key: str) -> None: ...


class World:
    def __init__(self, **given: Any) -> None:
        self.store = MemoryStore()
        signal = Signal("f", "Lag", NOON, NOON, service="checkout", severity="critical")
        self.store.incidents.open(open_from((signal,), NOON))
        self.given = {"oncall": ONCALL, **given}

    def context(self, pressed: bool) -> Context:
        return context(
            incidents=self.store.incidents,
            via_button=pressed,
            people=lambda user: NAMES.get(user, user),
            **self.given,
        )

    def ask(self, pressed: bool = False, **args: str) -> Reply:
        given = {"incident": "INC-1", **args}
        return skill.run(self.context(pressed), skill.args(**given))

    def press(self, whom: str, why: str = "") -> str:
        self.ask(pressed=True, whom=whom, why=why)
        return self.store.incidents.get("INC-1").timeline[-1].text


def test_words_only_ask_and_offer_whoever_is_on_call() -> None:
    world = World()
    reply = world.ask()
    assert [button.label for button in reply.buttons] == ["Page ada", "Somebody else"]
    assert reply.fields == {"On call": "ada"}
    assert len(world.store.incidents.get("INC-1").timeline) == 1


def test_the_button_of_the_card_asks_too() -> None:
    reply = World().ask(pressed=True)
    first, other = reply.buttons
    assert first.call is not None
    assert first.call.args == {"incident": "INC-1", "whom": "U1"}
    assert first.form is not None
    assert [field.name for field in first.form.fields] == ["why"]
    assert other.form is not None
    assert other.form.fields[0].options == (
        ("U1", "ada, on call"),
        ("U2", "ben, next on call"),
        ("U3", "chloe"),
    )


def test_said_with_a_reason_it_is_one_press_away() -> None:
    button = World().ask(whom="payments on-call", why="the queue grows").buttons[0]
    assert (button.label, button.form) == ("Page chloe", None)
    assert button.call is not None
    assert button.call.args["why"] == "the queue grows"


@pytest.mark.parametrize(
    ("whom", "text"),
    [
        ("on-call", "paged <@U1>"),
        ("the on-call engineer", "paged <@U1>"),
        ("backup", "paged <@U2>"),
        ("payments on-call", "paged <@U3>"),
        ("the payments team's on-call", "paged <@U3>"),
        ("ben", "paged <@U2>"),
        ("@Chloe", "paged <@U3>"),
        ("<@U7XYZ>", "paged <@U7XYZ>"),
        ("U7XYZ", "paged <@U7XYZ>"),
        ("#leads", "paged #leads"),
        ("me", "paged <@U1>"),
    ],
)
def test_whom_the_words_mean(whom: str, text: str) -> None:
    assert World().press(whom) == text


def test_the_reason_stands_behind_and_a_mention_in_it_pages_nobody() -> None:
    assert World().press("ben", "ask <@U9> first") == "paged <@U2>: ask <@U9> first"


def test_a_page_is_told_and_sent() -> None:
    world = World()
    reply = world.ask(pressed=True, whom="ben")
    assert (reply.title, reply.about) == ("ben is paged for INC-1", "INC-1")
    keys = {delivery.key for delivery in world.store.outbox.due(NOON)}
    assert keys == {"card:INC-1", "thread:INC-1", "page:INC-1"}


def test_a_name_that_nobody_has_wakes_nobody() -> None:
    world = World()
    with pytest.raises(NotFound) as raised:
        world.ask(pressed=True, whom="benn")
    assert raised.value.nearest[0] == "ben"
    assert len(world.store.incidents.get("INC-1").timeline) == 1


def test_pagerduty_rings_for_whoever_is_on_call_and_not_for_others() -> None:
    assert World(pager=Bell()).press("on-call") == "paged <@U1> and PagerDuty"
    assert World(pager=Bell()).press("chloe") == "paged <@U3>"


def test_pagerduty_alone_knows_who_is_on_call() -> None:
    world = World(pager=Bell(), oncall=OnCall())
    assert world.ask().buttons[0].label == "Page PagerDuty"
    assert world.press("on-call", "help") == "paged PagerDuty: help"


def test_with_neither_a_person_has_to_be_named() -> None:
    world = World(oncall=OnCall())
    assert [button.label for button in world.ask().buttons] == ["Somebody else"]
    assert world.press("<@U2>") == "paged <@U2>"
    with pytest.raises(NotFound):
        world.ask(pressed=True, whom="on-call")


def test_nobody_on_call_says_so() -> None:
    oncall = OnCall(rotations={"gap": Rotation(())}, default=Assignment("gap"))
    with pytest.raises(UserError, match="Nobody is on call for checkout"):
        World(oncall=oncall).ask(pressed=True, whom="on-call")


class Broken:
    def turns(self, start: datetime, end: datetime) -> Sequence[Turn]:
        raise Unavailable("the on-call calendar", "example.com does not answer")


def test_a_calendar_that_cannot_be_read_leaves_everybody_to_choose_from() -> None:
    oncall = OnCall(
        rotations={"p": Broken()}, default=Assignment("p"), people={"ada": "U1", "ben": "U2"}
    )
    world = World(oncall=oncall)
    reply = world.ask(pressed=True)
    assert reply.fields == {"On call": "nobody"}
    form = reply.buttons[0].form
    assert form is not None
    assert [label for _, label in form.fields[0].options] == ["ada", "ben"]
    assert world.press("ben") == "paged <@U2>"


def test_what_is_over_pages_nobody() -> None:
    world = World()
    world.store.incidents.change("INC-1", lambda i: resolve(i, "U1", NOON))
    with pytest.raises(BadArgs, match="Reopen it first"):
        world.ask(pressed=True, whom="ben")
