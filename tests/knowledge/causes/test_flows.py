"""What traces tell of a failure."""

import pytest

from knowledge.causes.case import Flow, Hop, Operation
from knowledge.causes.flows import cut_short, rarer, slower


def operation(service: str, name: str, count: int, own: float = 0.002) -> Operation:
    return Operation(service, name, count, own, own, own, own)


def flow(*operations: Operation, hops: tuple[Hop, ...] = (), minutes: float = 1.0) -> Flow:
    return Flow(minutes, operations, hops)


def hop(caller: str, callee: str, gap: float) -> Hop:
    return Hop(caller, callee, 100, gap, gap)


def test_lost_time_is_laid_to_the_operation_that_takes_it() -> None:
    calm = flow(operation("web", "get", 100), operation("db", "query", 100))
    now = flow(operation("web", "get", 100), operation("db", "query", 100, own=0.05))
    (first,) = slower(now, calm)
    assert (first.service, first.what, first.hop, first.share) == ("db", "query", False, 1.0)
    assert first.bits > 3


def test_a_wait_before_one_callee_is_laid_to_that_callee() -> None:
    gaps = {"search": 0.001, "pay": 0.5, "db": 0.001}
    calm = flow(hops=tuple(hop("web", name, 0.001) for name in gaps))
    now = flow(hops=tuple(hop("web", name, gap) for name, gap in gaps.items()))
    assert [(one.service, one.what) for one in slower(now, calm)] == [("pay", "web -> pay")]


def test_waits_before_most_callees_are_laid_to_the_caller() -> None:
    names = ("search", "pay", "db")
    calm = flow(hops=tuple(hop("web", name, 0.001) for name in names))
    now = flow(hops=tuple(hop("web", name, 0.5) for name in names))
    assert {one.service for one in slower(now, calm)} == {"web"}


def test_what_a_hop_waits_is_not_the_callers_own_time() -> None:
    calm = flow(operation("web", "call pay", 100), hops=(hop("web", "pay", 0.002),))
    now = flow(operation("web", "call pay", 100, own=0.5), hops=(hop("web", "pay", 0.5),))
    assert [one.service for one in slower(now, calm)] == ["pay"]


def test_nothing_slower_is_nothing() -> None:
    calm = flow(operation("web", "get", 100, own=0.05))
    assert slower(flow(operation("web", "get", 100, own=0.01)), calm) == []


@pytest.mark.parametrize(("lost", "found"), [(300, False), (296, False), (200, True), (0, True)])
def test_requests_that_end_between_two_operations(lost: int, found: bool) -> None:
    calm = flow(operation("pay", "handle", 250), operation("pay", "charge", 250))
    now = flow(operation("pay", "handle", 300), operation("pay", "charge", lost))
    cuts = cut_short(now, calm)
    assert ("pay" in cuts) is found
    if found:
        assert (cuts["pay"].kept, cuts["pay"].missing) == ("handle", 300 - lost)


def test_two_rare_operations_that_came_equally_often_by_chance_belong_to_nothing() -> None:
    calm = flow(operation("pay", "refund", 6), operation("pay", "report", 6))
    now = flow(operation("pay", "refund", 30), operation("pay", "report", 5))
    assert cut_short(now, calm) == {}


def test_an_operation_that_stays_away_from_a_busy_service() -> None:
    calm = flow(operation("ads", "get", 300), operation("ads", "random", 60))
    now = flow(operation("ads", "get", 600), operation("ads", "random", 10), minutes=2)
    found = rarer(now, calm)["ads"]
    assert (found.operation, found.expected, found.count) == ("random", 120, 10)
    assert found.bits > 1


def test_a_service_that_is_called_less_is_not_blamed_for_what_stays_away() -> None:
    calm = flow(operation("ads", "get", 300), operation("ads", "random", 60))
    now = flow(operation("ads", "get", 100), operation("ads", "random", 0))
    assert rarer(now, calm) == {}
