import pytest

from knowledge.adapters.memory.search import FlatIndex, HashEmbedder
from knowledge.adapters.memory.store import MemoryDocuments
from knowledge.library import SearchLibrary
from knowledge.records import Document, DocumentKind
from skills.contract import BadArgs, Call
from skills.runbook import Args, run, sections
from skills.testing import context

RUNBOOKS = (
    Document(
        "kafka-lag",
        "Kafka consumer lag",
        "# Kafka consumer lag\n\nLag grows.\n\n## Steps\n\n1. Look at the group.\n- Note it.\n",
        DocumentKind.RUNBOOK,
        url="https://wiki.northwind.example/runbooks/kafka-lag",
    ),
    Document("kafka-down", "Kafka broker down", "Kafka broker down.", DocumentKind.RUNBOOK),
    Document("NP-1", "Kafka consumer lag in March", "kafka consumer lag"),
)


@pytest.fixture
def library() -> SearchLibrary:
    store = MemoryDocuments()
    store.put(RUNBOOKS)
    return SearchLibrary(store, HashEmbedder(), FlatIndex)


@pytest.mark.parametrize("name", ["kafka-lag", "Kafka Lag", "kafka consumer lag", "NP-1"])
def test_found_by_id_title_and_search(library: SearchLibrary, name: str) -> None:
    reply = run(context(library=library), Args(name=name))
    assert reply.title == "Kafka consumer lag"
    assert reply.fields["Runbook"] == "kafka-lag"
    assert "nothing here was run" in reply.footer


def test_others_that_may_fit_are_buttons(library: SearchLibrary) -> None:
    reply = run(context(library=library), Args(name="kafka down"))
    assert reply.title == "Kafka broker down"
    reply = run(context(library=library), Args(name="kafka broker consumer"))
    assert [button.call for button in reply.buttons] == [Call("runbook", {"name": "kafka-lag"})]


def test_no_runbook_says_what_to_try(library: SearchLibrary) -> None:
    reply = run(context(library=library), Args(name="lunch"))
    assert reply.title == "No runbook for lunch"
    assert "alert's name" in reply.text


def test_no_name_is_a_bad_argument(library: SearchLibrary) -> None:
    with pytest.raises(BadArgs, match="name"):
        run(context(library=library), Args())


def test_steps_keep_their_numbers() -> None:
    found = sections(RUNBOOKS[0].text)
    assert [section.heading for section in found] == ["Kafka consumer lag", "Steps"]
    assert [line.text for line in found[1].lines] == ["1. Look at the group.", "• Note it."]


def test_a_long_runbook_says_that_it_goes_on() -> None:
    long = "## Steps\n" + "\n".join(f"{n}. do" for n in range(1, 60))
    assert "rest" in sections(long)[-1].lines[0].text
