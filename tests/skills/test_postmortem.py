"""The draft of a post-mortem: shown, edited, posted, and kept when a person says so."""

from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Denied, NotFound
from knowledge.records import Document, Incident, Message, Severity, Status
from skills.contract import Audience, Context, Reply, Role, User
from skills.postmortem import Args, form, run
from skills.testing import NOON, context

START = NOON - timedelta(hours=2)
DRAFT = Incident("", "Orders fail", "orders", Severity.SEV2, Status.RESOLVED, START, START, NOON)
THREAD = (
    Message("M1", START, "U1", "IC me"),
    Message("M2", START + timedelta(minutes=9), "U2", "the disk is full because of the old logs"),
    Message("M3", START + timedelta(minutes=50), "U1", "AIs: bo: rotate logs by 9 March"),
)


class Shelf:
    """A library that only takes documents."""

    def __init__(self) -> None:
        self.kept: list[Document] = []

    def add(self, documents: list[Document]) -> None:
        self.kept += documents


class World:
    def __init__(self) -> None:
        self.store, self.shelf = MemoryStore(), Shelf()
        self.incident = self.store.incidents.open(DRAFT).id

    def ctx(self, role: Role = Role.OPERATE, via_button: bool = False) -> Context:
        return context(
            user=User("U9", "cleo", role),
            incidents=self.store.incidents,
            library=self.shelf,
            via_button=via_button,
            people=lambda user: {"U1": "ada", "U2": "bo"}.get(user, user),
            read_thread=lambda incident: THREAD,
        )

    def post(self, role: Role = Role.OPERATE, **args: Any) -> Reply:
        return run(self.ctx(role, via_button=True), Args(incident=self.incident, **args))


@pytest.fixture
def world() -> World:
    return World()


def test_first_it_is_a_draft_for_the_asker_with_a_file(world: World) -> None:
    card = run(world.ctx(), Args(incident=world.incident))
    assert card.audience is Audience.ASKER
    assert [b.label for b in card.buttons] == ["Edit before posting"]
    assert card.attachments[0].name == f"postmortem-{world.incident}.md"
    assert b"rotate logs by 9 March (owner: bo)" in card.attachments[0].content
    assert world.shelf.kept == []


def test_the_window_holds_the_sections_as_they_are(world: World) -> None:
    window = form(world.ctx(), Args(incident=world.incident))
    fields = {f.name: f.initial for f in window.fields}
    assert fields["keep"] == "no"
    assert "- The disk is full because of the old logs." in fields["cause"]
    assert "Five whys:" in fields["cause"]


def test_what_was_edited_is_posted_and_what_was_left_keeps_its_sources(world: World) -> None:
    window = form(world.ctx(), Args(incident=world.incident))
    cause = next(f.initial for f in window.fields if f.name == "cause")
    posted = world.post(cause=f"{cause}\n- Why 6: Why is there no quota?", summary="- All is well.")
    text = posted.attachments[0].content.decode()
    assert posted.audience is Audience.PLACE
    assert "- The disk is full because of the old logs. [" in text
    assert "- Why 6: Why is there no quota?\n" in text
    assert "## Summary\n\n- All is well.\n" in text
    assert world.shelf.kept == []


def test_it_is_kept_when_a_person_says_so(world: World) -> None:
    posted = world.post(summary="All is well.", keep="yes")
    assert [d.id for d in world.shelf.kept] == [f"postmortem-{world.incident}"]
    assert "All is well." in world.shelf.kept[0].text
    assert world.shelf.kept[0].root_cause == "The disk is full because of the old logs."
    assert posted.footer == "kept as a document; search finds it"


def test_who_only_reads_keeps_nothing(world: World) -> None:
    with pytest.raises(Denied):
        world.post(Role.READ, summary="All is well.", keep="yes")
    assert world.shelf.kept == []


def test_words_post_nothing(world: World) -> None:
    reply = run(world.ctx(), Args(incident=world.incident, summary="All is well.", keep="yes"))
    assert reply.audience is Audience.ASKER
    assert world.shelf.kept == []


def test_an_unknown_incident_is_said_to_be_unknown(world: World) -> None:
    with pytest.raises(NotFound):
        run(world.ctx(), Args(incident="INC-99"))
