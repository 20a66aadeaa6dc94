"""Is a model answering worse than it usually does, and do its inputs explain it?

Realised: measured on rows whose truth is known. Estimated: expected of rows while it is not. The
two are never mixed, and every sentence says which it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from knowledge.performance.measures import (
    LOWER_IS_BETTER,
    MIN_ROWS,
    Measured,
    say_measure,
    say_value,
)
from knowledge.performance.yardstick import Yardstick

REALISED, ESTIMATED = "realised", "estimated"
MOST = 0.6
"""Of a fall, the share that the inputs must explain to be called its reason."""
LITTLE = 0.25


@dataclass(frozen=True)
class Judgement:
    """One measure of one window against what is usual."""

    basis: str
    """"realised" or "estimated"."""
    measured: Measured
    usual: float
    limit: float
    """From where it counts as worse."""
    strength: float
    """1 at that limit, 2 twice as far; 0 or less where it is no worse."""
    sentence: str

    @property
    def worse(self) -> bool:
        return self.strength >= 1

    @property
    def fall(self) -> float:
        sign = 1.0 if self.measured.name in LOWER_IS_BETTER else -1.0
        return sign * (self.measured.value - self.usual)


def judge(
    yardstick: Yardstick,
    measures: dict[str, Measured],
    basis: str,
    *,
    least: float | None = None,
    limit: float | None = None,
) -> Judgement | None:
    """Judge a window's measures; None where there is too little to judge.

    `least`: the smallest fall that matters; `limit`: a value that must not be passed whatever the
    reference was.
    """
    name = yardstick.judged
    measured, usual = measures.get(name), yardstick.usual.get(name)
    if measured is None or usual is None or not measured.known or measured.rows < MIN_ROWS:
        return None
    edge = usual.limit(measured.rows, least)
    reach = abs(edge - usual.value)
    strength = usual.fall(measured.value) / reach if reach else 0.0
    if limit is not None:
        past = measured.value - limit if name in LOWER_IS_BETTER else limit - measured.value
        if past > 0 and strength < 1:
            strength, edge = 1.0 + past / max(abs(limit), 1e-12), limit
    word = say_measure(name)
    low, high = say_value(name, measured.low), say_value(name, measured.high)
    how = "worse than" if strength >= 1 else "as usual:"
    against = say_value(name, usual.value)
    value = say_value(name, measured.value)
    interval = f" (95 %: {low} to {high})" if basis == REALISED else ""
    sentence = (
        f"{basis} {word} is {value}{interval}, {how} {against} on the reference; "
        f"{measured.rows:,} rows, counts as worse from {say_value(name, edge)}"
    )
    return Judgement(basis, measured, usual.value, edge, strength, sentence)


def say_reason(realised: Judgement, estimated: Judgement | None, moved: Sequence[str]) -> str:
    """How far the moved inputs explain a realised fall.

    The estimate sees the inputs only: what it predicts of the fall is theirs, the rest is a changed
    relation between inputs and truth (concept drift), or wrong labels.
    """
    if not realised.worse:
        return ""
    if estimated is None:
        return "Whether the inputs explain it is not known: there is no estimate to compare with."
    share = estimated.fall / realised.fall if realised.fall > 0 else nan
    name = realised.measured.name
    expected = say_value(name, estimated.measured.value)
    real = say_value(name, realised.measured.value)
    which = f" ({', '.join(list(moved)[:3])})" if moved else ""
    if share >= MOST:
        return (
            f"The inputs{which} explain most of it: from them alone {expected} was to be expected, "
            f"{real} is real."
        )
    if share <= LITTLE:
        return (
            f"The inputs{which} do not explain it: from them alone {expected} was to be expected, "
            f"{real} is real. What the inputs mean has changed (concept drift), or labels are "
            "wrong."
        )
    return (
        f"The inputs{which} explain part of it: from them alone {expected} was to be expected, "
        f"{real} is real."
    )
