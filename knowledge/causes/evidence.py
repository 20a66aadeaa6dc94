"""What each service's own signals say: deviations by family, requests, and how much too much of
the two things that travel along calls, time and failures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from knowledge.causes.case import Case
from knowledge.causes.signals import Family, read_signal
from knowledge.causes.tails import ROWS, Deviation, Requests, deviation, failing
from knowledge.records import Series

Floats = NDArray[np.float64]
Signals = Mapping[str, Series]

NOMINAL = 100.0
"""Requests in a row, where a share of failures is measured and its requests are not."""
TOGETHER = 2
"""A family's bits are the mean of its so many most surprising signals: p90, p95 and p99 are one
thing measured thrice."""


class Harm(StrEnum):
    """What a caller inherits from those it calls."""

    TIME = "time"
    FAILURES = "failures"


HARM_OF = {
    Family.LATENCY: Harm.TIME,
    Family.CALLED: Harm.TIME,
    Family.SUCCESS: Harm.FAILURES,
    Family.ERRORS: Harm.FAILURES,
}


@dataclass(frozen=True)
class Evidence:
    """One service."""

    deviations: Mapping[Family, tuple[Deviation, ...]] = field(default_factory=dict)
    """The most surprising first."""
    requests: float = 1.0
    """A second, in the failure."""

    def bits(self, family: Family) -> float:
        found = self.deviations.get(family, ())[:TOGETHER]
        return math.fsum(d.bits for d in found) / len(found) if found else 0.0

    def harm_bits(self, harm: Harm) -> float:
        return max(self.bits(family) for family, its in HARM_OF.items() if its is harm)

    def excess(self, harm: Harm) -> float:
        """Seconds of waiting, or failures, a second beyond the usual.

        The mean of a latency times the requests. What callers see counts where it is more than the
        service's own: then the calls wait before it.
        """
        families = [family for family, its in HARM_OF.items() if its is harm]
        each = [_excess(self.deviations.get(family, ())) for family in families]
        return max(each) * self.requests


def gather(case: Case) -> dict[str, Evidence]:
    """Look at each signal of each service."""
    rates = {name: _rate(case, name) for name in case.services}
    known = [rate for rate in rates.values() if rate is not None]
    # Where its requests are not counted, a service is taken to have as many as others.
    middle = median(known) if known else 1.0
    return {
        name: Evidence(_deviations(case, name), middle if rate is None else rate)
        for name, rate in rates.items()
    }


def rows_of(case: Case, series: Series) -> tuple[Floats, Floats]:
    """The values before the failure and in it. A row that ends after `at` is in it."""
    ends = series.times + case.step.total_seconds()
    after = ends > case.at.timestamp()
    return series.values[~after], series.values[after][:ROWS]


def _deviations(case: Case, service: str) -> dict[Family, tuple[Deviation, ...]]:
    window, calm = case.window.get(service, {}), case.calm.get(service, {})
    counter = _counter(window, calm)
    found: dict[Family, list[Deviation]] = {}
    for name, series in window.items():
        if name not in calm:
            continue
        signal = read_signal(name)
        before, during = rows_of(case, series)
        usual = calm[name].values
        if signal.share:
            requests = _requests(case, window, calm, name, counter)
            judged = failing(signal, usual, before, during, requests)
        else:
            judged = deviation(signal, usual, before, during)
        if judged:
            found.setdefault(signal.family, []).append(judged)
    for deviations in found.values():
        deviations.sort(key=lambda d: -abs(d.score))
    return {family: tuple(its) for family, its in found.items()}


def _counter(window: Signals, calm: Signals) -> str | None:
    """The signal that counts its requests."""
    counting = (name for name in window if read_signal(name).family is Family.TRAFFIC)
    return next((name for name in counting if name in calm), None)


def _requests(
    case: Case, window: Signals, calm: Signals, name: str, counter: str | None
) -> Requests:
    """What a share is a share of. Where nothing counts that, row by row, a nominal number."""
    if counter and _same_rows(window, name, counter) and _same_rows(calm, name, counter):
        each = 1.0 if read_signal(counter).total else case.step.total_seconds()
        before, during = rows_of(case, window[counter])
        return Requests(calm[counter].values * each, before * each, during * each)
    before, during = rows_of(case, window[name])
    parts = [np.full(len(rows), NOMINAL) for rows in (calm[name].values, before, during)]
    return Requests(*parts)


def _same_rows(signals: Signals, one: str, other: str) -> bool:
    return np.array_equal(signals[one].times, signals[other].times)


def _rate(case: Case, service: str) -> float | None:
    """Requests a second in the failure; None where nothing counts them."""
    window = case.window.get(service, {})
    counter = _counter(window, case.calm.get(service, {}))
    if counter is None:
        return None
    _, during = rows_of(case, window[counter])
    known = during[np.isfinite(during)]
    mean = float(known.mean()) if len(known) else 0.0
    return mean / case.step.total_seconds() if read_signal(counter).total else mean


def _excess(deviations: Sequence[Deviation]) -> float:
    """The excess of the mean: of a mean where there is one, else the area under the quantiles."""
    means = [abs(d.excess) for d in deviations if d.signal.mean]
    if means or not deviations:
        return math.fsum(means) / max(len(means), 1)
    at: dict[float, list[float]] = {}
    for d in deviations:
        at.setdefault(d.signal.quantile or 0.5, []).append(abs(d.excess))
    places = sorted(at)
    ends = [0.0, *((a + b) / 2 for a, b in pairwise(places)), 1.0]
    widths = [high - low for low, high in pairwise(ends)]
    levels = [math.fsum(at[place]) / len(at[place]) for place in places]
    return math.fsum(w * level for w, level in zip(widths, levels, strict=True))
