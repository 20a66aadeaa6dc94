"""What time tells: which service went wrong first, which moves with the symptom, and what was
changed before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import numpy as np

from knowledge.causes.case import Case
from knowledge.causes.evidence import HARM_OF, Evidence
from knowledge.causes.tails import Deviation
from knowledge.records import Change, Series

CHANGES_WITHIN = timedelta(hours=6)
HALF_LIFE = timedelta(minutes=30)
_CROSSED = 0.5
"""A signal has begun to deviate where it is beyond this share of its deviation in the failure."""
_FEWEST_ROWS = 6


def worst_of(evidence: Evidence, harmful: bool = False) -> Deviation | None:
    """Its most surprising signal, of those that travel along calls if `harmful`."""
    its = (
        d
        for family, deviations in evidence.deviations.items()
        if not harmful or family in HARM_OF
        for d in deviations[:1]
    )
    worst = max(its, key=lambda d: d.bits, default=None)
    return worst if worst and worst.bits > 0 else None


def onsets(case: Case, evidence: Mapping[str, Evidence]) -> dict[str, datetime]:
    """When each deviating service began to deviate."""
    found = {}
    for service, its in evidence.items():
        worst = worst_of(its)
        began = _onset(case, case.window[service][worst.signal.name], worst) if worst else None
        if began:
            found[service] = began
    return found


def lead(onsets: Mapping[str, datetime], step: timedelta) -> dict[str, float]:
    """How many steps each began before the middle one, -1 to 1; nothing for a single one."""
    if len(onsets) < 2:
        return {}
    middle = median(began.timestamp() for began in onsets.values())
    return {
        service: max(-1.0, min((middle - began.timestamp()) / step.total_seconds(), 1.0))
        for service, began in onsets.items()
    }


def moves_with(case: Case, evidence: Mapping[str, Evidence]) -> dict[str, float]:
    """Pearson's correlation of each service's worst signal with the symptom, 0-1, over the window.
    The symptom's own service has none."""
    symptom = case.window.get(case.symptom.service, {}).get(case.symptom.signal)
    if symptom is None or len(symptom.values) < _FEWEST_ROWS:
        return {}
    found = {}
    for service, its in evidence.items():
        worst = worst_of(its, harmful=True)
        if worst and service != case.symptom.service:
            together = _correlation(symptom, case.window[service][worst.signal.name])
            if together > 0:
                found[service] = together
    return found


@dataclass(frozen=True)
class Suspicious:
    """A change shortly before the failure."""

    change: Change
    before: timedelta

    @property
    def weight(self) -> float:
        """1 at the moment of the failure, half of it for each HALF_LIFE before."""
        return float(0.5 ** (self.before / HALF_LIFE))


def changes_before(changes: Iterable[Change], at: datetime) -> dict[str, Suspicious]:
    """Service -> its last change within CHANGES_WITHIN before the failure."""
    found: dict[str, Suspicious] = {}
    for change in sorted(changes, key=lambda change: change.at):
        before = at - change.at
        if timedelta(0) <= before <= CHANGES_WITHIN:
            found[change.service] = Suspicious(change, before)
    return found


def _onset(case: Case, series: Series, worst: Deviation) -> datetime | None:
    if worst.signal.share:  # its deviation is told in shares of requests, not in its own unit
        return None
    reach = worst.now - worst.usual
    if not reach:
        return None
    crossed = (series.values - worst.usual) / reach >= _CROSSED
    near = series.times >= case.at.timestamp() - 3 * case.step.total_seconds()
    rows = np.flatnonzero(crossed & near)
    if not len(rows):
        return None
    return datetime.fromtimestamp(float(series.times[rows[0]]), case.at.tzinfo)


def _correlation(one: Series, other: Series) -> float:
    _, mine, theirs = np.intersect1d(one.times, other.times, return_indices=True)
    a, b = one.values[mine], other.values[theirs]
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if len(a) < _FEWEST_ROWS or not a.std() or not b.std():
        return 0.0
    return abs(float(np.corrcoef(a, b)[0, 1]))
