"""Series that the tests of detection share: a minute a point."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Values = NDArray[np.float64]
DAY = 1440
START = 1_772_409_600.0
"""Monday, 2 March 2026, midnight UTC."""


@pytest.fixture(scope="session")
def times() -> Callable[[int], Values]:
    return lambda size: np.asarray(START + 60.0 * np.arange(size), dtype=np.float64)


@pytest.fixture(scope="session")
def daily() -> Values:
    """Eight days of requests: a smooth day, noise of 3 %."""
    rng = np.random.default_rng(1)
    level = 500 + 300 * np.sin(2 * np.pi * np.arange(8 * DAY) / DAY)
    return np.asarray(level * (1 + 0.03 * rng.standard_normal(8 * DAY)))


@pytest.fixture(scope="session")
def level() -> Values:
    """Two thousand points about 50."""
    return np.asarray(np.random.default_rng(2).normal(50, 2, 2000))
