import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from knowledge.adapters.absent import AbsentTelemetry
from knowledge.catalogue import Catalogue
from knowledge.diagnosis.measured import Measured, around, measure
from knowledge.errors import Unavailable
from knowledge.ports import Telemetry
from knowledge.records import LogLine, Series, Span

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
    case = measure(telemetry, "shop", NOON, NOON + 20 * MINUTE, catalogue).case
    assert case is not None
    assert set(case.window) == {"shop", "checkout", "payment"}
    assert case.window["payment"]["latency_p95"].values.max() > 0.45
    assert case.calm["payment"]["latency_p95"].values.max() < 0.11
    assert case.edges == (("checkout", "payment"), ("shop", "checkout"))
    assert case.logs is not None
    assert [(c.service, c.level, c.count) for c in case.logs.counts] == [("payment", "error", 9)]
    assert case.flow is None


def test_nothing_measured_is_no_case(catalogue: Catalogue) -> None:
    assert measure(AbsentTelemetry(), "shop", NOON, NOON, catalogue) == Measured()
    assert measure(AbsentTelemetry(), "", NOON, NOON, catalogue) == Measured()


@dataclass
class Troubled:
    """Steps of latency, with logs that are down and traces that come too late."""

    metrics: Telemetry
    over: threading.Event
    sources: tuple[str, ...] = ("Prometheus", "Loki", "Tempo")
    note: Callable[[str], None] = print

    def for_search(self, note: Callable[[str], None]) -> "Troubled":
        return replace(self, note=note)

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> Mapping[str, Mapping[str, Series]]:
        return self.metrics.signals(services, start, end, step_s)

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        self.note("Loki: is down")
        raise Unavailable("Loki", "is down")

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        self.over.wait(10)
        return []


def test_who_is_down_or_slow_costs_its_own_answers_only(catalogue: Catalogue, jump: Jump) -> None:
    over = threading.Event()
    telemetry = Troubled(jump("payment", NOON), over)
    try:
        until = NOON + 20 * MINUTE
        measured = measure(telemetry, "shop", NOON, until, catalogue, seconds=0.3)
    finally:
        over.set()
    assert measured.case is not None
    assert set(measured.case.window) == set(measured.case.calm) == {"shop", "checkout", "payment"}
    assert measured.case.flow is measured.case.logs is None
    assert measured.missing == (
        "Loki: is down",
        "traces of shop, checkout, payment: not read within 0.3 s",
    )


@dataclass(frozen=True)
class Talking:
    """Logs that begin anew each minute; those of `mute` do not come for calm times."""

    mute: str
    sources: tuple[str, ...] = ("Loki",)

    def for_search(self, note: Callable[[str], None]) -> "Talking":
        return self

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> Mapping[str, Mapping[str, Series]]:
        return {}

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        if service == self.mute and end < NOON:
            raise Unavailable("Loki", "answers 503")
        minutes = int((end - start) / MINUTE)
        return [LogLine(start + n * MINUTE, service, "served", "info") for n in range(minutes)]

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        return []


def test_what_is_compared_came_of_both_stretches(catalogue: Catalogue) -> None:
    measured = measure(Talking("payment"), "shop", NOON, NOON + 8 * MINUTE, catalogue)
    assert measured.missing == ("Loki: answers 503",)
    assert measured.case is not None
    assert measured.case.logs is not None
    assert measured.case.calm_logs is not None
    assert measured.case.logs.minutes == 10
    assert {c.service: c.count for c in measured.case.logs.counts} == {"shop": 10, "checkout": 10}
    calm = {c.service: c.count for c in measured.case.calm_logs.counts}
    assert calm == {"shop": 60, "checkout": 60}
