import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import Signal
from skills.cause_found import Args, skill
from skills.contract import BadArgs, Reply, Role
from skills.testing import NOON, context


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.incidents.open(open_from([Signal("a", "Down", NOON, NOON, service="pay")], NOON))
    return store


def ask(store: MemoryStore, cause: str, click: bool) -> Reply:
    ctx = context(incidents=store.incidents, via_button=click)
    return skill.run(ctx, Args(incident="INC-1", cause=cause))


def test_a_click_keeps_the_cause_and_tells_the_card_and_the_thread(store: MemoryStore) -> None:
    reply = ask(store, "pay: deploy 4.2", click=True)
    assert (reply.about, reply.text) == ("INC-1", "pay: deploy 4.2")
    kept = store.incidents.get("INC-1")
    assert kept.cause == "pay: deploy 4.2"
    last = kept.timeline[-1]
    assert (last.kind, last.actor, last.text) == ("cause", "U1", "found the cause: pay: deploy 4.2")
    assert {d.key for d in store.outbox.due(NOON)} == {"card:INC-1", "thread:INC-1"}


def test_a_second_click_writes_nothing_twice(store: MemoryStore) -> None:
    ask(store, "pay", click=True)
    before = store.incidents.get("INC-1")
    ask(store, " pay ", click=True)
    assert store.incidents.get("INC-1") == before


def test_words_only_offer_the_button(store: MemoryStore) -> None:
    reply = ask(store, "pay", click=False)
    assert [b.call.args["cause"] for b in reply.buttons if b.call] == ["pay"]
    assert store.incidents.get("INC-1").cause == ""


def test_it_takes_the_right_to_operate_and_a_cause(store: MemoryStore) -> None:
    assert skill.needs is Role.OPERATE
    with pytest.raises(BadArgs, match="cause"):
        ask(store, "  ", click=True)
