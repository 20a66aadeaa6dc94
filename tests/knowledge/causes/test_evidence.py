"""What the signals of a service come to."""

from dataclasses import replace

import numpy as np
import pytest

from knowledge.causes.evidence import Harm, gather
from knowledge.causes.signals import Family
from tests.knowledge.causes.conftest import (
    AT,
    CALM_ROWS,
    FAULT_ROW,
    RATES,
    STEP,
    WINDOW_ROWS,
    series,
    shop,
)


def test_a_quiet_shop_has_no_evidence() -> None:
    found = gather(shop())
    assert [its.harm_bits(harm) for its in found.values() for harm in Harm] == [0] * 10


def test_excess_time_is_that_of_all_requests() -> None:
    its = gather(shop({("search", "latency_avg"): 0.4}))["search"]
    assert its.excess(Harm.TIME) == pytest.approx(0.4 * RATES["search"], rel=0.1)
    assert its.requests == pytest.approx(RATES["search"], rel=0.1)
    assert its.excess(Harm.FAILURES) == 0


def test_excess_failures_are_counted() -> None:
    its = gather(shop({("pay", "error_rate"): 0.2}))["pay"]
    assert its.excess(Harm.FAILURES) == pytest.approx(0.2 * RATES["pay"], rel=0.2)


def test_without_a_mean_the_area_under_the_quantiles_counts() -> None:
    case = shop()
    began = AT - FAULT_ROW * STEP
    failing = np.where(np.arange(WINDOW_ROWS) >= FAULT_ROW, 1.0, 0.0)
    calm = {name: series([1.0] * CALM_ROWS) for name in ("latency_p50", "latency_p90")}
    moved = {
        "latency_p50": series([1.0] * WINDOW_ROWS, began),
        "latency_p90": series(1.0 + failing, began),
    }
    found = gather(replace(case, window={"web": moved}, calm={"web": calm}))["web"]
    assert found.excess(Harm.TIME) == pytest.approx(0.3)  # p90 stands for 0.7 to 1


def test_requests_that_nobody_counts_are_taken_from_others() -> None:
    case = shop({("db", "latency_avg"): 0.1})
    its = {name: series for name, series in case.window["db"].items() if name != "requests"}
    found = gather(replace(case, window={**case.window, "db": its}))
    middle = sorted(found[name].requests for name in ("web", "search", "pay", "bank"))
    assert found["db"].requests == pytest.approx((middle[1] + middle[2]) / 2)


def test_signals_of_one_family_are_weighed_once() -> None:
    case = shop({("web", "cpu"): 60.0})
    twice = {**case.window["web"], "cpu_again": case.window["web"]["cpu"]}
    calm = {**case.calm["web"], "cpu_again": case.calm["web"]["cpu"]}
    more = replace(case, window={**case.window, "web": twice}, calm={**case.calm, "web": calm})
    once, both = gather(case)["web"], gather(more)["web"]
    assert both.bits(Family.CPU) == pytest.approx(once.bits(Family.CPU))


def test_a_service_without_calm_times_is_no_evidence() -> None:
    case = shop({("db", "latency_avg"): 1.0})
    calm = {name: its for name, its in case.calm.items() if name != "db"}
    assert gather(replace(case, calm=calm))["db"].deviations == {}
