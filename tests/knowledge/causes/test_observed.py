"""From spans and log lines to what is weighed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.causes import rank
from knowledge.causes.observed import calls_in, count_lines, flow_of
from knowledge.records import LogLine, Span
from tests.knowledge.causes.conftest import AT, shop

MINUTE = timedelta(minutes=1)


def span(trace: int, id: str, parent: str, service: str, seconds: float, at: float = 0.0) -> Span:
    start = AT + timedelta(seconds=at)
    return Span(f"t{trace}", id, parent, service, f"{service} work", start, seconds)


def client(trace: int, id: str, parent: str, service: str, seconds: float, at: float) -> Span:
    return replace(span(trace, id, parent, service, seconds, at), kind="client", operation="call")


def request(trace: int, slow: float = 0.0) -> Iterator[Span]:
    """web calls pay; pay asks its db twice, at the same time."""
    yield span(trace, "1", "", "web", 0.30 + slow)
    yield span(trace, "2", "1", "pay", 0.25 + slow, 0.02)
    yield span(trace, "3", "2", "db", 0.10, 0.05)
    yield span(trace, "4", "2", "db", 0.10, 0.10)


def test_own_time_is_what_no_child_covers() -> None:
    flow = flow_of(request(1), 2 * MINUTE)
    own = {operation.service: operation.self_p50 for operation in flow.operations}
    assert own == pytest.approx({"web": 0.05, "pay": 0.10, "db": 0.10})
    assert {operation.service: operation.count for operation in flow.operations}["db"] == 2
    assert flow.minutes == 2


def test_what_a_client_waits_beyond_the_callee_is_the_gap() -> None:
    spans = [
        span(1, "1", "", "web", 0.5),
        client(1, "2", "1", "web", 0.40, 0.05),
        span(1, "3", "2", "pay", 0.10, 0.20),
        span(1, "4", "3", "db", 0.05, 0.22),
    ]
    (hop,) = flow_of(spans, MINUTE).hops
    assert (hop.caller, hop.callee, hop.count) == ("web", "pay", 1)
    assert hop.gap_p50 == pytest.approx(0.3)
    assert calls_in(spans) == [("web", "pay"), ("pay", "db")]


def test_a_span_that_came_twice_counts_once() -> None:
    assert flow_of([*request(1), *request(1)], MINUTE) == flow_of(request(1), MINUTE)


def test_the_slow_service_is_found_from_spans_alone() -> None:
    calm = flow_of([s for i in range(40) for s in request(i)], 10 * MINUTE)
    now = flow_of([s for i in range(40) for s in request(i, slow=0.8)], 10 * MINUTE)
    suspect = rank(replace(shop(), window={}, calm={}, flow=now, calm_flow=calm)).suspects[0]
    assert suspect.component == "pay"
    assert "pay work itself takes 900 ms, usually 100 ms" in suspect.clues[0].text


def lines(service: str, text: str, level: str, count: int) -> list[LogLine]:
    return [LogLine(AT, service, text.format(i), level) for i in range(count)]


def test_templates_are_the_same_now_and_in_calm_times() -> None:
    known = lines("pay", "took {} ms for an order", "info", 3)
    now, calm = count_lines(known, 5 * MINUTE, known[:1], 10 * MINUTE)
    assert [(c.template, c.count) for c in now.counts] == [(calm.counts[0].template, 3)]
    assert (now.minutes, calm.minutes) == (5, 10)


def test_new_errors_are_found_from_lines_alone() -> None:
    calm = [*lines("web", "served {}", "info", 60), *lines("db", "committed {}", "info", 60)]
    now = [*lines("web", "served {}", "info", 60), *lines("db", "deadlock by {}", "error", 40)]
    logs, calm_logs = count_lines(now, MINUTE, calm, MINUTE)
    case = replace(shop(), window={}, calm={}, edges=(), logs=logs, calm_logs=calm_logs)
    suspect = rank(case).suspects[0]
    assert suspect.component == "db"
    assert suspect.clues[0].text == 'logs: 40 x error "deadlock by <*>", new'
