"""Segments of a window that are answered worse than the whole.

Every value of the named columns, numbers in quantile bins, and every pair of them is compared with
the whole by a one-sided normal test. A segment is part of the whole, so the variance of their
difference is the segment's times the share that lies outside it. As there are many segments,
Benjamini and Hochberg's procedure (1995) keeps the expected share of false ones at 1 %; and a
segment must be large enough and bad enough to matter. A pair is told only where it is clearly worse
than either column alone.

The AUC of a range is lower than that of the whole merely because its scores are closer together. So
where the scores say what to expect (see `knowledge.performance.estimate`), a segment counts by AUC
only if it falls short of that by more than the whole does.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import erfc, nan, sqrt
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
FALSE_SHARE = 0.01
EFFECT = 0.05
"""How much worse than the whole, for measures between 0 and 1."""
EFFECT_SHARE = 0.2
"""The same for errors without an upper end, as a share of the whole's."""
BINS = 5
MOST_VALUES = 50
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
    reference: tuple[Answers, Frame] | None = None,
    expect: Expect | None = None,
) -> list[Slice]:
    """The segments of `columns` that measure `name` worse, worst first; only labelled rows count.

    With a `reference` each says what it was there; `expect` gives a measure that scores promise.
    Raises BadArgs for a column that is not there.
    """
    _check_columns(columns, frame)
    kept = _sample(answers.labelled & answers.answered)
    known = answers.take(kept)
    whole = measure_one(known, name)
    if not whole.known:
        return []
    values = {column: plain(frame[column][kept]) for column in list(columns)[:MOST_COLUMNS]}
    tested = _test_all(known, values, whole)
    found = [s for s in _discoveries(list(tested.values())) if _matters(s.measured, whole)]
    found = [s for s in found if _adds(s, tested)]
    if expect is not None and name == "auc":
        lost = expect(known, name) - whole.value
        found = [
            s
            for s in found
            if not _kept_promise(s, known.take(_inside(s.parts, values)), expect, lost)
        ]
    worst = sorted(found, key=lambda s: (-s.fall, s.name))[:MOST_TOLD]
    return [_with_before(s, name, reference) for s in worst] if reference else worst


def _check_columns(columns: Sequence[str], frame: Frame) -> None:
    for column in columns:
        if column not in frame:
            known = ", ".join(list(frame)[:12])
            raise BadArgs("slices", f"there is no column `{column}`", f"Columns are {known}")


def _sample(kept: Bools) -> Bools:
    """Every so-manieth row of a very long window: its segments are large enough all the same."""
    every = max(int(kept.sum()) // MOST_ROWS, 1)
    return np.asarray(kept & (np.arange(len(kept)) % every == 0), dtype=bool)


def _test_all(
    known: Answers, values: Mapping[str, Plain], whole: Measured
) -> dict[tuple[Segment, ...], Slice]:
    parts = {column: segments(column, held) for column, held in values.items()}
    tested: dict[tuple[Segment, ...], Slice] = {}
    for segment in (s for found in parts.values() for s in found):
        _test(tested, known, (segment,), values, whole)
    for one, other in combinations(parts, 2):
        for pair in product(parts[one][:PAIR_VALUES], parts[other][:PAIR_VALUES]):
            _test(tested, known, pair, values, whole)
    return tested


def plain(values: NDArray[Any]) -> Plain:
    """A column as floats, or as texts with None."""
    if values.dtype.kind in "iuf":
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


def _test(
    tested: dict[tuple[Segment, ...], Slice],
    known: Answers,
    parts: tuple[Segment, ...],
    values: Mapping[str, Plain],
    whole: Measured,
) -> None:
    rows = _inside(parts, values)
    size = int(rows.sum())
    if size < MIN_SLICE or size == len(known):
        return
    here = measure_one(known.take(rows), whole.name)
    if not here.known:
        return
    spread = here.error * sqrt(1 - size / len(known))
    gap = fall(here, whole)
    p = erfc(gap / spread / sqrt(2)) / 2 if spread > 0 else float(gap <= 0)
    tested[parts] = Slice(parts, here, whole, p)


def _inside(parts: Sequence[Segment], values: Mapping[str, Plain]) -> Bools:
    inside = np.logical_and.reduce([part.of(values[part.column]) for part in parts])
    return np.asarray(inside, dtype=bool)


def _kept_promise(of: Slice, rows: Answers, expect: Expect, whole_lost: float) -> bool:
    """Is a segment as good as its scores promise, less what the whole falls short by?"""
    lost = expect(rows, of.measured.name) - of.measured.value
    return lost - whole_lost < max(EFFECT / 2, 3 * of.measured.error)


def _least(of: Measured) -> float:
    return EFFECT_SHARE * abs(of.value) if of.name in ERRORS else EFFECT


def _matters(here: Measured, other: Measured) -> bool:
    return fall(here, other) >= _least(other)


def _adds(pair: Slice, tested: Mapping[tuple[Segment, ...], Slice]) -> bool:
    """Is a pair worse than either of its parts, by half of what matters and beyond chance?"""
    if len(pair.parts) == 1:
        return True
    alone = [tested[(part,)] for part in pair.parts if (part,) in tested]
    least = max(_least(pair.whole) / 2, 2 * pair.measured.error)
    return all(fall(pair.measured, one.measured) >= least for one in alone)


def _discoveries(tested: list[Slice]) -> list[Slice]:
    """Benjamini and Hochberg: all up to the largest p that lies below its rank's share."""
    ordered = sorted(tested, key=lambda s: s.p)
    last = 0
    for rank, one in enumerate(ordered, 1):
        if one.p <= FALSE_SHARE * rank / len(ordered):
            last = rank
    return ordered[:last]


def _with_before(found: Slice, name: str, reference: tuple[Answers, Frame]) -> Slice:
    answers, frame = reference
    rows = answers.labelled & answers.answered
    for part in found.parts:
        if part.column not in frame:
            return found
        rows = rows & part.of(plain(frame[part.column]))
    before = measure_one(answers.take(rows), name)
    return replace(found, before=before) if before.known else found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)
