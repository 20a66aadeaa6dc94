"""What a detector says of a point."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["both", "above", "below"]

ALARM = 0.5
"""The score from which on a point is an alarm: the product's one threshold, chosen on DEV."""


class Family(StrEnum):
    """What a series is, learned from its own points."""

    AUTO = "auto"
    """Not known yet."""
    SEASONAL = "seasonal"
    """Repeats by the day, or by the week."""
    LEVEL = "level"
    """Stays about a level, which may wander."""
    BURSTY = "bursty"
    """A level with bursts that are part of it: heavy tails."""
    SPARSE = "sparse"
    """Mostly one value, often zero, with the odd other one."""


class Looks(StrEnum):
    """What a detector is asked to find."""

    ANY = "any"
    """Whatever its family calls for."""
    SEASONAL = "seasonal"
    """Values that are wrong for their time of day."""
    NOVELTY = "novelty"
    """Values unlike all before."""
    SHIFT = "shift"
    """A level that moved and stays."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a detector says of one point."""

    score: float
    """How sure that something is wrong, 0-1; from 0.5 on it is an alarm."""
    firing: bool
    """Part of an episode."""
    started: bool
    """The first point of an episode."""
    ended: bool
    """The first point after one."""
    expected: float
    low: float
    high: float
    """What is normal here: the expected value and the band about it; NaN while learning."""
    family: Family


@dataclass(frozen=True, slots=True)
class Readings:
    """What a detector says of many points: one array for each field of `Reading`."""

    score: NDArray[np.float64]
    firing: NDArray[np.bool_]
    started: NDArray[np.bool_]
    ended: NDArray[np.bool_]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    family: tuple[Family, ...]

    def __len__(self) -> int:
        return len(self.score)

    def __getitem__(self, row: int) -> Reading:
        return Reading(
            float(self.score[row]),
            bool(self.firing[row]),
            bool(self.started[row]),
            bool(self.ended[row]),
            float(self.expected[row]),
            float(self.low[row]),
            float(self.high[row]),
            self.family[row],
        )

    def __iter__(self) -> Iterator[Reading]:
        return (self[row] for row in range(len(self)))
