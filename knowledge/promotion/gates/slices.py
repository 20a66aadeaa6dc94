"""Is any part of the data answered worse than by the champion?

Every value of the named columns, numbers in quantile bins, is weighed on the rows that both
answered. As there are many, Holm's procedure (1979) keeps the chance that any slice is named by
chance alone at ALPHA; and a slice must be large enough, and worse by more than the tolerance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import copysign, erfc, inf, isfinite, sqrt

import numpy as np
from pydantic import Field

from knowledge.errors import BadArgs
from knowledge.performance import say_measure
from knowledge.performance.answers import Bools
from knowledge.performance.measures import LOWER_IS_BETTER, value_of
from knowledge.performance.slices import MOST_COLUMNS, plain, segments
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.gates.metrics import primary_of
from knowledge.promotion.significance import Pair, measure_of, pair, spread
from knowledge.promotion.words import say_number

ALPHA = 0.05
TOLD = 3


class SlicesSettings(Settings):
    columns: tuple[str, ...] = Field(
        (), description="columns whose values make slices; else those of the model's data settings"
    )
    tolerance: float | None = Field(
        None,
        ge=0,
        le=10,
        description="relative worsening that is let pass; else the policy's `tolerance`",
    )
    min_rows: int = Field(200, ge=100, description="smaller slices are not judged")


@dataclass(frozen=True)
class Weighed:
    """One slice. `worse` is relative to the champion; `p` of being so much worse by chance."""

    name: str
    champion: float
    challenger: float
    worse: float
    p: float
    rows: int

    @property
    def says(self) -> str:
        return (
            f"{self.name} {say_number(self.champion)} → {say_number(self.challenger)} "
            f"({say_worse(self.worse)}, {self.rows:,} rows)"
        )


def say_worse(worse: float) -> str:
    return f"{abs(worse):.1%} {'worse' if worse > 0 else 'better'}" if isfinite(worse) else "worse"


def _slices(evidence: Evidence, settings: SlicesSettings) -> Finding | None:
    columns = settings.columns or evidence.slices
    if evidence.champion is None or not columns:
        return Finding(Held.MOOT, "no columns of slices are named for this model")
    try:
        rows = pair(evidence)
    except BadArgs as error:
        return Finding(Held.UNKNOWN, f"slices cannot be weighed: {error.problem}")
    known = [c for c in columns if c in rows.frame][:MOST_COLUMNS]
    if not known:
        return Finding(Held.UNKNOWN, f"the rows have no column {' or '.join(columns[:5])}")
    measure = measure_of(primary_of(evidence), rows) or rows.measures()[0]
    weighed = list(_weighed(rows, measure, known, settings.min_rows))
    if not weighed:
        return Finding(Held.UNKNOWN, f"no slice has {settings.min_rows:,} rows and a value")
    general = evidence.policy.tolerance if settings.tolerance is None else settings.tolerance
    left_out = [f"{c}: no such column in the rows" for c in columns if c not in rows.frame]
    return _judged(weighed, say_measure(measure), general, left_out)


def _judged(
    weighed: Sequence[Weighed], measure: str, tolerance: float, notes: Sequence[str]
) -> Finding:
    ordered = sorted(weighed, key=lambda one: (-one.worse, one.name))
    sure = holm([one.p for one in ordered], ALPHA)
    bad = [o for o, beyond in zip(ordered, sure, strict=True) if beyond and o.worse > tolerance]
    more = (f"{measure}, worst first:", *(one.says for one in ordered[:20]), *notes)
    if bad:
        rest = f" and {len(bad) - TOLD} more" if len(bad) > TOLD else ""
        named = ", ".join(one.says for one in bad[:TOLD])
        says = f"{len(bad)} of {len(weighed)} worse by {measure}: {named}{rest}"
        return Finding(Held.NO, f"{says}; at most {tolerance:.1%} is allowed", more=more)
    says = f"{len(weighed)} weighed by {measure}, none worse by more than {tolerance:.1%}"
    return Finding(Held.YES, f"{says} beyond chance", more=more)


def holm(p: Sequence[float], alpha: float) -> list[bool]:
    """Which are rejected, in their order: the k-th smallest of m while it is at most
    alpha / (m - k + 1) (Holm 1979)."""
    rejected = [False] * len(p)
    for place, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[index] > alpha / (len(p) - place):
            break
        rejected[index] = True
    return rejected


def _weighed(of: Pair, measure: str, columns: Sequence[str], least: int) -> Iterator[Weighed]:
    answers = replace(of, frame={})
    for column in columns:
        for name, rows in _parts(of, column):
            if int(rows.sum()) >= least:
                found = _weigh(name, answers.take(rows), measure)
                if found is not None:
                    yield found


def _parts(of: Pair, column: str) -> Iterator[tuple[str, Bools]]:
    """The slices of a column and their rows."""
    values = plain(of.frame[column])
    parts = segments(column, values)
    if values.dtype.kind == "f":
        yield from ((part.name, part.of(values)) for part in parts)
        return
    # Texts are compared once, not once for each slice.
    index = {part.text: number for number, part in enumerate(parts)}
    codes = np.array([index.get(v, -1) for v in values.tolist()])
    yield from ((part.name, codes == number) for number, part in enumerate(parts))


def _weigh(name: str, of: Pair, measure: str) -> Weighed | None:
    with np.errstate(all="ignore"):
        old, new = value_of(of.champion, measure), value_of(of.challenger, measure)
        error = spread(old, new)
    if old.why or new.why or not (isfinite(old.value) and isfinite(new.value) and isfinite(error)):
        return None
    gap = new.value - old.value
    lost = gap if measure in LOWER_IS_BETTER else -gap
    p = erfc(lost / error / sqrt(2)) / 2 if error > 0 else float(lost <= 0)
    worse = lost / abs(old.value) if old.value else copysign(inf, lost) if lost else 0.0
    return Weighed(name, old.value, new.value, worse, p, len(of))


slices = GateSpec(
    "slices",
    "No slice of the data is answered worse than the tolerance allows, beyond chance",
    _slices,
    SlicesSettings,
)
