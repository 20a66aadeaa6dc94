"""The gate: has a window of data moved away from its reference?

A column drifted when its p-value is below 1e-3 / columns AND one effect is large enough:

numeric       PSI_adj >= 0.1, or KS D >= 0.1, or mean |difference of the quantiles 1-99 %| /
              (IQR / 1.349) >= 0.15
categorical   PSI_adj >= 0.1, or total variation >= 0.1, or a new category holds >= 1 %

The p-value alone would flag moves of 0.02 standard deviations at a million rows; an effect alone
would flag chance at 200. PSI_adj is PSI less what chance adds to it, (B-1)(1/n + 1/m).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.drift.measures import (
    Binned,
    Counts,
    Floats,
    Sorted,
    categories_p,
    distances,
    distances_binned,
    expected_psi,
    jensen_shannon,
    ks_p,
    psi,
    total_variation,
)
from knowledge.drift.profile import (
    CENTILES,
    CategoryProfile,
    ColumnProfile,
    NumericProfile,
    Profile,
    bin_counts,
    sorted_quantiles,
)
from knowledge.drift.readings import (
    DATETIME,
    NUMERIC,
    Categories,
    Column,
    Histogram,
    Numbers,
    is_number,
    kind_of,
    read_categories,
    read_numbers,
    row_count,
)
from knowledge.quality import (
    QualityFinding,
    Tally,
    became_constant,
    check_tally,
    check_volume,
    share_p,
)

MIN_ROWS = 200
ALPHA = 1e-3
PSI_EFFECT, PSI_CRITICAL = 0.1, 0.25
KS_EFFECT, KS_CRITICAL = 0.1, 0.2
SHIFT_EFFECT = 0.15
TVD_EFFECT, TVD_CRITICAL = 0.1, 0.2
NEW_CATEGORY = 0.01

STABLE, DRIFTING = "stable", "drifting"
NOT_ENOUGH, BROKEN = "not enough data", "broken data"
INPUT, PREDICTION = "input", "prediction"


@dataclass(frozen=True)
class ColumnDrift:
    """How far one column moved. Measures are None where they do not apply.

    `severity` is "none", "warning" or "critical"; `missing_change` is in shares (0.05 is five
    points); `strength` is the largest effect in units of its limit, for ordering.
    """

    name: str
    kind: str
    drifted: bool = False
    severity: str = "none"
    psi: float | None = None
    psi_adj: float | None = None
    ks: float | None = None
    wasserstein: float | None = None
    js: float | None = None
    tvd: float | None = None
    missing_change: float | None = None
    reason: str = ""
    shift: float | None = None
    """Mean |difference of quantiles| in standard deviations of the reference."""
    p: float | None = None
    strength: float = 0.0
    role: str = INPUT
    """"prediction" for what the model answered."""


_PUBLIC = (
    *("name", "kind", "drifted", "severity", "psi", "psi_adj", "ks", "wasserstein", "js", "tvd"),
    *("missing_change", "reason"),
)


@dataclass(frozen=True)
class DriftReport:
    """`verdict`: stable, drifting, "not enough data" or "broken data"; columns most moved first."""

    verdict: str
    sentence: str
    quality: tuple[QualityFinding, ...]
    columns: tuple[ColumnDrift, ...]
    reference_rows: int
    current_rows: int

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        return tuple(column for column in self.columns if column.drifted)

    @property
    def inputs(self) -> tuple[ColumnDrift, ...]:
        """What the model was asked."""
        return tuple(column for column in self.columns if column.role == INPUT)

    @property
    def predictions(self) -> tuple[ColumnDrift, ...]:
        """What it answered."""
        return tuple(column for column in self.columns if column.role == PREDICTION)

    def to_json(self) -> dict[str, Any]:
        """The object that `tandem drift --json` prints: plain values, every number finite."""
        return {
            "verdict": self.verdict,
            "quality": [asdict(finding) for finding in self.quality],
            "columns": [
                {field: _finite(getattr(column, field)) for field in _PUBLIC}
                for column in self.columns
            ],
        }


def compare(
    reference: Profile,
    current: Mapping[str, Column],
    *,
    weights: Mapping[str, float] | None = None,
    usual_rows: float = 0.0,
    notes: Sequence[QualityFinding] = (),
) -> DriftReport:
    """Compare a window with the reference; each column is read once, in turn.

    `weights` (importance by column, 1 where it has none) orders the columns and decides nothing;
    `usual_rows` is what such a window usually holds, 0 where that is not known; `notes` are
    findings about the whole window that were made elsewhere.
    """
    rows = row_count(current)
    quality = [*notes, *check_volume(rows, usual_rows)]
    if rows:
        quality += _schema(reference, current)
    alpha = ALPHA / max(len(reference.columns), 1)
    columns = []
    for name, column in reference.columns.items():
        if name not in current or not rows:
            reason = "absent from the current data" if rows else "no rows to compare"
            columns.append(ColumnDrift(name, column.kind, reason=reason))
            continue
        moved, findings = _compare_column(name, column, current[name], alpha)
        columns.append(moved)
        quality += findings
    weight = weights or {}
    columns = [
        replace(c, role=PREDICTION) if c.name in reference.predictions else c for c in columns
    ]
    columns.sort(key=lambda c: (not c.drifted, -c.strength * weight.get(c.name, 1.0), c.name))
    if min(rows, reference.rows) < MIN_ROWS:
        columns = [replace(c, drifted=False, severity="none", reason="") for c in columns]
    ordered = tuple(sorted(quality, key=lambda finding: not finding.breaks))
    verdict = _verdict(rows, reference.rows, ordered, tuple(columns))
    sentence = _sentence(verdict, rows, reference.rows, ordered, tuple(columns))
    return DriftReport(verdict, sentence, ordered, tuple(columns), reference.rows, rows)


def _schema(reference: Profile, current: Mapping[str, Column]) -> list[QualityFinding]:
    vanished = [
        QualityFinding(name, "vanished", "in the reference, not in the current data")
        for name in reference.columns
        if name not in current
    ]
    new = [
        QualityFinding(name, "new_column", "in the current data, not in the reference")
        for name in current
        if name not in reference.columns and name not in reference.exclude
    ]
    return vanished + new


def _verdict(
    rows: int,
    reference_rows: int,
    quality: tuple[QualityFinding, ...],
    columns: tuple[ColumnDrift, ...],
) -> str:
    if min(rows, reference_rows) < MIN_ROWS:
        return NOT_ENOUGH
    if any(finding.breaks for finding in quality):
        return BROKEN
    return DRIFTING if any(column.drifted for column in columns) else STABLE


def _sentence(
    verdict: str,
    rows: int,
    reference_rows: int,
    quality: tuple[QualityFinding, ...],
    columns: tuple[ColumnDrift, ...],
) -> str:
    drifted = [column for column in columns if column.drifted]
    if verdict == NOT_ENOUGH:
        side = "reference" if reference_rows < MIN_ROWS else "window"
        held = min(rows, reference_rows) if side == "window" else reference_rows
        return f"The {side} holds {held:,} rows; at least {MIN_ROWS} are needed to judge."
    moved = f"{len(drifted)} of {_columns(len(columns))} moved" if drifted else ""
    if verdict == BROKEN:
        broken = [finding for finding in quality if finding.breaks]
        first = f"{broken[0].column} ({broken[0].detail})".strip()
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        also = f" Apart from that, {moved}." if moved else ""
        return f"The data itself is unsound: {first}{more}. Mend it before judging drift.{also}"
    if verdict == DRIFTING:
        return f"{moved}, most of all {drifted[0].name} ({drifted[0].reason})."
    return f"None of {_columns(len(columns))} moved in a way that matters."


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _compare_column(
    name: str, reference: ColumnProfile, column: Column, alpha: float
) -> tuple[ColumnDrift, list[QualityFinding]]:
    if reference.tally.missing == reference.tally.rows:
        return ColumnDrift(name, reference.kind, reason="the reference holds no value"), []
    if isinstance(reference, CategoryProfile):
        return _compare_with_categories(name, reference, column, alpha)
    if isinstance(column, Categories):
        if column.tally.missing < column.tally.rows:
            return _type_changed(name, reference.kind, f"{column.kind} now")
        column = np.full(column.tally.rows, np.nan)
    if isinstance(column, Histogram):
        found = _histogram_sample(reference, column)
        return _compare_numbers(name, reference, found, column.tally, alpha)
    kind = kind_of(column)
    if kind != reference.kind and not _all_missing(column):
        if column.dtype.kind != "b" or reference.kind == DATETIME:
            return _type_changed(name, reference.kind, _kind_now(reference.kind, kind, column))
        column = column.astype(np.float64)
    quartiles = reference.quartiles if reference.kind == NUMERIC else None
    numbers = read_numbers(column, quartiles)
    return _compare_numbers(name, reference, _sample(reference, numbers), numbers.tally, alpha)


def _compare_with_categories(
    name: str, reference: CategoryProfile, column: Column, alpha: float
) -> tuple[ColumnDrift, list[QualityFinding]]:
    if isinstance(column, Histogram):
        return _type_changed(name, reference.kind, f"{NUMERIC} now")
    if isinstance(column, np.ndarray):
        # Numbers that are no codes of the reference may be all different: look at a few first.
        if column.dtype.kind in "if" and not _codes(reference, read_categories(column[:1000])):
            return _type_changed(name, reference.kind, f"{NUMERIC} now")
        column = read_categories(column)
    if column.kind == NUMERIC and reference.counts.keys() <= {"false", "true"}:
        column = column.as_booleans()
    if column.kind == DATETIME or (column.kind == NUMERIC and not _codes(reference, column)):
        return _type_changed(name, reference.kind, f"{column.kind} now")
    return _compare_categories(name, reference, column, alpha)


def _all_missing(values: NDArray[Any]) -> bool:
    return values.dtype.kind == "O" and all(v is None or v != v for v in values.tolist())


def _codes(reference: CategoryProfile, found: Categories) -> bool:
    """Are these numbers what the reference counted as categories (codes)?"""
    known = reference.counts
    if known.keys() <= {"false", "true"}:
        found = found.as_booleans()
    return not found.counts or any(category in known for category in found.counts)


def _kind_now(was: str, kind: str, values: NDArray[Any]) -> str:
    """The kind of a column that was of another one, and where only some of its values are not
    numbers, one of these."""
    if was != NUMERIC or values.dtype.kind != "O":
        return f"{kind} now"
    held = [value for value in values.tolist() if value is not None and value == value]
    others = [value for value in held if not is_number(value)]
    if not others or len(others) == len(held):
        return f"{kind} now"
    example = _shown(str(others[0]))
    return f"now {len(others):,} of {len(held):,} values are no numbers, such as {example!r}"


def _type_changed(name: str, was: str, now: str) -> tuple[ColumnDrift, list[QualityFinding]]:
    detail = f"{was} in the reference, {now}"
    return ColumnDrift(name, was, reason=detail), [QualityFinding(name, "type", detail)]


@dataclass(frozen=True)
class _Sample:
    """What is compared of a column of numbers, wherever it was computed."""

    rows: int
    """With a finite value."""
    low: float
    high: float
    ks: float
    wasserstein: float
    bins: Counts
    centiles: Floats


def _sample(reference: NumericProfile, numbers: Numbers) -> _Sample | None:
    values = numbers.values
    if reference.sample is None or not len(values):
        return None
    if isinstance(reference.sample, Binned):
        far = distances_binned(reference.sample, Binned.of(values, reference.sample.grid))
        ks, wasserstein = far.ks, far.wasserstein
    else:
        ks, wasserstein = distances(reference.sample, values)
    return _Sample(
        len(values),
        float(values[0]),
        float(values[-1]),
        ks,
        wasserstein,
        bin_counts(values, reference.edges),
        sorted_quantiles(values, CENTILES),
    )


def _histogram_sample(reference: NumericProfile, found: Histogram) -> _Sample | None:
    """Counts on the grid of the reference: bins are exact, KS and Wasserstein may be a little
    below the exact values (`distances_binned` knows by how much), quantiles are interpolated."""
    binned = found.binned
    if reference.sample is None or not binned.rows:
        return None
    known = reference.sample
    if not isinstance(known, Binned):
        known = Binned.of(known.values, binned.grid)
    far = distances_binned(known, binned)
    centiles = binned.within(found.low, found.high).quantiles(CENTILES)
    return _Sample(
        binned.rows,
        found.low,
        found.high,
        far.ks,
        far.wasserstein,
        binned.bins(reference.edges),
        centiles,
    )


def _compare_numbers(
    name: str, reference: NumericProfile, found: _Sample | None, tally: Tally, alpha: float
) -> tuple[ColumnDrift, list[QualityFinding]]:
    findings = check_tally(name, reference.tally, tally, alpha)
    change = _missing_change(reference.tally, tally)
    if found is None or reference.sample is None:
        reason = "no value to compare"
        return ColumnDrift(name, reference.kind, missing_change=change, reason=reason), findings
    if reference.kind == DATETIME:
        findings += _order(name, reference, found)
    elif found.low == found.high:
        share = _share_of(reference.sample, found.low)
        findings += _constant(name, f"{found.low:.6g}", share, found.rows, alpha)
    n, m = _rows_of(reference.sample), found.rows
    index = psi(reference.bins, found.bins)
    adjusted = index - expected_psi(len(found.bins), n, m)
    shift = None
    if reference.scale > 0:
        shift = float(np.mean(np.abs(found.centiles - reference.centiles))) / reference.scale
    p = ks_p(found.ks, n, m)
    strength = max(adjusted / PSI_EFFECT, found.ks / KS_EFFECT, (shift or 0.0) / SHIFT_EFFECT)
    # A datetime column is measured and not judged: dates move by nature.
    drifted = reference.kind == NUMERIC and p < alpha and strength >= 1
    critical = drifted and (adjusted >= PSI_CRITICAL or found.ks >= KS_CRITICAL)
    return (
        ColumnDrift(
            name=name,
            kind=reference.kind,
            drifted=drifted,
            severity=_severity(drifted, critical),
            psi=index,
            psi_adj=adjusted,
            ks=found.ks,
            wasserstein=found.wasserstein,
            js=jensen_shannon(reference.bins, found.bins),
            missing_change=change,
            reason=_how_numbers_moved(reference, found.centiles, drifted),
            shift=shift,
            p=p,
            strength=strength if reference.kind == NUMERIC else 0.0,
        ),
        findings,
    )


def _order(name: str, reference: NumericProfile, found: _Sample) -> list[QualityFinding]:
    """A reference whose dates all lie after those of the current data: swapped, perhaps."""
    sample = reference.sample
    if sample is None:
        return []
    first = sample.grid[0] if isinstance(sample, Binned) else sample.values[0]
    if first <= found.high:
        return []
    start, end = (_day(seconds) for seconds in (float(first), found.high))
    detail = f"the reference starts at {start}, after the current data ends at {end}; swapped?"
    return [QualityFinding(name, "order", detail)]


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _rows_of(sample: Sorted | Binned) -> int:
    return sample.rows if isinstance(sample, Binned) else len(sample)


def _compare_categories(
    name: str, reference: CategoryProfile, current: Categories, alpha: float
) -> tuple[ColumnDrift, list[QualityFinding]]:
    findings = check_tally(name, reference.tally, current.tally, alpha)
    change = _missing_change(reference.tally, current.tally)
    if not current.counts or not reference.counts:
        reason = "no value to compare"
        return ColumnDrift(name, reference.kind, missing_change=change, reason=reason), findings
    names, before, after = _aligned(reference, current)
    n, m = int(before.sum()), int(after.sum())
    if len(current.counts) == 1 and not current.rest:
        only = next(iter(current.counts))
        share = (
            (reference.counts.get(only, 0) + 0.5) / (n + 0.5) if len(reference.counts) > 1 else 1.0
        )
        findings += _constant(name, only, share, m, alpha)
    index = psi(before, after)
    adjusted = index - expected_psi(len(names), n, m)
    tvd = total_variation(before, after)
    p = categories_p(before, after)
    new = np.flatnonzero((before == 0) & (after >= NEW_CATEGORY * m))
    new_p = min((share_p(0, n, int(after[i]), m) for i in new), default=1.0) * len(names)
    appeared = new_p < alpha
    strength = max(adjusted / PSI_EFFECT, tvd / TVD_EFFECT)
    drifted = (p < alpha and strength >= 1) or appeared
    critical = drifted and (adjusted >= PSI_CRITICAL or tvd >= TVD_CRITICAL)
    return (
        ColumnDrift(
            name=name,
            kind=reference.kind,
            drifted=drifted,
            severity=_severity(drifted, critical),
            psi=index,
            psi_adj=adjusted,
            js=jensen_shannon(before, after),
            tvd=tvd,
            missing_change=change,
            reason=_how_categories_moved(names, before / n, after / m, drifted),
            p=min(p, new_p),
            strength=max(strength, 1.0) if appeared else strength,
        ),
        findings,
    )


def _aligned(reference: CategoryProfile, current: Categories) -> tuple[list[str], Counts, Counts]:
    """Names of all categories, and both counts of each. Where one side does not list its rare
    ones, what only the other lists may be among them: it counts as rare on both."""
    listed = {**reference.counts, **current.counts}
    if reference.rest:
        listed = {name: 0 for name in listed if name in reference.counts}
    if current.rest:
        listed = {name: 0 for name in listed if name in current.counts}
    names = list(listed)
    before = [reference.counts.get(key, 0) for key in names]
    after = [current.counts.get(key, 0) for key in names]
    if reference.rest or current.rest:
        names.append("(rare ones)")
        before.append(sum(reference.counts.values()) + reference.rest - sum(before))
        after.append(sum(current.counts.values()) + current.rest - sum(after))
    return names, np.array(before, dtype=np.int64), np.array(after, dtype=np.int64)


def _constant(name: str, value: str, share: float, rows: int, alpha: float) -> list[QualityFinding]:
    if not became_constant(share, rows, alpha):
        return []
    return [QualityFinding(name, "constant", f"every row holds {value!s}; the reference varies")]


def _share_of(sample: Sorted | Binned, value: float) -> float:
    """The share of `value`, a little rounded up; 1 where there is no other value."""
    if isinstance(sample, Binned):
        at = int(np.searchsorted(sample.grid, value))
        known = at < len(sample.grid) and sample.grid[at] == value
        equal = int(sample.upto[at] - sample.below[at]) if known else 0
        return 1.0 if equal == sample.rows else (equal + 0.5) / (sample.rows + 0.5)
    ordered = sample.values
    if ordered[0] == ordered[-1]:
        return 1.0
    left, right = np.searchsorted(ordered, value), np.searchsorted(ordered, value, side="right")
    return float((right - left + 0.5) / (len(ordered) + 0.5))


def _severity(drifted: bool, critical: bool) -> str:
    return "critical" if critical else "warning" if drifted else "none"


def _missing_change(reference: Tally, current: Tally) -> float:
    return current.missing_share - reference.missing_share


def _how_numbers_moved(
    reference: NumericProfile, centiles: NDArray[np.float64], drifted: bool
) -> str:
    """The quantile that tells it best: the median if it moved, else a tail."""
    if reference.kind == DATETIME:
        return "dates move by nature; not judged"
    if not drifted:
        return ""
    before, after = reference.centiles, centiles
    median = f"median {_number(before[49])} → {_number(after[49])}"
    if abs(after[49] - before[49]) >= 0.1 * reference.scale and before[49] != after[49]:
        return median
    # The median stands: show the tail that moved more.
    low, high = abs(after[4] - before[4]), abs(after[94] - before[94])
    at, name = (94, "95th percentile") if high >= low else (4, "5th percentile")
    if before[at] == after[at]:
        return "the shape of the distribution changed"
    return f"{name} {_number(before[at])} → {_number(after[at])}"


def _how_categories_moved(
    names: list[str], before: NDArray[np.float64], after: NDArray[np.float64], drifted: bool
) -> str:
    if not drifted:
        return ""
    new = np.where(before == 0, after, 0.0)
    at = (
        int(np.argmax(new)) if new.max() >= NEW_CATEGORY else int(np.argmax(np.abs(after - before)))
    )
    shown = _shown(names[at])
    if before[at] == 0:
        return f"new category {shown!r} holds {after[at]:.1%}"
    return f"{shown!r} {before[at]:.1%} → {after[at]:.1%}"


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _finite(value: Any) -> Any:
    """numpy scalars and infinities have no place in JSON."""
    if isinstance(value, float | np.floating):
        return float(value) if isfinite(value) else None
    return bool(value) if isinstance(value, np.bool_) else value
