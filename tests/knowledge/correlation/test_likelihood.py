import math

import pytest

from knowledge.correlation.likelihood import MOST_TIMING, decay, timing, upstream
from knowledge.correlation.tuning import Tuning

TUNING = Tuning()


def test_the_delay_is_a_density() -> None:
    step = 0.5
    after = sum(decay(60.0, TUNING)(n * step) * step for n in range(20_000))
    assert after == pytest.approx(1.0, abs=0.02)


def test_effects_soon_after_are_likeliest() -> None:
    order = [decay(60.0, TUNING)(dt) for dt in (5, 60, 300, 1800)]
    assert order == sorted(order, reverse=True)
    assert decay(60.0, TUNING)(-60) < decay(60.0, TUNING)(60) / 10


def test_a_cause_is_not_long_after_its_effect() -> None:
    assert upstream(TUNING)(240) < 1e-6
    assert upstream(TUNING)(-60) == decay(TUNING.spread_tau, TUNING)(60)


def test_timing_is_the_log_of_the_ratio_within_bounds() -> None:
    assert timing(0.02, 0.002) == pytest.approx(math.log(10))
    assert timing(1e9, 1e-9) == MOST_TIMING
    assert timing(0.0, 1.0) == -MOST_TIMING
