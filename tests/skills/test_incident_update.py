from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import Incident, Severity, Signal
from skills.contract import Audience, BadArgs, NotFound, Reply, Role
from skills.incident_update import ACTIONS, Args, skill
from skills.testing import NOON, context


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    made = Signal("a", "Down", NOON, NOON, service="checkout", severity="warning")
    store.incidents.open(open_from((made,), NOON))
    return store


def people(user_id: str) -> str:
    return {"U1": "ada", "U2": "bob"}.get(user_id, user_id)


def ask(store: MemoryStore, thread: str = "", click: bool = False, **given: str) -> Reply:
    ctx = context(incidents=store.incidents, thread=thread, via_button=click, people=people)
    return skill.run(ctx, Args(**given))


def press(store: MemoryStore, reply: Reply, **typed: str) -> Reply:
    """What happens when the reply's only button is pressed, its form filled with `typed`."""
    (button,) = reply.buttons
    assert button.call is not None
    given: dict[str, Any] = {**button.call.args, **typed}
    return ask(store, click=True, **given)


def stored(store: MemoryStore) -> Incident:
    return store.incidents.get("INC-1")


def test_words_change_nothing_but_offer_the_button(store: MemoryStore) -> None:
    before = stored(store)
    reply = ask(store, incident="inc1", action="acknowledge")
    assert reply.title == "Acknowledge INC-1?"
    assert reply.audience is Audience.ASKER
    assert stored(store) == before
    done = press(store, reply)
    assert (done.title, done.about) == ("INC-1 is acknowledged", "INC-1")
    assert stored(store).acknowledged_by == "U1"
    assert {d.key for d in store.outbox.due(NOON)} == {"card:INC-1", "thread:INC-1"}


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_happens_by_words(store: MemoryStore, action: str) -> None:
    first = {"reopen": "resolve", "unack": "ack"}.get(action)
    if first:
        ask(store, click=True, incident="1", action=first)
    before = stored(store)
    reply = ask(store, incident="1", action=action)
    assert stored(store) == before
    assert len(reply.buttons) == 1


def test_giving_it_back(store: MemoryStore) -> None:
    press(store, ask(store, incident="1", action="ack"))
    reply = press(store, ask(store, incident="1", action="release"))
    assert reply.title == "INC-1 is no longer acknowledged"
    assert (stored(store).acknowledged_by, stored(store).owner) == ("", "")


def test_in_a_thread_the_incident_need_not_be_named(store: MemoryStore) -> None:
    assert ask(store, thread="INC-1", action="ack").title == "Acknowledge INC-1?"


def test_resolving_with_what_fixed_it(store: MemoryStore) -> None:
    reply = ask(store, incident="1", action="close", value="rolled back")
    assert reply.title == "Resolve INC-1 (rolled back)?"
    press(store, reply)
    assert stored(store).resolution == "rolled back"
    again = ask(store, incident="1", action="reopen")
    assert press(store, again).title == "INC-1 is open again"
    assert stored(store).is_open


def test_severity_by_word_and_by_form(store: MemoryStore) -> None:
    assert press(store, ask(store, incident="1", action="severity", value="p1")).title == (
        "INC-1 is SEV1 now"
    )
    by_form = ask(store, incident="1", action="sev")
    assert by_form.buttons[0].form is not None
    press(store, by_form, value="SEV4")
    assert stored(store).severity is Severity.SEV4


@pytest.mark.parametrize(
    ("value", "owner", "shown"),
    [
        ("me", "U1", "ada"),
        ("<@U2>", "U2", "bob"),
        ("<@U2|bob>", "U2", "bob"),
        ("@eve", "eve", "eve"),
    ],
)
def test_assigning(store: MemoryStore, value: str, owner: str, shown: str) -> None:
    reply = press(store, ask(store, incident="1", action="assign", value=value))
    assert stored(store).owner == owner
    assert reply.title == f"INC-1 is assigned to {shown}"


def test_notes(store: MemoryStore) -> None:
    press(store, ask(store, incident="1", action="note", value="vendor called"))
    assert stored(store).timeline[-1].text == "vendor called"


def test_what_is_so_already_is_said_and_not_offered(store: MemoryStore) -> None:
    reply = ask(store, incident="1", action="severity", value="SEV3")
    assert reply.title == "INC-1 is so already"
    assert reply.buttons == ()


@pytest.mark.parametrize("click", [False, True])
@pytest.mark.parametrize(
    ("given", "field", "hint"),
    [
        ({"incident": "1", "action": "resovle"}, "action", "resolve"),
        ({"incident": "1"}, "action", "ack, unack, resolve"),
        ({"action": "ack"}, "incident", "INC-1"),
        ({"incident": "1", "action": "reopen"}, "action", "Only resolved"),
        ({"incident": "1", "action": "severity", "value": "big"}, "value", "SEV1"),
    ],
)
def test_errors_name_the_field_and_the_remedy(
    store: MemoryStore, given: dict[str, str], field: str, hint: str, click: bool
) -> None:
    before = stored(store)
    with pytest.raises(BadArgs) as caught:
        ask(store, click=click, **given)
    assert caught.value.field == field
    assert hint in caught.value.remedy
    assert stored(store) == before


def test_an_unknown_incident_gets_the_nearest(store: MemoryStore) -> None:
    with pytest.raises(NotFound, match="INC-1"):
        ask(store, incident="INC-11", action="ack")


def test_it_needs_the_right_to_operate() -> None:
    assert skill.needs is Role.OPERATE
