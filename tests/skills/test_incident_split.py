from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.triage import MemoryTriage
from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import open_from
from knowledge.records import Signal, Teaching
from skills.contract import Reply, Role
from skills.incident_split import Args, skill
from skills.testing import NOON, context


def signal(fingerprint: str, name: str, service: str) -> Signal:
    return Signal(fingerprint, name, NOON, NOON, service=service)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    alerts = (
        *(signal(f"w{n}", "Latency", "web") for n in range(3)),
        signal("w9", "Errors", "web"),
        signal("k1", "DiskFull", "kafka"),
        signal("k2", "Latency", "kafka"),
    )
    store.incidents.open(open_from(alerts, NOON))
    return store


def ask(store: MemoryStore, *, click: bool = False, **given: str) -> Reply:
    triage = MemoryTriage(store, lambda: NOON)
    ctx = context(incidents=store.incidents, triage=triage, via_button=click)
    return skill.run(ctx, Args(**given))


def press(store: MemoryStore, reply: Reply, **typed: str) -> Reply:
    (button,) = reply.buttons
    assert button.call is not None
    given: dict[str, Any] = {**button.call.args, **typed}
    return ask(store, click=True, **given)


def test_it_offers_services_and_alerts_to_split_by(store: MemoryStore) -> None:
    reply = ask(store, incident="INC-1")
    form = reply.buttons[0].form
    assert form is not None
    assert form.fields[0].options == (
        ("service:kafka", "2 alerts on kafka"),
        ("service:web", "4 alerts on web"),
        ("alert:DiskFull", "1 alert DiskFull"),
        ("alert:Errors", "1 alert Errors"),
        ("alert:Latency", "4 alerts Latency"),
    )
    done = press(store, reply, what="service:kafka")
    assert (done.title, done.about) == ("INC-2 was split off INC-1", "INC-2")
    assert {s.service for s in store.incidents.get("INC-2").signals} == {"kafka"}
    assert {s.service for s in store.incidents.get("INC-1").signals} == {"web"}
    assert {lesson.teaching for lesson in store.lessons.all()} == {Teaching.NOT_RELATED}


def test_words_change_nothing_but_offer_the_button(store: MemoryStore) -> None:
    before = store.incidents.get("INC-1")
    reply = ask(store, incident="INC-1", what="diskfull")
    assert reply.title == "Split DiskFull off INC-1?"
    assert store.incidents.get("INC-1") == before
    assert press(store, reply).title == "INC-2 was split off INC-1"


@pytest.mark.parametrize("click", [False, True])
def test_what_is_not_there_gets_the_nearest(store: MemoryStore, click: bool) -> None:
    with pytest.raises(NotFound, match="kafka"):
        ask(store, incident="INC-1", what="kafkka", click=click)


def test_one_kind_of_alert_cannot_be_split(store: MemoryStore) -> None:
    store.incidents.open(open_from((signal("a", "Down", "dns"),), NOON))
    with pytest.raises(BadArgs, match="nothing to split it by"):
        ask(store, incident="INC-2")


def test_it_needs_the_right_to_operate() -> None:
    assert skill.needs is Role.OPERATE
