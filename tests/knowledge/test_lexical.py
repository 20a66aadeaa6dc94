import pytest

from knowledge.lexical import Bm25, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KubePodCrashLooping", {"kubepodcrashloop", "kube", "pod", "crash", "loop"}),
        ("checkout-api is slow", {"checkout-api", "checkout", "api", "slow"}),
        ("ORA-00942", {"ora-00942", "ora", "00942"}),
        ("HTTPServer", {"http", "serv"}),
        ("the of and", set()),
        ("", set()),
    ],
)
def test_names_are_kept_whole_and_in_parts(text: str, expected: set[str]) -> None:
    assert expected <= set(tokens(text))
    assert bool(expected) == bool(set(tokens(text)))


def test_endings_meet() -> None:
    assert set(tokens("timeouts failing")) == set(tokens("timeout failed"))


@pytest.fixture
def words() -> Bm25:
    index = Bm25()
    index.add("disk", "no space left on device, disk full on broker")
    index.add("tls", "certificate expired on the gateway")
    index.add("slow", "payment provider slow, gateway timeouts")
    return index


def test_the_document_with_the_rarer_word_is_first(words: Bm25) -> None:
    found = words.search("expired gateway", 5)
    assert [document_id for document_id, _ in found] == ["tls", "slow"]


def test_a_known_value() -> None:
    index = Bm25()
    index.add("a", "alpha beta")
    index.add("b", "gamma delta")
    # idf = ln(1 + 1.5/1.5), tf 1 in a document of mean length: the rest is 1.
    assert index.search("alpha", 1)[0][1] == pytest.approx(0.6931, abs=1e-4)


def test_adding_again_replaces(words: Bm25) -> None:
    words.add("tls", "kafka lag")
    assert words.search("certificate", 5) == []
    assert words.search("kafka", 5)[0][0] == "tls"
    assert len(words) == 3


def test_removed_documents_are_gone_also_after_compaction(words: Bm25) -> None:
    for number in range(150):
        words.add(f"n{number}", "noise certificate")
    for number in range(150):
        words.remove(f"n{number}")
    assert [document_id for document_id, _ in words.search("certificate", 9)] == ["tls"]
    assert len(words.ids) < 100
    (stem,) = tokens("certificate")
    assert words.idf(stem) == words.idf("expir")


def test_a_share_of_the_ceiling_is_below_one(words: Bm25) -> None:
    query = "certificate expired gateway"
    assert 0.3 < words.search(query, 1)[0][1] / words.ceiling(query) < 1
    assert words.ceiling(query + " unheard-of") > words.ceiling(query)


def test_matched_words_come_as_typed_and_rarest_first(words: Bm25) -> None:
    assert words.matched("the Gateway says Expired", "tls") == ("Expired", "Gateway")
    assert words.matched("anything", "unknown") == ()


def test_a_chance_number_is_no_reason(words: Bm25) -> None:
    words.add("n", "2 brokers and 12 topics lost ORA-600 x")
    assert words.matched("2 x 12 topics topic ORA-600", "n") == ("topics", "ORA-600")


def test_an_empty_index_finds_nothing() -> None:
    assert Bm25().search("disk", 3) == []
