from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.triage import MemoryTriage
from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import open_from
from knowledge.records import Signal, Status, Teaching
from skills.contract import Reply, Role
from skills.incident_merge import Args, skill
from skills.testing import NOON, context


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    for number, service in enumerate(("cart", "web", "mail", "dns", "auth", "kafka")):
        fires = Signal(f"f{number}", "Down", NOON, NOON, service=service)
        store.incidents.open(open_from((fires,), NOON))
    return store


def ask(store: MemoryStore, *, click: bool = False, thread: str = "", **given: str) -> Reply:
    triage = MemoryTriage(store, lambda: NOON)
    ctx = context(incidents=store.incidents, triage=triage, via_button=click, thread=thread)
    return skill.run(ctx, Args(**given))


def press(store: MemoryStore, reply: Reply, label: str, **typed: str) -> Reply:
    button = next(b for b in reply.buttons if b.label == label)
    assert button.call is not None
    given: dict[str, Any] = {**button.call.args, **typed}
    return ask(store, click=True, **given)


def test_words_change_nothing_but_offer_the_button(store: MemoryStore) -> None:
    reply = ask(store, incident="INC-2", into="inc1")
    assert reply.title == "Merge INC-2 into INC-1?"
    assert reply.text == "Its alert goes over, INC-2 is closed, and Tandem learns from it."
    assert store.incidents.get("INC-2").is_open
    done = press(store, reply, "Merge")
    assert (done.title, done.about) == ("INC-2 is merged into INC-1", "INC-1")
    gone, into = store.incidents.get("INC-2"), store.incidents.get("INC-1")
    assert (gone.status, gone.merged_into) == (Status.RESOLVED, "INC-1")
    assert {s.service for s in into.signals} == {"cart", "web"}
    (lesson,) = store.lessons.all()
    assert (lesson.teaching, lesson.by) == (Teaching.SAME_INCIDENT, "U1")


@pytest.mark.parametrize("click", [False, True])
def test_without_the_other_one_it_offers_those_that_are_open(
    store: MemoryStore, click: bool
) -> None:
    reply = ask(store, incident="INC-6", click=click)
    assert reply.title == "Merge INC-6 into which incident?"
    assert len(reply.buttons) == 5
    assert all(b.confirm for b in reply.buttons[:4])
    form = reply.buttons[4].form
    assert form is not None
    assert len(form.fields[0].options) == 5
    assert press(store, reply, "Another", into="INC-3").about == "INC-3"


def test_in_a_thread_that_ones_incident_goes_over(store: MemoryStore) -> None:
    assert ask(store, thread="INC-2", into="INC-1").title == "Merge INC-2 into INC-1?"


def test_nothing_to_merge_with() -> None:
    alone = MemoryStore()
    alone.incidents.open(open_from((Signal("f", "Down", NOON, NOON),), NOON))
    assert ask(alone, incident="INC-1").title.startswith("No other incident is open")


@pytest.mark.parametrize("click", [False, True])
def test_what_cannot_be_is_refused_with_the_remedy(store: MemoryStore, click: bool) -> None:
    with pytest.raises(BadArgs, match="itself"):
        ask(store, incident="INC-1", into="1", click=click)
    ask(store, incident="INC-2", into="INC-1", click=True)
    with pytest.raises(BadArgs, match="Name INC-1 instead"):
        ask(store, incident="INC-2", into="INC-3", click=click)
    with pytest.raises(BadArgs, match="Name INC-1 instead"):
        ask(store, incident="INC-3", into="INC-2", click=click)
    with pytest.raises(NotFound):
        ask(store, incident="INC-3", into="INC-99", click=click)


def test_it_needs_the_right_to_operate() -> None:
    assert skill.needs is Role.OPERATE
