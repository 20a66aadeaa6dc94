"""How large will a regression's errors be? Told from its inputs, by boosted stumps.

Gradient boosting for squared error (Friedman 2001) with one split per round over 32 quantile bins
of each column, so that it needs numpy alone and a second. Whether it is of any use is decided on
rows it has not learned from; if it is not, there is no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.performance.answers import Floats
from knowledge.records import Frame

ROUNDS = 80
RATE = 0.15
BINS = 32
MOST_ROWS = 20_000
USEFUL = 0.01
"""R squared on held-out rows below which the inputs tell nothing of the errors."""
MIN_LEAF = 50

Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Binning:
    """One column cut into at most BINS bins; the last code, `missing`, is of rows without value."""

    name: str
    edges: Floats
    names: tuple[str, ...] = ()
    """Of a column of text: its most frequent values, a bin each; the others share one."""

    @property
    def missing(self) -> int:
        return len(self.names) + 1 if self.names else len(self.edges) + 1

    def codes(self, frame: Frame, rows: int) -> Codes:
        values = frame.get(self.name)
        if values is None:
            return np.full(rows, self.missing)
        if self.names:
            index: dict[object, int] = {name: i for i, name in enumerate(self.names)}
            other = len(self.names)
            return np.array(
                [self.missing if v is None else index.get(str(v), other) for v in values.tolist()],
                dtype=np.intp,
            )
        plain = _floats(values)
        if plain is None:
            return np.full(len(values), self.missing)
        cut = np.searchsorted(self.edges, plain, side="left")
        return np.where(np.isfinite(plain), cut, self.missing).astype(np.intp)


@dataclass(frozen=True, eq=False)
class ErrorModel:
    """`base` plus one number per bin of each column."""

    base: float
    binnings: tuple[Binning, ...]
    tables: tuple[Floats, ...]

    def __call__(self, inputs: Frame) -> Floats:
        """The expected size of each row's error, (n,); never below 0."""
        rows = max((len(values) for values in inputs.values()), default=0)
        total = np.full(rows, self.base)
        for binning, table in zip(self.binnings, self.tables, strict=True):
            total += table[binning.codes(inputs, rows)]
        return np.asarray(np.maximum(total, 0.0), dtype=np.float64)


def fit_errors(inputs: Frame, errors: Floats) -> ErrorModel | None:
    """Learn errors (n,) from columns (n,); None where they cannot be told from them."""
    rows = len(errors)
    # Every so-manieth row, so that the same reference gives the same model.
    every = max(rows // MOST_ROWS, 1)
    some = np.arange(0, rows, every)
    kept = {name: values[some] for name, values in inputs.items()}
    binnings = tuple(b for b in (_bin(name, values) for name, values in kept.items()) if b)
    target = errors[some]
    if not binnings or float(np.ptp(target)) == 0.0:
        return None
    codes = [binning.codes(kept, len(some)) for binning in binnings]
    held = np.arange(len(some)) % 4 == 0
    tried = _boost([c[~held] for c in codes], binnings, target[~held])
    seen = np.full(int(held.sum()), tried.base)
    for code, table in zip(codes, tried.tables, strict=True):
        seen += table[code[held]]
    spread = float(((target[held] - target[~held].mean()) ** 2).sum())
    left = float(((target[held] - seen) ** 2).sum())
    if spread == 0 or 1 - left / spread < USEFUL:
        return None
    return _boost(codes, binnings, target)


def _boost(codes: Sequence[Codes], binnings: tuple[Binning, ...], target: Floats) -> ErrorModel:
    base = float(target.mean())
    rest = target - base
    tables = [np.zeros(binning.missing + 1) for binning in binnings]
    counts = [np.bincount(c, minlength=len(t)) for c, t in zip(codes, tables, strict=True)]
    for _ in range(ROUNDS):
        best = max(
            (
                _split(np.bincount(c, rest, len(t)).astype(np.float64), n, i)
                for i, (c, t, n) in enumerate(zip(codes, tables, counts, strict=True))
            ),
            key=lambda split: split[0],
        )
        gain, column, step = best
        if gain <= 0:
            break
        tables[column] += RATE * step
        rest = rest - RATE * step[codes[column]]
    return ErrorModel(base, binnings, tuple(tables))


def _split(sums: Floats, counts: Codes, column: int) -> tuple[float, int, Floats]:
    """The best cut of one column: (gain, column, step of each bin). Bins of text are put in the
    order of their means first (Fisher 1958)."""
    order = np.argsort(sums / np.maximum(counts, 1), kind="stable")
    total, rows = float(sums.sum()), int(counts.sum())
    left, n = np.cumsum(sums[order])[:-1], np.cumsum(counts[order])[:-1]
    fair = (n >= MIN_LEAF) & (rows - n >= MIN_LEAF)
    if not fair.any():
        return 0.0, column, np.zeros(len(sums))
    n_left, n_right = np.maximum(n, 1), np.maximum(rows - n, 1)
    gain = np.where(fair, left**2 / n_left + (total - left) ** 2 / n_right - total**2 / rows, 0.0)
    at = int(np.argmax(gain))
    step = np.empty(len(sums))
    step[order[: at + 1]] = left[at] / n_left[at]
    step[order[at + 1 :]] = (total - left[at]) / n_right[at]
    return float(gain[at]), column, step


def _bin(name: str, values: NDArray[np.generic]) -> Binning | None:
    plain = _floats(values)
    if plain is not None:
        finite = plain[np.isfinite(plain)]
        if not len(finite):
            return None
        edges = np.unique(np.quantile(finite, np.linspace(0, 1, BINS)[1:-1]))
        return Binning(name, edges)
    if values.dtype.kind == "M":
        return None
    found: dict[str, int] = {}
    for value in values.tolist():
        if value is not None:
            found[str(value)] = found.get(str(value), 0) + 1
    often = sorted(found, key=lambda v: (-found[v], v))[: BINS - 2]
    return Binning(name, np.empty(0), tuple(often)) if often else None


def _floats(values: NDArray[np.generic]) -> Floats | None:
    """The column as numbers; None where it holds anything else."""
    if values.dtype.kind in "iufb":
        return values.astype(np.float64)
    if values.dtype.kind != "O":
        return None
    try:
        return np.array([np.nan if v is None else float(v) for v in values.tolist()])
    except (TypeError, ValueError):
        return None
