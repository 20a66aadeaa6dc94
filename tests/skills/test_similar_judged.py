from datetime import UTC, datetime

import pytest

from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments, MemoryStore
from knowledge.library import SearchLibrary
from knowledge.records import Document, Incident, Judgement, Severity, Status
from skills.contract import BadArgs, Context, NotFound
from skills.similar_incidents import Args as Asked
from skills.similar_incidents import run as search
from skills.similar_judged import helped, unlike
from skills.testing import NOON, context

PAST = Document("NP-1", "Broker disk full", "no space left", resolution="Lowered retention")


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    draft = Incident("", "Disk full on broker", "kafka", Severity.SEV2, Status.OPEN, NOON, NOON)
    made.incidents.open(draft)
    return made


@pytest.fixture
def pressed(store: MemoryStore) -> Context:
    documents = MemoryDocuments()
    documents.put([PAST])
    return context(
        library=SearchLibrary(
            documents, HashEmbedder(), FlatIndex, now=lambda: datetime(2026, 3, 6, tzinfo=UTC)
        ),
        judgements=store.judgements,
        incidents=store.incidents,
        changes=store.changes,
        via_button=True,
    )


def test_a_click_is_kept_with_the_question_masked(pressed: Context, store: MemoryStore) -> None:
    asked = "broker disk full, ask ada@northwind.example"
    reply = helped.run(pressed, helped.args(document="NP-1", query=asked))
    (kept,) = store.judgements.all()
    assert reply.title == "Noted: NP-1 helped"
    assert "ada@" not in kept.query
    assert (kept.document, kept.useful, kept.by) == ("NP-1", True, "U1")


def test_a_click_for_an_incident_is_kept_with_what_it_is_searched_by(
    pressed: Context, store: MemoryStore
) -> None:
    unlike.run(pressed, unlike.args(document="NP-1", incident="INC-1"))
    assert store.judgements.all() == [
        Judgement(NOON, "U1", "Disk full on broker\nkafka", "NP-1", False, "INC-1")
    ]


def test_the_next_search_tells_what_was_said(pressed: Context) -> None:
    helped.run(pressed, helped.args(document="NP-1", incident="INC-1"))
    reply = search(pressed, Asked(incident="INC-1"))
    told = [line.text for section in reply.sections for line in section.lines]
    assert "1 person found this useful for a like incident." in told


def test_words_judge_nothing(pressed: Context, store: MemoryStore) -> None:
    asked = context(library=pressed.library, judgements=store.judgements)
    reply = helped.run(asked, helped.args(document="NP-1", query="disk"))
    assert "takes a click" in reply.title
    assert store.judgements.all() == []


def test_an_unknown_document_or_no_question(pressed: Context) -> None:
    with pytest.raises(NotFound):
        helped.run(pressed, helped.args(document="NP-99", query="disk"))
    with pytest.raises(BadArgs, match="query"):
        helped.run(pressed, helped.args(document="NP-1"))
