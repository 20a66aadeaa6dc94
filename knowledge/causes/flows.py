"""What traces say: where time is spent that was not, and where requests are cut short."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from knowledge.causes.case import Flow, Hop, Operation

_SLACK = 0.0005
"""Seconds: of smaller times no ratio is told, as clocks and schedulers are no finer."""
_MOST_DOUBLINGS = 5.0
_WAITS = 1.5
"""Doublings of its gap from which on a hop is held to wait."""
_FEWEST = 5
"""An operation that was seen less often in calm times is no measure of what belongs together."""
_LOST = 0.01
"""Share of spans that get lost in any tracing."""
_AS_OFTEN = 0.3
_MIX = 0.2
_CHANCE = 0.02
_TAIL = 0.2
"""A mean is taken to be 0.8 p50 + 0.2 p95: rare slow calls count, and do not rule."""


@dataclass(frozen=True)
class Slower:
    """An operation, or the hop to a service, that takes longer than in calm times."""

    service: str
    """Whom it is laid to."""
    what: str
    hop: bool
    usual: float
    """Seconds, as `now`."""
    now: float
    share: float
    """Of all time lost anywhere, 0-1."""
    doublings: float
    """log2 of now / usual, with a slack for tiny times."""

    @property
    def bits(self) -> float:
        return self.share * min(max(self.doublings - 1.0, 0.0), _MOST_DOUBLINGS)


@dataclass(frozen=True)
class CutShort:
    """Two operations of a service that came equally often, and do not any more: requests end
    between them."""

    service: str
    kept: str
    kept_count: int
    lost: str
    lost_count: int
    usual: int
    """How often each came in calm times."""

    @property
    def missing(self) -> int:
        return self.kept_count - self.lost_count

    @property
    def score(self) -> float:
        """Scales of a Poisson law of spans that get lost."""
        expected = 1.0 + _LOST * self.kept_count
        return (self.missing - expected) / math.sqrt(expected)

    @property
    def bits(self) -> float:
        return min(math.log2(1 + max(self.score, 0.0)), _MOST_DOUBLINGS)


@dataclass(frozen=True)
class Rarer:
    """An operation that came less often than the other work of its service lets expect."""

    service: str
    operation: str
    count: int
    expected: float
    usual: int
    """How often it came in calm times."""
    beside: str
    """The service's busiest operation, the measure."""
    beside_count: int

    @property
    def score(self) -> float:
        """Scales, of two Poisson counts and a fifth that any mix of requests may vary by."""
        spread = math.sqrt(self.expected + self.expected**2 / self.usual + 1)
        return (self.expected * (1 - _MIX) - self.count) / spread

    @property
    def bits(self) -> float:
        return math.log2(1 + max(self.score, 0.0))


def slower(flow: Flow, calm: Flow) -> list[Slower]:
    """Lay all lost time to services, the most first.

    A service's own time is what its operations spend outside of child spans, less what its hops
    wait (a client's span has no child for the network). A hop's wait is laid to the callee, or to
    the caller where most of its hops wait.
    """
    waits = _waits(flow, calm)
    found = [*_own_time(flow, calm, waits), *_hop_time(waits)]
    lost = math.fsum(one.share for one in found)
    if lost <= 0:
        return []
    shares = [
        Slower(o.service, o.what, o.hop, o.usual, o.now, o.share / lost, o.doublings)
        for o in found
        if o.share > 0
    ]
    return sorted(shares, key=lambda one: -one.bits)


def cut_short(flow: Flow, calm: Flow) -> dict[str, CutShort]:
    """Service -> its clearest pair, for those that have one."""
    now = {(op.service, op.name): op.count for op in flow.operations}
    found: dict[str, CutShort] = {}
    for service, usual, names in _equally_often(calm.operations):
        counts = sorted((now.get((service, name), 0), name) for name in names)
        (fewest, lost), (most, kept) = counts[0], counts[-1]
        pair = CutShort(service, kept, most, lost, fewest, usual)
        if pair.score > 1 and (service not in found or pair.score > found[service].score):
            found[service] = pair
    return found


def rarer(flow: Flow, calm: Flow) -> dict[str, Rarer]:
    """Service -> its operation that became most rare, of services that are called as often as in
    calm times: where fewer requests come, or other ones, the reason is elsewhere."""
    pace = flow.minutes / calm.minutes
    now = {(op.service, op.name): op.count for op in flow.operations}
    busiest: dict[str, Operation] = {}
    for op in calm.operations:
        if op.service not in busiest or op.count > busiest[op.service].count:
            busiest[op.service] = op
    found: dict[str, Rarer] = {}
    for op in calm.operations:
        beside = busiest[op.service]
        there = now.get((op.service, beside.name), 0)
        if op.count < _FEWEST or abs(there / (beside.count * pace) - 1) > _AS_OFTEN:
            continue
        expected = op.count * there / beside.count
        one = Rarer(
            op.service,
            op.name,
            now.get((op.service, op.name), 0),
            expected,
            op.count,
            beside.name,
            there,
        )
        if one.score > 1 and (op.service not in found or one.score > found[op.service].score):
            found[op.service] = one
    return found


def _equally_often(operations: Iterable[Operation]) -> list[tuple[str, int, list[str]]]:
    """Groups of a service's operations that came exactly as often, and not by chance: two
    Poisson counts of mean n are equal with a probability of about 1 / sqrt(4 pi n)."""
    groups: dict[tuple[str, int], list[str]] = {}
    for op in operations:
        if op.count >= _FEWEST:
            groups.setdefault((op.service, op.count), []).append(op.name)
    return [
        (service, count, names)
        for (service, count), names in groups.items()
        if len(names) > 1 and (4 * math.pi * count) ** (-(len(names) - 1) / 2) <= _CHANCE
    ]


@dataclass(frozen=True)
class _Wait:
    hop: Hop
    usual: float
    now: float
    doublings: float
    waits: bool

    @property
    def lost(self) -> float:
        return max(self.now - self.usual, 0.0) * self.hop.count


def _waits(flow: Flow, calm: Flow) -> dict[tuple[str, str], _Wait]:
    before = {(hop.caller, hop.callee): hop for hop in calm.hops}
    found = {}
    for hop in flow.hops:
        usual = before.get((hop.caller, hop.callee))
        if usual:
            then, now = _mean(usual.gap_p50, usual.gap_p95), _mean(hop.gap_p50, hop.gap_p95)
            waits = _doublings(usual.gap_p50, hop.gap_p50) > _WAITS
            found[hop.caller, hop.callee] = _Wait(hop, then, now, _doublings(then, now), waits)
    return found


def _hop_time(waits: Mapping[tuple[str, str], _Wait]) -> Iterable[Slower]:
    for (caller, callee), wait in waits.items():
        siblings = [other.waits for (start, _), other in waits.items() if start == caller]
        at_caller = len(siblings) >= 2 and sum(siblings) > len(siblings) / 2
        who = caller if at_caller else callee
        what = f"{caller} -> {callee}"
        yield Slower(who, what, True, wait.usual, wait.now, wait.lost, wait.doublings)


def _own_time(flow: Flow, calm: Flow, waits: Mapping[tuple[str, str], _Wait]) -> Iterable[Slower]:
    before = {(op.service, op.name): op for op in calm.operations}
    pairs: dict[str, list[tuple[Operation, float, float]]] = {}
    for op in flow.operations:
        usual = before.get((op.service, op.name))
        if usual:
            then, now = _mean(usual.self_p50, usual.self_p95), _mean(op.self_p50, op.self_p95)
            pairs.setdefault(op.service, []).append((op, then, now))
    for service, ops in pairs.items():
        lost = math.fsum(max(now - then, 0.0) * op.count for op, then, now in ops)
        waited = math.fsum(w.lost for (caller, _), w in waits.items() if caller == service)
        own = max(lost - waited, 0.0) / lost if lost else 0.0
        for op, then, now in ops:
            share = max(now - then, 0.0) * op.count * own
            yield Slower(service, op.name, False, then, now, share, _doublings(then, now))


def _mean(p50: float, p95: float) -> float:
    return (1 - _TAIL) * p50 + _TAIL * p95


def _doublings(usual: float, now: float) -> float:
    return math.log2((now + _SLACK) / (usual + _SLACK))
