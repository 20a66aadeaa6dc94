"""From what a running system tells to a case."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from knowledge.causes import Symptom, case_of, rank
from knowledge.causes.live import QUIET, calls_in, flow_of, step_of
from knowledge.records import LogLine, Series, Span
from tests.knowledge.causes.conftest import AT

WEB = Symptom("web", "latency_p95")


def span(trace: int, id: str, parent: str, service: str, seconds: float, at: float = 0.0) -> Span:
    start = AT + timedelta(seconds=at)
    return Span(f"t{trace}", id, parent, service, f"{service} work", start, seconds)


def client(trace: int, id: str, parent: str, service: str, seconds: float, at: float) -> Span:
    return replace(span(trace, id, parent, service, seconds, at), kind="client", operation="call")


def request(trace: int, at: float, slow: float = 0.0) -> Iterator[Span]:
    """web calls pay; pay asks its db twice, at the same time."""
    yield span(trace, "1", "", "web", 0.30 + slow, at)
    yield span(trace, "2", "1", "pay", 0.25 + slow, at + 0.02)
    yield span(trace, "3", "2", "db", 0.10, at + 0.05)
    yield span(trace, "4", "2", "db", 0.10, at + 0.10)


def test_own_time_is_what_no_child_covers() -> None:
    flow = flow_of(request(1, 0))
    assert flow is not None
    own = {operation.service: operation.self_p50 for operation in flow.operations}
    assert own == pytest.approx({"web": 0.05, "pay": 0.10, "db": 0.10})


def test_what_a_client_waits_beyond_the_callee_is_the_gap() -> None:
    spans = [
        span(1, "1", "", "web", 0.5),
        client(1, "2", "1", "web", 0.40, 0.05),
        span(1, "3", "2", "pay", 0.10, 0.20),
        span(1, "4", "3", "db", 0.05, 0.22),
    ]
    flow = flow_of(spans)
    assert flow is not None
    (hop,) = flow.hops
    assert (hop.caller, hop.callee, hop.count) == ("web", "pay", 1)
    assert hop.gap_p50 == pytest.approx(0.3)
    assert calls_in(spans) == [("web", "pay"), ("pay", "db")]


def test_no_spans_no_flow() -> None:
    assert flow_of([]) is None


def test_metrics_are_split_into_calm_and_failure() -> None:
    times = AT.timestamp() + 60.0 * np.arange(-120, 15, dtype=np.float64)
    rows = Series({}, times, np.arange(135, dtype=float))
    case = case_of(WEB, AT, signals={"web": {"latency_p95": rows}, "silent": {}})
    calm, window = (part["web"]["latency_p95"] for part in (case.calm, case.window))
    assert calm.times[-1] < (AT - QUIET).timestamp() <= window.times[0]
    assert len(calm.times) + len(window.times) == 135
    assert case.step == timedelta(minutes=1)
    assert case.services == ("web",)


def test_the_step_is_a_minute_where_nothing_tells() -> None:
    assert step_of({}) == timedelta(minutes=1)


def test_the_slow_service_is_found_from_spans_alone() -> None:
    calm = [s for i in range(40) for s in request(i, -3600 + 60 * i)]
    now = [s for i in range(40, 60) for s in request(i, i - 40, slow=0.8)]
    case = case_of(WEB, AT, spans=[*calm, *now])
    assert set(case.edges) == {("web", "pay"), ("pay", "db")}
    ranking = rank(case)
    assert ranking.suspects[0].component == "pay"
    assert "pay work itself takes 900 ms, usually 100 ms" in ranking.suspects[0].clues[0].text


def test_new_errors_are_found_from_lines_alone() -> None:
    def lines(service: str, text: str, level: str, start: float, n: int) -> list[LogLine]:
        return [
            LogLine(AT + timedelta(seconds=start + i), service, text.format(i), level)
            for i in range(n)
        ]

    known = [
        *lines("web", "served {} in 5 ms", "info", -3000, 60),
        *lines("db", "committed {}", "info", -3000, 60),
        *lines("web", "served {} in 5 ms", "info", 0, 60),
        *lines("db", "deadlock found by {}", "error", 0, 40),
    ]
    case = case_of(WEB, AT, lines=known)
    suspect = rank(case).suspects[0]
    assert suspect.component == "db"
    assert suspect.clues[0].text == 'logs: 40 x error "deadlock found by <*>", new'
