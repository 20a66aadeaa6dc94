"""How far is too far: the tail of a statistic's own past, and the limit it gives."""

import math
from array import array
from dataclasses import dataclass

_BINS = 40
_LEAST = 1.5
_PER_LOG = 1 / math.log(1.15)
"""Each bin is 15 % wider than the one before; the last begins at 1.5 * 1.15**39, about 350."""
_REMEMBER = 20_000
"""Points after which old ones count half."""
_KNOWN = 150
"""Points before which a tail is not known."""
_HEAVY = 2.2
"""Times the 97th percentile; of a normal distribution the 99.5th is 1.3 times as far out."""
_HABIT = 1.0
_FORGET_HABIT = 500
"""What an alarm adds to the bar, as a share of it, and in how many points it is forgotten."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a statistic before it is an alarm. Chosen once, on DEV."""

    margin: float
    """How many times the record."""
    least: float
    """In units of the statistic's usual size, whatever its tail says."""
    reach: float
    """How many times the way from the 90th to the 97th percentile beyond the 97th."""
    far_reach: float
    """The same from the 97th to the 99.5th percentile beyond the 99.5th."""


class Tail:
    """The tail of a positive statistic, as a histogram of its logarithm.

    The limit is the lower of two. The *bar* extrapolates the tail from three percentiles: what is
    far beyond usual need not be a record. The *record* is the largest seen so far and a margin: it
    serves tails that are too heavy to be extrapolated. Each alarm raises the bar for a while, as
    what happens often is no news; it does not touch the record.
    """

    __slots__ = (
        "_bar",
        "_count",
        "_counts",
        "_due",
        "_habit",
        "_settled",
        "given_demand",
        "heavy",
        "limit",
        "record",
    )

    def __init__(self, demand: Demand) -> None:
        self.given_demand = demand
        self._count = 0
        self._counts = array("f", bytes(4 * _BINS))
        self._due = _KNOWN
        self._habit = 0.0
        self._settled = False
        self._bar = math.inf
        self.heavy = False
        """The far tail is much longer than the near one foretells: bursts are normal."""
        self.record = 0.0
        self.limit = math.inf

    def see(self, size: float) -> None:
        """Learn one more."""
        self._count = count = self._count + 1
        if size > _LEAST:
            place = int(math.log(size / _LEAST) * _PER_LOG)
            self._counts[place if place < _BINS else _BINS - 1] += 1
        if size > self.record:
            self.mark(size)
        if count >= self._due:
            self._fit()

    def mark(self, size: float) -> None:
        """Keep a record, and nothing else of it: it is part of an episode."""
        if size > self.record:
            self.record = size
            self._set_limit()

    def settle(self) -> None:
        """The series is known, if not this side of it: what was not seen yet is a record."""
        self._settled = True
        self._set_limit()

    def told(self) -> None:
        """An alarm was raised on this statistic."""
        self._habit += _HABIT
        self._set_limit()

    def _set_limit(self) -> None:
        if self._settled:
            bar, record = self._bar * (1 + self._habit), self.record * self.given_demand.margin
            self.limit = max(self.given_demand.least, min(bar, record))

    def _fit(self) -> None:
        more = max(32, min(self._count // 8, 512))
        self._habit *= max(0.0, 1 - more / _FORGET_HABIT)
        if self._count > _REMEMBER:
            self._count //= 2
            for place, count in enumerate(self._counts):
                self._counts[place] = count / 2
        self._due = self._count + more
        q995, q97, q90 = self._quantiles(0.005, 0.03, 0.10)
        self.heavy = q995 > _HEAVY * q97
        self._bar = max(
            q97 + self.given_demand.reach * (q97 - q90),
            q995 + self.given_demand.far_reach * (q995 - q97),
        )
        self.settle()

    def _quantiles(self, *shares: float) -> list[float]:
        """Sizes beyond which such shares of the past lie, rising; interpolated within a bin."""
        found = []
        beyond, place = 0.0, _BINS
        for share in shares:
            wanted = share * self._count
            while place > 0 and beyond + self._counts[place - 1] < wanted:
                place -= 1
                beyond += self._counts[place]
            if place == 0:
                found.append(_LEAST)
                continue
            inside = (wanted - beyond) / self._counts[place - 1]
            found.append(_LEAST * math.exp((place - inside) / _PER_LOG))
        return found
