import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.memory.triage import MemoryTriage
from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import open_from
from knowledge.records import Signal, Teaching
from skills.contract import Reply, Role
from skills.not_related import Args, skill
from skills.testing import NOON, context


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    kinds = (("a", "Latency", "web"), ("b", "DiskFull", "kafka"), ("c", "DiskFull", "zoo"))
    signals = [Signal(key, name, NOON, NOON, service=service) for key, name, service in kinds]
    store.incidents.open(open_from(signals, NOON))
    return store


def ask(store: MemoryStore, **given: str) -> Reply:
    triage = MemoryTriage(store, lambda: NOON)
    ctx = context(incidents=store.incidents, triage=triage, via_button=True)
    return skill.run(ctx, Args(**given))


def test_all_of_the_rule_leave_and_it_is_learned(store: MemoryStore) -> None:
    reply = ask(store, incident="INC-1", alert="diskfull")
    assert reply.title == "2 alerts DiskFull left INC-1"
    left = store.incidents.get("INC-1")
    assert [s.name for s in left.signals] == ["Latency"]
    assert left.timeline[-1].text.endswith("said not to be related")
    assert {(x.teaching, x.one[0], x.other[0]) for x in store.lessons.all()} == {
        (Teaching.NOT_RELATED, "DiskFull", "Latency")
    }


def test_on_one_service_only(store: MemoryStore) -> None:
    ask(store, incident="INC-1", alert="DiskFull", service="kafka")
    assert [s.service for s in store.incidents.get("INC-1").signals] == ["web", "zoo"]


def test_what_is_wrong_is_named(store: MemoryStore) -> None:
    with pytest.raises(NotFound, match="DiskFull"):
        ask(store, incident="INC-1", alert="DiskFul")
    with pytest.raises(BadArgs, match="alert: it does not say which"):
        ask(store, incident="INC-1")


def test_it_needs_the_right_to_operate() -> None:
    assert skill.needs is Role.OPERATE
