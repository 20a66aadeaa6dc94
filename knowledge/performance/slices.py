"""Segments of a window that are answered worse than the whole.

Every value of the named columns, numbers in quantile bins, and every pair of them is compared with
the whole by a one-sided normal test. A segment is part of the whole, so the variance of their
difference is the segment's times the share that lies outside it. As there are many segments,
Benjamini and Hochberg's procedure (1995) keeps the expected share of false ones at 1 in 1,000; and
a segment must be large enough and bad enough to matter. A pair is told only where it is clearly
worse than either column alone.

The AUC of a range is lower than that of the whole merely because its scores are closer together. So
where the scores say what to expect (see `knowledge.performance.estimate`), a segment is tested by
AUC for falling short of that by more than the whole does.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from math import erfc, isfinite, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import BadArgs
from knowledge.performance.answers import Answers, Bools
from knowledge.performance.measures import (
    ERRORS,
    LOWER_IS_BETTER,
    Measured,
    measure_one,
    say_measure,
    say_value,
)
from knowledge.records import Frame

Plain = NDArray[Any]
"""A column as floats, or as objects that are str or None; (n,)."""

Expect = Callable[[Answers, str], float]
"""The measure of that name that the scores of such rows promise; NaN where they promise none."""

MIN_SLICE = 100
FALSE_SHARE = 0.001
EFFECT = 0.05
"""How much worse than the whole, for measures between 0 and 1."""
EFFECT_SHARE = 0.2
"""The same for errors without an upper end, as a share of the whole's."""
BINS = 5
MOST_VALUES = 100
"""Of a column, its so many most frequent values are segments."""
PAIR_VALUES = 8
"""Of a column, its so many most frequent values or ranges are paired with those of others."""
MOST_COLUMNS = 12
MOST_ROWS = 100_000
MOST_TOLD = 5


@dataclass(frozen=True)
class Segment:
    """Rows of one value of a column, or of a range [low, high] of it."""

    column: str
    name: str
    text: str = ""
    low: float = nan
    high: float = nan

    def of(self, values: Plain) -> Bools:
        """Which rows of the column, as `plain` gives it, lie in it."""
        if values.dtype.kind == "f":
            inside = (values >= self.low) & (values <= self.high)
            return np.asarray(inside, dtype=bool)
        return np.asarray(values == self.text, dtype=bool)


@dataclass(frozen=True)
class Slice:
    """A segment, of one column or of two, that is answered worse."""

    parts: tuple[Segment, ...]
    measured: Measured
    whole: Measured
    p: float
    before: Measured | None = None
    """The same segment on the reference, where that is known."""
    short: float | None = None
    """By how much more than the whole it falls short of what its scores promise."""

    @property
    def name(self) -> str:
        """ "merchant_code 5812", "amount 120 to 480 and plan basic"."""
        return " and ".join(part.name for part in self.parts)

    @property
    def fall(self) -> float:
        return fall(self.measured, self.whole)

    @property
    def new(self) -> bool:
        """Is it worse than the same segment was on the reference, by what matters?"""
        return self.before is None or _matters(self.measured, self.before)

    @property
    def sentence(self) -> str:
        name = self.measured.name
        was = f" ({say_value(name, self.before.value)} on the reference)" if self.before else ""
        return (
            f"{self.name}: {say_measure(name)} {say_value(name, self.measured.value)} against "
            f"{say_value(name, self.whole.value)}{was}, {self.measured.rows:,} rows"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "slice": self.name,
            "columns": [part.column for part in self.parts],
            "measure": self.measured.name,
            **self.measured.to_json(),
            "whole": self.whole.value,
            "p": self.p,
            "reference": self.before.value if self.before else None,
        }


def worse_slices(
    answers: Answers,
    frame: Frame,
    columns: Sequence[str],
    name: str,
    *,
    codes: Collection[str] = (),
    reference: tuple[Answers, Frame] | None = None,
    expect: Expect | None = None,
) -> list[Slice]:
    """The segments of `columns` that measure `name` worse, worst first; only labelled rows count.

    `codes` names columns of numbers that are categories. With a `reference` each segment says what
    it was there; `expect` gives a measure that scores promise. Raises BadArgs for a column that is
    not there.
    """
    _check_columns(columns, frame)
    kept = _sample(answers.labelled & answers.answered)
    known = answers.take(kept)
    whole = measure_one(known, name)
    if not whole.known:
        return []
    values = {c: plain(frame[c][kept], c in codes) for c in list(columns)[:MOST_COLUMNS]}
    test = _Test(known, values, whole, expect if name == "auc" else None)
    tested = test.all()
    found = [s for s in _discoveries(list(tested.values())) if test.matters(s) and _adds(s, tested)]
    worst = sorted(found, key=lambda s: (-s.fall, s.name))[:MOST_TOLD]
    return [_with_before(s, reference, codes) for s in worst] if reference else worst


def _check_columns(columns: Sequence[str], frame: Frame) -> None:
    for column in columns:
        if column not in frame:
            known = ", ".join(list(frame)[:12])
            raise BadArgs("slices", f"there is no column `{column}`", f"Columns are {known}")


def _sample(kept: Bools) -> Bools:
    """Every so-manieth row of a very long window: its segments are large enough all the same."""
    every = max(int(kept.sum()) // MOST_ROWS, 1)
    return np.asarray(kept & (np.arange(len(kept)) % every == 0), dtype=bool)


def plain(values: NDArray[Any], codes: bool = False) -> Plain:
    """A column as floats, or as texts with None; `codes`: its numbers are categories."""
    if values.dtype.kind in "iuf" and not codes:
        return values.astype(np.float64)
    return np.array([None if v is None or v != v else _text(v) for v in values.tolist()], object)


def segments(column: str, values: Plain) -> list[Segment]:
    """The values of a column, most frequent first; numbers with many values by quantiles."""
    if values.dtype.kind != "f":
        often = Counter(v for v in values.tolist() if v is not None).most_common(MOST_VALUES)
        return [Segment(column, f"{column} {v}", v) for v, n in often if n >= MIN_SLICE]
    finite = values[np.isfinite(values)]
    if not len(finite):
        return []
    found, counts = np.unique(finite, return_counts=True)
    if len(found) <= MOST_VALUES or _codes(found, counts):
        order = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        often = [(float(found[i]), int(counts[i])) for i in order]
        return [
            Segment(column, f"{column} {v:.10g}", low=v, high=v) for v, n in often if n >= MIN_SLICE
        ]
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, BINS + 1)))
    # Ranges share no row: each begins just above the end of the one before.
    lows = [edges[0], *np.nextafter(edges[1:-1], np.inf)]
    return [
        Segment(column, f"{column} {low:.4g} to {high:.4g}", low=float(low), high=float(high))
        for low, high in zip(lows, edges[1:], strict=True)
    ]


def fall(here: Measured, other: Measured) -> float:
    """How much worse one is than the other."""
    gap = other.value - here.value
    return -gap if here.name in LOWER_IS_BETTER else gap


def _codes(found: NDArray[np.float64], counts: NDArray[np.intp]) -> bool:
    """Whole numbers of which some are very frequent are codes, not quantities."""
    whole = bool((found == np.floor(found)).all())
    return whole and float(np.sort(counts)[-MOST_VALUES:].sum()) > 0.5 * float(counts.sum())


@dataclass(frozen=True, eq=False)
class _Test:
    """Segments of one window against the whole of it."""

    known: Answers
    values: Mapping[str, Plain]
    whole: Measured
    expect: Expect | None

    def all(self) -> dict[tuple[Segment, ...], Slice]:
        """Every segment and pair that is large enough, tested."""
        parts = {column: segments(column, held) for column, held in self.values.items()}
        asked: list[tuple[Segment, ...]] = [(s,) for found in parts.values() for s in found]
        for one, other in combinations(parts, 2):
            asked += product(parts[one][:PAIR_VALUES], parts[other][:PAIR_VALUES])
        tested = {segment: self._one(segment) for segment in asked}
        return {segment: made for segment, made in tested.items() if made is not None}

    def matters(self, slice_: Slice) -> bool:
        return _matters(slice_.measured, self.whole) and (
            slice_.short is None or slice_.short >= EFFECT / 2
        )

    def _one(self, parts: tuple[Segment, ...]) -> Slice | None:
        rows = np.logical_and.reduce([part.of(self.values[part.column]) for part in parts])
        size = int(rows.sum())
        if size < MIN_SLICE or size == len(self.known):
            return None
        inside = self.known.take(rows)
        here = measure_one(inside, self.whole.name)
        if not here.known:
            return None
        gap, short = fall(here, self.whole), self._short(inside, here)
        if short is not None:
            gap = min(gap, short)
        spread = here.error * sqrt(1 - size / len(self.known))
        p = erfc(gap / spread / sqrt(2)) / 2 if spread > 0 else float(gap <= 0)
        return Slice(parts, here, self.whole, p, short=short)

    def _short(self, inside: Answers, here: Measured) -> float | None:
        """By how much more than the whole a segment falls short of what its scores promise."""
        if self.expect is None or not isfinite(self._whole_short):
            return None
        if not _matters(here, self.whole):
            # It will not be told, so what its scores promise need not be known.
            return 0.0
        short = self.expect(inside, here.name) - here.value - self._whole_short
        return short if isfinite(short) else None

    @cached_property
    def _whole_short(self) -> float:
        return self.expect(self.known, self.whole.name) - self.whole.value if self.expect else nan


def _least(of: Measured) -> float:
    return EFFECT_SHARE * abs(of.value) if of.name in ERRORS else EFFECT


def _matters(here: Measured, other: Measured) -> bool:
    return fall(here, other) >= _least(other)


def _adds(pair: Slice, tested: Mapping[tuple[Segment, ...], Slice]) -> bool:
    """Is a pair worse than either of its parts, by half of what matters and beyond chance?"""
    if len(pair.parts) == 1:
        return True
    alone = [tested[(part,)] for part in pair.parts if (part,) in tested]
    least = max(_least(pair.whole) / 2, 3 * pair.measured.error)
    return all(fall(pair.measured, one.measured) >= least for one in alone)


def _discoveries(tested: list[Slice]) -> list[Slice]:
    """Benjamini and Hochberg: all up to the largest p that lies below its rank's share."""
    ordered = sorted(tested, key=lambda s: s.p)
    last = 0
    for rank, one in enumerate(ordered, 1):
        if one.p <= FALSE_SHARE * rank / len(ordered):
            last = rank
    return ordered[:last]


def _with_before(found: Slice, reference: tuple[Answers, Frame], codes: Collection[str]) -> Slice:
    answers, frame = reference
    rows = answers.labelled & answers.answered
    for part in found.parts:
        if part.column not in frame:
            return found
        rows = rows & part.of(plain(frame[part.column], part.column in codes))
    before = measure_one(answers.take(rows), found.measured.name)
    return replace(found, before=before) if before.known else found


def _text(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
