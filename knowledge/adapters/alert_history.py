"""What stores do with alert instances, the same in memory and in SQL: join and count them.

A store keeps the counts of each day up to date with every record, so that a month is told from
thirty days and not from millions of instances, and compacting only drops the instances. Parts of a
day are counted from its instances while they are there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from knowledge.incidents import merge
from knowledge.records import AlertRecord, Signal, Tally, Verdict

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(NamedTuple):
    """What counts are kept by."""

    name: str
    service: str
    severity: str
    source: str


class Counts(NamedTuple):
    """Added up over instances; `firing` over those that have ended, in microseconds."""

    instances: int
    deliveries: int
    in_incidents: int
    silenced: int
    firing_us: int

    def plus(self, other: "Counts", times: int = 1) -> "Counts":
        return Counts(*(a + times * b for a, b in zip(self, other, strict=True)))


NOTHING = Counts(0, 0, 0, 0, 0)


def joined(known: AlertRecord, more: AlertRecord) -> AlertRecord:
    """`known` after it was recorded again."""
    return replace(
        more,
        signal=later(known.signal, more.signal),
        first_received_at=known.first_received_at,
        deliveries=known.deliveries + more.deliveries,
    )


def repeated(known: AlertRecord, signal: Signal, times: int) -> AlertRecord:
    """`known` after that many more deliveries, the latest of them `signal`."""
    state = later(known.signal, signal)
    return replace(known, signal=state, deliveries=known.deliveries + times)


def later(one: Signal, other: Signal) -> Signal:
    """The later state of two of the same instance."""
    return merge((one,), (other,))[0]


def kind_of(signal: Signal) -> Kind:
    return Kind(signal.name, signal.service, signal.severity, signal.source)


def counts_of(record: AlertRecord) -> Counts:
    """What one instance adds to its day."""
    return Counts(
        1,
        record.deliveries,
        int(bool(record.incident)),
        int(record.verdict is Verdict.SILENCED),
        firing_us(record.signal),
    )


def firing_us(signal: Signal) -> int:
    """0 while it fires; senders whose clocks disagree make no negative time."""
    if signal.ends_at is None:
        return 0
    return max((signal.ends_at - signal.starts_at) // timedelta(microseconds=1), 0)


def day_of(at: datetime) -> int:
    """Days since 1970, in UTC."""
    return (at - _EPOCH) // _DAY


def start_of(day: int) -> datetime:
    return _EPOCH + day * _DAY


@dataclass(frozen=True)
class Span:
    """How to count from `since` until before `until`: days from the counts, the rest from
    instances."""

    days: range
    parts: tuple[tuple[datetime, datetime], ...]
    """From, and until before."""


def span(since: datetime, until: datetime, compacted: int) -> Span:
    """`compacted`: the last day (since 1970) of which instances are gone, or -1. Days until then
    are taken whole."""
    if since >= until:
        return Span(range(0), ())
    first, last = day_of(since), day_of(until)
    whole_from = first if first <= compacted or since == start_of(first) else first + 1
    whole_until = last + 1 if last <= compacted and until != start_of(last) else last
    if whole_from >= whole_until:
        return Span(range(0), ((since, until),))
    head, tail = (since, start_of(whole_from)), (start_of(whole_until), until)
    return Span(range(whole_from, whole_until), tuple(p for p in (head, tail) if p[0] < p[1]))


def tallies(counted: Iterable[tuple[Kind, Counts]]) -> list[Tally]:
    """One for each kind that has instances, by name, service, severity and source."""
    totals: dict[Kind, Counts] = {}
    for kind, counts in counted:
        totals[kind] = totals.get(kind, NOTHING).plus(counts)
    return [
        Tally(*kind, *counts[:-1], firing_s=counts.firing_us / 1e6)
        for kind, counts in sorted(totals.items())
        if counts.instances
    ]
