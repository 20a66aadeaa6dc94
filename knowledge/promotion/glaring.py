"""What needs no statistics: a figure far beyond anything that was seen before, for minutes.

The bets of `knowledge.promotion.figures` are made to find what is a little worse without crying
wolf, and take several means of five minutes. A release that breaks its service outright is plain
sooner: for MINUTES in a row every value is worse than the worst that lasted so long in all of the
past, by LIMITS times the figure's limit on top.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from knowledge.promotion.figures import Array, FigureRule
from knowledge.records import Series

MINUTES = 2
LIMITS = 5.0
WEEK = 7 * 1_440
"""Minutes of the past after which its worst tells what is possible."""
YOUNG = 10.0
"""LIMITS of a shorter past, which has seen less."""
LEAST = 20
"""With fewer minutes nothing is said."""
NIGHTS = 3 * 1_440
"""How low traffic may fall is known only after some nights."""


def limit_of(rule: FigureRule, past: Series) -> float | None:
    """What no value may be worse than for long; None where too little is known of the past, which
    is read minute by minute (`figures.STEP`)."""
    known = past.values
    if len(known) < (NIGHTS if rule.less_is_worse else LEAST):
        return None
    factor = 1 + (LIMITS if len(known) >= WEEK else YOUNG) * rule.limit
    windows = sliding_window_view(known, MINUTES)
    if rule.less_is_worse:
        return float(windows.max(axis=1).min()) / factor
    return (float(windows.min(axis=1).max()) + rule.margin) * factor


def glaring(rule: FigureRule, limit: float | None, since: Array) -> float | None:
    """The mean of the newest values where all of them are worse than the limit, else None.

    `since` are the values of each minute since the move, without those that are not judged.
    """
    newest = since[-MINUTES:]
    if limit is None or len(newest) < MINUTES:
        return None
    worse = newest < limit if rule.less_is_worse else newest > limit
    return float(newest.mean()) if bool(np.all(worse)) else None
