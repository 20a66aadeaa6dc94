"""How surprising is an alert? In nats, by how often the same was there before.

An alert that fires all day says nothing, whatever it is on. Each kind of news has a chance to be
there in a window of time, estimated from past windows: those near in time count more, since a
state that began an hour ago is no news now. Where the component has no past, its level's past
stands in (a Beta prior with the pooled share, `PRIOR` windows strong); where there is no past at
all, the other components of the same moment do.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from knowledge.causes.alerts.landscape import Landscape
from knowledge.causes.alerts.signs import Key, Pool, Sign, Source, pool_of

PRIOR = 2.0
"""The pooled share weighs as much as so many windows."""
RECENT, RECENT_FOR = 15.0, timedelta(hours=3)
"""A window right now weighs this much more than an old one, fading by 1/e in that time."""
SEEN_NOW = 3.0
"""What other components show at the same moment weighs as much as so many windows."""
UNKNOWN_LOG = 0.05
"""The chance of a line of log that has not been seen before: there are always new ones."""


@dataclass(frozen=True)
class Window:
    """What fired in one span of time in the past."""

    at: datetime
    keys: frozenset[Key]


@dataclass(frozen=True)
class Past:
    """Past windows, added up with their weights as seen from one moment."""

    total: float
    counts: Mapping[Key, float]
    pools: Mapping[Pool, float]


def window(at: datetime, signs: Iterable[Sign]) -> Window:
    return Window(at, frozenset(sign.key for sign in signs))


def past(windows: Sequence[Window], at: datetime, landscape: Landscape) -> Past:
    """The windows as they weigh at that moment."""
    counts: dict[Key, float] = defaultdict(float)
    pools: dict[Pool, float] = defaultdict(float)
    total = 0.0
    for each in windows:
        weight = 1 + RECENT * math.exp(-abs(at - each.at) / RECENT_FOR)
        total += weight
        for key in each.keys:
            counts[key] += weight
    for key, count in counts.items():
        pools[pool_of(key, landscape)] += count
    return Past(total, counts, pools)


def chances(signs: Sequence[Sign], known: Past, landscape: Landscape) -> dict[Key, float]:
    """How likely each kind of news would be there in a window in which nothing is wrong, 0-1."""
    now: dict[Pool, set[str]] = {}
    for sign in signs:
        now.setdefault(pool_of(sign.key, landscape), set()).add(sign.component)
    found: dict[Key, float] = {}
    for sign in signs:
        if sign.key not in found:
            usual = _usual(sign.key, now, known, landscape)
            chance = (known.counts.get(sign.key, 0.0) + PRIOR * usual) / (known.total + PRIOR)
            found[sign.key] = min(chance, 1.0)
    return found


def surprise(chance: float) -> float:
    """In nats: 0 for what is always there, 3.9 for what is there in one window of fifty."""
    return -math.log(chance)


def _usual(key: Key, now: Mapping[Pool, set[str]], known: Past, landscape: Landscape) -> float:
    """The share of windows and components of its level in which this kind of news is seen; its
    own service's components left out of the present moment, where one fault may hit them all."""
    if key.source != Source.METRIC.value:
        return UNKNOWN_LOG
    pool = pool_of(key, landscape)
    home = landscape.home(key.component)
    others = sum(landscape.home(c) != home for c in now.get(pool, ()))
    size = landscape.sizes.get(pool.level, 1)
    seen = known.pools.get(pool, 0.0) + SEEN_NOW * others + 0.5
    return min(seen / ((known.total + SEEN_NOW) * max(size, 1) + 1), 1.0)
