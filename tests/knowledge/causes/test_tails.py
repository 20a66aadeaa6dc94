"""How surprising a signal is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.causes.signals import read_signal
from knowledge.causes.tails import (
    MOST_BITS,
    Requests,
    deviation,
    failing,
    quantiles,
    surprise,
)

CALM = np.random.default_rng(3).normal(100, 10, 200)
BEFORE = np.full(10, 100.0)
LATENCY, TRAFFIC = read_signal("latency_avg"), read_signal("requests")
ERRORS = read_signal("error_rate")


@pytest.mark.parametrize(
    ("score", "bits"), [(0, 0), (3, 0), (-6, 1), (12, 2), (1e9, MOST_BITS), (-1e9, MOST_BITS)]
)
def test_bits_are_those_of_a_heavy_tail(score: float, bits: float) -> None:
    assert surprise(score) == pytest.approx(bits)


def test_far_beyond_the_usual_is_surprising_and_says_by_how_much() -> None:
    found = deviation(LATENCY, CALM, BEFORE, np.array([101.0, 300, 310, 305]))
    assert found is not None
    assert found.score == pytest.approx(20, abs=4)
    assert found.excess == pytest.approx(205, abs=5)
    assert found.low < 100 < found.high < 130


def test_one_odd_row_is_not_enough() -> None:
    found = deviation(LATENCY, CALM, BEFORE, np.array([100.0, 900, 101, 99]))
    assert found is not None
    assert found.bits == 0


def test_what_was_as_odd_before_did_not_begin_now() -> None:
    found = deviation(LATENCY, CALM, np.full(10, 300.0), np.array([300.0, 301, 302]))
    assert found is not None
    assert found.bits == 0


def test_faster_is_harmless_and_less_traffic_is_not() -> None:
    faster = deviation(LATENCY, CALM, BEFORE, np.full(4, 10.0))
    fewer = deviation(TRAFFIC, CALM, BEFORE, np.full(4, 10.0))
    assert faster is not None
    assert fewer is not None
    assert (faster.score, faster.excess) == (0, 0)
    assert fewer.bits > 1


def test_a_constant_signal_has_a_floor_under_its_scale() -> None:
    found = deviation(LATENCY, np.full(50, 100.0), BEFORE, np.full(4, 104.0))
    assert found is not None
    assert found.bits == 0


def test_a_signal_that_bursts_in_calm_times_surprises_less() -> None:
    bursts = np.where(np.arange(200) % 50 == 0, 400.0, CALM)
    fault = np.full(4, 300.0)
    steady, bursting = (deviation(LATENCY, calm, BEFORE, fault) for calm in (CALM, bursts))
    assert steady is not None
    assert bursting is not None
    assert bursting.bits < steady.bits / 2


@pytest.mark.parametrize(
    ("calm", "during"), [(CALM[:5], [1.0]), (CALM, []), (CALM, [math.nan] * 4)]
)
def test_too_little_is_no_evidence(calm: np.ndarray, during: list[float]) -> None:
    assert deviation(LATENCY, calm, BEFORE, np.array(during)) is None


def shares(rate: float, asked: float) -> tuple[float, float]:
    """Score and excess of a failed share among so many requests a row."""
    rows = Requests(np.full(200, asked), np.full(10, asked), np.full(4, asked))
    calm = np.where(np.arange(200) % 40 == 0, 0.002, 0.0)
    found = failing(ERRORS, calm, np.zeros(10), np.full(4, rate), rows)
    assert found is not None
    return found.score, found.excess


def test_the_same_share_of_more_requests_is_more_surprising() -> None:
    assert shares(0.05, 1000)[0] > 3 * shares(0.05, 20)[0]
    assert shares(0.05, 1000)[1] == pytest.approx(0.05, abs=0.001)


def test_two_failures_of_forty_are_nothing() -> None:
    assert surprise(shares(0.05, 20)[0]) == 0


def test_success_in_percent_is_read_as_failures() -> None:
    rows = Requests(np.full(50, 500.0), np.full(5, 500.0), np.full(4, 500.0))
    signal = read_signal("availability.Average")
    found = failing(signal, np.full(50, 100.0), np.full(5, 100.0), np.full(4, 92.0), rows)
    assert found is not None
    assert found.now == pytest.approx(0.08)
    assert found.bits > 3


def test_a_signal_that_always_says_failed_measures_nothing() -> None:
    rows = Requests(np.full(50, 500.0), np.full(5, 500.0), np.full(4, 500.0))
    signal = read_signal("success_rate")
    assert failing(signal, np.zeros(50), np.zeros(5), np.zeros(4), rows) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_quantiles_are_those_of_numpy(values: list[float]) -> None:
    given = np.array(values)
    expected = np.quantile(given, (0.01, 0.5, 0.9))
    assert quantiles(given, (0.01, 0.5, 0.9)) == pytest.approx(tuple(expected), abs=1e-6)
