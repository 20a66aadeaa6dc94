from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from knowledge.adapters.memory.operations import MemoryJudgements
from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments, MemoryStore
from knowledge.errors import Unavailable
from knowledge.library import SearchLibrary
from knowledge.records import Document, DocumentKind, Incident, Severity, Signal, Status, Vector
from skills.contract import BadArgs, Call, Context, NotFound, Reply
from skills.similar_incidents import Args, run
from skills.testing import context

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
DOCUMENTS = (
    Document(
        "NP-1",
        "Broker disk full",
        "Kafka broker had no space left on device after retention was raised.",
        service="kafka",
        date="2025-01-02",
        resolution="Retention lowered to 3 days",
        url="https://wiki.northwind.example/incidents/NP-1",
    ),
    Document("NP-2", "Certificate expired", "The certificate of the gateway expired."),
    Document("INC-9", "Kafka broker gone", "broker 7 lost its power supply", service="kafka"),
    Document("disk-full", "Disk full", "Disk full on a broker.", DocumentKind.RUNBOOK),
)


@pytest.fixture
def library() -> SearchLibrary:
    store = MemoryDocuments()
    store.put(DOCUMENTS)
    return SearchLibrary(store, HashEmbedder(), FlatIndex)


def said(reply: Reply) -> str:
    lines = [line.text for section in reply.sections for line in section.lines]
    headings = [section.heading for section in reply.sections]
    return "\n".join([reply.title, reply.text, *headings, *lines, reply.footer])


def test_a_hit_says_why_and_what_resolved_it(library: SearchLibrary) -> None:
    reply = run(
        context(library=library, judgements=MemoryJudgements()),
        Args(text="broker disk full, no space left on device"),
    )
    first = reply.sections[1]
    assert reply.sections[0].heading == "Similar (1)"
    assert first.heading == "NP-1: Broker disk full"
    assert first.url == DOCUMENTS[0].url
    assert first.buttons[0].url == DOCUMENTS[0].url
    told = said(reply)
    assert "2025-01-02 · kafka" in told
    assert "*Matches:*" in told
    assert "*Resolved by:* Retention lowered to 3 days" in told


def test_runbooks_stand_apart_with_a_button(library: SearchLibrary) -> None:
    reply = run(
        context(library=library, judgements=MemoryJudgements()), Args(text="broker disk full")
    )
    headings = [section.heading for section in reply.sections]
    assert headings.index("Runbooks (1)") > headings.index("NP-1: Broker disk full")
    assert reply.sections[-1].buttons[0].call == Call("runbook", {"name": "disk-full"})


def test_nothing_found_says_what_to_try(library: SearchLibrary) -> None:
    reply = run(context(library=library, judgements=MemoryJudgements()), Args(text="lunch menu"))
    assert reply.title == "Nothing similar to “lunch menu”"
    assert "alert's name" in reply.text
    assert reply.sections == ()


@pytest.fixture
def asking(library: SearchLibrary) -> Context:
    """In the thread of an incident that is itself in the library."""
    store = MemoryStore()
    alert = Signal("f", "DiskFull", NOON, NOON, summary="kafka broker no space left on device")
    draft = Incident(
        "", "Broker disk full", "kafka", Severity.SEV2, Status.OPEN, NOON, NOON, signals=(alert,)
    )
    incident = store.incidents.open(draft)
    library.add([Document(incident.id, draft.title, f"{draft.title} {alert.summary}")])
    return context(
        library=library,
        judgements=store.judgements,
        incidents=store.incidents,
        changes=store.changes,
        thread=incident.id,
    )


@pytest.mark.parametrize("how", ["text", "incident", "thread"])
def test_an_incident_is_not_like_itself(asking: Context, how: str) -> None:
    args = {"text": Args(text=asking.thread), "incident": Args(incident=asking.thread)}
    reply = run(asking, args.get(how, Args()))
    assert reply.title == f"Past incidents like {asking.thread}"
    headings = [section.heading for section in reply.sections]
    assert "NP-1: Broker disk full" in headings
    assert not any(heading.startswith(f"{asking.thread}:") for heading in headings)


def test_a_hit_of_ours_opens_its_summary(library: SearchLibrary) -> None:
    reply = run(
        context(library=library, judgements=MemoryJudgements()),
        Args(text="kafka broker 7 lost its power supply"),
    )
    assert reply.sections[1].buttons[0].call == Call("incident_summary", {"incident": "INC-9"})


def test_an_unknown_incident_is_named(asking: Context) -> None:
    with pytest.raises(NotFound):
        run(asking, Args(text="INC-999"))


def test_nothing_to_compare_with() -> None:
    with pytest.raises(BadArgs, match="text"):
        run(context(), Args())


def test_words_only_is_said() -> None:
    store = MemoryDocuments()
    store.put(DOCUMENTS)
    embedder = HashEmbedder()
    embedder.ready = False
    library = SearchLibrary(store, embedder, FlatIndex)
    reply = run(
        context(library=library, judgements=MemoryJudgements()), Args(text="certificate expired")
    )
    assert "by words only" in reply.footer
    assert "Possibly related (1)" in said(reply)


class Broken(HashEmbedder):
    """Ready, but its endpoint is gone."""

    def encode(self, texts: Sequence[str]) -> Vector:
        raise Unavailable("embeddings", "cannot be reached")


def test_an_embedder_that_fails_is_said() -> None:
    store = MemoryDocuments()
    store.put(DOCUMENTS)
    library = SearchLibrary(store, Broken(), FlatIndex, passages=HashEmbedder())
    library.build()
    reply = run(
        context(library=library, judgements=MemoryJudgements()), Args(text="certificate expired")
    )
    assert "embedder did not answer" in reply.footer


def test_limits_in_words_hold_and_are_said(asking: Context) -> None:
    reply = run(asking, Args(text="like this on kafka since 2025, resolved only"))
    assert reply.text.startswith("Limited: on kafka, since 2025-01-01, resolved only.")
    shown = [s.heading for s in reply.sections if s.heading.startswith(("NP-", "INC-"))]
    assert shown == ["NP-1: Broker disk full"]


def test_limits_that_nothing_passes_are_named(library: SearchLibrary) -> None:
    reply = run(
        context(library=library, judgements=MemoryJudgements()),
        Args(text="certificate expired on the gateway", service="billing"),
    )
    assert "limited: on billing" in reply.text


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(BadArgs, match="since"):
        run(context(), Args(text="disk full", since="yesterday-ish"))


def test_a_hit_says_where_it_matches_and_whether_the_fix_fits(asking: Context) -> None:
    told = said(run(asking, Args()))
    assert "(in " in told
    assert "*The fix fits now:* it was about a full disk, and so are the alerts now." in told


def test_hits_can_be_judged(asking: Context, library: SearchLibrary) -> None:
    first = run(asking, Args()).sections[1]
    assert [button.label for button in first.buttons][-2:] == ["This helped", "Not alike"]
    assert first.buttons[-1].call == Call(
        "similar_unlike", {"document": "NP-1", "incident": asking.thread}
    )
    by_words = run(
        context(library=library, judgements=MemoryJudgements()), Args(text="certificate expired")
    )
    assert by_words.sections[1].buttons[-2].call == Call(
        "similar_helped", {"document": "NP-2", "query": "certificate expired"}
    )
