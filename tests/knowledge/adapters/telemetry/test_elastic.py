"""Elasticsearch's _search, as its documentation writes it, answered from memory."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from knowledge.adapters.telemetry.asking import Asker, open_client, signed_in
from knowledge.adapters.telemetry.elastic import Elasticsearch
from knowledge.errors import Unavailable
from tests.knowledge.adapters.telemetry.recorded import NOON, NOON_S, Asked, Recorded

HOUR = timedelta(hours=1)
PATH = "/logs-*/_search"
DOCUMENTS: list[dict[str, Any]] = [
    {
        "@timestamp": "2026-03-05T12:00:00.250Z",
        "message": "payment failed",
        "service": {"name": "checkout"},
        "log": {"level": "ERROR"},
        "kubernetes": {"pod": {"name": "checkout-1"}, "labels": {"app": "shop"}},
        "trace": {"id": "ab12"},
    },
    {
        "@timestamp": "2026-03-05T12:00:01.123456789Z",
        "body.text": "slow",
        "service.name": "checkout",
        "severity_text": "Warn",
    },
    {"@timestamp": f"{NOON_S}000", "message": "at noon", "service.name": "checkout"},
    {"@timestamp": "2026-03-05T14:00:00Z", "message": "later", "service.name": "checkout"},
    {"@timestamp": "2026-03-05T12:00:00Z", "message": "other", "service.name": "payments"},
]


def moment(text: str) -> datetime:
    if text.isdecimal():
        return datetime.fromtimestamp(int(text) / 1000, NOON.tzinfo)
    return datetime.fromisoformat(text)


def respond(asked: Asked) -> Any:
    """What the query says, for the few clauses that are used."""
    if asked.method != "POST":
        return 405, None
    query = asked.body["query"]["bool"]
    assert query["minimum_should_match"] == 1
    (within,) = (clause["range"]["@timestamp"] for clause in query["filter"])
    names = {
        field: term["value"] for clause in query["should"] for field, term in clause["term"].items()
    }
    hits = []
    for number, document in enumerate(DOCUMENTS):
        inner = document.get("service")
        name = inner["name"] if inner else document["service.name"]
        at = moment(document["@timestamp"])
        start, end = moment(within["gte"]), moment(within["lt"])
        if names["service.name"] == name and start <= at < end:
            hits.append({"_index": "logs-1", "_id": str(number), "_source": document})
    hits = hits[: asked.body["size"]]
    return 200, {"took": 3, "timed_out": False, "hits": {"max_score": None, "hits": hits}}


@pytest.fixture
def service() -> Recorded:
    return Recorded({PATH: respond})


@pytest.fixture
def elastic(service: Recorded, serve: Callable[[Any], str]) -> Iterator[Elasticsearch]:
    client = open_client(5, signed_in(key="k"))
    with closing(Asker("Elasticsearch", serve(service), client)) as asker:
        yield Elasticsearch(asker, "logs-*")


def test_lines_are_read_from_nested_and_from_dotted_fields(
    elastic: Elasticsearch, service: Recorded
) -> None:
    slow, failed, plain = elastic.lines("checkout", NOON - HOUR, NOON + HOUR)
    assert (slow.text, slow.level) == ("slow", "warning")
    assert slow.at == NOON + timedelta(seconds=1, microseconds=123456)
    assert (failed.text, failed.level, failed.pod) == ("payment failed", "error", "checkout-1")
    assert (failed.trace, failed.service) == ("ab12", "checkout")
    assert failed.labels["kubernetes.labels.app"] == "shop"
    assert "message" not in failed.labels
    assert (plain.text, plain.level, plain.at) == ("at noon", "", NOON)
    (asked,) = service.asked
    assert asked.headers["authorization"] == "ApiKey k"
    assert asked.body["size"] == 1000
    assert asked.body["sort"] == [{"@timestamp": {"order": "desc", "unmapped_type": "date"}}]


def test_never_more_than_one_search_gives(elastic: Elasticsearch, service: Recorded) -> None:
    assert len(elastic.lines("checkout", NOON - HOUR, NOON + HOUR, limit=2)) == 2
    elastic.lines("checkout", NOON - HOUR, NOON + HOUR, limit=10**6)
    assert [asked.body["size"] for asked in service.asked] == [2, 10_000]


@pytest.mark.parametrize("name", ["nobody", '"}}', "* OR 1", "a\nb", ""])
def test_a_service_that_it_does_not_know_has_none(elastic: Elasticsearch, name: str) -> None:
    assert elastic.lines(name, NOON - HOUR, NOON + HOUR) == []


@pytest.mark.parametrize(
    "source", [None, {}, {"@timestamp": "soon"}, {"@timestamp": "9" * 40}, {"@timestamp": None}]
)
def test_documents_without_a_time_are_left_out(
    elastic: Elasticsearch, service: Recorded, source: Any
) -> None:
    hits = {"hits": {"hits": [{"_source": source}]}}
    service.by_path = {PATH: lambda asked: (200, hits)}
    assert elastic.lines("checkout", NOON - HOUR, NOON + HOUR) == []


def test_what_it_refuses_is_said(elastic: Elasticsearch, service: Recorded) -> None:
    elastic.check(NOON)
    error = {"type": "security_exception", "reason": "missing authentication credentials"}
    refusal = {"error": {"root_cause": [error], **error}, "status": 401}
    service.by_path = {PATH: lambda asked: (401, refusal)}
    with pytest.raises(Unavailable, match="answers 401: missing authentication") as caught:
        elastic.check(NOON)
    assert not caught.value.retry
    assert str(caught.value).count("missing") == 1
