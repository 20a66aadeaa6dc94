from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.adapters.absent import AbsentTelemetry
from knowledge.catalogue import Catalogue
from knowledge.diagnosis.measured import around, count_lines, flow_of, measure
from knowledge.ports import Telemetry
from knowledge.records import LogLine, Span

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Jump = Callable[[str, datetime], Telemetry]


def span(id_: str, parent: str, service: str, start_ms: int, ms: int) -> Span:
    at = NOON + timedelta(milliseconds=start_ms)
    return Span("t1", id_, parent, service, f"op-{service}", at, ms / 1000)


def test_what_a_service_needs_comes_before_who_needs_it(catalogue: Catalogue) -> None:
    assert around("checkout", catalogue) == ("checkout", "payment", "shop")
    assert around("elsewhere", catalogue) == ("elsewhere",)
    assert around("", catalogue) == ()


def test_a_case_holds_the_trouble_and_a_calm_stretch_before(
    catalogue: Catalogue, jump: Jump
) -> None:
    telemetry = jump("payment", NOON)
    case = measure(telemetry, "shop", NOON, NOON + 20 * MINUTE, catalogue)
    assert case is not None
    assert set(case.window) == {"shop", "checkout", "payment"}
    assert case.window["payment"]["latency_p95"].values.max() > 0.45
    assert case.calm["payment"]["latency_p95"].values.max() < 0.11
    assert case.edges == (("checkout", "payment"), ("shop", "checkout"))
    assert case.logs is not None
    assert [(c.service, c.level, c.count) for c in case.logs.counts] == [("payment", "error", 9)]
    assert case.flow is None


def test_nothing_measured_is_no_case(catalogue: Catalogue) -> None:
    assert measure(AbsentTelemetry(), "shop", NOON, NOON, catalogue) is None


def test_spans_become_times_of_operations_and_waits_of_hops() -> None:
    flow = flow_of(
        [
            span("a", "", "shop", 0, 100),
            span("b", "a", "shop", 10, 80),
            span("c", "b", "pay", 20, 50),
        ],
        10 * MINUTE,
    )
    by = {op.service: op for op in flow.operations}
    assert (by["shop"].count, by["pay"].count) == (2, 1)
    assert by["pay"].self_p50 == pytest.approx(0.05)
    assert by["shop"].self_p50 == pytest.approx((0.02 + 0.03) / 2)
    (hop,) = flow.hops
    assert (hop.caller, hop.callee, hop.count) == ("shop", "pay", 1)
    assert hop.gap_p50 == pytest.approx(0.03)


def test_templates_are_the_same_now_and_in_calm_times() -> None:
    lines = [LogLine(NOON, "pay", f"took {n} ms for order {n}", "info") for n in range(3)]
    now, calm = count_lines(lines, 5 * MINUTE, lines[:1], 10 * MINUTE)
    assert [(c.template, c.count) for c in now.counts] == [(calm.counts[0].template, 3)]
    assert (now.minutes, calm.minutes) == (5, 10)
