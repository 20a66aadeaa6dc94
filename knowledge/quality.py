"""Is the data itself sound? Asked before anybody speaks of drift.

Every check needs an effect that matters and a p-value below `alpha`, so that a small window does
not raise it by chance. Numbers are counts of rows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import erfc, log, sqrt

from knowledge.durations import say_duration

MISSING_POINTS = 0.05
OUTLIER_POINTS = 0.01
VOLUME_FACTOR = 4


@dataclass(frozen=True)
class QualityFinding:
    """One thing wrong with the data. `column` is empty where it is about the whole window.

    Kinds: missing, vanished, new_column, type, constant, infinite, outliers, volume, freshness,
    order (the reference is newer than what is judged by it).
    """

    column: str
    kind: str
    detail: str

    @property
    def breaks(self) -> bool:
        """False for what is worth a note but makes no answer wrong."""
        return self.kind not in ("new_column", "infinite", "volume", "order")


@dataclass(frozen=True)
class Tally:
    """How many of a column's `rows` were missing, infinite or outliers."""

    rows: int
    missing: int = 0
    infinite: int = 0
    outliers: int = 0

    @property
    def missing_share(self) -> float:
        return self.missing / self.rows if self.rows else 0.0


def check_tally(
    column: str, reference: Tally, current: Tally, alpha: float
) -> list[QualityFinding]:
    """Missing values, infinities and outliers, against the same column of the reference."""
    if not reference.rows or not current.rows:
        return []
    found = []
    grown = current.missing_share - reference.missing_share
    p = share_p(reference.missing, reference.rows, current.missing, current.rows)
    if grown >= MISSING_POINTS and p < alpha:
        detail = f"missing {reference.missing_share:.1%} → {current.missing_share:.1%}"
        found.append(QualityFinding(column, "missing", detail))
    if current.infinite and not reference.infinite:
        rows = "1 row holds" if current.infinite == 1 else f"{current.infinite:,} rows hold"
        detail = f"{rows} an infinite value; the reference has none"
        found.append(QualityFinding(column, "infinite", detail))
    before, after = reference.outliers / reference.rows, current.outliers / current.rows
    p = share_p(reference.outliers, reference.rows, current.outliers, current.rows)
    if after - before >= OUTLIER_POINTS and p < alpha:
        detail = f"beyond 10 interquartile ranges {before:.1%} → {after:.1%}; a change of unit?"
        found.append(QualityFinding(column, "outliers", detail))
    return found


def became_constant(share: float, rows: int, alpha: float) -> bool:
    """Would one value in all `rows` be a surprise, if it had `share` of the reference?"""
    return share < 1 and rows * log(max(share, 1e-300)) < log(alpha)


def check_volume(rows: int, usual: float) -> list[QualityFinding]:
    """Far fewer or far more rows than such a window usually holds."""
    if usual <= 0 or usual / VOLUME_FACTOR <= rows <= usual * VOLUME_FACTOR:
        return []
    return [QualityFinding("", "volume", f"{rows:,} rows where {usual:,.0f} are usual")]


def check_freshness(
    newest: datetime | None, end: datetime, at_most: timedelta
) -> list[QualityFinding]:
    """Has data stopped coming? `newest` is the time of the last row, None if there is none."""
    if newest is not None and end - newest <= at_most:
        return []
    last = f"the last row is {say_duration(end - newest)} old" if newest else "no rows at all"
    return [QualityFinding("", "freshness", f"{last}; expected within {say_duration(at_most)}")]


def share_p(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """P-value that a share grew from hits/rows to other_hits/other_rows.

    One-sided normal test of two shares, continuity corrected, so that it is cautious when few
    rows were hit.
    """
    pooled = (hits + other_hits) / (rows + other_rows)
    spread = sqrt(pooled * (1 - pooled) * (1 / rows + 1 / other_rows))
    grown = other_hits / other_rows - hits / rows - (1 / rows + 1 / other_rows) / 2
    if spread == 0 or grown <= 0:
        return 1.0
    return erfc(grown / spread / sqrt(2)) / 2
