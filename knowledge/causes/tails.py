"""How unusual is what a signal shows? Surprise in bits, against its calm values.

A score counts scales (robust standard deviations with a floor) from the usual value, and is
divided by how far the calm values themselves stray beyond a normal tail. Beyond `START` scales the
tail is taken to be a Pareto of exponent 1, about as heavy as those of latencies and counts:
P(Z > z) = START / z, so the surprise is log2(z / START) bits. A normal tail would call every
second burst impossible, and any two signals that are "impossible" could not be compared.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.causes.signals import Bad, Family, Signal

Floats = NDArray[np.float64]

START = 3.0
MOST_BITS = 8.0
FEWEST_CALM = 8
"""Fewer calm values say nothing of what is usual."""
ROWS = 4
"""So many rows from the failure on are looked at; the second worst of them counts, so that one
odd row is not enough."""
_FLOOR = 0.05
"""A scale is at least this share of the usual value: smaller changes matter to nobody."""
_RATE_FLOOR = 0.001
_MEANINGLESS = 0.99
"""Where so many requests fail in calm times, failures are not what is measured."""
_MAD = 1.4826
_NORMAL_Q90, _NORMAL_Q99 = 1.2816, 2.3263


@dataclass(frozen=True)
class Deviation:
    """One signal of one service in a failure."""

    signal: Signal
    score: float
    """In scales, signed; 0 where it moved into the harmless direction."""
    usual: float
    low: float
    """80 % of the calm values are in low-high."""
    high: float
    now: float
    excess: float
    """What it has more than usual, signed, in its own unit; 0 where the score is."""

    @property
    def bits(self) -> float:
        return surprise(self.score)


def surprise(score: float) -> float:
    """Bits, 0 to MOST_BITS."""
    size = abs(score)
    return min(math.log2(size / START), MOST_BITS) if size > START else 0.0


def deviation(signal: Signal, calm: Floats, before: Floats, during: Floats) -> Deviation | None:
    """Judge a signal by its rows in calm times, just before the failure and during it (each of
    shape (n,), NaN where there is nothing). None where there is too little to judge by.

    What was as odd before the failure did not begin with it: the smaller of both differences,
    from calm times and from just before, counts.
    """
    calm, before, during = _known(calm), _known(before), _known(during)
    if len(calm) < FEWEST_CALM or not len(during):
        return None
    q01, low, usual, high, q99 = quantiles(calm, (0.01, 0.1, 0.5, 0.9, 0.99))
    (spread,) = quantiles(np.abs(calm - usual), (0.5,))
    scale = max(
        _MAD * spread,
        (high - low) / (2 * _NORMAL_Q90),
        _FLOOR * abs(usual),
        1e-12,
    )
    stray = max(1.0, max(q99 - usual, usual - q01) / scale / _NORMAL_Q99)
    now = _second_worst(during, usual, signal.bad)
    off = (now - usual) / scale
    if len(before):
        since = (now - quantiles(before, (0.5,))[0]) / scale
        off = 0.0 if since * off <= 0 else math.copysign(min(abs(off), abs(since)), off)
    if not _worth(off, signal.bad):
        off = 0.0
    excess = now - usual if off else 0.0
    return Deviation(signal, off / stray, usual, low, high, now, excess)


@dataclass(frozen=True)
class Requests:
    """How many requests fell into each row of calm, before and during; shapes (n,) of the rates
    beside them."""

    calm: Floats
    before: Floats
    during: Floats


def failing(
    signal: Signal, calm: Floats, before: Floats, during: Floats, requests: Requests
) -> Deviation | None:
    """Judge a share of failed (or of successful) requests by how many requests it is a share of:
    two failures of three are less than sixty of a thousand.

    The failures of the two worst rows against a Poisson law, at a rate that holds the calm rows
    but for one in twenty. The result is in failed shares, whichever way the signal counts.
    """
    full = 100.0 if signal.unit == "%" or _largest(calm, during) > 1.5 else 1.0
    rates = [_failed_share(part, full, signal) for part in (calm, before, during)]
    counts = [np.nan_to_num(part) for part in (requests.calm, requests.before, requests.during)]
    counts = [np.where(np.isnan(r), 0.0, c) for r, c in zip(rates, counts, strict=True)]
    rates = [np.nan_to_num(rate) for rate in rates]
    seen = counts[0] > 0
    if seen.sum() < FEWEST_CALM or not counts[2].any():
        return None
    mean = float(rates[0] @ counts[0] / counts[0].sum())
    if mean > _MEANINGLESS:
        return None
    usual = max(float(np.quantile(rates[0][seen], 0.95)), mean, _RATE_FLOOR)
    earlier = float(np.median(rates[1])) if len(rates[1]) else 0.0
    worst = np.argsort(-(rates[2] * (counts[2] > 0)))[:2]
    asked = float(counts[2][worst].sum())
    failed = float(rates[2][worst] @ counts[2][worst])
    expected = asked * max(usual, earlier)
    score = max(failed - expected, 0.0) / math.sqrt(expected + 1)
    share = failed / max(asked, 1.0)
    excess = max(share - max(mean, earlier), 0.0) if score else 0.0
    return Deviation(
        signal, score, mean, 0.0, float(np.quantile(rates[0][seen], 0.9)), share, excess
    )


def quantiles(values: Floats, shares: tuple[float, ...]) -> tuple[float, ...]:
    """As np.quantile, many times faster for the few values of one signal."""
    ordered = np.sort(values)
    places = np.array(shares) * (len(ordered) - 1)
    return tuple(float(q) for q in np.interp(places, np.arange(len(ordered)), ordered))


def _failed_share(rates: Floats, full: float, signal: Signal) -> Floats:
    shares = rates / full
    return 1.0 - shares if signal.family is Family.SUCCESS else shares


def _largest(*parts: Floats) -> float:
    return max((float(part.max()) for part in map(_known, parts) if len(part)), default=0.0)


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _second_worst(during: Floats, usual: float, bad: Bad) -> float:
    ordered = np.sort(during)
    high = float(ordered[-2] if len(ordered) > 1 else ordered[-1])
    low = float(ordered[1] if len(ordered) > 1 else ordered[0])
    if bad is Bad.UP:
        return high
    if bad is Bad.DOWN:
        return low
    return high if high - usual >= usual - low else low


def _worth(off: float, bad: Bad) -> bool:
    return off > 0 if bad is Bad.UP else off < 0 if bad is Bad.DOWN else True
