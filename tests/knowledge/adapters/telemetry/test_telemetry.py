"""The joined view: what several sources know, as one."""

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
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
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
