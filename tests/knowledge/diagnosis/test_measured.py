from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from knowledge.adapters.absent import AbsentTelemetry
from knowledge.catalogue import Catalogue
from knowledge.diagnosis.measured import around, measure
from knowledge.ports import Telemetry

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Jump = Callable[[str, datetime], Telemetry]


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
