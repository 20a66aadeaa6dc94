"""Has a figure of an endpoint become worse since a moment? Looked at again and again.

What is expected is what earlier days had at this time of day, times how high today was just
before the moment. The same forecast made for every earlier day says how far off it usually is: each
mean of five minutes since is ranked among those errors, after they were made worse by the limit. A
small rank says "worse by more than the limit, and not by chance". Ranks are bets against "nothing
is wrong" (a conformal test martingale: Vovk, Nouretdinov and Gammerman 2003): what one unit of
money becomes is evidence that may be looked at after every bet, since it ever reaches 1/alpha with
a probability of at most alpha (Ville's inequality). Half the money is bet from the first mean on,
the rest is spread over later beginnings, so that what goes wrong hours later is seen too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from knowledge.records import Series

Array = NDArray[np.float64]

PAST = timedelta(days=14)
STEP = timedelta(minutes=1)
"""How series are to be read."""
SLOT = timedelta(minutes=5)
LEAD = timedelta(hours=2)
"""How high today is, is read in this time before the moment."""
SLOTS = int(timedelta(days=1) / SLOT)
LEAD_SLOTS = int(LEAD / SLOT)
SHORT_SLOTS = int(timedelta(hours=2) / SLOT)
"""Without earlier days only so much is judged: beyond it the time of day tells more than any
fault."""
NEAR = 36
"""Slots to either side whose forecasts were about as hard: three hours."""
SMOOTH = 6
"""Half an hour."""
FEWEST_DAYS = 3
FEWEST = 40
"""With fewer errors of forecasts to compare with, no rank is small enough to say anything."""
RECENT = 3
"""Slots whose mean stands on the card."""
LEVELS = (0.5, 2.0)
"""Today is never taken to be further from the usual than that."""
BETS = (0.2, 0.4, 0.7)
"""Exponents of the bets `e * rank ** (e - 1)`; their mean is a bet too. None so bold that two
slots could decide."""
RICH = 1e12
"""Evidence beyond any doubt: more is not counted."""


@dataclass(frozen=True)
class FigureRule:
    """When one figure matters."""

    limit: float
    """How much worse, relatively: 0.3 is 1.3 times as much, or where less is worse 1/1.3."""
    margin: float = 0.0
    """What matters to nobody, in the figure's own unit."""
    less_is_worse: bool = False


RULES: Mapping[str, FigureRule] = {
    "errors": FigureRule(0.3, margin=0.001),
    "latency": FigureRule(0.2),
    "volume": FigureRule(0.3, less_is_worse=True),
    "cost": FigureRule(0.2),
    "tokens": FigureRule(0.3),
}
"""By the names of `ModelFacts.endpoint`. What is not named is shown and not judged."""


@dataclass(frozen=True)
class Judged:
    """One figure since the moment; means over the newest RECENT slots."""

    expected: float
    value: float
    trail: tuple[float, ...] = ()
    """What the bets had won after each slot; empty where there was nothing to compare."""
    short: bool = False
    """Too few earlier days are known, so that only the first SHORT_SLOTS can be judged."""

    @property
    def evidence(self) -> float:
        """1/alpha or more is worse at the level alpha."""
        return self.trail[-1] if self.trail else 0.0

    @property
    def slots(self) -> int:
        """How many were judged."""
        return len(self.trail)


def combine(name: str, series: Sequence[Series]) -> Series:
    """Several series of a query as one: traffic adds up, of everything else the worst counts.

    So a label that names the version or the pod does not tear before and since apart.
    """
    kept = [_finite(one) for one in series]
    if len(kept) == 1:
        return kept[0]
    times = np.unique(np.concatenate([np.empty(0), *(one.times for one in kept)]))
    values = np.zeros(len(times)) if name == "volume" else np.full(len(times), -np.inf)
    join = np.add if name == "volume" else np.maximum
    for one in kept:
        join.at(values, np.searchsorted(times, one.times), one.values)
    return Series({}, times, values)


def judge(
    rule: FigureRule, past: Series, since: Series, moment: datetime, settled: datetime, slots: int
) -> Judged:
    """`past` ends at the moment and `since` begins there, both at STEP; what lies before `settled`
    is not judged. `slots` is how many there will be in all."""
    start = settled.timestamp()
    values = _in_slots(since, start, 0, slots)
    lead = _in_slots(past, moment.timestamp(), -LEAD_SLOTS, LEAD_SLOTS)
    days = _in_slots(past, start, -PAST.days * SLOTS, PAST.days * SLOTS).reshape(-1, SLOTS)
    late = round((settled - moment) / SLOT)
    forecast = _by_days(rule, days, lead, late) or _by_lead(rule, days, lead)
    seen = np.flatnonzero(np.isfinite(values))
    if forecast is None or not len(seen):
        return Judged(_mean(lead[np.isfinite(lead)]), _mean(values[seen]))
    return forecast.judge(rule, values, slots)


@dataclass(frozen=True)
class _Forecast:
    usual: Array
    """What is expected, for each slot since the settled moment: a day, which repeats itself."""
    errors: Array
    """Worseness of earlier values as they were forecast, (days, SLOTS); or (1, n), where no time
    of day is told apart."""
    floor: float
    most: int
    """How many slots it can judge."""

    def judge(self, rule: FigureRule, values: Array, slots: int) -> Judged:
        number = np.arange(min(len(values), self.most))
        expected = self.usual[number % len(self.usual)]
        there = np.isfinite(values[number]) & np.isfinite(expected)
        number, expected, values = number[there], expected[there], values[number][there]
        if not len(number):
            return Judged(0.0, 0.0)
        worseness = _worseness(rule, values, expected, self.floor)
        ranks = self._ranks(number, worseness / (1 + rule.limit))
        return Judged(_mean(expected), _mean(values), _won(ranks, slots), self.most < slots)

    def _ranks(self, number: NDArray[np.int64], worseness: Array) -> Array:
        """The share of earlier errors, near the same time of day, that were at least as bad."""
        if len(self.usual) == 1:
            return np.array([_rank(self.errors, one) for one in worseness])
        around = (number[:, None] + np.arange(-NEAR, NEAR + 1)) % SLOTS
        return np.array(
            [_rank(self.errors[:, near], one) for near, one in zip(around, worseness, strict=True)]
        )


def _by_days(rule: FigureRule, days: Array, lead: Array, late: int) -> _Forecast | None:
    """None where too few earlier days are known. `late` is how many slots after the moment the
    days begin."""
    usual = _usual(days)
    floor = _floor(rule, usual)
    leads = [_level(day[-LEAD_SLOTS:], usual[-LEAD_SLOTS:], floor) for day in days[:-1]]
    errors = _worseness(rule, days[1:], usual * np.array(leads)[:, None], floor)
    errors = errors[np.isfinite(errors).sum(axis=1) >= SLOTS // 2]
    today = _level(lead, usual[(np.arange(-LEAD_SLOTS, 0) - late) % SLOTS], floor)
    if len(errors) < FEWEST_DAYS or not np.isfinite(today):
        return None
    # A week's worth of slots and more would only repeat the day.
    return _Forecast(usual * today, errors, floor, np.iinfo(np.int32).max)


def _by_lead(rule: FigureRule, days: Array, lead: Array) -> _Forecast | None:
    """That it goes on as in the time before; how well that works is seen on what there was."""
    known = days.ravel()
    lead = lead[np.isfinite(lead)]
    if not len(lead):
        return None
    usual = np.array([np.mean(lead)])
    floor = _floor(rule, usual)
    windows = sliding_window_view(known, LEAD_SLOTS + SHORT_SLOTS)[:: LEAD_SLOTS // 4]
    windows = windows[np.isfinite(windows).all(axis=1)]
    before = windows[:, :LEAD_SLOTS].mean(axis=1, keepdims=True)
    errors = _worseness(rule, windows[:, LEAD_SLOTS:], before, floor)
    if errors.size < FEWEST:
        return None
    return _Forecast(usual, errors.reshape(1, -1), floor, SHORT_SLOTS)


def _in_slots(series: Series, start: float, first: int, many: int) -> Array:
    """Means of the slots from the `first` after `start` on: shape (many,), NaN where nothing was
    read, and for a slot that is not over."""
    slots = np.floor((series.times - start) / SLOT.total_seconds()).astype(np.int64) - first
    inside = (slots >= 0) & (slots < many) & np.isfinite(series.values)
    sums = np.bincount(slots[inside], series.values[inside], minlength=many)
    counts = np.bincount(slots[inside], minlength=many)
    means = np.full(many, np.nan)
    means[counts > 0] = sums[counts > 0] / counts[counts > 0]
    if first >= 0 and len(series.times):
        last = series.times[-1] + STEP.total_seconds()
        over = int((last - start) // SLOT.total_seconds()) - first
        means[max(over, 0) :] = np.nan
    return means


def _worseness(rule: FigureRule, values: Array, expected: Array, floor: float) -> Array:
    """How many times worse than expected: 1 is as expected."""
    ratio: Array = (np.maximum(values, 0.0) + floor) / (expected + floor)
    return 1 / ratio if rule.less_is_worse else ratio


def _floor(rule: FigureRule, usual: Array) -> float:
    """Keeps the ratio of nothing to nothing at 1."""
    known = usual[np.isfinite(usual)]
    return max(rule.margin, 0.01 * float(np.median(known)) if len(known) else 0.0, 1e-9)


def _usual(days: Array) -> Array:
    """For each slot the median over the days of the means around it; NaN where none is known.

    Means, as counts are small at night; the median, as a bad day must not count.
    """
    near = (np.arange(SLOTS)[:, None] + np.arange(-SMOOTH, SMOOTH + 1)) % SLOTS
    around = days[:, near]
    there = np.isfinite(around)
    counts = there.sum(axis=2)
    means = np.where(there, around, 0.0).sum(axis=2) / np.maximum(counts, 1)
    usual = np.full(SLOTS, np.nan)
    known = (counts > 0).sum(axis=0) >= FEWEST_DAYS
    if known.any():
        usual[known] = np.nanmedian(np.where(counts > 0, means, np.nan)[:, known], axis=0)
    return usual


def _level(values: Array, usual: Array, floor: float) -> float:
    """How high these values are beside the usual ones; NaN where that cannot be told. A fifth of
    them, the extreme ones, does not count."""
    ratios = (values + floor) / (usual + floor)
    ratios = np.sort(ratios[np.isfinite(ratios)])
    if len(ratios) < LEAD_SLOTS // 2:
        return float("nan")
    cut = len(ratios) // 10
    return float(np.clip(np.mean(ratios[cut : len(ratios) - cut]), *LEVELS))


def _rank(errors: Array, worseness: float) -> float:
    known = errors[np.isfinite(errors)]
    if len(known) < FEWEST:
        return 1.0
    return float((1 + np.count_nonzero(known >= worseness)) / (len(known) + 1))


def _won(ranks: Array, chances: int) -> tuple[float, ...]:
    """What one unit of money has become after each rank: half of it bet from the first one on, the
    rest spread over `chances` later beginnings."""
    bets = np.array(BETS)
    money = np.zeros(len(bets))
    stake = 0.5
    trail = []
    for rank in ranks:
        money = np.minimum((money + stake) * bets * rank ** (bets - 1), RICH)
        stake = 0.5 / max(chances, len(ranks))
        trail.append(float(money.mean()))
    return tuple(trail)


def _mean(values: Array) -> float:
    """0 where there is none: it is shown nowhere then."""
    return float(np.mean(values[-RECENT:])) if len(values) else 0.0


def _finite(series: Series) -> Series:
    there = np.isfinite(series.values)
    return Series(series.labels, series.times[there], series.values[there])
