"""Series that fire all the time, and series that go on and off."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from knowledge.records import AlertRecord
from knowledge.statistics.noise import is_heartbeat

CHRONIC_SHARE = 0.5
"""Firing for more than half of the time is a state, not an event."""
CHRONIC_LEAST = timedelta(days=1)
"""Spans shorter than this show a long incident as easily as a chronic alert."""
FLAPPING_WITHIN = timedelta(hours=1)
FLAPPING_STARTS = 5
"""Starts within FLAPPING_WITHIN: one on-call person can act on none of them."""


@dataclass(frozen=True)
class SeriesFigures:
    """One series (a fingerprint)."""

    name: str
    service: str
    starts: int
    firing: float
    """Share of the span during which it fired, overlaps counted once."""
    busiest_hour: int
    """Most starts within one hour."""
    where: str = ""
    """What tells it from its siblings: pod, node or instance."""


def figures(records: Iterable[AlertRecord], start: datetime, end: datetime) -> list[SeriesFigures]:
    """Of each series that fired in the span."""
    groups: defaultdict[str, list[AlertRecord]] = defaultdict(list)
    for record in records:
        if not is_heartbeat(record.signal.name):
            groups[record.signal.fingerprint].append(record)
    return [_figures(members, start, end) for members in groups.values()]


def chronic(
    series: Iterable[SeriesFigures], span: timedelta, most: int = 10
) -> list[SeriesFigures]:
    """Those that fire most of the time, longest first."""
    if span < CHRONIC_LEAST:
        return []
    found = [s for s in series if s.firing >= CHRONIC_SHARE]
    return sorted(found, key=lambda s: (-s.firing, s.name, s.where))[:most]


def flapping(series: Iterable[SeriesFigures], most: int = 10) -> list[SeriesFigures]:
    """Those that went on and off, the busiest hour first."""
    found = [s for s in series if s.busiest_hour >= FLAPPING_STARTS]
    return sorted(found, key=lambda s: (-s.busiest_hour, -s.starts, s.name, s.where))[:most]


def _figures(records: Sequence[AlertRecord], start: datetime, end: datetime) -> SeriesFigures:
    signal = records[-1].signal
    starts = sorted({r.signal.starts_at for r in records})
    spells = sorted((r.signal.starts_at, r.signal.ends_at or end) for r in records)
    length = (end - start).total_seconds()
    labels = signal.labels
    return SeriesFigures(
        signal.name,
        signal.service,
        len(starts),
        _covered(spells, start, end).total_seconds() / length if length > 0 else 0.0,
        _busiest(starts),
        next((labels[k] for k in ("pod", "node", "instance") if labels.get(k)), ""),
    )


def _covered(
    spells: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime
) -> timedelta:
    """The time within the span that the spells (sorted) cover, overlaps once."""
    total, upto = timedelta(), start
    for begins, ends in spells:
        begins, ends = max(begins, upto), min(ends, end)
        if ends > begins:
            total += ends - begins
            upto = ends
    return total


def _busiest(starts: Sequence[datetime]) -> int:
    most, first = 0, 0
    for last, moment in enumerate(starts):
        while moment - starts[first] >= FLAPPING_WITHIN:
            first += 1
        most = max(most, last - first + 1)
    return most
