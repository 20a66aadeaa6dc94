import json
from pathlib import Path

import pytest

from benchmarks.figure import Figure
from benchmarks.retrieval import (
    Judged,
    by_type,
    chosen_without,
    figures,
    judge,
    macro,
    sources,
    table,
    ways,
)
from bot.verbs.similar import open_library
from knowledge.library import SearchLibrary

DOCUMENTS = (
    ("a", "Broker disk full", "no space left on the kafka broker", "one"),
    ("b", "Certificate expired", "the gateway refused every handshake", "one"),
    ("c", "Redis evicted sessions", "maxmemory was reached, users had to sign in", "two"),
    ("d", "Pool ran dry", "all connections to the database were in use", "two"),
)
QUERIES = (
    {"id": "q1", "type": "short", "text": "kafka broker disk full"},
    {"id": "q2", "type": "short", "text": "certificate expired gateway"},
    {"id": "q3", "type": "long", "text": "redis maxmemory evicted sessions of users"},
    {"id": "q4", "type": "unanswerable", "text": "lunch menu tomorrow"},
    {"id": "q5", "type": "long", "text": "nobody judged this one"},
)
QRELS = {"q1": {"a": 3, "d": 0}, "q2": {"b": 3}, "q3": {"c": 2}}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("retrieval") / "corpus.jsonl"
    rows = [{"id": i, "title": t, "text": x, "source": s} for i, t, x, s in DOCUMENTS]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def library(corpus: Path) -> SearchLibrary:
    return open_library(corpus, "hash")


def test_only_what_can_be_judged_counts(library: SearchLibrary, corpus: Path) -> None:
    judged = judge(QUERIES, QRELS, ways(library, corpus)["both, as the bot searches"])
    assert [one.query["id"] for one in judged] == ["q1", "q2", "q3", "q4"]
    assert macro(judged) == (1.0, 1.0, 1.0)
    assert by_type(judged) == {"long": (1, 1.0, 1.0), "short": (2, 1.0, 1.0)}


def test_types_weigh_the_same() -> None:
    judged = [
        Judged({"id": "1", "type": "x"}, 1.0, 1.0, 1.0),
        Judged({"id": "2", "type": "x"}, 1.0, 1.0, 1.0),
        Judged({"id": "3", "type": "y"}, 0.0, 0.0, 0.2),
        Judged({"id": "4", "type": "unanswerable"}, 0.0, 0.0, 0.1),
    ]
    assert macro(judged) == (0.5, 0.5, 1.0)


def test_each_query_is_ranked_by_a_mix_that_it_did_not_choose(
    library: SearchLibrary, corpus: Path
) -> None:
    of = sources(corpus, QRELS)
    assert [of(query) for query in QUERIES[:4]] == ["one", "one", "two", "none"]
    judged = chosen_without(QUERIES, QRELS, library, of)
    assert sorted(one.query["id"] for one in judged) == ["q1", "q2", "q3", "q4"]
    assert macro(judged)[0] == 1.0


def test_the_table_and_the_figures(library: SearchLibrary, corpus: Path) -> None:
    results = {name: judge(QUERIES, QRELS, way) for name, way in ways(library, corpus).items()}
    told = table(results)
    assert "both, as the bot searches         1.000" in told
    assert "kafka broker disk full" in told
    first = figures(results)[0]
    assert first == Figure("likeness: macro nDCG@10", 1.0, 4, 1.0, ">= .78")
