from datetime import timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs
from knowledge.incidents import open_from
from knowledge.records import Signal
from skills.contract import Reply, Role
from skills.testing import NOON, context
from skills.timeline_add import MOST_CHARACTERS, Args, skill

URL = "https://slack.example/p1"


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.incidents.open(open_from((Signal("f", "Down", NOON, NOON),), NOON))
    return store


def add(store: MemoryStore, **given: object) -> Reply:
    ctx = context(incidents=store.incidents, via_button=True)
    return skill.run(ctx, Args.model_validate(given))


def test_a_message_is_put_there_once_with_its_author_and_time(store: MemoryStore) -> None:
    said = {"incident": "INC-1", "user": "U5", "text": " vendor is down ", "url": URL}
    at = (NOON - timedelta(minutes=4)).isoformat()
    reply = add(store, at=at, **said)
    assert (reply.title, reply.about) == ("On the time line of INC-1", "INC-1")
    event = store.incidents.get("INC-1").timeline[-1]
    assert (event.actor, event.at, event.text, event.url) == (
        "U5",
        NOON - timedelta(minutes=4),
        "vendor is down",
        URL,
    )
    assert add(store, at=at, **said).title == "Already on the time line of INC-1"
    assert len(store.incidents.get("INC-1").timeline) == 2


def test_its_time_is_never_ahead_and_its_text_bounded(store: MemoryStore) -> None:
    add(store, incident="INC-1", at="2030-01-01T00:00:00", text="x" * 5000)
    event = store.incidents.get("INC-1").timeline[-1]
    assert (event.at, event.actor) == (NOON, "U1")
    assert len(event.text) == MOST_CHARACTERS


def test_an_empty_message_is_refused(store: MemoryStore) -> None:
    with pytest.raises(BadArgs, match="no text"):
        add(store, incident="INC-1", text=" ")


def test_it_needs_the_right_to_operate() -> None:
    assert skill.needs is Role.OPERATE
    assert skill.hidden
