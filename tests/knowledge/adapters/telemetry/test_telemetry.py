"""The joined view: what several sources know, as one."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from knowledge.adapters.absent import AbsentTelemetry
from knowledge.adapters.telemetry import MOST_LINES, Connected, open_telemetry
from knowledge.adapters.telemetry.file import parse_telemetry
from knowledge.errors import Unavailable, UserError
from knowledge.ports import Telemetry
from knowledge.records import LogLine, Series, Span
from tests.knowledge.adapters.telemetry.recorded import NOON, Recorded

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass
class Double:
    """A source of everything, in memory."""

    name: str
    known: dict[str, Series] = field(default_factory=dict)
    kept: list[LogLine] = field(default_factory=list)
    traced: list[Span] = field(default_factory=list)
    down: bool = False
    closed: bool = False
    limits: list[int] = field(default_factory=list)

    def signals(
        self,
        services: Sequence[str],
        start: datetime,
        end: datetime,
        step_s: float,
        note: Callable[[str], None],
    ) -> dict[str, dict[str, Series]]:
        self._answers()
        return {service: dict(self.known) for service in services}

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        self._answers()
        self.limits.append(limit)
        return self.kept[:limit]

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        self._answers()
        return self.traced[:limit]

    def check(self, at: datetime) -> None:
        self._answers()

    def close(self) -> None:
        self.closed = True

    def _answers(self) -> None:
        if self.down:
            raise Unavailable(self.name, "is down")


def series(value: float) -> Series:
    return Series({}, np.array([NOON.timestamp()]), np.array([value]))


def line(minute: int, text: str) -> LogLine:
    return LogLine(NOON + minute * MINUTE, "shop", text)


def span(trace: str, number: int) -> Span:
    return Span(trace, str(number), "", "shop", "GET", NOON, 0.1)


def joined(*sources: Double) -> Connected:
    pairs = [(source, source) for source in sources]
    return Connected(pairs, pairs, pairs)


def test_what_several_know_is_joined() -> None:
    one = Double("One", {"cpu": series(1), "queue": series(2)}, [line(1, "a"), line(0, "b")])
    two = Double("Two", {"cpu": series(9), "memory": series(3)}, [line(2, "c")])
    one.traced, two.traced = [span("t1", 1)], [span("t1", 2), span("t2", 3)]
    telemetry = joined(one, two)
    assert telemetry.sources == ("One", "Two")
    found = telemetry.signals(["shop"], NOON, NOON + HOUR)["shop"]
    assert {name: s.values[0] for name, s in found.items()} == {"cpu": 1, "queue": 2, "memory": 3}
    assert [x.text for x in telemetry.lines("shop", NOON, NOON + HOUR)] == ["c", "a", "b"]
    assert [x.text for x in telemetry.lines("shop", NOON, NOON + HOUR, limit=2)] == ["c", "a"]
    assert [x.id for x in telemetry.spans("shop", NOON, NOON + HOUR)] == ["1", "3"]
    telemetry.close()
    assert one.closed
    assert two.closed


def test_one_that_is_down_is_left_out() -> None:
    telemetry = joined(Double("One", down=True), Double("Two", kept=[line(0, "a")]))
    assert len(telemetry.lines("shop", NOON, NOON + HOUR)) == 1
    with pytest.raises(Unavailable, match=r"^telemetry: One: is down$"):
        telemetry.check(NOON)
    alone = joined(Double("One", down=True))
    for ask in (
        lambda: alone.lines("shop", NOON, NOON + HOUR),
        lambda: alone.spans("shop", NOON, NOON + HOUR),
        lambda: alone.signals(["shop"], NOON, NOON + HOUR),
    ):
        with pytest.raises(Unavailable, match="One: is down"):
            ask()


def test_every_source_is_checked() -> None:
    telemetry = joined(*(Double(f"S{number}", down=True) for number in range(5)))
    with pytest.raises(Unavailable) as caught:
        telemetry.check(NOON)
    assert all(f"S{number}: is down" in str(caught.value) for number in range(5))


@pytest.mark.parametrize("telemetry", [Connected(), AbsentTelemetry()])
def test_what_is_not_connected_answers_with_nothing(telemetry: Telemetry) -> None:
    assert telemetry.sources == ()
    assert telemetry.signals(["shop"], NOON, NOON + HOUR) == {}
    assert telemetry.lines("shop", NOON, NOON + HOUR) == []
    assert telemetry.spans("shop", NOON, NOON + HOUR) == []


def test_questions_are_bounded() -> None:
    one = Double("One", {"cpu": series(1)}, [line(0, "a")], [span("t", 1)])
    telemetry = joined(one)
    telemetry.lines("shop", NOON, NOON + HOUR, limit=10**9)
    assert one.limits == [MOST_LINES]
    assert telemetry.lines("shop", NOON, NOON) == []
    assert telemetry.lines("shop", NOON, NOON + HOUR, limit=0) == []
    assert telemetry.spans("shop", NOON + HOUR, NOON) == []
    assert telemetry.signals([], NOON, NOON + HOUR) == {}


EVERYTHING = """
[prometheus]
url = "{url}"
token_env = "T"
[loki]
url = "{url}"
[tempo]
url = "{url}"
user = "u"
password_env = "P"
[jaeger]
url = "{url}"
[elasticsearch]
url = "{url}"
index = "logs-*"
api_key_env = "K"
[otlp]
files = ["/none/*.jsonl"]
"""


def test_a_file_with_everything_opens_everything(serve: Callable[[Any], str]) -> None:
    service = Recorded({})
    file = parse_telemetry(EVERYTHING.format(url=serve(service)))
    secrets = {"T": "token", "P": "password", "K": "key"}
    with closing(open_telemetry(file, lambda name: secrets.get(name, ""))) as telemetry:
        assert telemetry.sources == (
            *("Prometheus", "OTLP files", "Loki", "Elasticsearch", "Tempo", "Jaeger"),
        )
        with pytest.raises(Unavailable) as caught:
            telemetry.check(NOON)
    for source in ("otlp.files", "Prometheus", "Loki", "Elasticsearch", "Tempo", "Jaeger"):
        assert source in str(caught.value)
    sent = {a.path: a.headers.get("authorization", "") for a in service.asked}
    assert sent["/api/v1/query"] == "Bearer token"
    assert sent["/logs-*/_search"] == "ApiKey key"
    assert sent["/api/search"] == "Basic dTpwYXNzd29yZA=="
    assert sent["/api/services"] == ""


@pytest.mark.parametrize("missing", ["T", "P", "K"])
def test_a_secret_that_is_not_set_is_named(missing: str) -> None:
    file = parse_telemetry(EVERYTHING.format(url="http://127.0.0.1:9"))
    with pytest.raises(UserError, match=f"^{missing} is not set"):
        open_telemetry(file, lambda name: "" if name == missing else "x")


def test_a_search_asks_who_is_down_once_and_is_told() -> None:
    down, up = Double("One", down=True), Double("Two", kept=[line(0, "a")])
    noted: list[str] = []
    search = joined(down, up).for_search(noted.append)
    assert len(search.lines("shop", NOON, NOON + HOUR)) == 1
    down.down = False
    down.kept = [line(1, "b")]
    assert len(search.lines("shop", NOON, NOON + HOUR)) == 1
    assert noted == ["One: is down"]
    alone = joined(Double("One", down=True)).for_search(noted.append)
    for _ in range(2):
        with pytest.raises(Unavailable, match="One: is down"):
            alone.spans("shop", NOON, NOON + HOUR)
    assert noted == ["One: is down", "One: is down"]


@dataclass
class Slow(Double):
    """It answers when it may."""

    may: threading.Event = field(default_factory=threading.Event)

    def _answers(self) -> None:
        self.may.wait(10)


def test_one_that_is_too_slow_is_left_out() -> None:
    slow, quick = Slow("One"), Double("Two", kept=[line(0, "a")])
    pairs = [(slow, slow), (quick, quick)]
    noted: list[str] = []
    search = Connected(logs=pairs, seconds=0.2).for_search(noted.append)
    try:
        assert len(search.lines("shop", NOON, NOON + HOUR)) == 1
    finally:
        slow.may.set()
    assert noted == ["One: it did not answer within 0.2 s"]


SEVERAL = """
[[loki]]
name = "eu"
url = "{url}/eu"
service = "{{namespace}}/{{service}}"
namespace = "prod"
[[loki]]
name = "us"
url = "{url}/us"
[loki.services]
checkout = "checkout-v2"
[jaeger]
url = "{url}"
service = "shop-{{service}}"
"""


def loki(expected: str, text: str) -> Callable[[Any], Any]:
    """One line of a stream, for the service that is expected."""
    streams = [{"stream": {}, "values": [[str(int(NOON.timestamp()) * 10**9), text]]}]

    def respond(asked: Any) -> Any:
        result = streams if asked.query["query"] == f'{{service_name="{expected}"}}' else []
        return 200, {"data": {"resultType": "streams", "result": result}}

    return respond


def jaeger(asked: Any) -> Any:
    """A trace through two services of the shop, and one of somebody else."""
    called = ("shop-checkout", "shop-payment", "bank")
    spans = [
        {"traceID": "t", "spanID": s, "processID": s, "startTime": int(NOON.timestamp() * 1e6)}
        for s in called
    ]
    processes = {s: {"serviceName": s} for s in called}
    found = [{"spans": spans, "processes": processes}]
    return 200, {"data": found if asked.query["service"] == "shop-checkout" else []}


def test_each_source_is_asked_by_its_own_names(serve: Callable[[Any], str]) -> None:
    service = Recorded(
        {
            "/eu/loki/api/v1/query_range": loki("prod/checkout", "from eu"),
            "/us/loki/api/v1/query_range": loki("checkout-v2", "from us"),
            "/api/traces": jaeger,
        }
    )
    file = parse_telemetry(SEVERAL.format(url=serve(service)))
    with closing(open_telemetry(file, lambda name: "")) as telemetry:
        assert telemetry.sources == ("Loki eu", "Loki us", "Jaeger")
        lines = telemetry.lines("checkout", NOON, NOON + HOUR)
        spans = telemetry.spans("checkout", NOON, NOON + HOUR)
        assert telemetry.called("checkout") == {
            "Loki eu": "prod/checkout",
            "Loki us": "checkout-v2",
            "Jaeger": "shop-checkout",
        }
    assert {(x.service, x.text) for x in lines} == {
        ("checkout", "from eu"),
        ("checkout", "from us"),
    }
    assert [x.service for x in spans] == ["checkout", "payment", "bank"]
