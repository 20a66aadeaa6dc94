from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.errors import BadArgs
from knowledge.incidents import open_from
from knowledge.records import Signal
from skills.contract import NotFound
from skills.testing import NOON, context
from skills.which import incident_named, other_open


def store_of(*services: str) -> MemoryStore:
    store = MemoryStore()
    for number, service in enumerate(services):
        fires = Signal(f"f{number}", "Down", NOON, NOON, service=service)
        store.incidents.open(open_from((fires,), NOON + timedelta(minutes=number)))
    return store


def test_by_name_or_by_the_thread() -> None:
    ctx = context(incidents=store_of("cart", "web").incidents, thread="INC-2")
    assert incident_named(ctx, "inc1").id == "INC-1"
    assert incident_named(ctx, "").id == "INC-2"


def test_who_names_none_gets_an_example() -> None:
    ctx = context(incidents=store_of("cart").incidents)
    with pytest.raises(BadArgs, match="for example INC-1"):
        incident_named(ctx, " ")
    with pytest.raises(NotFound, match="INC-1"):
        incident_named(ctx, "INC-9")


def test_the_likeliest_twin_comes_first() -> None:
    store = store_of("web", "mail", "billing", "cart")
    catalogue = Catalogue(frozenset({"web", "cart"}), frozenset({("web", "cart")}))
    ctx = context(incidents=store.incidents, catalogue=catalogue)
    cart = store.incidents.get("INC-4")
    assert [i.id for i in other_open(ctx, cart)] == ["INC-1", "INC-3", "INC-2"]
    suspect = replace(cart, suspects=("mail",))
    assert other_open(ctx, suspect)[0].id == "INC-2"
