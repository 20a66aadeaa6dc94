from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.errors import BadArgs
from knowledge.records import Severity
from skills.contract import Reply, Role
from skills.incident_open import Args, skill
from skills.testing import NOON, context

SHOP = Catalogue(frozenset({"checkout"}))


def ask(store: MemoryStore, *, click: bool = False, **given: str) -> Reply:
    ctx = context(incidents=store.incidents, catalogue=SHOP, via_button=click)
    return skill.run(ctx, Args(**given))


def test_words_open_a_window_filled_with_what_was_said() -> None:
    store = MemoryStore()
    reply = ask(store, title="payments fail", service="Checkout", severity="p1")
    assert reply.title == "Open an incident of checkout?"
    assert store.incidents.find() == []
    (button,) = reply.buttons
    assert button.form is not None
    filled = {field.name: field.initial for field in button.form.fields}
    assert filled == {
        "title": "payments fail",
        "service": "checkout",
        "severity": "SEV1",
        "text": "",
    }


def test_the_window_opens_it() -> None:
    store = MemoryStore()
    typed: dict[str, Any] = {"title": "Payments fail", "service": "checkout", "severity": "SEV2"}
    reply = ask(store, click=True, text="since the deploy", **typed)
    assert reply.title == "INC-1 is open"
    made = store.incidents.get("INC-1")
    assert (made.title, made.service, made.severity) == ("Payments fail", "checkout", Severity.SEV2)
    assert [(e.kind, e.actor, e.text) for e in made.timeline] == [
        ("opened", "U1", "opened it by hand: since the deploy")
    ]
    assert [d.key for d in store.outbox.due(NOON)] == ["card:INC-1"]


@pytest.mark.parametrize("click", [False, True])
def test_without_a_title_it_asks_for_one(click: bool) -> None:
    store = MemoryStore()
    assert ask(store, click=click).title == "Open an incident?"
    assert store.incidents.find() == []


def test_a_wrong_severity_names_the_right_ones() -> None:
    with pytest.raises(BadArgs, match="SEV1, SEV2") as caught:
        ask(MemoryStore(), title="x", severity="huge")
    assert caught.value.field == "severity"


def test_it_needs_the_right_to_operate() -> None:
    assert skill.needs is Role.OPERATE
