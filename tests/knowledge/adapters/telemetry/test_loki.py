"""Loki's query_range, as its documentation writes it, answered from memory."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.telemetry.asking import Asker, open_client
from knowledge.adapters.telemetry.loki import PAGE, Loki
from knowledge.errors import Unavailable
from tests.knowledge.adapters.telemetry.recorded import NOON, NOON_NS, Asked, Recorded

MINUTE = timedelta(minutes=1)
PATH = "/loki/api/v1/query_range"


class Memory:
    """Keeps lines as Loki does: newest first, start inclusive, end exclusive, at most `limit`."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str, dict[str, str]]] = []

    def respond(self, asked: Asked) -> Any:
        query = asked.query
        if query["query"] == '{service_name="broken"}':
            return 400, "parse error at line 1, col 5: syntax error: unexpected IDENTIFIER"
        assert query["direction"] == "backward"
        limit = int(query["limit"])
        if limit > 5000:
            return 400, "max entries limit per query exceeded"
        service = query["query"].removeprefix('{service_name="').removesuffix('"}')
        kept = [
            line
            for line in self.lines
            if line[2]["service_name"] == service
            and int(query["start"]) <= line[0] < int(query["end"])
        ]
        newest = sorted(kept, key=lambda line: -line[0])[:limit]
        streams: dict[str, Any] = {}
        for at, text, labels in newest:
            stream = streams.setdefault(repr(labels), {"stream": labels, "values": []})
            stream["values"].append([str(at), text])
        data = {"resultType": "streams", "result": list(streams.values()), "stats": {}}
        return 200, {"status": "success", "data": data}


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def service(memory: Memory) -> Recorded:
    return Recorded({PATH: memory.respond})


@pytest.fixture
def loki(service: Recorded, serve: Callable[[Any], str]) -> Iterator[Loki]:
    with closing(Asker("Loki", serve(service), open_client(5, {"X-Scope-OrgID": "a"}))) as asker:
        yield Loki(asker, '{service_name="$service"}')


def test_lines_are_read_with_their_labels(loki: Loki, service: Recorded) -> None:
    stream = {"service_name": "checkout", "pod": "checkout-1", "detected_level": "WARN"}
    values = [
        [str(NOON_NS + 2_000), "slow"],
        [str(NOON_NS), "late", {"trace_id": "ab12", "level": "err"}],
        [str(NOON_NS - 1_000), "old", {"structuredMetadata": {"traceID": "cd"}, "parsed": {}}],
    ]
    data = {"resultType": "streams", "result": [{"stream": stream, "values": values}]}
    service.by_path = {PATH: lambda asked: (200, {"status": "success", "data": data})}
    slow, late, old = loki.lines("checkout", NOON - MINUTE, NOON + MINUTE)
    assert (slow.text, slow.level, slow.pod, slow.service) == (
        *("slow", "warning", "checkout-1", "checkout"),
    )
    assert slow.at == NOON + timedelta(microseconds=2)
    assert (late.level, late.trace, late.labels["pod"]) == ("error", "ab12", "checkout-1")
    assert (old.trace, old.level) == ("cd", "warning")
    (asked,) = service.asked
    assert asked.headers["x-scope-orgid"] == "a"
    assert asked.query["start"] == str(NOON_NS - 60 * 10**9)


def test_more_lines_than_one_answer_holds(loki: Loki, memory: Memory, service: Recorded) -> None:
    labels = {"service_name": "checkout"}
    memory.lines = [(NOON_NS + number // 3 * 1000, f"l{number}", labels) for number in range(2500)]
    lines = loki.lines("checkout", NOON, NOON + MINUTE, limit=2200)
    assert len(lines) == len({line.text for line in lines}) == 2200
    assert lines == sorted(lines, key=lambda line: line.at, reverse=True)
    assert lines[0].text == "l2499"
    assert {asked.query["limit"] for asked in service.asked} == {str(PAGE)}
    assert len(loki.lines("checkout", NOON, NOON + MINUTE, limit=7)) == 7
    assert service.asked[-1].query["limit"] == "7"


def test_more_lines_of_one_moment_than_one_answer_holds(loki: Loki, memory: Memory) -> None:
    memory.lines = [(NOON_NS, f"l{n}", {"service_name": "checkout"}) for n in range(1500)]
    assert len(loki.lines("checkout", NOON, NOON + MINUTE, limit=2000)) == PAGE


@pytest.mark.parametrize("name", ["nobody", 'x"} or {a="', "x`|y"])
def test_a_service_that_it_does_not_know_has_none(
    loki: Loki, memory: Memory, service: Recorded, name: str
) -> None:
    memory.lines = [(NOON_NS, "secret", {"service_name": "checkout"})]
    assert loki.lines(name, NOON, NOON + MINUTE) == []
    assert loki.lines("a\nb", NOON, NOON + MINUTE) == []
    escaped = name.replace('"', '\\"')
    assert [a.query["query"] for a in service.asked] == [f'{{service_name="{escaped}"}}']


def test_what_it_refuses_is_said(loki: Loki, service: Recorded) -> None:
    with pytest.raises(Unavailable, match="Loki: answers 400: parse error at line 1"):
        loki.lines("broken", NOON, NOON + MINUTE)
    loki.check(NOON)
    matrix = {"status": "success", "data": {"resultType": "matrix", "result": []}}
    service.by_path = {PATH: lambda asked: (200, matrix)}
    with pytest.raises(Unavailable, match="gives no log lines"):
        loki.check(NOON)


@pytest.mark.parametrize("values", [[["x", "y"]], [["1"]], [7], [[None, "y"]]])
def test_an_answer_of_another_shape_is_no_crash(loki: Loki, service: Recorded, values: Any) -> None:
    data = {"resultType": "streams", "result": [{"stream": {}, "values": values}]}
    service.by_path = {PATH: lambda asked: (200, {"data": data})}
    with pytest.raises(Unavailable, match="not built as its documentation says"):
        loki.lines("checkout", NOON, NOON + MINUTE)
