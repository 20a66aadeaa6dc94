from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from, resolve
from knowledge.records import Signal
from skills.contract import BadArgs, NotFound, Reply
from skills.incident_list import Args, skill
from skills.testing import NOON, context


@pytest.fixture
def store() -> MemoryStore:
    """INC-1 checkout SEV1 open, INC-2 search SEV3 resolved, INC-3 checkout-db SEV3 open."""
    store = MemoryStore()
    services = (("checkout", "critical"), ("search", "warning"), ("checkout-db", "warning"))
    for hours, (service, severity) in enumerate(services):
        at = NOON + timedelta(hours=hours)
        made = Signal(service, "Down", at, at, service=service, severity=severity)
        store.incidents.open(open_from((made,), at))
    store.incidents.change("2", lambda i: resolve(i, "U1", NOON))
    return store


def ask(store: MemoryStore, **given: str) -> Reply:
    return skill.run(context(incidents=store.incidents), Args(**given))


def ids(reply: Reply) -> list[str]:
    return [row[0] for row in reply.table.rows] if reply.table else []


@pytest.mark.parametrize(
    ("given", "found", "title"),
    [
        ({}, ["INC-3", "INC-1"], "2 open incidents"),
        ({"status": "Ongoing"}, ["INC-3", "INC-1"], "2 open incidents"),
        ({"status": "closed"}, ["INC-2"], "1 resolved incident"),
        ({"status": "all"}, ["INC-3", "INC-2", "INC-1"], "3 incidents"),
        ({"status": "monitoring"}, [], "No monitoring incidents"),
        ({"service": "CHECKOUT"}, ["INC-3", "INC-1"], "2 open CHECKOUT incidents"),
        ({"severity": "p1"}, ["INC-1"], "1 open SEV1 incident"),
        ({"severity": "SEV2"}, [], "No open SEV2 incidents"),
        ({"service": "search"}, [], "No open search incidents"),
    ],
)
def test_lists_what_was_asked_for(
    store: MemoryStore, given: dict[str, str], found: list[str], title: str
) -> None:
    reply = ask(store, **given)
    assert ids(reply) == found
    assert " ".join(reply.title.split()) == title


def test_a_service_never_heard_of_gets_the_nearest(store: MemoryStore) -> None:
    with pytest.raises(NotFound, match="checkout"):
        ask(store, service="chekout")


@pytest.mark.parametrize(
    ("given", "field"), [({"status": "resloved"}, "status"), ({"severity": "big"}, "severity")]
)
def test_a_wrong_word_names_the_field(
    store: MemoryStore, given: dict[str, str], field: str
) -> None:
    with pytest.raises(BadArgs) as caught:
        ask(store, **given)
    assert caught.value.field == field
    assert caught.value.remedy


def test_names_are_shown_and_not_ids(store: MemoryStore) -> None:
    store.incidents.change("1", lambda i: replace(i, owner="U7"))
    ctx = context(incidents=store.incidents, people={"U7": "grace"}.__getitem__)
    reply = skill.run(ctx, Args(severity="SEV1"))
    assert reply.table is not None
    assert reply.table.rows[0][-1] == "grace"
